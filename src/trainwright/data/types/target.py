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

from trainwright.core.artifacts import Column, ColumnType, Finding, Target, Task
from trainwright.core.errors import DataError, RecipeError, shorten
from trainwright.data.types.case import Context, TypedColumn
from trainwright.data.types.columns import type_column
from trainwright.data.types.values import NUMBER, whole_text

LIMIT_CLASSES = 1000
FEW_CLASSES = 20
HEAVY_TAILS = 3.0
LARGEST = 1e100  # beyond, a sum of squared errors is no finite number; below its inverse, it is 0
_TRUTHS = {"0", "1", "true", "false", "yes", "no", "y", "n", "t", "f"}
Kind = Literal["text", "integer", "number", "boolean"]


def type_target(
    raw: pl.Series, context: Context, *, task: Task | None
) -> tuple[TypedColumn, Target]:
    """Read the target column and decide what is predicted.

    Raises:
        DataError: it has no values, one value, far too many classes, or mixed spellings.
        RecipeError: the task cannot be learned from such a column.
    """
    context = told = replace(context, is_target=True)
    if task is Task.REGRESSION and context.type is None and raw.dtype == pl.String:
        context = replace(context, type=ColumnType.NUMBER)
    typed = type_column(raw, context)
    if typed.column.type is ColumnType.BOOLEAN and context.type is None and raw.dtype == pl.String:
        spelt = set(raw.drop_nulls().str.strip_chars().str.to_lowercase().unique())
        if not spelt & {"true", "false"}:  # yes and no stay the labels that their owner wrote
            typed = type_column(raw, replace(context, type=ColumnType.CATEGORY))
    if not typed.values.count() and task is Task.REGRESSION:
        typed = type_column(raw, told)  # words are no regression's target: said as such below
    if not typed.values.count():
        raise DataError(
            f"the target {shorten(raw.name)} has no values in all {len(raw)} rows",
            where=f"column {shorten(raw.name)}", mend="data: {target: COLUMN} names another column",
        )  # fmt: skip
    if typed.column.type is ColumnType.DATETIME:
        raise DataError(
            f"the target {shorten(raw.name)} is a date-time, which is not predicted",
            where=f"column {shorten(raw.name)}", mend="write it as a number, or name another target",
        )  # fmt: skip
    is_told, task = task is not None, task or infer_task(typed)
    if task is Task.REGRESSION:
        return _regression(typed)
    return _classification(typed, is_told=is_told)


def infer_task(typed: TypedColumn) -> Task:
    """Words and booleans are classes; so are whole numbers of at most 20 kinds that repeat."""
    if typed.column.type is not ColumnType.NUMBER:
        return Task.CLASSIFICATION
    known = typed.values.drop_nulls()
    distinct = known.n_unique()
    few = distinct <= 2 or (
        typed.column.integer and distinct <= FEW_CLASSES and distinct <= 0.1 * len(known)
    )
    return Task.CLASSIFICATION if few else Task.REGRESSION


def is_heavy_tailed(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """True when the tails are far heavier than the normal's (see the head of this file)."""
    if np.mean(values == np.median(values)) > 0.5:
        return False
    low, inner_low, inner_high, high = np.quantile(values, [0.025, 0.125, 0.875, 0.975])
    return bool(high - low > HEAVY_TAILS * (inner_high - inner_low))


def _regression(typed: TypedColumn) -> tuple[TypedColumn, Target]:
    name = typed.column.name
    if typed.column.type is not ColumnType.NUMBER:
        raise RecipeError(
            f"regression needs a number, and the target {shorten(name)} is a {typed.column.type.value}",
            where="task", mend="task: classification",
        )  # fmt: skip
    values = typed.values.drop_nulls().to_numpy()
    _refuse_constant(typed, len(np.unique(values)))
    _refuse_extreme(name, values)
    return typed, Target(typed.column, Task.REGRESSION)


def _classification(typed: TypedColumn, *, is_told: bool) -> tuple[TypedColumn, Target]:
    labels, kind = _labels(typed)
    name = typed.column.name
    counts = labels.drop_nulls().value_counts()
    sizes = dict(zip(counts[counts.columns[0]].to_list(), counts["count"].to_list(), strict=True))
    _refuse_constant(typed, len(sizes))
    if kind == "text":
        _refuse_mixed_spellings(name, list(sizes))
    lonely = sum(size < 2 for size in sizes.values())
    if len(sizes) > LIMIT_CLASSES or (len(sizes) > 10 and lonely > len(sizes) / 2):
        mend = (
            "task: regression"
            if kind in ("integer", "number")
            else "group its values, or name another target"
        )
        raise DataError(
            f"the target {shorten(name)} has {len(sizes)} classes in {len(typed.values)} rows,"
            f" {lonely} of them in one row only",
            where=f"column {shorten(name)}", mend=mend,
        )  # fmt: skip
    classes = tuple(sorted(sizes, key=float if kind in ("integer", "number") else None))
    column = replace(
        typed.column, type=ColumnType.CATEGORY, integer=kind == "integer",
        true=typed.column.true if kind == "boolean" else (),
    )  # fmt: skip
    findings = (*typed.findings, *_class_findings(column, classes, sizes, kind))
    if kind == "text" and not is_told:
        findings = (*findings, *_nearly_numbers(column, sizes))
    target = Target(column, Task.CLASSIFICATION, classes=classes, class_kind=kind)
    return TypedColumn(column, labels.alias(name), findings), target


def _class_findings(
    column: Column, classes: tuple[str, ...], sizes: dict[str, int], kind: Kind
) -> list[Finding]:
    """Labels that are not class numbers, and classes that are too rare to learn."""
    findings = []
    if kind == "integer" and classes[0] != "0":
        findings.append(
            Finding(
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
            Finding(
                "imbalance",
                "warning",
                f"{len(rare)} classes of the target have under 10 rows: {shown}",
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
    return [Finding("type", "warning", told, column=column.name, remedy="task: regression")]


def _labels(typed: TypedColumn) -> tuple[pl.Series, Kind]:
    """The labels as text, each class in one spelling."""
    if typed.column.type is ColumnType.BOOLEAN:
        return typed.values.cast(pl.String), "boolean"
    if typed.column.type is ColumnType.NUMBER:
        if typed.column.integer:
            return whole_text(typed.values), "integer"
        return typed.values.cast(pl.String), "number"
    return typed.values, "text"


def _refuse_constant(typed: TypedColumn, num_distinct: int) -> None:
    if num_distinct < 2:
        name, value = typed.column.name, typed.values.drop_nulls()[0]
        value = int(value) if typed.column.integer else value
        raise DataError(
            f"the target {shorten(name)} is always {shorten(value)}: there is nothing to learn",
            where=f"column {shorten(name)}", mend="data: {target: COLUMN} names another column",
        )  # fmt: skip


def _refuse_extreme(name: str, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    largest, spread = float(np.abs(values).max()), float(values.max() - values.min())
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
