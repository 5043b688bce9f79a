"""What the target must have before it is learned from: values, enough rows, its classes in train.

Of the target only its missing values and its classes are used, never how it goes with a column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.columns import Target, Task
from trainwright.core.errors import DataError, counted, shorten, verb
from trainwright.data.chronology import TRAIN
from trainwright.data.findings import finding
from trainwright.data.hashing import mix
from trainwright.data.label_counts import label_findings
from trainwright.data.staging.rows import BLOCK_ROWS, Rows
from trainwright.data.types.target import is_heavy_tailed

FEW_ROWS = 50
LEAST_ROWS = 10
MOST_VALUES = 1 << 20  # of a target, by which its tails are judged
PARTS = tuple(Split)
_SEVERAL = {Task.TOKEN_CLASSIFICATION: "tags", Task.MULTI_LABEL: "labels"}  # that a row may hold


def check_rows(num_rows: int) -> None:
    """Refuse (DataError) so few rows that nothing can be said of any column."""
    if num_rows < LEAST_ROWS:
        raise DataError(
            f"the data have {num_rows} row{'s' * (num_rows != 1)}; at least {FEW_ROWS} are needed",
            where="data.source",
            mend="add rows",
        )


def check_target(
    rows: Rows,
    name: str,
    *,
    row: NDArray[np.int64],
    known: Sequence[Finding] = (),
    tells_itself: bool = False,
) -> tuple[NDArray[np.int64], list[Finding]]:
    """Which rows have no target, and what that means.

    Args:
        rows: Typed.
        name: The target.
        row: Global positions; shape (rows,).
        known: What typing found: why a conversation, say, is no target.
        tells_itself: It is a document or a conversation, which nobody calls a target.

    Returns:
        Positions of rows to leave out, ascending, and findings: a warning; an error under 50 labelled
        rows or when under half of the rows have a label.

    Raises:
        DataError: under ten labelled rows, of which nothing can be learned or judged.
    """
    gone = [np.empty(0, dtype=np.int64)]
    for start, values in _values(rows, name):
        missing = (
            values.is_null() | values.is_nan() if values.dtype.is_float() else values.is_null()
        )
        gone.append(np.flatnonzero(missing.to_numpy()) + start)
    found = np.concatenate(gone)
    labelled = rows.num_rows - len(found)
    if labelled < LEAST_ROWS:
        why = [one for one in known if one.column == name and one.severity != "info"]
        reasons = "; ".join(one.message for one in why)
        has = "something to learn from" if tells_itself else f"a value of the target {name!r}"
        raise DataError(
            f"{labelled} of {rows.num_rows} rows {verb(labelled, 'have')} {has}; at least {FEW_ROWS} are"
            f" needed{': ' * bool(reasons)}{reasons}",
            where=f"column {name!r}",
            mend=next((one.remedy for one in why if one.remedy), "add rows"),
        )
    findings = []
    what = "nothing to learn from" if tells_itself else "no target"
    if len(found):
        many = labelled * 2 < rows.num_rows
        findings.append(
            finding(
                "missing",
                "error" if many else "warning",
                f"{len(found)} of {rows.num_rows} rows {verb(len(found), 'have')} {what}: left out",
                column=name,
                rows=row[found],
                remedy=_accept(f"missing:{name}") if many else "",
            )
        )
    if labelled < FEW_ROWS:
        findings.append(
            finding(
                "schema",
                "error",
                f"{counted(labelled, 'rows have')} {'a text' if tells_itself else 'a target'};"
                f" under {FEW_ROWS}"
                " neither a model nor its figures mean much",
                count=labelled,
                remedy=_accept("schema"),
            )
        )
    return found, findings


@dataclass(frozen=True, slots=True)
class Classes:
    """The target as train shows it, and the positions of rows of classes that train lacks."""

    target: Target
    unseen: NDArray[np.int64]
    findings: tuple[Finding, ...]


def check_classes(
    rows: Rows,
    parts: NDArray[np.int8],
    target: Target,
    *,
    row: NDArray[np.int64],
    by: str,
    codes: NDArray[np.int32] | None = None,
) -> Classes:
    """The target as train shows it: its classes, or whether its tails are heavy.

    A class that train lacks cannot be learned: an error, or, when accepted, its rows are left out.

    Args:
        rows: Typed, each with a part.
        parts: Of each row, -1 for none; shape (rows,).
        target: As all rows show it.
        row: Global positions; shape (rows,).
        by: How the rows were split.
        codes: The class of each row, where it is known; shape (rows,).

    Raises:
        DataError: train holds one class only, or a later part only classes that train lacks.
    """
    none = np.empty(0, dtype=np.int64)
    if target.task is Task.REGRESSION:
        heavy = is_heavy_tailed(_train_values(rows, parts, target.name, row))
        return Classes(replace(target, heavy_tailed=heavy), none, ())
    if target.task.is_language:
        return Classes(target, none, ())
    counts = (
        _counts(rows, parts, target)
        if codes is None
        else _counts_of(codes, parts, len(target.classes))
    )
    several = _SEVERAL.get(target.task, "")
    present = counts[TRAIN] > 0
    if present.sum() < 2:
        only = [target.classes[code] for code in np.flatnonzero(present)]
        raise DataError(
            f"train has {len(only)} different {several}"
            if several
            else f"train has rows of one class only: {shorten(only[0])}, split by {by}",
            where=f"column {target.name!r}",
            mend="data: {split: {by: random}}, or more rows"
            + ("" if several else " of the other classes"),
        )
    findings = [] if several else [_lone(counts, part, target) for part in range(1, 3)]
    if target.task is Task.MULTI_LABEL:
        sizes = np.bincount(parts[parts >= 0], minlength=3)
        findings = [*label_findings(counts, sizes, target)]
    if present.all():
        return Classes(target, none, tuple(filter(None, findings)))
    lacking = [label for label, there in zip(target.classes, present, strict=True) if not there]
    unseen = _holding(rows, parts, target, lacking)
    if len(unseen):
        _refuse_emptied(parts, unseen, target)
        findings.append(_unseen(lacking, row[unseen], target, of=rows.num_rows))
    kept = tuple(label for label, there in zip(target.classes, present, strict=True) if there)
    return Classes(replace(target, classes=kept), unseen, tuple(filter(None, findings)))


def _values(rows: Rows, name: str) -> Iterator[tuple[int, pl.Series]]:
    """A column block by block, with the position of each block's first row."""
    start = 0
    for block in rows.blocks([name]):
        yield start, block.to_series()
        start += block.height


