"""Detector: mojibake, HTML remnants, odd Unicode forms and blanks, characters that were lost.

All rows are scanned by a linear-time regex, of a column of few values only where one of these is faulty;
only distinct suspicious texts are judged one by one, at most 20,000 a column and fault. A text counts as
mojibake where ftfy, which weighs how likely each reading is, would change it; as an HTML remnant where it
holds a known tag or entity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.privacy.masking import masked
from trainwright.data.repair.texts import (
    ENTITY,
    TAG,
    composed,
    plain_blanks,
    without_html,
    without_mojibake,
)
from trainwright.data.view import View

MOST_JUDGED = 20_000  # distinct texts of a column that are judged for one fault
_EXAMPLE_CHARS = 60
_TEXTS = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IDENTIFIER)
# What is invisible, or looks like a blank and is none.
_INVISIBLE = (
    r"[\x00-\x08\x0e-\x1f\x7f\xa0\xad\x{1680}\x{2000}-\x{200b}\x{2028}\x{2029}"
    r"\x{202f}\x{205f}\x{2060}\x{3000}\x{feff}]"
)

# What any fault needs: nearly all columns are without, and are done with after one pass.
_ANY = r"[^\t\n\r\x20-\x7e]|[<&]"


@dataclass(frozen=True, slots=True)
class _Fault:
    """A fault that texts may have.

    Attributes:
        step: What mends it; None where nothing can.
        pattern: What a text must hold to be judged.
        mend: The mended text; equal where the text has no such fault.
        told: What is said of such a column.
        types: The columns that are looked at.
        severity: In a category or identifier, two spellings of one value; in a text, seldom of weight.
    """

    step: str | None
    pattern: str
    mend: Callable[[str], str]
    told: str
    types: tuple[ColumnType, ...] = _TEXTS
    severity: Literal["warning", "info"] = "warning"


_FAULTS = (
    _Fault(
        "mojibake",
        r"[\x{80}-\x{9f}]|[^\x00-\x7f][^\x00-\x7f]|[\x{c0}-\x{ff}] ",
        without_mojibake,
        "were written in one encoding and read in another",
    ),
    _Fault("html", f"{TAG}|{ENTITY}", without_html, "hold remnants of HTML"),
    _Fault("whitespace", _INVISIBLE, plain_blanks, "hold invisible characters or blanks that are none",
           types=(ColumnType.CATEGORY, ColumnType.IDENTIFIER)),
    _Fault(None, "\ufffd", lambda text: text.replace("\ufffd", "?"),
           "hold the mark U+FFFD of characters that were lost before the file was written"),
)  # fmt: skip


@dataclass(slots=True)
class _Found:
    """What one column has of one fault, so far."""

    rows: list[NDArray[np.int64]] = field(default_factory=list)
    judged: dict[str, bool] = field(default_factory=dict)
    example: str | None = None
    cut: bool = False


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Faults of texts, one finding a column and fault."""
    columns = [column for column in view.columns if column.type in _TEXTS]
    columns = [
        column for column in columns if view.settings.personal_data.get(column.name) != "drop"
    ]
    columns = [column for column in columns if not _is_clean(column, view)]
    if not columns:
        return []
    found: dict[tuple[str, int], _Found] = {}
    forms = {column.name: _Forms() for column in columns}
    total = 0
    for number, block in enumerate(view.blocks([column.name for column in columns])):
        if not deadline.go_on("encoding", number):
            break
        total += block.height
        for column in columns:
            values = block[column.name]
            if not values.str.contains(_ANY).any():
                continue
            for place, fault in enumerate(_FAULTS):
                if column.type in fault.types:
                    _look(
                        values, block[ROW], fault, found.setdefault((column.name, place), _Found())
                    )
            forms[column.name].add(values, block[ROW])
    findings = []
    for column in columns:
        for place, fault in enumerate(_FAULTS):
            known = found.get((column.name, place))
            if known is not None and known.rows:
                findings.append(_told(column, fault, known, total))
        findings += forms[column.name].told(column, total)
    return findings


