"""Time that a random or given split ignores: rows that tell of their neighbours, or a world that moves on.

Each date-time column, each whole number that its name and its order mark as a time, and the order of the
rows itself is tried as a time key. The probe is asked twice: with random folds, and with five
stretches of the key, each told by the others. Both learn from as many rows, so the difference is not one
of less data. Where random folds are better by far more than chance would have it if time did not matter
(five standard errors between rows), all along (two between fifty stretches) and by a good part of the
skill, a random split flatters: what it promises rests on rows from the days around, which a model in
service does not have.

The order of the rows counts only where no column explains it (a file sorted by a category, by a number or by
the target is no record of time), and is information: near rows may be alike in place and not in time. A
time that belongs to a thing (a date of birth, a year built) is none. A file whose columns are spread alike
over fifty stretches of it, as if it had been shuffled, is not tried: there stretches are random folds.

Cost: one fit of the probe a key and one for all, on 10,000 rows.
Source: Roberts et al. 2017, Ecography 40(8); Kapoor & Narayanan 2023, Patterns 4(9), on temporal leakage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import fdtrc

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType, Task
from trainwright.data.findings import finding
from trainwright.data.hashing import mix
from trainwright.data.leakage.bench import encode
from trainwright.data.leakage.naming import is_property_of_a_thing, looks_like_moment
from trainwright.data.leakage.pairs import likeness
from trainwright.data.leakage.remedies import split_by
from trainwright.data.leakage.scores import Values, area
from trainwright.data.leakage.trials import (
    NUM_FOLDS,
    Integers,
    Trial,
    build_trial,
    compare,
    judged,
    readable,
)
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View

SAMPLE_ROWS = 10_000
MOST_KEYS = 5
FEWEST_ROWS = 300
STRETCHES = 50
BY_CHANCE = 5.0  # standard errors between rows, as they would be if time did not matter
ERRORS, GAP, RATIO = 2.0, 0.03, 1.15  # between stretches: see `Gap.is_clear`
ERRORS_OF_ROWS, GAP_OF_ROWS = 3.0, 0.06  # for the order of the rows, which no name speaks for
SORTED, HALF_SORTED = 0.8, 0.5  # rank correlation with the row's position
FEWEST_FOLDS, MOST_IN_FOLD = 3, 0.6
RUNS = 3.0  # times as many runs of equal values as there are values: the file is grouped by that column
SHUFFLED = 0.05  # p-value, for all columns together, from which on a file counts as shuffled
APART = 0.9  # area under the ROC curve by which the time tells test rows: the split is by that time
LONGEST_YEARS = 60  # that records are collected


@dataclass(frozen=True, slots=True)
class _Key:
    name: str | None
    values: Values
    is_named: bool = False


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Columns, or the order of the rows, that a random or group split should have respected."""
    if view.settings.split.by not in ("random", "group", "given") or not judged(view):
        return []
    others = [c.name for c in view.columns if c.type in _ORDERED and c.name not in view.inputs]
    names = [*(c.name for c in readable(view)), *others]
    frame = view.sample([view.target.name, *names], size=SAMPLE_ROWS, split=Split.TRAIN)
    trial = build_trial(view, frame) if frame.height >= FEWEST_ROWS else None
    if trial is None:
        return []
    random: Values | None = None
    found: list[tuple[float, Finding]] = []
    for number, key in enumerate(islice(_keys(view, frame), MOST_KEYS)):
        if key.name is None and (found or view.settings.is_given):
            break  # a named time explains the order of the rows, as does that of given files
        if not deadline.go_on("order", number):
            break
        if view.settings.is_given and _is_kept(view, key):
            continue
        if key.name is None and _is_shuffled(trial, key):
            continue
        random = trial.losses(trial.random_folds) if random is None else random
        found += _try(view, frame, trial, key, random)
    found.sort(key=lambda one: -one[0])
    return [one for _, one in found[:1]]  # keys that run side by side are one time


_ORDERED = (ColumnType.DATETIME, ColumnType.NUMBER, ColumnType.IDENTIFIER)


