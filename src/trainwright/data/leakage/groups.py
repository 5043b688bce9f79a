"""Groups that a random or given split tears apart, so that test rows have their like in train.

Each column is tried as a group key: many values, most of them repeated, none of them large. The probe
is asked twice, with folds of rows and with folds of whole groups. Where the random folds are better by more
than three standard errors (between groups) and by a good part of the skill, a score on a random split
promises what a new group will not keep.

A category of the trade (a make of car, a town) passes that test as well, and new rows do come from known
makes. So a column counts as a group only where it is an identifier, by its type or its name, or where rows
of one value are the same thing seen again: most other columns stay as they are within it.

Cost: two fits of the probe for each of at most four columns, on 10,000 rows in whole groups; a pass over
each column of which enough groups are drawn.
Source: Kaufman et al. 2012, ACM TKDD 6(4), on leakage; Roberts et al. 2017, Ecography 40(8), on blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.data.findings import finding
from trainwright.data.hashing import hash_cells, positions
from trainwright.data.leakage.naming import looks_like_group
from trainwright.data.leakage.remedies import split_by
from trainwright.data.leakage.trials import NUM_FOLDS, Gap, build_trial, compare, judged, readable
from trainwright.data.types.case import yaml_word
from trainwright.data.view import PART, PARTS, View

SAMPLE_ROWS = 10_000
MOST_COLUMNS = 4
FEWEST_GROUPS = 30
FEWEST_ROWS = 1.5  # of train a group, in the mean: of three rows each, 60 % of them for train
MOST_SHARE = 0.05  # of the rows, in one group
REPEATED = 0.5  # of the rows stand in groups of two and more
ALIKE = 0.6  # of the other columns stay as they are within groups
MOSTLY = 0.9
LEAST_SPREAD = (
    0.1  # of validation and test rows, whose group is in train: a given split may keep them apart
)
ERRORS, GAP, RATIO = 3.0, 0.03, 1.15  # see `Gap.is_clear`


@dataclass(frozen=True, slots=True)
class _Key:
    column: Column
    num_groups: int
    alike: float
    rows: pl.DataFrame


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Columns that a random split should have kept together."""
    if view.settings.split.by not in ("random", "given") or not judged(view):
        return []
    found: list[tuple[float, Finding]] = []
    for number, key in enumerate(_keys(view)):
        if not deadline.go_on("groups", number):
            break
        found += _try(view, key)
    found.sort(key=lambda one: -one[0])
    return [one for _, one in found[:1]]  # groups that lie in each other are one fault


def _keys(view: View) -> list[_Key]:
    """Columns that may be group keys, the likeliest first."""
    found: list[_Key] = []
    for column in view.columns:
        if _is_measure(column):
            continue
        rows = _grouped(view, column)
        if rows is None:
            continue
        named = column.type is ColumnType.IDENTIFIER or looks_like_group(column.name)
        alike = _alike(rows, column.name, [c.name for c in readable(view)])
        if named or alike >= ALIKE:
            found.append(_Key(column, rows[column.name].n_unique(), alike, rows))
            found.sort(key=lambda key: (-key.alike, -key.num_groups, key.column.name))
            del found[MOST_COLUMNS:]
    return found


def _is_measure(column: Column) -> bool:
    """Numbers with decimals, moments, yes and no, long texts: never a key."""
    if column.type is ColumnType.NUMBER:
        return not column.integer
    return column.type not in (ColumnType.CATEGORY, ColumnType.IDENTIFIER)


def _grouped(view: View, column: Column) -> pl.DataFrame | None:
    """Train rows of whole groups, at most some 20,000; None where the column makes no groups."""
    first = view.sample([column.name], size=SAMPLE_ROWS, split=Split.TRAIN)[
        column.name
    ].drop_nulls()
    if first.n_unique() < FEWEST_GROUPS:
        return None
    at = _drawn(view, column.name, share=min(1.0, SAMPLE_ROWS / max(1, view.num_rows)))
    keys = view.take([column.name], at)[column.name]
    sizes = keys.alias("value").value_counts()["count"].to_numpy()
    if len(sizes) < FEWEST_GROUPS or len(keys) / len(sizes) < FEWEST_ROWS:
        return None
    repeated = sizes[sizes >= 2].sum()
    if sizes.max() > MOST_SHARE * len(keys) or repeated < REPEATED * len(keys):
        return None
    names = [c.name for c in readable(view) if c.name != column.name]
    return view.take([view.target.name, column.name, *names], at)


