"""What is told of a column in which personal data or secrets were found: everything but its values.

The detectors that look at types, spellings or outliers quote values, and a profile names the common ones. Of
a column for which there is a finding of kind `personal-data` or `secret` a quoted value becomes its shape
(letters x, digits 9), a common value that holds a piece is counted but not named, words are those of the
text without the pieces, and numbers are kept to three digits. Columns that the recipe redacts hold nothing
any more, and are told as they are; what was noticed of them before that, or is raised, is told by shapes.
Cost: one check a distinct value of the columns concerned.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import Fault, TrainwrightError
from trainwright.core.protocols import NameTagger
from trainwright.data.privacy.masking import GATE, masked, replace_private, shape_of
from trainwright.recipe.data import DataSettings
from trainwright.summaries.columns import ColumnProfile, Values
from trainwright.summaries.profile import Profile

_KINDS = ("personal-data", "secret")
_QUOTED = re.compile(r"(?<!\w)('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")(?!\w)")
_DIGITS = 3
_WORDS = (ColumnType.WORDS, ColumnType.MESSAGES)


def hidden_columns(findings: Iterable[Finding]) -> frozenset[str]:
    """Columns of which no value is shown."""
    return frozenset(f.column for f in findings if f.kind in _KINDS and f.column is not None)


def declared_columns(settings: DataSettings) -> frozenset[str]:
    """Columns of which the recipe says that they hold personal data which are not to be kept."""
    said = settings.personal_data
    return frozenset(name for name, action in said.items() if action != "keep")


@contextmanager
def unquoted(hidden: Collection[str], names: Collection[str]) -> Iterator[None]:
    """What is raised within quotes no value of hidden columns, and no personal data of any other.

    Args:
        hidden: Columns of which no value is shown.
        names: Of all columns: these may be quoted.
    """
    try:
        yield
    except TrainwrightError as error:
        faults = [_fault_told(fault, hidden, names) for fault in error.faults]
        if tuple(faults) == error.faults:
            raise
        raise type(error).of(faults, findings=error.findings) from None


def without_quotes(
    findings: Sequence[Finding], names: Collection[str], *, declared: Collection[str] = ()
) -> list[Finding]:
    """The findings, with the shapes of values in place of those of hidden columns.

    Args:
        findings: All of a preparation.
        names: Of columns: these may be quoted.
        declared: Hidden columns beside those of which a finding says so.
    """
    hidden = hidden_columns(findings) | frozenset(declared)
    if not hidden:
        return list(findings)
    return [_told(one, hidden, names) for one in findings]


def without_pieces(block: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """Rows as the profile may see them; `columns` are those that are hidden."""
    changed = []
    for column in columns:
        values = block[column.name]
        if column.type is ColumnType.TEXT:
            changed.append(_without_pieces(values))
        if column.type is ColumnType.NUMBER:
            changed.append(_rounded(values))
    return block.with_columns(changed)


def without_values(
    profile: Profile, hidden: Collection[str], *, tagger: NameTagger | None = None
) -> Profile:
    """The profile without the values that hold a piece.

    Args:
        profile: Of rows without pieces (`without_pieces`).
        hidden: Columns in which a piece, or a person's name, was found.
        tagger: What finds names; where there is one, the words of such a text are not named either.
    """
    return Profile(
        {name: _unnamed(part, tagger) if name in hidden else part for name, part in profile.items()}
    )


def _told(one: Finding, hidden: Collection[str], names: Collection[str]) -> Finding:
    if one.kind in _KINDS:
        return one  # which shows shapes alone
    message, remedy = masked(one.message), masked(one.remedy)
    if one.column in hidden:
        message = _QUOTED.sub(lambda found: _shape(found[0], names), message)
    return replace(one, message=message, remedy=remedy)


def _fault_told(fault: Fault, hidden: Collection[str], names: Collection[str]) -> Fault:
    """Of a fault that speaks of a hidden column, each quoted value as its shape, in the remedy too."""
    what, mend = masked(fault.what), masked(fault.mend)
    if any(name in f"{fault.what} {fault.where}" for name in hidden):
        values = [found[0][1:-1] for found in _QUOTED.finditer(what)]
        what = _QUOTED.sub(lambda found: _shape(found[0], names), what)
        for value in sorted({one for one in values if one and one not in names}, key=len)[::-1]:
            mend = mend.replace(value, shape_of(value))
    return replace(fault, what=what, mend=mend)


def _shape(quoted: str, names: Collection[str]) -> str:
    inner = quoted[1:-1]
    return quoted if inner in names else f"{quoted[0]}{shape_of(inner)}{quoted[0]}"


def _without_pieces(values: pl.Series) -> pl.Series:
    rows = values.str.contains(GATE).arg_true()
    if not len(rows):
        return values
    plain = [replace_private(text, lambda *_: " ") for text in values.gather(rows)]
    return values.clone().scatter(rows, pl.Series(plain, dtype=pl.String))


def _rounded(values: pl.Series) -> pl.Series:
    numbers = values.cast(pl.Float64).to_numpy().copy()
    there = np.isfinite(numbers) & (numbers != 0)
    step = 10.0 ** (np.floor(np.log10(np.abs(numbers[there]))) - _DIGITS + 1)
    numbers[there] = np.round(numbers[there] / step) * step
    return pl.Series(values.name, numbers).set(values.is_null(), None)


def _unnamed(part: ColumnProfile, tagger: NameTagger | None) -> ColumnProfile:
    if part.values is None or (part.type is ColumnType.TEXT and tagger is None):
        return part
    known = part.values
    kept = {} if part.type in (*_WORDS, ColumnType.TEXT) else _without_names(known, tagger)
    gone = sum(known.counts.values()) - sum(kept.values())
    return replace(part, values=Values(kept, known.unnamed + gone))


def _without_names(values: Values, tagger: NameTagger | None) -> dict[str, int]:
    """Without values that hold a piece; by a tagger, of those that would be named at all."""
    if tagger is None:
        return {value: count for value, count in values.counts.items() if masked(value) == value}
    known = {value: count for value, count in values.top.items() if masked(value) == value}
    named = zip(known, tagger.find(list(known)), strict=True)
    return {value: known[value] for value, spans in named if not spans}