def _keys(view: View, frame: pl.DataFrame) -> Iterator[_Key]:
    """Date-times, numbers that are times by their name or their order, and the order of the rows."""
    places = frame[ROW].to_numpy().astype(np.float64)
    names = [*(c.name for c in readable(view)), view.target.name]
    is_sorted = _is_sorted(frame, places, names, view)
    columns = [c for c in view.columns if c.type in _ORDERED and c.name in frame.columns]
    columns.sort(key=lambda c: (c.type is not ColumnType.DATETIME, not looks_like_moment(c.name)))
    for column in columns:
        values = _as_key(column, frame[column.name])
        if values is None:
            continue
        along = likeness(values, places)
        if (
            column.type is ColumnType.DATETIME
            or (looks_like_moment(column.name) and (along >= HALF_SORTED or _is_clock(values)))
            or (column.type is ColumnType.IDENTIFIER and along >= SORTED and not is_sorted)
        ):
            yield _Key(column.name, values, column.type is not ColumnType.IDENTIFIER)
    if not is_sorted:
        yield _Key(None, places)


def _is_kept(view: View, key: _Key) -> bool:
    """A given split puts the test rows at one end of this time."""
    assert key.name is not None
    column = next(column for column in view.columns if column.name == key.name)
    found = []
    for split in (Split.TRAIN, Split.TEST):
        values = _as_key(column, view.sample([key.name], size=SAMPLE_ROWS, split=split)[key.name])
        if values is None:
            return True
        found.append(values)
    both = np.concatenate(found)
    is_test = np.repeat([0.0, 1.0], [len(values) for values in found])
    told = area(is_test, np.where(np.isnan(both), -np.inf, both))
    return max(told, 1 - told) >= APART


def _as_key(column: Column, series: pl.Series) -> Values | None:
    """Its values as numbers, NaN where missing; None for what orders no records."""
    if is_property_of_a_thing(column.name):
        return None
    if column.type is ColumnType.IDENTIFIER:
        series = series.cast(pl.String).str.extract(r"(\d{1,15})$").cast(pl.Float64, strict=False)
    elif column.type is ColumnType.NUMBER and not column.integer:
        return None
    values = encode(series)
    known = values[~np.isnan(values)]
    if len(known) < 0.9 * len(values) or len(np.unique(known)) < NUM_FOLDS:
        return None
    if column.type is ColumnType.DATETIME and np.ptp(known) > LONGEST_YEARS * 366 * 86_400e6:
        return None
    return values


def _is_clock(values: Values) -> bool:
    """Seconds or milliseconds since 1970, of this century or the end of the last."""
    low, high = np.nanmin(values), np.nanmax(values)
    return any(6e8 * unit <= low <= high <= 4e9 * unit for unit in (1, 1_000, 1_000_000))


def _is_sorted(frame: pl.DataFrame, places: Values, names: list[str], view: View) -> bool:
    """The file is sorted, or grouped, by a column that is no time."""
    for name in names:
        series = frame[name]
        if series.dtype.is_temporal() or looks_like_moment(name):
            continue
        values = encode(series)
        if name == view.target.name and view.target.task is Task.CLASSIFICATION:
            values = series.cast(pl.Categorical).to_physical().cast(pl.Float64).to_numpy()
        distinct = len(np.unique(values))
        runs = 1 + int(
            ((values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))).sum()
        )
        if 2 < distinct < len(values) / 3 and runs <= RUNS * distinct:
            return True
        if distinct == 2 and runs <= 4:
            return True
        if likeness(values, places) >= SORTED:
            return True
    return False


def _is_shuffled(trial: Trial, key: _Key) -> bool:
    """No column is spread otherwise over the stretches than chance would have it.

    By an analysis of variance of the ranks, of their distance from the middle, and of the values in another
    order, which shows what neither of these does of a category.
    """
    stretches, _ = _stretches(key.values)
    places, counts = np.unique(stretches, return_inverse=True, return_counts=True)[1:]
    columns = [*trial.values.values(), *trial.wanted.T]
    least = 1.0
    for values in columns:
        _, codes, sizes = np.unique(values, return_inverse=True, return_counts=True)
        ordered = (np.cumsum(sizes) - (sizes - 1) / 2) / len(codes)
        shuffled = np.argsort(np.argsort(mix(np.arange(len(sizes), dtype=np.uint64))))
        for one in (ordered, np.abs(ordered - 0.5), shuffled.astype(np.float64)):
            least = min(least, _chance_of_stretches(one[codes], places, counts))
    return least * 3 * len(columns) > SHUFFLED


