"""A column while its type is being decided: what is known of it, and what was noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import counted, shorten
from trainwright.data.findings import finding
from trainwright.data.types.precision import CUT_RULE
from trainwright.data.types.tally import Tally, Watch

MARKERS = ("#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "NaT", "None", "\\N", "n/a", "nan", "null")
NUMBER_MARKERS = (
    *MARKERS,
    *("-nan", "-NaN", "Nan", "NAN", "na", "Na", "n.a.", "none", "nil", "NIL"),
    *("#DIV/0!", "#NUM!", "#REF!", "#VALUE!", "-", "--", ".", "..", "?", "*"),
    *("missing", "Missing", "unknown", "Unknown", "UNKNOWN"),
)
DATE_MARKERS = (*NUMBER_MARKERS, "0000-00-00", "0000-00-00 00:00:00")
MOSTLY = 0.95
MOST_NAMED = 20  # texts that a remedy names
LONGEST_NAMED = 80  # characters of such a text


@dataclass(frozen=True, slots=True)
class Context:
    """What the recipe and the file say of a column, beside its values.

    Attributes:
        type: The recipe's, or None to infer it.
        nulls: The recipe's texts for missing, or None for the usual ones.
        format: The recipe's format of a date-time.
        required: A null is refused when predicting.
        closed: A new category is refused when predicting.
        formats: The recipe's formats of a date-time, where it has more than one.
        decimal: The recipe's decimal mark, or None.
        thousands: The recipe's mark between groups of digits, or None.
        unit: The recipe's unit, into which others are converted, or None.
        percent: Whether 12 % is 0.12 (fraction) or 12 (points); a fraction where not said.
        separator: The recipe's mark between the labels of a cell, or None to find it out.
        comma_likely: Fields are separated by semicolons.
        is_target: It is what is predicted: never an identifier.
        place: FILE:LINE of a row.
    """

    type: ColumnType | None = None
    nulls: tuple[str, ...] | None = None
    format: str | None = None
    required: bool = False
    closed: bool = False
    formats: tuple[str, ...] = ()
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'", "_"] | None = None
    unit: str | None = None
    percent: Literal["fraction", "points"] | None = None
    separator: str | None = None
    comma_likely: bool = False
    is_target: bool = False
    place: Callable[[int], str] = str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was done to a column, and to how many cells.

    Attributes:
        column: Its name.
        reading: How it is read, in words.
        rows: Cells.
        values: Those that gave a value.
        missing: How often each text was read as missing; "" is the empty field.
        changed: How many cells each rule changed, by the rule in words.
        misfits: Cells that are neither a value nor missing.
    """

    column: str
    reading: str
    rows: int
    values: int
    missing: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    misfits: int = 0

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "column": self.column,
            "reading": self.reading,
            "rows": self.rows,
            "values": self.values,
            "missing": dict(self.missing),
            "changed": dict(self.changed),
            "misfits": self.misfits,
        }


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column's contract, its values, what was noticed, and what was done."""

    column: Column
    values: pl.Series
    findings: tuple[Finding, ...] = ()
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a proposal makes of a column that was read with it.

    Attributes:
        column: The contract in full, where the proposal stands.
        instead: Another proposal, for which the column must be read again.

    With neither, the column is not of that type.
    """

    column: Column | None = None
    instead: Proposal | None = None


class Proposal(Protocol):
    """A type that a column may have, until all of its rows bear it out or not."""

    @property
    def column(self) -> Column:
        """How the column is to be read."""
        ...

    @property
    def watch(self) -> Watch:
        """What is to be counted meanwhile."""
        ...

    def judge(self, tally: Tally, case: Case) -> Verdict:
        """Decide by all rows; what is to be said is noted in the case."""
        ...


@dataclass(slots=True)
class Case:
    """A column on its way to a type.

    Attributes:
        name: The column's.
        context: What recipe and file say.
        dtype: Of its blocks.
        sample: Up to 3,000 texts that are not empty, from all over the column, stripped.
        findings: What was noticed so far.
        refusal: Why a column that looks like numbers or dates holds words.
    """

    name: str
    context: Context
    dtype: pl.DataType
    sample: list[str]
    findings: list[Finding] = field(default_factory=list)
    refusal: str = ""

    def nulls(self, usual: tuple[str, ...]) -> tuple[str, ...]:
        """The texts for missing: the recipe's, or the usual ones."""
        said = self.context.nulls
        return usual if said is None else tuple(null for null in said if null)

    def kept(self, nulls: Sequence[str]) -> list[str]:
        """The sample without what is missing."""
        missing = frozenset(nulls)
        return [text for text in self.sample if text not in missing]

    def note(
        self,
        kind: str,
        severity: Literal["error", "warning", "info"],
        message: str,
        *,
        rows: NDArray[np.int64] | None = None,
        count: int | None = None,
        remedy: str = "",
    ) -> None:
        """Add a finding.

        Args:
            kind: Of the closed list of kinds.
            severity: Of the finding.
            message: What was found, without the column's name.
            rows: Global positions of the cells concerned; the first is named by its place.
            count: How many, where that is more than `rows`.
            remedy: What to paste.
        """
        first = ""
        if rows is not None and len(rows):
            first = f"; the first at {self.context.place(int(rows[0]))}"
        told = f"column {shorten(self.name)}: {message}{first}"
        self.findings.append(
            finding(kind, severity, told, column=self.name, rows=rows, count=count, remedy=remedy)
        )

    def note_nulls(self, seen: Sequence[str]) -> None:
        """Say so when missing is written in several ways; `seen` may hold the empty text."""
        kinds = sorted(set(seen))
        if self.context.nulls is None and len(kinds) > 1:
            shown = ", ".join(repr(kind) if kind else "the empty field" for kind in kinds[:6])
            self.note("missing", "info", f"missing values are written in several ways: {shown}")

    def note_signs(self, tally: Tally, *, but: Sequence[str] = ()) -> None:
        """Say so when a sign such as `?` stood for missing, which it need not mean; not of `but`."""
        seen = {mark: count for mark, count in tally.gaps.items() if mark not in but}
        signs = [mark for mark in seen if mark and mark not in MARKERS]
        if self.context.nulls is None and signs and len(seen) == 1:
            (mark,) = signs
            self.note(
                "missing",
                "info",
                f"{shorten(mark)} in {counted(seen[mark], 'rows')} is read as missing",
                rows=tally.marks.rows,
                count=seen[mark],
            )
        else:
            self.note_nulls(list(seen))

    def note_cut(self, tally: Tally) -> None:
        """Say so when moments are finer than what is kept."""
        count = tally.changed.get(CUT_RULE, 0)
        if count:
            self.note(
                "type",
                "info",
                f"moments are kept to the microsecond: {counted(count, 'cells')} lose their nanoseconds",
                count=count,
                remedy="write the nanoseconds into a column of their own, if they tell anything",
            )

    def note_zone(self, told: str) -> None:
        """Say so when moments had other hours where they were written than they have now."""
        self.note(
            "type",
            "info",
            f"moments {told} are kept in UTC: their hours and days are those of UTC",
            remedy="write local times without an offset, if the hour of the day matters",
        )

    def note_marks(
        self,
        tally: Tally,
        marks: Sequence[str],
        kind: str,
        *,
        what: str,
    ) -> None:
        """Say which values were found to stand for missing, and how to keep them."""
        count = sum(tally.marks.texts.get(mark, 0) for mark in marks)
        others = [mark for mark in tally.marks.texts if mark not in marks]
        self.note(
            "missing",
            "warning",
            f"{', '.join(marks)} in {counted(count, 'rows')} {what}: read as missing",
            rows=None if others else tally.marks.rows,
            count=count,
            remedy=setting(self.name, f"{{{kind}, nulls: {yaml_list([*others, *marks])}}}")
            + f" settles it; nulls: {yaml_list(others or [''])} keeps them as values",
        )

    def column(self, kind: ColumnType, **details: object) -> Column:
        """The contract, with what the recipe says added."""
        said = self.context
        base = Column(self.name, kind, required=said.required, closed=said.closed)
        return replace(base, **details)  # type: ignore[arg-type]


