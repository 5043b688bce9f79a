"""Detectors: columns that hold personal data, and cells that hold secrets.

A linear-time regex finds the cells that have the shape of a kind; of these, up to 20,000 distinct texts a
column are checked one by one. Of a column of few values these are looked at first, and its rows only where
one of them holds something. Nothing is said of a kind whose shapes mostly fail their check: then they are
other numbers, but for those that are a part of another kind's, as digits within an account are. A piece of
the data is never shown, only its kind and shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.core.errors import counted, shorten
from trainwright.data.findings import finding
from trainwright.data.privacy import kinds, secrets
from trainwright.data.privacy.kinds import Kind
from trainwright.data.privacy.masking import shape_of
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View
from trainwright.summaries.language import contents

MOST_JUDGED = 20_000
MOST_COMPARED = 1_000  # pieces a kind that fail their check and are held against the other kinds
LEAST_NUMBERS = (
    20  # distinct numbers before a column of numbers is taken for one of cards or persons
)
NUMBER_SHARE = 0.9  # of them that must pass a check
_TEXTS = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IDENTIFIER, ColumnType.MESSAGES)
_MANY_DIGITS = 1e8


@dataclass(slots=True)
class _Tally:
    """What a column has of one kind, so far: cells that hold one, and distinct shapes with the verdict."""

    rows: list[NDArray[np.int64]] = field(default_factory=list)
    holding: int = 0
    failing: int = 0
    compared: int = 0
    alone: int = 0  # of those compared: no part of a piece of another kind
    more: bool = False  # texts of the shape that were not judged
    example: str = ""
    judged: dict[str, bool] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Of the pieces of this shape that hold; pieces of other kinds apart."""
        others = self.failing * self.alone / max(self.compared, 1)
        return self.holding / max(self.holding + others, 1)


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Findings of kind `personal-data` and `secret`; of columns that the recipe speaks of, a note."""
    columns = [column for column in view.columns if _is_looked_at(column, view)]
    columns = [column for column in columns if not _is_clean(column, view)]
    tallies: dict[tuple[str, int], _Tally] = {}
    secret: dict[str, _Tally] = {}
    total = 0
    names = [column.name for column in columns]
    for number, block in enumerate(view.blocks(names) if names else ()):
        if not deadline.go_on("personal-data", number):
            break
        total += block.height
        for column in columns:
            values = _as_text(column, block[column.name])
            _look(column, values, block[ROW], tallies)
            if column.type is not ColumnType.NUMBER:
                _look_for_secrets(values, block[ROW], secret.setdefault(column.name, _Tally()))
    found: list[Finding] = []
    for column in columns:
        found += _told(column, tallies, view, total)
        if column.name in secret and secret[column.name].rows:
            found.append(_told_secret(column, secret[column.name]))
    return found


def _is_looked_at(column: Column, view: View) -> bool:
    said = view.settings.personal_data.get(column.name)
    number = column.type is ColumnType.NUMBER and column.integer
    return (column.type in _TEXTS or number) and said != "drop"


def _is_clean(column: Column, view: View) -> bool:
    """None of its values holds anything, as the counts of texts show; False where nobody counted them."""
    if column.type is ColumnType.NUMBER:
        large = ((block[column.name] >= _MANY_DIGITS).any() for block in view.blocks([column.name]))
        return not any(large)
    counts = None if column.type is ColumnType.TEXT else view.counts(column.name)
    if counts is None:
        return False
    tallies: dict[tuple[str, int], _Tally] = {}
    secret = _Tally()
    places = pl.Series(np.arange(counts.height))
    _look(column, counts["value"], places, tallies)
    _look_for_secrets(counts["value"], places, secret)
    return not secret.rows and not any(tally.rows for tally in tallies.values())


def _as_text(column: Column, values: pl.Series) -> pl.Series:
    """What is said in a conversation; whole numbers of nine digits and more, smaller ones are nobody's."""
    if column.type is ColumnType.MESSAGES:
        return contents(values)
    if column.type is not ColumnType.NUMBER:
        return values
    large = (values >= _MANY_DIGITS) & (values < 2**53)
    whole = pl.select(pl.when(large).then(values)).to_series()
    return whole.cast(pl.Int64).cast(pl.String)


def _look(
    column: Column, values: pl.Series, rows: pl.Series, tallies: dict[tuple[str, int], _Tally]
) -> None:
    gated = values.str.contains(kinds.GATE).arg_true()
    if not len(gated):
        return
    texts, places = values.gather(gated), rows.gather(gated)
    for number, kind in enumerate(kinds.KINDS):
        shape = _told_by(kind, column)
        if shape is None:
            continue
        if column.type is ColumnType.NUMBER and not kind.share:
            continue
        hits = texts.str.contains(shape).arg_true()
        if len(hits):
            tally = tallies.setdefault((column.name, number), _Tally())
            _judge(kind, texts.gather(hits), places.gather(hits), tally)