def _train_values(
    rows: Rows, parts: NDArray[np.int8], name: str, row: NDArray[np.int64]
) -> NDArray[np.float64]:
    """A number target's values in train; of very many those whose positions hash lowest."""
    share = min(1.0, MOST_VALUES / max(1, rows.num_rows))
    found = []
    for start, values in _values(rows, name):
        here = slice(start, start + len(values))
        chosen = parts[here] == TRAIN
        if share < 1:
            chosen &= mix(row[here].astype(np.uint64)) < np.uint64(share * 2**64)
        found.append(values.to_numpy()[chosen])
    return np.concatenate(found)


def _counts(rows: Rows, parts: NDArray[np.int8], target: Target) -> NDArray[np.int64]:
    """Rows (of tags: mentions) of each class or label in each part; shape (3, classes)."""
    codes = {label: code for code, label in enumerate(target.classes)}
    counts = np.zeros(3 * len(codes), dtype=np.int64)
    for start, values in _values(rows, target.name):
        part = parts[start : start + len(values)].astype(np.int64)
        if isinstance(values.dtype, pl.List):
            part = np.repeat(part, values.list.len().fill_null(0).to_numpy())
            values = values.filter(values.list.len() > 0).explode()
        found = values.replace_strict(codes, return_dtype=pl.Int64).to_numpy()
        there = part >= 0
        counts += np.bincount(part[there] * len(codes) + found[there], minlength=len(counts))
    return counts.reshape(3, len(codes))


def _counts_of(
    codes: NDArray[np.int32], parts: NDArray[np.int8], num_classes: int
) -> NDArray[np.int64]:
    """The same of rows whose classes are known."""
    counts = np.zeros(3 * num_classes, dtype=np.int64)
    for start in range(0, len(codes), BLOCK_ROWS):
        part = parts[start : start + BLOCK_ROWS].astype(np.int64)
        there = part >= 0
        found = part[there] * num_classes + codes[start : start + BLOCK_ROWS][there]
        counts += np.bincount(found, minlength=len(counts))
    return counts.reshape(3, num_classes)


def _holding(
    rows: Rows, parts: NDArray[np.int8], target: Target, labels: list[str]
) -> NDArray[np.int64]:
    """Positions of rows that are, or hold, one of these classes."""
    found = [np.empty(0, dtype=np.int64)]
    for start, values in _values(rows, target.name):
        if isinstance(values.dtype, pl.List):
            mask = values.list.eval(pl.element().is_in(labels)).list.any().fill_null(value=False)
        else:
            mask = values.is_in(labels)
        there = parts[start : start + len(values)] >= 0
        found.append(np.flatnonzero(mask.to_numpy() & there) + start)
    return np.concatenate(found)


def _unseen(lacking: list[str], rows: NDArray[np.int64], target: Target, *, of: int) -> Finding:
    """Rows of classes that train lacks: where a row has several, a warning if they are under 1 %."""
    several = _SEVERAL.get(target.task, "")
    few = bool(several) and len(rows) <= 0.01 * of
    shown = ", ".join(shorten(label, 30) for label in lacking[:5])
    told = (
        f"{len(lacking)} {several} stand in validation or test and not in train: {shown};"
        f" left out with their rows ({len(rows)})" + ("" if few else ", if accepted")
        if several
        else f"{counted(len(lacking), 'classes stand')} in validation or test and not in train: {shown},"
        f" {counted(len(rows), 'rows')}; accepted, these rows are left out"
    )
    return finding(
        "imbalance",
        "warning" if few else "error",
        told,
        column=target.name,
        rows=rows,
        remedy="" if few else _accept(f"imbalance:{target.name}"),
    )


def _refuse_emptied(parts: NDArray[np.int8], unseen: NDArray[np.int64], target: Target) -> None:
    there = np.bincount(parts[parts >= 0], minlength=3)
    gone = np.bincount(parts[unseen], minlength=3)
    for code, part in enumerate(PARTS):
        if there[code] and there[code] == gone[code]:
            raise DataError(
                f"all {there[code]} rows of {part.value} are of classes that train lacks;"
                f" {shorten(target.name)} has {len(target.classes)} classes",
                where=f"column {target.name!r}",
                mend="join rare classes into one in the file, or add rows of each class",
            )


def _lone(counts: NDArray[np.int64], part: int, target: Target) -> Finding | None:
    """A warning when a later part holds one class only: some metrics have no value there."""
    present = np.flatnonzero(counts[part])
    if len(present) != 1:
        return None
    name, label = PARTS[part].value, target.classes[present[0]]
    return finding(
        "imbalance",
        "warning",
        f"{name} has rows of one class only, {shorten(label, 30)}: ROC AUC and its like have no"
        " value there",
        column=target.name,
        remedy="split otherwise, or add rows of the other classes",
    )


def _accept(key: str) -> str:
    text = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'data: {{accept: ["{text}"]}}'
