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
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split, Target, Task
from trainwright.core.errors import DataError, Fault, RecipeError, nearest, shorten
from trainwright.data.chronology import (
    LEFT_OUT,
    TEST,
    TRAIN,
    VALIDATION,
    blocks_of_time,
    last_of_group,
    split_by_time,
)
from trainwright.data.hashing import (
    Hashes,
    count_distinct,
    group_equal,
    hash_cells,
    mix,
    positions,
)
from trainwright.recipe.data import DataSettings, SplitSettings

PARTS = tuple(Split)
EXACT_ROWS = 10_000
EXACT_CLASS = 200
_GIVEN = {
    "train": TRAIN, "training": TRAIN, "test": TEST, "testing": TEST,
    "validation": VALIDATION, "valid": VALIDATION, "val": VALIDATION, "dev": VALIDATION,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that a split leaves out. `rows` is a mask over the rows that were to be split."""

    rows: NDArray[np.bool_]
    reason: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """What became of the rows that were to be split.

    Attributes:
        parts: 0 train, 1 validation, 2 test, -1 left out; shape (rows,), int8.
        units: What is resampled for an interval, and kept whole in folds: row (with its copies), group
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
class Rows:
    """The rows to split.

    Attributes:
        frame: Typed, with the target.
        row: Global positions; shape (rows,), int64.
        hashes: Of the inputs; shape (rows,).
        file_part: The part that each row's file says, -1 where it says none; shape (rows,), int8.
    """

    frame: pl.DataFrame
    row: NDArray[np.int64]
    hashes: Hashes
    file_part: NDArray[np.int8]


def assign(rows: Rows, settings: DataSettings, *, target: Target) -> Assignment:
    """Assign rows as `data.split` says.

    Raises:
        RecipeError: a column of the split is not there.
        DataError: the rows cannot be split so: too few rows, groups or times, or an unknown value.
    """
    by = "given" if settings.is_given else settings.split.by
    check_split_columns(settings, rows.frame.columns)
    strata = _strata(rows.frame[target.name], target)
    assigned = _METHODS[by](rows, settings, strata)
    for part, split in enumerate(PARTS):
        if not (assigned.parts == part).any():
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


def _random(rows: Rows, settings: DataSettings, strata: NDArray[np.int64]) -> Assignment:
    split = settings.split
    bundles, findings = _bundles(rows.hashes)
    parts = _by_hash(bundles, strata, seed=split.seed, fractions=split.fractions)
    groups = group_equal(bundles)
    units = rows.row[groups.first[groups.inverse]]  # copies are one: no fold may part them either
    said = {"by": "random", "fractions": list(split.fractions), "seed": split.seed}
    return Assignment(parts, units, said, findings=tuple(findings))


def _group(rows: Rows, settings: DataSettings, _: NDArray[np.int64]) -> Assignment:
    split = settings.split
    assert split.column is not None
    groups = rows.frame[split.column]
    bundles, findings = _group_hashes(groups, rows)
    one = np.zeros(len(bundles), dtype=np.int64)
    parts = _by_hash(bundles, one, seed=split.seed, fractions=split.fractions)
    said = {
        "by": "group",
        "column": split.column,
        "fractions": list(split.fractions),
        "seed": split.seed,
    }
    return Assignment(parts, _ordinals(bundles), said, findings=tuple(findings))


def _time(rows: Rows, settings: DataSettings, _: NDArray[np.int64]) -> Assignment:
    split = settings.split
    assert split.column is not None
    times = _times(rows.frame, split)
    assigned = _in_order(times, split, rows)
    return replace(assigned, units=blocks_of_time(times, assigned.parts))


def _group_time(rows: Rows, settings: DataSettings, _: NDArray[np.int64]) -> Assignment:
    split = settings.split
    assert split.group is not None
    times = _times(rows.frame, split)
    groups = rows.frame[split.group]
    bundles, findings = _group_hashes(groups, rows)
    assigned = _in_order(last_of_group(times, groups), split, rows, times=times)
    return replace(
        assigned,
        units=_ordinals(bundles),
        settings={**assigned.settings, "by": "group-time", "group": split.group},
        findings=(*assigned.findings, *findings),
    )


def _given(rows: Rows, settings: DataSettings, strata: NDArray[np.int64]) -> Assignment:
    split = settings.split
    left_out: list[LeftOut] = []
    findings: list[Finding] = []
    said: dict[str, Any] = {"by": "given"}
    if split.by == "given" and split.column is not None:
        said["column"] = split.column
        parts = _spelled_parts(rows.frame[split.column], split.column)
        missing = parts == LEFT_OUT
        if missing.any():
            left_out.append(LeftOut(missing, "no assignment"))
            findings.append(_dropped(missing, rows, split.column))
    else:
        parts = rows.file_part.copy()
    parts, taken = _complete(parts, rows, strata, settings=split)
    if taken:
        said["taken_from_train"] = taken
        findings.append(
            Finding("schema", "info", f"{' and '.join(taken)} rows are not given: taken from train")
        )
    return Assignment(parts, rows.row, said, tuple(left_out), tuple(findings))


_METHODS: dict[str, Callable[[Rows, DataSettings, NDArray[np.int64]], Assignment]] = {
    "random": _random,
    "group": _group,
    "time": _time,
    "group-time": _group_time,
    "given": _given,
}


def _by_hash(
    bundles: Hashes, strata: NDArray[np.int64], *, seed: int, fractions: Sequence[float]
) -> NDArray[np.int8]:
    """The part of each row; rows of one bundle get the same.

    Args:
        bundles: What must stay together; shape (rows,).
        strata: Class of each row; a bundle counts as its lowest.
        seed: Of the split.
        fractions: Of train, validation and test.
    """
    groups = group_equal(bundles)
    keys, inverse, sizes = groups.keys, groups.inverse, groups.sizes
    place = positions(keys, "split", seed)
    found = np.searchsorted(np.cumsum(fractions)[:2], place, side="right").astype(np.int8)
    lowest = np.full(len(keys), np.iinfo(np.int64).max)
    np.minimum.at(lowest, inverse, strata)
    total = np.bincount(lowest, weights=sizes).astype(np.int64)
    exact = total < (EXACT_CLASS if len(bundles) >= EXACT_ROWS else EXACT_ROWS)
    order = np.lexsort((place, lowest))
    starts = np.searchsorted(lowest[order], np.arange(len(total) + 1))
    for stratum, (train, validation) in enumerate(_quotas(total, fractions)):
        if exact[stratum]:
            mine = order[starts[stratum] : starts[stratum + 1]]
            middle = np.cumsum(sizes[mine]) - sizes[mine] / 2
            cuts = np.array([train, train + validation])
            found[mine] = np.searchsorted(cuts, middle, side="right")
    _fill_empty(found, np.argsort(place, kind="stable"))
    return found[inverse]


def _quotas(counts: NDArray[np.int64], fractions: Sequence[float]) -> list[tuple[int, int]]:
    """(train, validation) rows of each class; exact in sum, each within one row of its share.

    What rounding takes from one class the next one gives; train has a row of every class.
    """
    quotas = []
    total, given = 0, [0, 0]
    for count in counts.tolist():
        total += count
        wanted = []
        for later, fraction in enumerate(fractions[1:]):
            share = count * fraction
            owed = int(np.floor(total * fraction + 0.5)) - given[later]
            wanted.append(min(max(owed, int(np.floor(share))), int(np.ceil(share))))
        while sum(wanted) > max(0, count - 1):
            wanted[int(np.argmax(wanted))] -= 1
        given = [given[0] + wanted[0], given[1] + wanted[1]]
        quotas.append((count - sum(wanted), wanted[0]))
    return quotas


def _fill_empty(parts: NDArray[np.int8], order: NDArray[np.int64]) -> None:
    """Where there are few bundles a part may have got none: the last ones in order go there."""
    for part, position in ((TEST, -1), (VALIDATION, -2)):
        if len(parts) > 2 and not (parts == part).any():
            parts[order[position]] = part


def _bundles(hashes: Hashes) -> tuple[Hashes, list[Finding]]:
    """What stays together in a random split: equal rows, unless equality is a coincidence."""
    groups = group_equal(hashes)
    inverse, sizes = groups.inverse, groups.sizes
    few = len(sizes) * 10 < len(hashes)
    dominant = len(hashes) >= 100 and int(sizes.max()) * 10 > len(hashes)
    if not (few or dominant):
        return hashes, []
    note = Finding(
        "schema", "info",
        f"{len(sizes)} distinct rows in {len(hashes)}: equal rows are taken for coincidences and spread"
        " over the splits",
    )  # fmt: skip
    order = np.argsort(inverse, kind="stable")
    starts = np.cumsum(sizes) - sizes
    occurrence = np.empty(len(hashes), dtype=np.uint64)
    occurrence[order] = np.arange(len(hashes)) - np.repeat(starts, sizes)
    return mix(hashes ^ mix(occurrence)), [note]


def _group_hashes(groups: pl.Series, rows: Rows) -> tuple[Hashes, list[Finding]]:
    """A hash a group; a row without a group is a group of its own."""
    found = hash_cells(groups)
    missing = groups.is_null().to_numpy()
    found[missing] = mix(rows.hashes[missing] ^ rows.row[missing].astype(np.uint64))
    if (num_groups := count_distinct(found)) < 3:
        raise DataError(
            f"column {shorten(groups.name)} has {num_groups} groups; a split needs at least 3",
            where="data.split",
            mend="data: {split: {by: random}}, or name another column",
        )
    if not missing.any():
        return found, []
    finding = Finding(
        "missing", "warning",
        f"{int(missing.sum())} rows have no {groups.name!r}: each counts as a group of its own",
        column=groups.name, count=int(missing.sum()),
        rows=tuple(rows.row[missing][:10].tolist()),
    )  # fmt: skip
    return found, [finding]


def _in_order(
    keys: pl.Series, split: SplitSettings, rows: Rows, *, times: pl.Series | None = None
) -> Assignment:
    """Parts by the order of keys; rows without a time are left out."""
    assert split.column is not None
    missing = (keys if times is None else times).is_null().to_numpy()
    found = split_by_time(
        keys.set(pl.Series(missing), None) if missing.any() else keys,
        fractions=split.fractions,
        gap_seconds=_gap(split, keys),
        column=split.column,
    )
    left_out = [LeftOut(missing, "no time")] if missing.any() else []
    findings = [_dropped(missing, rows, split.column)] if missing.any() else []
    if found.in_gap.any():
        left_out.append(LeftOut(found.in_gap, "gap"))
    said = {
        "by": "time",
        "column": split.column,
        "fractions": list(split.fractions),
        "gap": split.gap,
        "boundaries": list(found.boundaries),
    }
    return Assignment(found.parts, rows.row, said, tuple(left_out), tuple(findings))


def _gap(split: SplitSettings, keys: pl.Series) -> float:
    if split.gap and not keys.dtype.is_temporal():
        raise DataError(
            f"a gap is a length of time, and column {shorten(keys.name)} holds numbers",
            where="data.split.gap",
            mend=f"data: {{columns: {{{keys.name}: date-time}}}}, or remove gap",
        )
    return split.gap


def _times(frame: pl.DataFrame, split: SplitSettings) -> pl.Series:
    assert split.column is not None
    times = frame[split.column]
    if not (times.dtype.is_temporal() or times.dtype.is_numeric()):
        raise DataError(
            f"column {shorten(split.column)} holds no times and no numbers, so rows have no order by it",
            where="data.split.column",
            mend=f"data: {{columns: {{{split.column}: date-time}}}}",
        )
    return times


def _dropped(missing: NDArray[np.bool_], rows: Rows, column: str) -> Finding:
    count = int(missing.sum())
    return Finding(
        "missing", "warning",
        f"{count} rows have no {column!r}, by which the data are split: left out",
        column=column, count=count, rows=tuple(rows.row[missing][:10].tolist()),
    )  # fmt: skip


def _spelled_parts(values: pl.Series, column: str) -> NDArray[np.int8]:
    """The part that each value spells; -1 where there is none.

    Raises:
        DataError: a value that spells no part.
    """
    words = values.cast(pl.String).str.strip_chars().str.to_lowercase()
    unknown = [word for word in words.drop_nulls().unique().sort() if word not in _GIVEN]
    if unknown:
        shown = ", ".join(shorten(word, 30) for word in unknown[:5])
        raise DataError(
            f"column {shorten(column)} gives the split, and {shown} is none of train, validation and test",
            where="data.split.column",
            mend="write train, validation or test in each row of it",
        )
    codes = words.replace_strict(_GIVEN, default=None, return_dtype=pl.Int8)
    return codes.fill_null(LEFT_OUT).to_numpy().astype(np.int8)


def _complete(
    parts: NDArray[np.int8], rows: Rows, strata: NDArray[np.int64], *, settings: SplitSettings
) -> tuple[NDArray[np.int8], list[str]]:
    """Where validation or test is not given, its fraction of the train rows, by hash."""
    lacking = [part for part in (VALIDATION, TEST) if not (parts == part).any()]
    train = parts == TRAIN
    if not lacking or not train.any():
        return parts, []
    wanted = [settings.fractions[part] if part in lacking else 0.0 for part in range(3)]
    wanted[TRAIN] = 1 - sum(wanted)
    bundles, _ = _bundles(rows.hashes[train])
    found = parts.copy()
    split = _by_hash(bundles, strata[train], seed=settings.seed, fractions=wanted)
    for part in (VALIDATION, TEST):
        if part not in lacking:
            split[split == part] = TRAIN
    found[train] = split
    return found, [PARTS[part].value for part in lacking]


def _strata(values: pl.Series, target: Target) -> NDArray[np.int64]:
    if target.task in (Task.REGRESSION, Task.TOKEN_CLASSIFICATION):
        return np.zeros(len(values), dtype=np.int64)
    codes = {label: code for code, label in enumerate(target.classes)}
    return values.replace_strict(codes, return_dtype=pl.Int64).to_numpy()


def _ordinals(keys: Hashes) -> NDArray[np.int64]:
    """0, 1, 2 ... in order of first appearance."""
    groups = group_equal(keys)
    rank = np.empty(len(groups.first), dtype=np.int64)
    rank[np.argsort(groups.first)] = np.arange(len(groups.first))
    return rank[groups.inverse]
