"""Which row goes to train, validation or test.

The place of a row is a hash of (split seed, its values) or of (split seed, its group): a number in
[0, 1) that falls to train below the first fraction, to test above the last. So rows stay where they
were when rows are added, and equal rows fall together. Under 10,000 rows, and for classes of under
200, the same order is cut at exact counts instead, class by class: then an added row can move at
most the few that stand at a cut.

Equal means equal inputs: rows that differ in the target alone share a split, otherwise a conflicting label
would be learned in one and marked in the other. One exception: where under a tenth of the rows
are distinct, or one row makes up over a tenth of the table (four short categories in two thousand
rows), equality is a coincidence; such rows are spread, or else a split would lack whole kinds.

A row's place needs nothing but its hash; only copies, and the rows of small classes, are looked at
together. So rows are gone through in spans, and there may be more of them than memory holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Target
from trainwright.core.errors import DataError, Fault, RecipeError, counted, nearest, shorten
from trainwright.data.bundles import (
    PARTS,
    Bundled,
    bundle,
    bundle_equal,
    by_hash,
    part_sizes,
    strata_of,
)
from trainwright.data.chronology import (
    LEFT_OUT,
    TEST,
    TRAIN,
    VALIDATION,
    Times,
    blocks_of_time,
    last_of_group,
    split_by_time,
)
from trainwright.data.findings import finding
from trainwright.data.hashing import Hashes, hash_cells, mix
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.rows import Rows
from trainwright.recipe.data import DataSettings, SplitSettings

_GIVEN = {
    "train": TRAIN, "training": TRAIN, "test": TEST, "testing": TEST,
    "validation": VALIDATION, "valid": VALIDATION, "val": VALIDATION, "dev": VALIDATION,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that a split leaves out. `at` are positions among the rows that were to be split."""

    at: NDArray[np.int64]
    reason: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """What became of the rows that were to be split.

    Attributes:
        parts: 0 train, 1 validation, 2 test, -1 left out; shape (rows,), int8.
        units: What is resampled for an interval and kept together by folds: row (with its copies), group
            or block of time; shape (rows,).
        settings: The split settings that were used, and the boundaries of a time split.
        left_out: Why rows have no part; disjoint.
        findings: What was noticed.
    """

    parts: NDArray[np.int8]
    units: NDArray[np.int64]
    settings: Mapping[str, Any]
    left_out: tuple[LeftOut, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Splittable:
    """The rows to split.

    Attributes:
        rows: Typed, with the target.
        row: Global positions; shape (rows,), int64.
        hashes: Of the inputs; shape (rows,).
        file_part: The part that each row's file says, -1 where it says none; shape (rows,), int8.
        arrays: Where long arrays live.
        bundled: The rows by their inputs, where they were bundled before.
        strata: The class of each row, where it was looked up before; shape (rows,), int32.
    """

    rows: Rows
    row: NDArray[np.int64]
    hashes: Hashes
    file_part: NDArray[np.int8]
    arrays: Arrays = field(default_factory=Arrays)
    bundled: Bundled | None = None
    strata: NDArray[np.int32] | None = None

    def column(self, name: str) -> Iterator[pl.Series]:
        """One column, block by block."""
        for block in self.rows.blocks([name]):
            yield block.to_series()


def assign(rows: Splittable, settings: DataSettings, *, target: Target) -> Assignment:
    """Assign rows as `data.split` says.

    Raises:
        RecipeError: a column of the split is not there.
        DataError: the rows cannot be split so: too few rows, groups or times, or an unknown value.
    """
    by = "given" if settings.is_given else settings.split.by
    check_split_columns(settings, list(rows.rows.schema))
    strata = rows.strata
    if strata is None:
        strata = strata_of(rows.rows, target, rows.arrays)
    assigned = _METHODS[by](rows, settings, strata)
    sizes = part_sizes(assigned.parts, rows.arrays)
    for part, split in enumerate(PARTS):
        if not sizes[part]:
            raise DataError(
                f"{split.value} has no rows: {len(rows.row)} rows cannot be split by {by} so",
                where="data.split",
                mend="data: {split: {by: random, fractions: [0.6, 0.2, 0.2]}}, or more rows",
            )
    return assigned


def check_split_columns(settings: DataSettings, names: Sequence[str]) -> None:
    """Refuse (RecipeError) a split by columns that the data lack."""
    split = settings.split
    asked = [("column", split.column)] if split.by not in ("random",) else []
    asked += [("group", split.group)] if split.by == "group-time" else []
    faults = []
    for key, name in asked:
        if name is not None and (name not in names or name == settings.target):
            near = nearest(name, names)
            said = "is the target" if name == settings.target else "is not there"
            known = ", ".join(shorten(other, 30) for other in names[:8] if other != settings.target)
            mend = f"use {near!r}" if near and near != name else f"the columns are {known}"
            faults.append(Fault(f"column {shorten(name)} {said}", f"data.split.{key}", mend))
    if faults:
        raise RecipeError.of(faults)


def _random(rows: Splittable, settings: DataSettings, strata: NDArray[np.int32]) -> Assignment:
    split, arrays = settings.split, rows.arrays
    bundled = rows.bundled or bundle(rows.hashes, strata, arrays)
    bundled, findings = bundle_equal(bundled, strata, arrays)
    parts = by_hash(bundled, seed=split.seed, fractions=split.fractions, arrays=arrays)
    units = arrays.empty(len(parts), np.int64)
    for span in arrays.spans(len(parts)):  # copies are one: no fold may part them either
        units[span] = arrays.take(rows.row, bundled.first[span])
    said = {"by": "random", "fractions": list(split.fractions), "seed": split.seed}
    return Assignment(parts, units, said, findings=tuple(findings))


def _group(rows: Splittable, settings: DataSettings, _: NDArray[np.int32]) -> Assignment:
    split = settings.split
    assert split.column is not None
    bundled, findings = _groups(split.column, rows)
    parts = by_hash(bundled, seed=split.seed, fractions=split.fractions, arrays=rows.arrays)
    said = {
        "by": "group",
        "column": split.column,
        "fractions": list(split.fractions),
        "seed": split.seed,
    }
    return Assignment(parts, _ordinals(bundled, rows.arrays), said, findings=tuple(findings))


def _time(rows: Splittable, settings: DataSettings, _: NDArray[np.int32]) -> Assignment:
    times = _times(rows, settings.split)
    assigned = _in_order(times, settings.split, rows)
    return replace(assigned, units=blocks_of_time(times, assigned.parts, rows.arrays))


def _group_time(rows: Splittable, settings: DataSettings, _: NDArray[np.int32]) -> Assignment:
    split = settings.split
    assert split.group is not None
    times = _times(rows, split)
    bundled, findings = _groups(split.group, rows)
    last = last_of_group(times, bundled.hashes, rows.arrays)
    for span in rows.arrays.spans(len(times.values)):  # without a time of its own a row is left out
        last.values[span][np.isnan(times.values[span])] = np.nan
    assigned = _in_order(last, split, rows)
    return replace(
        assigned,
        units=_ordinals(bundled, rows.arrays),
        settings={**assigned.settings, "by": "group-time", "group": split.group},
        findings=(*assigned.findings, *findings),
    )


def _given(rows: Splittable, settings: DataSettings, strata: NDArray[np.int32]) -> Assignment:
    split = settings.split
    left_out: list[LeftOut] = []
    findings: list[Finding] = []
    said: dict[str, Any] = {"by": "given"}
    if split.by == "given" and split.column is not None:
        said["column"] = split.column
        parts = _spelled_parts(rows, split.column)
        missing = _where(parts, LEFT_OUT, rows.arrays)
        if len(missing):
            left_out.append(LeftOut(missing, "no assignment"))
            findings.append(_dropped(missing, rows, split.column))
    else:
        parts = rows.arrays.empty(len(rows.file_part), np.int8)
        for span in rows.arrays.spans(len(parts)):
            parts[span] = rows.file_part[span]
    taken = _complete(parts, rows, strata, settings=split)
    if taken:
        said["taken_from_train"] = taken
        told = f"{' and '.join(taken)} rows are not given: taken from train"
        findings.append(finding("schema", "info", told))
    return Assignment(parts, rows.row, said, tuple(left_out), tuple(findings))


_METHODS: dict[str, Callable[[Splittable, DataSettings, NDArray[np.int32]], Assignment]] = {
    "random": _random,
    "group": _group,
    "time": _time,
    "group-time": _group_time,
    "given": _given,
}


def _groups(column: str, rows: Splittable) -> tuple[Bundled, list[Finding]]:
    """Rows bundled by a column; a row without a group is a group of its own."""
    arrays = rows.arrays
    found = arrays.empty(len(rows.row), np.uint64)
    missing = [np.empty(0, dtype=np.int64)]
    start = 0
    for values in rows.column(column):
        span = slice(start, start + len(values))
        hashes = hash_cells(values)
        gone = values.is_null().to_numpy()
        alone = rows.hashes[span][gone] ^ rows.row[span][gone].astype(np.uint64)
        hashes[gone] = mix(alone)
        found[span] = hashes
        missing.append(rows.row[span][gone])
        start = span.stop
        arrays.release()
    bundled = bundle(found, np.broadcast_to(np.int32(0), len(found)), arrays)
    if bundled.num < 3:
        raise DataError(
            f"column {shorten(column)} has {bundled.num} groups; a split needs at least 3",
            where="data.split",
            mend="data: {split: {by: random}}, or name another column",
        )
    lone = np.concatenate(missing)
    if not len(lone):
        return bundled, []
    told = f"{counted(len(lone), 'rows have')} no {column!r}: each counts as a group of its own"
    return bundled, [finding("missing", "warning", told, column=column, rows=lone)]


def _in_order(keys: Times, split: SplitSettings, rows: Splittable) -> Assignment:
    """Parts by the order of keys; rows without one are left out."""
    assert split.column is not None
    missing = _where_missing(keys.values, rows.arrays)
    found = split_by_time(
        keys,
        fractions=split.fractions,
        gap_seconds=_gap(split, keys),
        arrays=rows.arrays,
    )
    left_out = [LeftOut(missing, "no time")] if len(missing) else []
    findings = [_dropped(missing, rows, split.column)] if len(missing) else []
    if len(found.in_gap):
        left_out.append(LeftOut(found.in_gap, "gap"))
    said = {
        "by": "time",
        "column": split.column,
        "fractions": list(split.fractions),
        "gap": split.gap,
        "boundaries": list(found.boundaries),
    }
    return Assignment(found.parts, rows.row, said, tuple(left_out), tuple(findings))


def _gap(split: SplitSettings, keys: Times) -> float:
    if split.gap and not keys.temporal:
        raise DataError(
            f"a gap is a length of time, and column {shorten(keys.column)} holds numbers",
            where="data.split.gap",
            mend=f"data: {{columns: {{{keys.column}: date-time}}}}, or remove gap",
        )
    return split.gap


def _times(rows: Splittable, split: SplitSettings) -> Times:
    assert split.column is not None
    kind = rows.rows.schema[split.column]
    if not (kind.is_temporal() or kind.is_numeric()):
        raise DataError(
            f"column {shorten(split.column)} holds no times and no numbers, so rows have no order by it",
            where="data.split.column",
            mend=f"data: {{columns: {{{split.column}: date-time}}}}",
        )
    return Times.of(rows.column(split.column), len(rows.row), rows.arrays)


def _dropped(missing: NDArray[np.int64], rows: Splittable, column: str) -> Finding:
    told = (
        f"{counted(len(missing), 'rows have')} no {column!r}, by which the data are split: left out"
    )
    return finding("missing", "warning", told, column=column, rows=rows.row[missing])


def _spelled_parts(rows: Splittable, column: str) -> NDArray[np.int8]:
    """The part that each value spells; -1 where there is none.

    Raises:
        DataError: a value that spells no part.
    """
    parts = rows.arrays.empty(len(rows.row), np.int8)
    unknown: set[str] = set()
    start = 0
    for values in rows.column(column):
        words = values.cast(pl.String).str.strip_chars().str.to_lowercase()
        unknown.update(word for word in words.drop_nulls().unique() if word not in _GIVEN)
        codes = words.replace_strict(_GIVEN, default=None, return_dtype=pl.Int8)
        parts[start : start + len(codes)] = codes.fill_null(LEFT_OUT).to_numpy()
        start += len(codes)
        rows.arrays.release()
    if unknown:
        shown = ", ".join(shorten(word, 30) for word in sorted(unknown)[:5])
        raise DataError(
            f"column {shorten(column)} gives the split, and {shown} is none of train, validation and test",
            where="data.split.column",
            mend="write train, validation or test in each row of it",
        )
    return parts


def _complete(
    parts: NDArray[np.int8],
    rows: Splittable,
    strata: NDArray[np.int32],
    *,
    settings: SplitSettings,
) -> list[str]:
    """Where validation or test is not given, fill in its fraction of the train rows, by hash."""
    arrays = rows.arrays
    sizes = part_sizes(parts, arrays)
    lacking = [part for part in (VALIDATION, TEST) if not sizes[part]]
    if not lacking or not sizes[TRAIN]:
        return []
    wanted = [settings.fractions[part] if part in lacking else 0.0 for part in range(3)]
    wanted[TRAIN] = 1 - sum(wanted)
    others = np.sort(np.concatenate([_where(parts, part, arrays) for part in (-1, 1, 2)]))
    train, classes = arrays.without(rows.hashes, others), arrays.without(strata, others)
    bundled, _ = bundle_equal(bundle(train, classes, arrays), classes, arrays)
    split = by_hash(bundled, seed=settings.seed, fractions=wanted, arrays=arrays)
    done = 0
    for span in arrays.spans(len(parts)):
        train = parts[span] == TRAIN
        found = split[done : done + int(train.sum())]
        parts[span][train] = np.where(np.isin(found, lacking), found, TRAIN)
        done += len(found)
    return [PARTS[part].value for part in lacking]


def _ordinals(bundled: Bundled, arrays: Arrays) -> NDArray[np.int64]:
    """0, 1, 2 ... in order of first appearance."""
    ordinals = arrays.empty(len(bundled.first), np.int64)
    found = arrays.empty(len(bundled.first), np.int64)
    seen = 0
    for span in arrays.spans(len(found)):
        new = bundled.first[span] == np.arange(span.start, span.stop)
        ordinals[span] = np.cumsum(new) - 1 + seen
        seen += int(new.sum())
    for span in arrays.spans(len(found)):
        found[span] = arrays.take(ordinals, bundled.first[span])
    return found


def _where(parts: NDArray[np.int8], part: int, arrays: Arrays) -> NDArray[np.int64]:
    """Positions of the rows of a part."""
    found = [np.flatnonzero(parts[s] == part) + s.start for s in arrays.spans(len(parts))]
    return np.concatenate([np.empty(0, dtype=np.int64), *found])


def _where_missing(values: NDArray[np.float64], arrays: Arrays) -> NDArray[np.int64]:
    found = [np.flatnonzero(np.isnan(values[s])) + s.start for s in arrays.spans(len(values))]
    return np.concatenate([np.empty(0, dtype=np.int64), *found])
