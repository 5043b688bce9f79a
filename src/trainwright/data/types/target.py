"""The target: classification or regression, and its classes.

Labels become text in one spelling ("1", not "1.0"; "true", not "TRUE"), so that the target's own
`Column` is a category whose `integer` or `true` says how to spell. Of the values nothing is used
but the list of classes: whether the tails are heavy is asked after the split, of train rows alone.

Heavy tails: (Q.975 - Q.025) / (Q.875 - Q.125) over 3 (1.7 for the normal, 2.7 for Student's t with
two degrees of freedom, 5.3 for Cauchy). Source: Crow & Siddiqui 1967 (JASA 62, 353-389). A target of
which over half is one value (no claim, no visit) never counts as such: that value is the median, and
by absolute error hardly a model would beat it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, RecipeError, counted, shorten, verb
from trainwright.data.findings import finding
from trainwright.data.types.case import Context, Receipt, TypedColumn
from trainwright.data.types.columns import ColumnTyping, Reading
from trainwright.data.types.evidence import Evidence
from trainwright.data.types.ranges import Numbers
from trainwright.data.types.tally import Distinct, Tally
from trainwright.data.types.values import NUMBER, whole_text

LIMIT_CLASSES = 1000
FEW_CLASSES = 20
HEAVY_TAILS = 3.0
LARGEST = 1e100  # beyond, a sum of squared errors is no finite number; below its inverse, it is 0
_TRUTHS = {"0", "1", "true", "false", "yes", "no", "y", "n", "t", "f"}
Kind = Literal["text", "integer", "number", "boolean"]


class TargetTyping:
    """The decision about the target, made as `ColumnTyping` makes it of any column.

    Read all blocks by `read`, merge the tallies in the order of the rows, and ask `judge`; while it
    says no, the blocks are to be read again. Then `labels` turns typed values into what frames hold.

    Args:
        evidence: Of all blocks of the column.
        context: What recipe and file say of it.
        task: Classification or regression; inferred when None.
    """

    def __init__(self, evidence: Evidence, context: Context, *, task: Task | None) -> None:
        self._evidence, self._task = evidence, task
        self._said = replace(context, is_target=True)
        first = self._said
        self._is_text = evidence.dtype == pl.String
        if task is Task.REGRESSION and context.type is None and self._is_text:
            first = replace(first, type=ColumnType.NUMBER)
        self._tried = [first]
        self._typing = ColumnTyping(evidence, first)
        self._findings: tuple[Finding, ...] = ()
        self._target: Target | None = None
        self._kind: Kind = "text"

    @property
    def column(self) -> Column:
        """How the column is to be read."""
        return self._typing.column if self._target is None else self._target.column

    @property
    def target(self) -> Target:
        """What is predicted, once `judge` said yes."""
        assert self._target is not None, "not yet judged"
        return self._target

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed; all of it once `judge` said yes."""
        return (*self._typing.findings, *self._findings)

    @property
    def receipt(self) -> Receipt:
        """What was done to how many cells, once `judge` said yes."""
        return self._typing.receipt

    @property
    def reading(self) -> Reading:
        """How blocks are read by the proposal of now."""
        return self._typing.reading

    def read(self, block: pl.Series, first_row: int) -> tuple[pl.Series, Tally]:
        """The typed values of a block, and what came of it."""
        return self._typing.read(block, first_row)

    def judge(self, tally: Tally) -> bool:
        """Does the reading stand, by the tally of all rows?

        Raises:
            DataError: the target has no values, one value, far too many classes, or mixed spellings.
            RecipeError: the task cannot be learned from such a column.
        """
        if not self._typing.judge(tally):
            return False
        other = self._other(tally)
        if other is not None and other not in self._tried:
            self._tried.append(other)
            self._typing = ColumnTyping(self._evidence, other)
            return False
        self._decide(tally)
        return True

    def labels(self, values: pl.Series) -> pl.Series:
        """Typed values as frames hold them: labels as text, each class in one spelling; or numbers."""
        return values if self.target.task is Task.REGRESSION else _labels(values, self._kind)

    def _other(self, tally: Tally) -> Context | None:
        """As what the column is to be read instead."""
        column, said = self._typing.column, self._said
        inferred = column.type is ColumnType.BOOLEAN and said.type is None and self._is_text
        if inferred and not {"true", "false"} & set(column.true):
            return replace(said, type=ColumnType.CATEGORY)  # yes and no stay their owner's labels
        if not tally.values and self._task is Task.REGRESSION:
            return said  # words are no regression's target: told as such below
        return None

    def _decide(self, tally: Tally) -> None:
        column = self._typing.column
        name = column.name
        if not tally.values:
            raise DataError(
                f"the target {shorten(name)} has no values in all {tally.rows} rows",
                where=f"column {shorten(name)}",
                mend="data: {target: COLUMN} names another column",
            )
        if column.type is ColumnType.DATETIME:
            raise DataError(
                f"the target {shorten(name)} is a date-time, which is not predicted",
                where=f"column {shorten(name)}",
                mend="write it as a number, or name another target",
            )
        assert tally.distinct is not None
        task = self._task or task_of(column, tally.distinct.number, tally.values)
        if task is Task.REGRESSION:
            self._target = _regression(column, tally)
            return
        self._kind = _kind_of(column)
        self._target, self._findings = _classification(
            column, tally, self._kind, is_told=self._task is not None
        )


