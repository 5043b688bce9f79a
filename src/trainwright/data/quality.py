"""What the rows must have before they are learned from: a target, enough rows, classes in train.

Also which columns a model may see. Decided from all rows, of the target only its missing values and
its classes are used, never how it goes with a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Column, ColumnType, Finding, Split, Target, Task
from trainwright.core.errors import DataError, shorten
from trainwright.data.chronology import TRAIN
from trainwright.data.types.case import yaml_word
from trainwright.data.types.target import is_heavy_tailed
from trainwright.recipe.data import DataSettings

FEW_ROWS = 50
LEAST_ROWS = 10
PARTS = tuple(Split)


@dataclass(frozen=True, slots=True)
class Choice:
    """The columns that a model may see, and why it may not see the others."""

    inputs: tuple[Column, ...]
    left_out: dict[str, str]


def choose_inputs(frame: pl.DataFrame, columns: Sequence[Column], settings: DataSettings) -> Choice:
    """Sort columns into inputs and those left out, with the reason.

    Raises:
        DataError: no column is left to learn from.
    """
    inputs, left_out = [], {}
    the_one = _the_input(settings)
    declared = {**dict.fromkeys(settings.known_after, "declared: known after"),
                **dict.fromkeys(settings.drop, "declared: drop"),
                **dict.fromkeys(settings.further_targets, "declared: further target"),
                **_split_columns(settings)}  # fmt: skip
    for column in columns:
        if column.name == settings.target:
            continue
        why = declared.get(column.name) or _useless(column, frame[column.name])
        if why is None and the_one is not None and column.name != the_one:
            why = "not an input"
        if why:
            left_out[column.name] = why
        else:
            inputs.append(column)
    if not inputs:
        shown = ", ".join(
            f"{shorten(name, 30)} ({why})" for name, why in list(left_out.items())[:6]
        )
        raise DataError(
            f"no column is left to learn from; left out: {shown or 'the table has the target alone'}",
            where="data",
            mend=_read_otherwise(frame, left_out) + "add columns",
        )
    return Choice(tuple(inputs), left_out)


def _the_input(settings: DataSettings) -> str | None:
    """The column of texts or images that alone is learned from, where the recipe names one."""
    return None if settings.inputs is None else settings.inputs.text or settings.inputs.image


def _read_otherwise(frame: pl.DataFrame, left_out: dict[str, str]) -> str:
    """To paste: the first identifier as what its values can be; nothing where there is none."""
    name = next((name for name, why in left_out.items() if why == "identifier"), None)
    if name is None:
        return ""
    values = frame[name].drop_nulls()
    is_number = values.cast(pl.Float64, strict=False).null_count() == 0
    kind = ColumnType.NUMBER if is_number else ColumnType.CATEGORY
    return f"data: {{columns: {{{yaml_word(name)}: {kind.value}}}}} reads it otherwise; or "


def equality_columns(columns: Sequence[Column], settings: DataSettings) -> list[str]:
    """The columns by which rows are equal: all that are kept but identifiers and the target.

    Or the one text or image that is learned from.
    """
    the_one = _the_input(settings)
    if the_one is not None:
        return [the_one]
    without = {settings.target, *settings.drop, *settings.known_after, *settings.further_targets}
    if settings.split.by == "given" and settings.split.column is not None:
        without.add(settings.split.column)
    return [
        column.name
        for column in columns
        if column.name not in without and column.type is not ColumnType.IDENTIFIER
    ]


def check_rows(num_rows: int) -> None:
    """Refuse (DataError) so few rows that nothing can be said of any column."""
    if num_rows < LEAST_ROWS:
        raise DataError(
            f"the data have {num_rows} row{'s' * (num_rows != 1)}; at least {FEW_ROWS} are needed",
            where="data.source",
            mend="add rows",
        )


def check_target(target: pl.Series) -> tuple[NDArray[np.bool_], list[Finding]]:
    """Which rows have no target, and what that means.

    Returns:
        A mask of rows to leave out, and findings: a warning; an error under 50 labelled rows or
        when under half of the rows have a label.

    Raises:
        DataError: under ten labelled rows, of which nothing can be learned or judged.
    """
    missing = (
        target.is_null() | target.is_nan() if target.dtype.is_float() else target.is_null()
    ).to_numpy()
    labelled = int((~missing).sum())
    if labelled < LEAST_ROWS:
        raise DataError(
            f"{labelled} of {len(target)} rows have a value of the target {target.name!r}; at least"
            f" {FEW_ROWS} are needed",
            where=f"column {target.name!r}",
            mend="add rows",
        )
    findings = []
    if missing.any():
        many = labelled * 2 < len(target)
        findings.append(
            Finding(
                "missing",
                "error" if many else "warning",
                f"{int(missing.sum())} of {len(target)} rows have no target: left out",
                column=target.name,
                count=int(missing.sum()),
                rows=tuple(np.flatnonzero(missing)[:10].tolist()),
                remedy=_accept(f"missing:{target.name}") if many else "",
            )
        )
    if labelled < FEW_ROWS:
        findings.append(
            Finding(
                "schema",
                "error",
                f"{labelled} rows have a target; under {FEW_ROWS} neither a model nor its figures mean much",
                count=labelled,
                remedy=_accept("schema"),
            )
        )
    return missing, findings


@dataclass(frozen=True, slots=True)
class Classes:
    """The target as train shows it, and the rows of classes that train lacks."""

    target: Target
    unseen: NDArray[np.bool_]
    findings: tuple[Finding, ...]


def check_classes(
    values: pl.Series, parts: NDArray[np.int8], target: Target, *, rows: NDArray[np.int64], by: str
) -> Classes:
    """The target as train shows it: its classes, or whether its tails are heavy.

    A class that train lacks cannot be learned: an error, or, when accepted, its rows are left out.

    Raises:
        DataError: train holds one class only, or a later part only classes that train lacks.
    """
    none = np.zeros(len(values), dtype=bool)
    of_train = values.filter(pl.Series(parts == TRAIN))
    if target.task is Task.REGRESSION:
        heavy = is_heavy_tailed(of_train.to_numpy())
        return Classes(replace(target, heavy_tailed=heavy), none, ())
    if target.task is Task.TOKEN_CLASSIFICATION:
        return _check_tags(values, parts, target, rows=rows)
    present = set(of_train.unique().to_list())
    if len(present) < 2:
        raise DataError(
            f"train has rows of one class only: {shorten(next(iter(present)))}, split by {by}",
            where=f"column {target.name!r}",
            mend="data: {split: {by: random}}, or more rows of the other classes",
        )
    kept = tuple(label for label in target.classes if label in present)
    findings = [_lone(values, parts, part, target) for part in range(1, 3)]
    if len(kept) == len(target.classes):
        return Classes(target, none, tuple(filter(None, findings)))
    unseen = ~values.is_in(list(present)).to_numpy() & (parts >= 0)
    if unseen.any():
        _refuse_emptied(parts, unseen, target)
        lacking = [label for label in target.classes if label not in present]
        findings.append(
            Finding(
                "imbalance",
                "error",
                f"{len(lacking)} classes stand in validation or test and not in train:"
                f" {', '.join(shorten(label, 30) for label in lacking[:5])}, {int(unseen.sum())} rows;"
                " accepted, these rows are left out",
                column=target.name,
                count=int(unseen.sum()),
                rows=tuple(rows[unseen][:10].tolist()),
                remedy=_accept(f"imbalance:{target.name}"),
            )
        )
    return Classes(replace(target, classes=kept), unseen, tuple(filter(None, findings)))


def _check_tags(
    values: pl.Series, parts: NDArray[np.int8], target: Target, *, rows: NDArray[np.int64]
) -> Classes:
    """The tags of train; rows that hold others are left out, with a warning where they are under 1 %."""
    present = values.filter(pl.Series(parts == TRAIN)).explode().drop_nulls().unique().to_list()
    if len(present) < 2:
        raise DataError(
            f"train has {len(present)} different tags",
            where=f"column {target.name!r}",
            mend="data: {split: {by: random}}, or more rows",
        )
    lacking = [label for label in target.classes if label not in set(present)]
    if not lacking:
        return Classes(target, np.zeros(len(values), dtype=bool), ())
    kept = tuple(label for label in target.classes if label in set(present))
    unseen = values.list.eval(pl.element().is_in(lacking)).list.any().fill_null(value=False)
    mask = unseen.to_numpy() & (parts >= 0)
    found: tuple[Finding, ...] = ()
    if mask.any():
        _refuse_emptied(parts, mask, target)
        few = int(mask.sum()) <= 0.01 * len(values)
        found = (
            Finding(
                "imbalance",
                "warning" if few else "error",
                f"{len(lacking)} tags stand in validation or test and not in train:"
                f" {', '.join(shorten(label, 30) for label in lacking[:5])}; {int(mask.sum())} rows that"
                " hold them are left out" + ("" if few else ", if accepted"),
                column=target.name,
                count=int(mask.sum()),
                rows=tuple(rows[mask][:10].tolist()),
                remedy="" if few else _accept(f"imbalance:{target.name}"),
            ),
        )
    return Classes(replace(target, classes=kept), mask, found)


def _refuse_emptied(parts: NDArray[np.int8], unseen: NDArray[np.bool_], target: Target) -> None:
    for code, part in enumerate(PARTS):
        there = parts == code
        if there.any() and bool(unseen[there].all()):
            raise DataError(
                f"all {int(there.sum())} rows of {part.value} are of classes that train lacks;"
                f" {shorten(target.name)} has {len(target.classes)} classes",
                where=f"column {target.name!r}",
                mend="join rare classes into one in the file, or add rows of each class",
            )


def _lone(values: pl.Series, parts: NDArray[np.int8], part: int, target: Target) -> Finding | None:
    """A warning when a later part holds one class only: some metrics have no value there."""
    present = values.filter(pl.Series(parts == part)).unique().to_list()
    if len(present) != 1:
        return None
    name = PARTS[part].value
    return Finding(
        "imbalance", "warning",
        f"{name} has rows of one class only, {shorten(present[0], 30)}: ROC AUC and its like have no"
        " value there",
        column=target.name, remedy="split otherwise, or add rows of the other classes",
    )  # fmt: skip


def _split_columns(settings: DataSettings) -> dict[str, str]:
    split = settings.split
    if split.by == "group" and split.column:
        return {split.column: "split: group"}
    if split.by == "group-time" and split.group:
        return {split.group: "split: group"}
    if split.by == "given" and split.column:
        return {split.column: "split: assignment"}
    return {}


def _useless(column: Column, values: pl.Series) -> str | None:
    if values.null_count() == len(values):
        return "all null"
    if column.type is ColumnType.IDENTIFIER:
        return "identifier"
    if isinstance(values.dtype, pl.List):
        return None
    if not values.null_count() and values[0] == values[-1] and bool((values == values[0]).all()):
        return "constant"
    return None


def _accept(key: str) -> str:
    text = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'data: {{accept: ["{text}"]}}'
