"""What one column is: number, category, boolean, date-time, text or identifier.

A scan of the column's blocks gives evidence; from its sample a type is proposed, all blocks are read
with it, and what came of that decides: the proposal stands, or another one is tried. So a column that is
larger than memory is typed like any other, and most columns are parsed once.

The rules in short: a column is a number when at least 95 % of its values are; what then does not
fit is an error with the first row, unless it is one repeated mark without a digit, which is read as
missing. Numbers that a float would change (leading zeros, 2^53 and beyond) stay text. A date
format must fit the whole column; day and month are told apart by all rows or asked for. Words are
an identifier when nearly all differ and hold no blanks, text when most differ and hold several
words, else a category. Every choice can be overridden by `data: {columns: ...}`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.types.case import Case, Context, Proposal, Receipt, TypedColumn, yaml_word
from trainwright.data.types.clock import as_clock
from trainwright.data.types.evidence import Evidence
from trainwright.data.types.forced import as_native, as_told
from trainwright.data.types.moments import as_compact, as_moment
from trainwright.data.types.numbers import as_number
from trainwright.data.types.receipts import receipt_of
from trainwright.data.types.repeats import Repeats
from trainwright.data.types.tally import Tally, Watch
from trainwright.data.types.values import parse_series
from trainwright.data.types.words import as_boolean, as_words

_KINDS: tuple[Callable[[Case], Proposal | None], ...] = (
    as_boolean,
    as_compact,
    as_clock,
    as_number,
    as_moment,
    as_words,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How blocks of a column are read while its type is being decided; all that reading needs to know.

    Attributes:
        name: The column's.
        column: The contract as proposed.
        watch: What is counted.
    """

    name: str
    column: Column
    watch: Watch

    def read(
        self, block: pl.Series, first_row: int, repeats: Repeats | None = None
    ) -> tuple[pl.Series, Tally]:
        """The typed values of a block, and what came of it.

        Args:
            block: As the evidence saw it.
            first_row: Global position of its first row.
            repeats: Of the block, where its different texts are few.
        """
        parsed = parse_series(self.column, block, repeats)
        tally = Tally.of(self.column, block, parsed, first_row=first_row, watch=self.watch)
        return parsed.values.alias(self.name), tally


class ColumnTyping:
    """The decision about one column.

    Read all blocks by `read`, merge the tallies in the order of the rows, and ask `judge`; while it
    says no, `column` is another proposal and the blocks are to be read again.

    Args:
        evidence: Of all blocks of the column.
        context: What recipe and file say of it.
    """

    def __init__(self, evidence: Evidence, context: Context) -> None:
        self._case = Case(evidence.name, context, evidence.dtype, evidence.sample)
        self._kinds = iter(_KINDS)
        self._proposal = self._first()
        self._column = self._proposal.column
        self._receipt: Receipt | None = None

    @property
    def column(self) -> Column:
        """How the column is to be read; final once `judge` said yes."""
        return self._column

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed; all of it once `judge` said yes."""
        return tuple(self._case.findings)

    @property
    def receipt(self) -> Receipt:
        """What was done to how many cells, once `judge` said yes."""
        assert self._receipt is not None, "not yet judged"
        return self._receipt

    @property
    def reading(self) -> Reading:
        """How blocks are read by the proposal of now."""
        return Reading(self._case.name, self._proposal.column, self._proposal.watch)

    def read(self, block: pl.Series, first_row: int) -> tuple[pl.Series, Tally]:
        """The typed values of a block by `column`, and what came of it (see `Reading.read`)."""
        return self.reading.read(block, first_row)

    def judge(self, tally: Tally) -> bool:
        """Does the proposal stand, by the tally of all rows?

        Where it does, `column` may say more than before (an identifier rather than a category), but
        reads every cell as it did.
        """
        verdict = self._proposal.judge(tally, self._case)
        if verdict.column is None:
            self._proposal = verdict.instead or self._next()
            self._column = self._proposal.column
            return False
        self._column = verdict.column
        self._case.findings += _emptiness(self._column, tally)
        self._receipt = receipt_of(self._column, tally)
        return True

    def _first(self) -> Proposal:
        case = self._case
        if case.dtype != pl.String:
            return as_native(case)
        if case.context.type is not None or case.context.format is not None or case.context.formats:
            return as_told(case)
        return self._next()

    def _next(self) -> Proposal:
        return next(proposal for kind in self._kinds if (proposal := kind(self._case)) is not None)


def type_column(raw: pl.Series, context: Context) -> TypedColumn:
    """Decide what a column in memory is, and read all of it so."""
    evidence = Evidence.of(context)
    evidence.add(raw, 0)
    typing = ColumnTyping(evidence, context)
    values, tally = typing.read(raw, 0)
    while not typing.judge(tally):
        values, tally = typing.read(raw, 0)
    return TypedColumn(typing.column, values, typing.findings, typing.receipt)


def _emptiness(column: Column, tally: Tally) -> list[Finding]:
    """A column without values, or with only one."""
    name, rows = column.name, tally.rows
    remedy = f"data: {{drop: [{yaml_word(name)}]}}"
    if not tally.values:
        told = f"column {shorten(name)} has no values"
        return [finding("missing", "warning", told, column=name, count=rows, remedy=remedy)]
    if rows > 1 and tally.values == rows and tally.single.is_only:
        value = tally.single.value
        if isinstance(value, datetime):
            value = str(value)
        told = (
            f"column {shorten(name)} is always {shorten(int(value) if column.integer else value)}"
        )
        return [finding("constant", "warning", told, column=name, count=rows, remedy=remedy)]
    return []