_YAML_WORDS = {"null", "true", "false", "yes", "no", "on", "off"}


def yaml_word(text: str) -> str:
    """A text as it can be pasted into a YAML flow mapping."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", text)
    if plain and text.lower() not in _YAML_WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def yaml_list(texts: Sequence[str]) -> str:
    """Texts as a YAML flow list, always quoted."""
    return json.dumps(list(texts), ensure_ascii=False)


def as_missing(name: str, said: str, tally: Tally) -> str:
    """What to paste so that the texts which do not fit are read as missing.

    By name, so that `predict` and `serve` read them so too, beside the marks that were read as missing
    before; where they are many, or too long to paste, the finding itself is accepted, which leaves these
    cells missing.

    Args:
        name: The column's.
        said: What else is said of it: "type: number".
        tally: Of the column.
    """
    texts = list(tally.misfits.texts)
    if len(texts) > MOST_NAMED or any(len(text) > LONGEST_NAMED for text in texts):
        return f"data: {{accept: [{yaml_word(f'type:{name}')}]}} reads them as missing"
    nulls = [*(mark for mark in tally.marks.texts if mark not in texts), *texts]
    return setting(name, f"{{{said}, nulls: {yaml_list(nulls)}}}") + " reads them as missing"


def setting(name: str, value: str) -> str:
    """What to paste into the recipe for one column."""
    return f"data: {{columns: {{{yaml_word(name)}: {value}}}}}"


def is_named(pattern: re.Pattern[str], name: str) -> bool:
    """Does a column's name fit a pattern of lower_case words, however it is written: userId, zip code?"""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[ .-]+", "_", name).lower()
    return pattern.match(snake) is not None