def _drawn(view: View, name: str, *, share: float) -> NDArray[np.int64]:
    """Places of the train rows of some groups, drawn by their names; none where those are too few."""
    counts = view.counts(name)
    drawn = None if counts is None else counts["value"].filter(_is_drawn(counts["value"], share))
    found = [np.empty(0, dtype=np.int64)]
    if drawn is not None and len(drawn) < FEWEST_GROUPS:
        return found[0]
    start = 0
    for block in view.blocks([name]):
        values = block[name]
        chosen = _is_drawn(values, share) if drawn is None else values.is_in(drawn.implode())
        is_train = block[PART] == PARTS.index(Split.TRAIN)
        found.append((chosen & values.is_not_null() & is_train).arg_true().to_numpy() + start)
        start += block.height
    return np.concatenate(found)


def _is_drawn(values: pl.Series, share: float) -> pl.Series:
    return pl.Series(positions(hash_cells(values), "leakage", "groups") < share)


def _alike(rows: pl.DataFrame, key: str, names: list[str]) -> float:
    """Share of the other columns that vary hardly within a group, among those that vary in the table."""
    names = [name for name in names if name != key]
    if not names:
        return 0.0
    several = rows.filter(pl.len().over(key) >= 2)
    found = []
    for name in names:
        counts = several[name].alias("value").value_counts()["count"].to_numpy()
        if len(counts) < 2 or counts.max() >= MOSTLY * several.height:
            continue
        kinds = several.group_by(key).agg(pl.col(name).n_unique())[name].to_numpy()
        found.append((kinds == 1).mean() >= MOSTLY)
    return sum(found) / len(found) if found else 0.0


def _try(view: View, key: _Key) -> Iterator[tuple[float, Finding]]:
    """The finding with the gap that it tells of."""
    name = key.column.name
    rows = key.rows
    trial = build_trial(view, _with_inputs(view, rows))
    if trial is None:
        return
    hashes = hash_cells(rows[name])
    groups = np.unique(hashes, return_inverse=True)[1].astype(np.int64)
    whole = (positions(hashes, "leakage", "whole groups") * NUM_FOLDS).astype(np.int64)
    is_input = name in view.inputs

    def gap_of(*, told: bool) -> Gap | None:
        """Where the model is told of the row's group, and where it has the other columns alone."""
        random, other = (
            trial.losses(folds, without=[name], groups=groups if told else None)
            for folds in (trial.random_folds, whole)
        )
        found = compare(trial, random, other, groups)
        return found if found.is_clear(ERRORS, least=GAP, ratio=RATIO) else None

    gap = gap_of(told=is_input)
    hidden = None if gap or is_input else gap_of(told=True)
    found = gap or hidden
    if found is None:
        return
    spread, rows_spread, elsewhere = _spread(view, name)
    if len(rows_spread) <= LEAST_SPREAD * elsewhere:
        return
    said = finding(
        "leakage",
        "warning" if gap else "info",
        f"rows of one {name!r} are on both sides of the split ({spread:,} of its values), and knowing its"
        f" other rows helps: a quick model has {found.told()}, when whole groups are held out."
        + (
            f" The score on such a split will not hold for a new {name!r}"
            if gap
            else f" So it has where it is told of {name!r}, which is left out; without it nothing is gained"
        ),
        column=name,
        rows=rows_spread,
        remedy=split_by(view, f"{{by: group, column: {yaml_word(name)}}}"),
    )
    yield found.difference.value + (gap is not None), said


def _with_inputs(view: View, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(ROW, view.target.name, *(c.name for c in readable(view)))


def _spread(view: View, name: str) -> tuple[int, NDArray[np.int64], int]:
    """How many values are in train and also elsewhere, their rows elsewhere, and how many rows are there."""
    empty = np.empty(0, dtype=np.uint64)
    train = empty
    for block in view.blocks([name], split=Split.TRAIN):
        train = np.union1d(train, hash_cells(block[name].drop_nulls()))
    found, both, elsewhere = [np.empty(0, dtype=np.int64)], empty, 0
    for split in (Split.VALIDATION, Split.TEST):
        for block in view.blocks([name], split=split):
            elsewhere += block.height
            known = block.filter(block[name].is_not_null())
            hashes = hash_cells(known[name])
            there = np.isin(hashes, train)
            found.append(known[ROW].to_numpy()[there])
            both = np.union1d(both, hashes[there])
    return len(both), np.concatenate(found), elsewhere
