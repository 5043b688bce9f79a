"""Availability in time: columns that are filled in after the event, or only from some day on.

A column that is missing for one outcome and there for the other was filled in afterwards: its gaps alone
tell the target. Under a split by time, a column that is empty or always the same up to some
moment and holds values after it (or the reverse) teaches nothing of what test rows hold. It may hold
them in a few rows only: what counts is that by their share twenty should have been on the empty side.
Under another split a column that is empty on one side of a date is information: train and test rows hold the
same, but live rows will all come from the later side.

Cost: a sample of 20,000 rows, sorted once; for other splits once for each of two dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType, Task
from trainwright.data.findings import finding
from trainwright.data.hashing import mix
from trainwright.data.leakage.bench import NUM_FOLDS
from trainwright.data.leakage.intervals import score_interval
from trainwright.data.leakage.naming import is_property_of_a_thing
from trainwright.data.leakage.scores import build_answer, column_score
from trainwright.data.leakage.trials import encode_target, judged
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View

SAMPLE_ROWS = 20_000
FEWEST_ROWS = 100
TELLING = {Task.CLASSIFICATION: 0.8, Task.REGRESSION: 0.3}
LEAST_MISSING = 0.02
BLOCKS = 20
EMPTY, FILLED = 0.99, 0.95  # share of rows that are missing, at least and at most
EXPECTED = 20  # values on the empty side, by the share of the other one
MOST_DATES = 2


def find(view: View, *, deadline: Deadline) -> list[Finding]:  # noqa: ARG001 - quick
    """Columns whose gaps tell the target, or the time."""
    columns = [column for column in view.columns if column.name in view.inputs]
    after = list(_filled_after(view, columns)) if judged(view) else []
    named = {one.column for one in after}
    split = view.settings.split
    is_by_time = split.by in ("time", "group-time") and split.column is not None
    for time in [split.column] if is_by_time else _dates(view):
        assert time is not None
        dated = [column for column in columns if column.name not in (*named, time)]
        found = list(_only_from(view, dated, time, is_by_time=is_by_time))
        named |= {one.column for one in found}
        after += found
    return after


def _dates(view: View) -> list[str]:
    """Dates of the records."""
    dates = [c.name for c in view.columns if c.type is ColumnType.DATETIME]
    return [name for name in dates if not is_property_of_a_thing(name)][:MOST_DATES]


def _filled_after(view: View, columns: Sequence[Column]) -> Iterator[Finding]:
    names = [column.name for column in columns]
    frame = view.sample([view.target.name, *names], size=SAMPLE_ROWS, split=Split.TRAIN)
    if frame.height < FEWEST_ROWS:
        return
    codes, _ = encode_target(frame[view.target.name], view.target)
    if not np.ptp(codes):
        return
    folds = (mix(frame[ROW].to_numpy().astype(np.uint64)) % np.uint64(NUM_FOLDS)).astype(np.int64)
    answer = build_answer(codes, task=view.target.task, folds=folds)
    for name in names:
        gaps = frame[name].is_null().to_numpy().astype(np.float64)
        if not LEAST_MISSING <= gaps.mean() <= 1 - LEAST_MISSING:
            continue
        score = column_score(gaps, answer, ordered=True)
        if score < TELLING[answer.task]:
            continue
        interval = score_interval(gaps, answer, ordered=True)
        yield finding(
            "leakage",
            "warning",
            f"whether {name!r} is filled in tells the target alone, with {answer.measure} {score:.3f}"
            f" ({interval.low:.3f} to {interval.high:.3f}): is it filled in after the event?",
            column=name,
            count=int(gaps.sum()),
            rows=frame[ROW].to_numpy()[gaps > 0] if view.num_rows <= SAMPLE_ROWS else None,
            remedy=f"data: {{known_after: [{yaml_word(name)}]}}  # unless it is known in time",
        )


def _only_from(
    view: View, columns: Sequence[Column], time: str, *, is_by_time: bool
) -> Iterator[Finding]:
    names = [column.name for column in columns]
    frame = view.sample([time, *names], size=SAMPLE_ROWS)
    if not is_by_time:
        names = [name for name in names if frame[name].null_count() >= EXPECTED]
    frame = frame.drop_nulls(time).sort(time)
    if frame.height < BLOCKS * 10 or not names:
        return
    block = (np.arange(frame.height) * BLOCKS // frame.height).astype(np.int64)
    by_block = frame.with_columns(pl.Series("__block__", block)).group_by("__block__").agg(
        *(pl.col(name).null_count().truediv(pl.len()).alias(f"{name}/null") for name in names),
        *(pl.col(name).n_unique().alias(f"{name}/kinds") for name in names),
    )  # fmt: skip
    shares = by_block.sort("__block__")
    for name in names:
        nulls = shares[f"{name}/null"].to_numpy()
        place, what = _empty_side(nulls, frame.height), "empty"
        if place is None and is_by_time and frame[name].n_unique() > 2:
            same = (shares[f"{name}/kinds"].to_numpy() == 1) & (nulls < EMPTY)
            place, what = _turn(same, ~same), "always the same"
        if place is None:
            continue
        first = int(np.searchsorted(block, place.block))
        told = ""
        if what == "empty":
            first, told = _first_filled(frame[name].is_not_null().to_numpy(), first, place)
        yield _begun(
            name,
            f"is {what} {place.word} {time} {frame[time][first]}{told}",
            int(frame[name].null_count()),
            is_by_time=is_by_time,
        )


def _begun(name: str, what: str, count: int, *, is_by_time: bool) -> Finding:
    harm = (
        "train and test rows do not hold the same"
        if is_by_time
        else "whether it is filled in tells the time, and live rows come from one side alone"
    )
    return finding(
        "shift",
        "warning" if is_by_time else "info",
        f"{name!r} {what}: {harm}",
        column=name,
        count=count,
        remedy=f"data: {{drop: [{yaml_word(name)}]}}  # or leave out the rows of the other time",
    )


def _first_filled(there: NDArray[np.bool_], first: int, place: _Turn) -> tuple[int, str]:
    """The row at which the column turns, and how much of the lively side is filled in."""
    before = place.word == "before"
    lively = there[first:] if before else there[:first]
    side = "from then on" if before else "until then"
    told = f", and filled in in {lively.mean():.0%} of the rows {side}"
    return first + (int(np.argmax(lively)) if before else 0), told


@dataclass(frozen=True, slots=True)
class _Turn:
    """The block at which a column begins to hold values (idle "before" it), or ends (idle "from" it on)."""

    block: int
    word: str


def _empty_side(nulls: NDArray[Any], rows: int) -> _Turn | None:
    """The larger of both ends that is empty, where values should have been by the share of the rest."""
    idle = nulls >= EMPTY
    first, last = (int(np.argmin(one)) for one in (idle, idle[::-1]))
    before = first >= last
    place = first if before else len(idle) - last
    if idle.all() or max(first, last) < 2:
        return None
    share = float(1 - (nulls[place:] if before else nulls[:place]).mean())
    if share < 1 - FILLED or share * max(first, last) * rows / BLOCKS < EXPECTED:
        return None
    return _Turn(place, "before" if before else "from")


def _turn(idle: NDArray[Any], lively: NDArray[Any]) -> _Turn | None:
    """Where a column begins, or ends, to hold values; at least two blocks on each side."""
    for number in range(2, len(idle) - 1):
        if idle[:number].all() and lively[number:].all():
            return _Turn(number, "before")
        if lively[:number].all() and idle[number:].all():
            return _Turn(number, "from")
    return None
