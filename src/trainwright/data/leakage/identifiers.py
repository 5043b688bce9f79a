"""The target hidden in an identifier, or in the order of the rows.

Numbers are given out in order, and prefixes by who gives them: where cases were numbered after their
outcome was known, an identifier tells it. Its prefix, first and last character, length, and number (as an
order, odd or even, modulo 10) are tried each alone, out of fold; the row's position too. Identifiers are
left out of the inputs and a position is no input, so this is information, and a warning where the column is
an input.

Cost: bins and means of 20,000 train rows; no fit.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType, Task
from trainwright.data.findings import finding
from trainwright.data.hashing import mix
from trainwright.data.leakage.bench import NUM_FOLDS, encode
from trainwright.data.leakage.intervals import score_interval
from trainwright.data.leakage.naming import looks_like_identifier
from trainwright.data.leakage.pairs import likeness
from trainwright.data.leakage.scores import Answer, Values, build_answer, column_score
from trainwright.data.leakage.trials import encode_target, judged
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View

SAMPLE_ROWS = 20_000
FEWEST_ROWS = 100
TELLING = {Task.CLASSIFICATION: 0.65, Task.REGRESSION: 0.15}
SORTED = {Task.CLASSIFICATION: 0.8, Task.REGRESSION: 0.5}
_NEARLY_UNIQUE = 0.9  # distinct values a row, of what is called an identifier by name alone
_FROM_ORDER = 0.95


def find(view: View, *, deadline: Deadline) -> list[Finding]:  # noqa: ARG001 - quick
    """Identifiers that tell the target, and a file that is sorted by it."""
    if not judged(view):
        return []
    columns = [column for column in view.columns if _may_identify(column)]
    names = [column.name for column in columns]
    frame = view.sample([view.target.name, *names], size=SAMPLE_ROWS, split=Split.TRAIN)
    if frame.height < FEWEST_ROWS:
        return []
    codes, _ = encode_target(frame[view.target.name], view.target)
    if not np.ptp(codes):
        return []
    rows = frame[ROW].to_numpy()
    folds = (mix(rows.astype(np.uint64)) % np.uint64(NUM_FOLDS)).astype(np.int64)
    answer = build_answer(codes, task=view.target.task, folds=folds)
    position = rows.astype(np.float64)
    sorted_by = list(_sorted(view, answer, position))
    found: list[Finding] = []
    for column in columns:
        found += _telling(
            view, column, frame[column.name], answer, position, is_sorted=bool(sorted_by)
        )
    return [*sorted_by, *found]


def _may_identify(column: Column) -> bool:
    if column.type is ColumnType.IDENTIFIER:
        return True
    is_key = column.type is ColumnType.CATEGORY or (
        column.type is ColumnType.NUMBER and column.integer
    )
    return is_key and looks_like_identifier(column.name)


def _forms(series: pl.Series) -> Iterator[tuple[str, Values, bool]]:
    """What of an identifier may tell: its name, values, and whether they are an order."""
    texts = series.cast(pl.String)
    number = texts.str.extract(r"(\d{1,15})\D*$").cast(pl.Float64, strict=False)
    yield "its number", encode(number), True
    whole = number.cast(pl.Int64, strict=False)
    yield "whether its number is odd", encode(whole % 2), False
    yield "the last digit of its number", encode(whole % 10), False
    prefix = texts.str.extract(r"^(\D+)\d")
    yield "its prefix", encode(prefix.fill_null("")), False
    yield "its first character", encode(texts.str.slice(0, 1)), False
    yield "its first two characters", encode(texts.str.slice(0, 2)), False
    yield "its last character", encode(texts.str.slice(-1)), False
    yield "its length", encode(texts.str.len_chars()), True


def _telling(
    view: View,
    column: Column,
    series: pl.Series,
    answer: Answer,
    position: Values,
    *,
    is_sorted: bool,
) -> Iterator[Finding]:
    if series.n_unique() < _NEARLY_UNIQUE * len(series):
        return  # a key of groups, which `leakage.groups` looks at
    best, least = None, TELLING[answer.task]
    for what, values, ordered in _forms(series):
        if ordered and is_sorted and likeness(values, position) >= _FROM_ORDER:
            return  # the same told again
        if len(np.unique(values)) < 2:
            continue
        score = column_score(values, answer, ordered=ordered)
        if score > least and (best is None or score > best[0]):
            best = (score, what, values, ordered)
    if best is None:
        return
    score, what, values, ordered = best
    interval = score_interval(values, answer, ordered=ordered)
    if interval.low < least - 0.05:
        return
    is_input = column.name in view.inputs
    after = "it is an input" if is_input else "it is left out of the inputs, and should stay out"
    yield finding(
        "leakage",
        "warning" if is_input else "info",
        f"the identifier {column.name!r} tells the target: {what} alone with {answer.measure} {score:.3f}"
        f" ({interval.low:.3f} to {interval.high:.3f}); {after}. Were cases numbered after their outcome"
        " was known, or in the order of time?",
        column=column.name,
        count=len(series),
        remedy=f"data: {{drop: [{yaml_word(column.name)}]}}",
    )


def _sorted(view: View, answer: Answer, position: Values) -> Iterator[Finding]:
    score = column_score(position, answer, ordered=True)
    if score < SORTED[answer.task]:
        return
    interval = score_interval(position, answer, ordered=True)
    yield finding(
        "leakage",
        "info",
        f"the order of the rows tells the target {view.target.name!r}: the position alone has"
        f" {answer.measure} {score:.3f} ({interval.low:.3f} to {interval.high:.3f}). The file is sorted"
        " by it, or was put together class by class: no row number, no split by position may be used",
        count=len(position),
        remedy="data: {split: {by: random}}",
    )