def type_target(
    raw: pl.Series, context: Context, *, task: Task | None
) -> tuple[TypedColumn, Target]:
    """Read a target column in memory and decide what is predicted (see `TargetTyping`)."""
    evidence = Evidence.of(context)
    evidence.add(raw, 0)
    typing = TargetTyping(evidence, context, task=task)
    values, tally = typing.read(raw, 0)
    while not typing.judge(tally):
        values, tally = typing.read(raw, 0)
    labels = typing.labels(values).alias(raw.name)
    return TypedColumn(typing.column, labels, typing.findings, typing.receipt), typing.target


def task_of(column: Column, num_distinct: int, num_values: int) -> Task:
    """Words and booleans are classes; so are whole numbers of at most 20 kinds that repeat."""
    if column.type is not ColumnType.NUMBER:
        return Task.CLASSIFICATION
    repeats = num_distinct <= FEW_CLASSES and num_distinct <= 0.1 * num_values
    few = num_distinct <= 2 or (column.integer and repeats)
    return Task.CLASSIFICATION if few else Task.REGRESSION


def is_heavy_tailed(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """True when the tails are far heavier than the normal's (see the head of this file)."""
    if np.mean(values == np.median(values)) > 0.5:
        return False
    low, inner_low, inner_high, high = np.quantile(values, [0.025, 0.125, 0.875, 0.975])
    return bool(high - low > HEAVY_TAILS * (inner_high - inner_low))


def _regression(column: Column, tally: Tally) -> Target:
    if column.type is not ColumnType.NUMBER:
        raise RecipeError(
            f"regression needs a number, and the target {shorten(column.name)} is a"
            f" {column.type.value}",
            where="task",
            mend="task: classification",
        )
    _refuse_constant(column, tally)
    assert tally.numbers is not None
    _refuse_extreme(column.name, tally.numbers)
    return Target(column, Task.REGRESSION)


def _classification(
    column: Column, tally: Tally, kind: Kind, *, is_told: bool
) -> tuple[Target, tuple[Finding, ...]]:
    assert tally.distinct is not None
    name, number = column.name, tally.distinct.number
    sizes = _sizes(tally.distinct, kind)
    _refuse_constant(column, tally)
    if kind == "text" and sizes is not None:
        _refuse_mixed_spellings(name, list(sizes))
    lonely = sum(size < 2 for size in sizes.values()) if sizes is not None else None
    if sizes is None or number > LIMIT_CLASSES or (number > 10 and (lonely or 0) > number / 2):
        alone = "" if lonely is None else f", {lonely} of them in one row only"
        raise DataError(
            f"the target {shorten(name)} has {number} classes in {tally.rows} rows{alone}",
            where=f"column {shorten(name)}",
            mend="task: regression"
            if kind in ("integer", "number")
            else "group its values, or name another target",
        )
    classes = tuple(sorted(sizes, key=float if kind in ("integer", "number") else None))
    column = replace(
        column, type=ColumnType.CATEGORY, integer=kind == "integer",
        true=column.true if kind == "boolean" else (),
    )  # fmt: skip
    findings = _class_findings(column, classes, sizes, kind)
    if kind == "text" and not is_told:
        findings += _nearly_numbers(column, sizes)
    return Target(column, Task.CLASSIFICATION, classes=classes, class_kind=kind), tuple(findings)


def _sizes(distinct: Distinct, kind: Kind) -> dict[str, int] | None:
    """Rows of each label; None where there are too many to name."""
    if distinct.counts is None:
        return None
    labels = _labels(distinct.counts["value"], kind)
    return dict(sorted(zip(labels.to_list(), distinct.counts["count"].to_list(), strict=True)))


def _class_findings(
    column: Column, classes: tuple[str, ...], sizes: dict[str, int], kind: Kind
) -> list[Finding]:
    """Labels that are not class numbers, and classes that are too rare to learn."""
    findings = []
    if kind == "integer" and classes[0] != "0":
        findings.append(
            finding(
                "type",
                "info",
                f"the target's labels {', '.join(classes[:6])} are classes 0 to {len(classes) - 1}"
                " inside; predictions carry the labels",
                column=column.name,
            )
        )
    rare = [label for label in classes if sizes[label] < 10]
    if rare:
        shown = ", ".join(shorten(label, 30) for label in rare[:5])
        findings.append(
            finding(
                "imbalance",
                "warning",
                f"{counted(len(rare), 'classes')} of the target {verb(len(rare), 'have')} under 10"
                f" rows: {shown}",
                column=column.name,
                count=sum(sizes[label] for label in rare),
                remedy="collect more of them, or join them with another class",
            )
        )
    return findings


def _nearly_numbers(column: Column, sizes: dict[str, int]) -> list[Finding]:
    """A warning when most labels of many are numbers: was a number meant?"""
    numbers = {label for label in sizes if NUMBER.fullmatch(label)}
    rows = sum(sizes[label] for label in numbers)
    if len(numbers) <= FEW_CLASSES or rows < sum(sizes.values()) / 2:
        return []
    odd = next(label for label in sizes if label not in numbers)
    told = (
        f"the target is taken for {len(sizes)} classes, for not all of its values are numbers:"
        f" {shorten(odd, 30)}; {rows} of {sum(sizes.values())} are"
    )
    return [finding("type", "warning", told, column=column.name, remedy="task: regression")]


def _kind_of(column: Column) -> Kind:
    if column.type is ColumnType.BOOLEAN:
        return "boolean"
    if column.type is ColumnType.NUMBER:
        return "integer" if column.integer else "number"
    return "text"


def _labels(values: pl.Series, kind: Kind) -> pl.Series:
    """The labels as text, each class in one spelling."""
    if kind == "text":
        return values
    return whole_text(values) if kind == "integer" else values.cast(pl.String)


def _refuse_constant(column: Column, tally: Tally) -> None:
    if tally.single.is_only:
        name, value = column.name, tally.single.value
        value = int(value) if column.integer else value
        raise DataError(
            f"the target {shorten(name)} is always {shorten(value)}: there is nothing to learn",
            where=f"column {shorten(name)}", mend="data: {target: COLUMN} names another column",
        )  # fmt: skip


def _refuse_extreme(name: str, numbers: Numbers) -> None:
    ends = numbers.extent.ends
    largest, spread = max(map(abs, ends)), max(ends) - min(ends)
    if largest > LARGEST or spread < 1 / LARGEST:
        raise DataError(
            f"the target {shorten(name)} is of a size that cannot be squared: at most {largest:.3g},"
            f" spread over {spread:.3g}",
            where=f"column {shorten(name)}",
            mend="write it in another unit, so that its values lie between 1e-100 and 1e100",
        )


def _refuse_mixed_spellings(name: str, labels: list[str]) -> None:
    """`0`, `1`, `true`, `yes` together are surely two classes, and we do not guess which is which."""
    lower = {label.lower() for label in labels}
    if len(labels) > 2 and lower <= _TRUTHS:
        raise DataError(
            f"the target {shorten(name)} mixes spellings of true and false: {', '.join(sorted(labels))}",
            where=f"column {shorten(name)}", mend="write each class one way in the file",
        )  # fmt: skip