def _chance_of_stretches(values: Values, places: Integers, counts: Integers) -> float:
    """p-value of equal means in all stretches (Fisher's F)."""
    centred = values - values.mean()
    between = float((np.bincount(places, centred) ** 2 / counts).sum())
    within = float(np.square(centred).sum()) - between
    groups, rest = len(counts) - 1, len(values) - len(counts)
    if within <= 0 or groups < 1 or rest < 1:
        return 0.0 if between > 0 else 1.0
    return float(fdtrc(groups, rest, between / groups / (within / rest)))


def _try(
    view: View, frame: pl.DataFrame, trial: Trial, key: _Key, random: Values
) -> Iterator[tuple[float, Finding]]:
    """The finding with the gap that it tells of."""
    stretches, folds = _stretches(key.values)
    sizes = np.bincount(folds)
    if (sizes > 0).sum() < FEWEST_FOLDS or sizes.max() > MOST_IN_FOLD * len(folds):
        return
    other = trial.losses(folds)
    gap = compare(trial, random, other, stretches)
    named = key.name is not None
    by_name = named and key.is_named
    errors, least = (ERRORS, GAP) if by_name else (ERRORS_OF_ROWS, GAP_OF_ROWS)
    if not gap.is_clear(errors, least=least, ratio=RATIO):
        return
    if not compare(trial, random, other, trial.rows).is_clear(BY_CHANCE, least=least, ratio=RATIO):
        return
    is_time = (
        f"{key.name!r} is a time that the split does not respect"
        if named
        else "rows that stand near each other in the file are alike: it may be in the order of time, or place"
    )
    said = finding(
        "leakage",
        "warning" if named else "info",
        f"{is_time}. A quick model has {gap.told()}, when whole"
        f" stretches of it are held out{_drift(trial, folds, view)}. Such a split lets it look at rows from"
        " the time around, which it will not have in service",
        column=key.name,
        count=frame.height,
        remedy=_remedy(view, key.name),
    )
    yield gap.difference.value, said


def _stretches(values: Values) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The stretch of each row, fifty where there are as many moments, and its fold; equal keys together."""
    filled = np.where(np.isnan(values), -np.inf, values)
    _, places = np.unique(filled, return_inverse=True)
    counts = np.cumsum(np.bincount(places)) - 1
    shares = counts[places] / len(values)
    return (shares * STRETCHES).astype(np.int64), (shares * NUM_FOLDS).astype(np.int64)


def _drift(trial: Trial, folds: NDArray[np.int64], view: View) -> str:
    """How the target moved from the first fifth to the last, where it did."""
    means = [trial.wanted[folds == number].mean(axis=0) for number in (folds.min(), folds.max())]
    moved = int(np.argmax(np.abs(means[1] - means[0])))
    if abs(means[1][moved] - means[0][moved]) < 0.05:
        return ""
    if view.target.task is Task.REGRESSION:
        return f"; its target's mean rank went from {means[0][0]:.2f} to {means[1][0]:.2f}"
    share = f"; the share of one class went from {means[0][moved]:.1%} to {means[1][moved]:.1%}"
    return share


def _remedy(view: View, name: str | None) -> str:
    if name is None:
        return "add the time of each row as a column, and data: {split: {by: time, column: TIME}}"
    if view.settings.split.by == "group":
        return (
            f"data: {{split: {{by: group-time, column: {yaml_word(name)},"
            f" group: {yaml_word(view.settings.split.column or '')}}}}}"
        )
    typed = next(column.type for column in view.columns if column.name == name)
    read = f"columns: {{{yaml_word(name)}: number}}, " if typed is ColumnType.IDENTIFIER else ""
    return split_by(view, f"{{by: time, column: {yaml_word(name)}}}", read=read)