def _told_by(kind: Kind, column: Column) -> str | None:
    """What a text of the column must hold; None where the kind does not count there."""
    if kind.named is None or pl.Series([column.name]).str.contains(kind.named)[0]:
        return kind.shape
    is_number = column.type is ColumnType.NUMBER
    return f"{kind.behind}(?:{kind.shape})" if kind.behind and not is_number else None


def _judge(kind: Kind, texts: pl.Series, rows: pl.Series, tally: _Tally) -> None:
    for text in texts.unique(maintain_order=True):
        if text in tally.judged:
            continue
        if len(tally.judged) >= MOST_JUDGED:
            tally.more = True
            continue
        pieces = list(kind.pattern.finditer(text))
        held = [piece[0] for piece in pieces if kind.holds(piece[0])]
        tally.judged[text] = bool(held)
        tally.holding += len(held)
        tally.failing += len(pieces) - len(held)
        if len(held) < len(pieces) and kind.share and tally.compared < MOST_COMPARED:
            _compare(kind, text, pieces, tally)
        if held and not tally.example:
            tally.example = shape_of(held[0])
    mask = texts.is_in([text for text, holds in tally.judged.items() if holds])
    if mask.any():
        tally.rows.append(rows.filter(mask).to_numpy())


def _compare(kind: Kind, text: str, pieces: list[re.Match[str]], tally: _Tally) -> None:
    """Are the pieces that fail their check parts of what another kind found in the text?"""
    others = [found.span() for one in kinds.KINDS if one is not kind for found in one.find(text)]
    for piece in pieces:
        if not kind.holds(piece[0]):
            start, stop = piece.span()
            tally.compared += 1
            tally.alone += not any(a < stop and start < b for a, b in others)


def _look_for_secrets(values: pl.Series, rows: pl.Series, tally: _Tally) -> None:
    hits = values.str.contains(secrets.GATE).arg_true()
    if not len(hits):
        return
    texts = values.gather(hits)
    for text in texts.unique(maintain_order=True):
        if text not in tally.judged and len(tally.judged) < MOST_JUDGED:
            tally.judged[text] = any(True for _ in secrets.find_secrets(text))
    mask = texts.is_in([text for text, holds in tally.judged.items() if holds])
    if mask.any():
        tally.rows.append(rows.gather(hits.filter(mask)).to_numpy())


def _told(
    column: Column, tallies: dict[tuple[str, int], _Tally], view: View, total: int
) -> Iterator[Finding]:
    """One finding a column, with all kinds that it holds."""
    is_number = column.type is ColumnType.NUMBER
    held = []
    for number, kind in enumerate(kinds.KINDS):
        tally = tallies.get((column.name, number))
        if tally is None or not tally.rows:
            continue
        share = NUMBER_SHARE if is_number else kind.share
        if tally.share >= share and (not is_number or tally.holding >= LEAST_NUMBERS):
            held.append((kind, tally, np.unique(np.concatenate(tally.rows))))
    if not held:
        return
    rows = np.unique(np.concatenate([rows for *_, rows in held]))
    told = ", ".join(
        f"{kind.name} in {'at least ' if tally.more else ''}{counted(len(rows), 'rows')}"
        f" ({len(rows) / total:.1%}, as {tally.example})"
        for kind, tally, rows in held
    )
    said = view.settings.personal_data.get(column.name)
    yield finding(
        "personal-data",
        "warning" if said is None else "info",
        f"column {shorten(column.name)} holds personal data: {told}"
        + ("; kept, as the recipe says" if said == "keep" else ""),
        column=column.name,
        rows=rows,
        remedy="" if said is not None else _remedy(column, view),
    )


def _remedy(column: Column, view: View) -> str:
    """What to paste; what is told itself cannot be left out."""
    name = yaml_word(column.name)
    if column.type is ColumnType.NUMBER:
        return f"data: {{personal_data: {{{name}: drop}}}}  # or keep"
    others = other_actions(column, view)
    return f"data: {{personal_data: {{{name}: redact}}}}  # or {others}"


def other_actions(column: Column, view: View) -> str:
    """What else than to redact: a text that is told, or told of, cannot be left out."""
    needed = view.target.is_text and column.name in {view.target.name, *view.inputs}
    return "hash, keep" if needed else "hash, drop, keep"


def _told_secret(column: Column, tally: _Tally) -> Finding:
    rows = np.concatenate(tally.rows)
    return finding(
        "secret",
        "warning",
        f"column {shorten(column.name)}: {counted(len(rows), 'cells hold')} what looks like a"
        " password, key or token",
        column=column.name,
        rows=rows,
        remedy=f"revoke them, and: data: {{personal_data: {{{yaml_word(column.name)}: redact}}}}",
    )
