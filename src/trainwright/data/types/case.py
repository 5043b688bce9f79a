"""A column while its type is being decided: its text, a sample of it, and what was noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import polars as pl

from trainwright.core.artifacts import Column, ColumnType, Finding
from trainwright.core.errors import shorten
from trainwright.data.types.values import stripped

MARKERS = ("#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "NaT", "None", "\\N", "n/a", "nan", "null")
NUMBER_MARKERS = (
    *MARKERS,
    *("-nan", "-NaN", "Nan", "NAN", "na", "Na", "n.a.", "none", "nil", "NIL"),
    *("#DIV/0!", "#NUM!", "#REF!", "#VALUE!", "-", "--", ".", "..", "?", "*"),
    *("missing", "Missing", "unknown", "Unknown", "UNKNOWN"),
)
DATE_MARKERS = (*NUMBER_MARKERS, "0000-00-00", "0000-00-00 00:00:00")
MOSTLY = 0.95
_SAMPLE = 3000


@dataclass(frozen=True, slots=True)
class Context:
    """What the recipe and the file say of a column, beside its values.

    Attributes:
        type: The recipe's, or None to infer it.
        nulls: The recipe's texts for missing, or None for the usual ones.
        format: The recipe's format of a date-time.
        required: A null is refused when predicting.
        closed: A new category is refused when predicting.
        decimal: The recipe's decimal mark, or None.
        comma_likely: Fields are separated by semicolons.
        is_target: It is what is predicted: never an identifier.
        place: FILE:LINE of a row.
    """

    type: ColumnType | None = None
    nulls: tuple[str, ...] | None = None
    format: str | None = None
    required: bool = False
    closed: bool = False
    decimal: Literal[".", ","] | None = None
    comma_likely: bool = False
    is_target: bool = False
    place: Callable[[int], str] = str


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column's contract, its values, and what was noticed."""

    column: Column
    values: pl.Series
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class Case:
    """A text column on its way to a type.

    Attributes:
        text: As read.
        context: What recipe and file say.
        sample: Up to 3,000 texts that are not empty, from all over the column, stripped.
        findings: What was noticed so far.
    """

    text: pl.Series
    context: Context
    sample: list[str]
    findings: list[Finding] = field(default_factory=list)
    _distinct: pl.Series | None = None

    @classmethod
    def of(cls, text: pl.Series, context: Context) -> Case:
        """A case with its sample drawn."""
        return cls(text, context, _sample(text))

    @property
    def name(self) -> str:
        """The column's name."""
        return self.text.name

    @property
    def distinct(self) -> pl.Series:
        """The distinct texts, stripped; strips the whole column only where one has blanks."""
        if self._distinct is None:
            found = self.text.drop_nulls().unique()
            bare = stripped(found)
            if (bare != found).any():
                self.text = stripped(self.text)
                bare = bare.unique()
            self._distinct = bare
        return self._distinct

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
        rows: pl.Series | None = None,
        remedy: str = "",
    ) -> None:
        """Add a finding.

        `rows` holds the positions of the cells concerned; the first is named by its place.
        """
        first = ""
        if rows is not None and len(rows):
            first = f"; the first at {self.context.place(int(rows[0]))}"
        self.findings.append(
            Finding(
                kind,
                severity,
                f"column {shorten(self.name)}: {message}{first}",
                column=self.name,
                count=None if rows is None else len(rows),
                rows=() if rows is None else tuple(rows.head(10).to_list()),
                remedy=remedy,
            )
        )

    def note_nulls(self, seen: Sequence[str]) -> None:
        """Say so when missing is written in several ways; `seen` may hold the empty text."""
        kinds = sorted(set(seen))
        if self.context.nulls is None and len(kinds) > 1:
            shown = ", ".join(repr(kind) if kind else "the empty field" for kind in kinds[:6])
            self.note("missing", "info", f"missing values are written in several ways: {shown}")

    def column(self, kind: ColumnType, **details: object) -> Column:
        """The contract, with what the recipe says added."""
        said = self.context
        base = Column(self.name, kind, required=said.required, closed=said.closed)
        return replace(base, **details)  # type: ignore[arg-type]

    def typed(self, column: Column, values: pl.Series) -> TypedColumn:
        """The end of the case."""
        return TypedColumn(column, values.alias(self.name), tuple(self.findings))


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


def setting(name: str, value: str) -> str:
    """What to paste into the recipe for one column."""
    return f"data: {{columns: {{{yaml_word(name)}: {value}}}}}"


def _sample(text: pl.Series) -> list[str]:
    at = np.linspace(0, max(len(text) - 1, 0), min(_SAMPLE, len(text))).astype(np.int64)
    found = stripped(text.gather(np.unique(at)).drop_nulls())
    found = found.filter(found != "")
    if len(found) < min(100, len(text)):
        found = stripped(text.filter(text != "").head(_SAMPLE))
    return found.to_list()
