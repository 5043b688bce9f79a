"""Availability in time: columns that are filled in after the event, or only from some day on.

A column that is missing for one outcome and there for the other was filled in afterwards: its gaps alone
tell the target. Under a split by time, a column that is empty or always the same up to some
moment and holds values after it (or the reverse) teaches nothing of what test rows hold.

Cost: a sample of 20,000 rows, sorted once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, Task
from trainwright.data.findings import finding
from trainwright.data.hashing import mix
from trainwright.data.leakage.bench import NUM_FOLDS
from trainwright.data.leakage.intervals import score_interval
from trainwright.data.leakage.scores import build_answer, column_score
from trainwright.data.leakage.trials import encode_target, judged
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View

SAMPLE_ROWS = 20_000
FEWEST_ROWS = 100
TELLING = {Task.CLASSIFICATION: 0.8, Task.REGRESSION: 0.3}
LEAST_MISSING = 0.02
BLOCKS = 20
EMPTY, FILLED = 0.99, 0.5  # share of a block's rows that are missing


def find(view: View, *, deadline: Deadline) -> list[Finding]:  # noqa: ARG001 - quick
    """Columns whose gaps tell the target, or the time."""
    columns = [column for column in view.columns if column.name in view.inputs]
    after = list(_filled_after(view, columns)) if judged(view) else []
    named = {one.column for one in after}
    split = view.settings.split
    if split.by != "time" or split.column is None:
        return after
    dated = [column for column in columns if column.name not in (*named, split.column)]
    return [*after, *_only_from(view, dated, split.column)]


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


def _only_from(view: View, columns: Sequence[Column], time: str) -> Iterator[Finding]:
    names = [column.name for column in columns]
    frame = view.sample([time, *names], size=SAMPLE_ROWS).drop_nulls(time).sort(time)
    if frame.height < BLOCKS * 10:
        return
    block = (np.arange(frame.height) * BLOCKS // frame.height).astype(np.int64)
    by_block = frame.with_columns(pl.Series("__block__", block)).group_by("__block__").agg(
        *(pl.col(name).null_count().truediv(pl.len()).alias(f"{name}/null") for name in names),
        *(pl.col(name).n_unique().alias(f"{name}/kinds") for name in names),
    )  # fmt: skip
    shares = by_block.sort("__block__")
    for name in names:
        nulls = shares[f"{name}/null"].to_numpy()
        same = (shares[f"{name}/kinds"].to_numpy() == 1) & (frame[name].n_unique() > 2)
        for what, idle, lively in (
            ("empty", nulls >= EMPTY, nulls <= FILLED),
            ("always the same", same, ~same),
        ):
            place = _turn(idle, lively)
            if place is None:
                continue
            moment = frame[time][int(np.searchsorted(block, place[0]))]
            yield finding(
                "shift",
                "warning",
                f"{name!r} is {what} {place[1]} {time} {moment}: train and test rows do not hold the same",
                column=name,
                count=int(frame[name].null_count()),
                remedy=f"data: {{drop: [{yaml_word(name)}]}}  # or leave out the rows of the other time",
            )
            break


def _turn(idle: NDArray[Any], lively: NDArray[Any]) -> tuple[int, str] | None:
    """The block at which a column begins, or ends, to hold values; at least two blocks on each side."""
    for number in range(2, len(idle) - 1):
        if idle[:number].all() and lively[number:].all():
            return number, "before"
        if lively[:number].all() and idle[number:].all():
            return number, "from"
    return None