def _is_clean(column: Column, view: View) -> bool:
    """None of its values is faulty, as its counts show; False where nobody counted them."""
    counts = None if column.type is ColumnType.TEXT else view.counts(column.name)
    if counts is None:
        return False
    values = counts["value"].cast(pl.String)
    values = values.filter(values.str.contains(_ANY))
    if any(composed(text) != text for text in values):
        return False
    for fault in _FAULTS:
        if column.type in fault.types:
            hits = values.filter(values.str.contains(fault.pattern))
            if any(fault.mend(text) != text for text in hits):
                return False
    return True


def _look(values: pl.Series, rows: pl.Series, fault: _Fault, found: _Found) -> None:
    hits = values.str.contains(fault.pattern).arg_true()
    if not len(hits):
        return
    texts = values.gather(hits)
    for text in texts.unique(maintain_order=True):
        if text not in found.judged:
            if len(found.judged) >= MOST_JUDGED:
                found.cut = True
                break
            found.judged[text] = fault.mend(text) != text
            if found.judged[text] and (found.example is None or len(text) < len(found.example)):
                found.example = text
    faulty = [text for text, is_so in found.judged.items() if is_so]
    mask = texts.is_in(faulty)
    if mask.any():
        found.rows.append(rows.gather(hits.filter(mask)).to_numpy())


def _told(column: Column, fault: _Fault, found: _Found, total: int) -> Finding:
    rows = np.concatenate(found.rows)
    assert found.example is not None
    least = "at least " if found.cut else ""
    example = ""
    if fault.step is not None and column.type is not ColumnType.IDENTIFIER:
        before, after = _example(found.example, fault.mend)
        example = (
            f": {before!a} is {after!r}"
            if fault.step == "whitespace"
            else f": {before!r} is {after!r}"
        )
    remedy = (
        f"data: {{repair: {{text: [{fault.step}]}}}}"
        if fault.step
        else "data: {encoding: latin-1}, or the encoding that the file was first written in; or write it anew"
    )
    told = (
        f"column {shorten(column.name)}: {least}{len(rows)} of {total} cells {fault.told}{example}"
    )
    return finding("encoding", fault.severity, told, column=column.name, rows=rows, remedy=remedy)


def _example(text: str, mend: Callable[[str], str]) -> tuple[str, str]:
    """The place of a text where it is mended, and how; what is personal in it is masked."""
    before, after = masked(text), masked(mend(text))
    start = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = max(0, start - 15) if len(before) > _EXAMPLE_CHARS else 0
    return tuple(shorten_plain(one[start:]) for one in (before, after))  # type: ignore[return-value]


def shorten_plain(text: str) -> str:
    """At most sixty characters."""
    return text if len(text) <= _EXAMPLE_CHARS else text[: _EXAMPLE_CHARS - 3] + "..."


class _Forms:
    """Does a column write accents in two ways, as one character and as a letter with a mark?"""

    def __init__(self) -> None:
        self._apart: list[NDArray[np.int64]] = []
        self._composed = 0

    def add(self, values: pl.Series, rows: pl.Series) -> None:
        """Count the cells of both ways."""
        marked = values.str.contains(r"\p{M}").arg_true()
        self._composed += int(
            (values.str.contains(r"[\x{c0}-\x{24f}\x{1e00}-\x{1eff}\x{ac00}-\x{d7a3}]")).sum() or 0
        )
        if len(marked):
            texts = values.gather(marked)
            odd = texts.is_in([text for text in texts.unique() if composed(text) != text])
            if odd.any():
                self._apart.append(rows.gather(marked.filter(odd)).to_numpy())

    def told(self, column: Column, total: int) -> list[Finding]:
        """A warning where both ways occur."""
        if not self._apart:
            return []
        rows = np.concatenate(self._apart)
        both = self._composed > 0
        what = f"{len(rows)} of {total} cells write accents as a letter and a mark of its own"
        what += (
            f", {self._composed} as one character: equal words are unequal texts" if both else ""
        )
        return [
            finding(
                "encoding",
                "warning" if both else "info",
                f"column {shorten(column.name)}: {what}",
                column=column.name,
                rows=rows,
                remedy="data: {repair: {text: [unicode]}}",
            )
        ]
