"""Adversarial validation: can a model tell train rows from test rows by their inputs?

On a sound random split it cannot: a ROC AUC of 0.5. Where it can, what test rows promise is not what train
rows teach. The columns that carry it are those that tell alone. Targets are not looked at. Rows that share a
group, or are equal, share a fold, so that no row is told by its own kind.

Under a split by time some shift is the point of it, and the time column tells the rest: it is left out, and a
shift is information unless it is large.

Cost: one fit of the probe on 10,000 rows.
Source: Lopez-Paz & Oquab 2017 (ICLR), arXiv:1610.06545, classifier two-sample tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, MetricValue, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import Column, ColumnType, Task
from trainwright.data.findings import finding
from trainwright.data.hashing import Hashes, hash_cells, hash_rows, positions
from trainwright.data.leakage.bench import encode
from trainwright.data.leakage.intervals import score_interval
from trainwright.data.leakage.pairs import likeness
from trainwright.data.leakage.scores import Answer, Values, build_answer, column_score
from trainwright.data.leakage.trials import NUM_FOLDS, readable
from trainwright.data.types.case import yaml_list, yaml_word
from trainwright.data.view import View
from trainwright.summaries.intervals import Units, auc_influence, delong_error, logit_interval

SAMPLE_ROWS = 5_000  # of each part
FEWEST_ROWS = 50  # of each part
TOLD = 0.6  # lower bound of the AUC
TOLD_BY_TIME = 0.9
CARRIES = 0.55  # of a column alone, its lower bound
MOST_NAMED = 5
SAME = 0.97  # rank correlation with the time of a time split


def find(view: View, *, deadline: Deadline) -> list[Finding]:  # noqa: ARG001 - one fit
    """Whether train and test differ in their inputs, and by which columns."""
    split = view.settings.split
    apart = [name for name in (split.column, split.group) if name is not None]
    columns = [column for column in readable(view) if column.name not in apart]
    names = [column.name for column in columns]
    there = [name for name in apart if any(column.name == name for column in view.columns)]
    parts = [
        view.sample([*names, *there], size=SAMPLE_ROWS, split=part)
        for part in (Split.TRAIN, Split.TEST)
    ]
    if not columns or min(part.height for part in parts) < FEWEST_ROWS:
        return []
    frame = pl.concat(parts)
    is_test = np.repeat([0.0, 1.0], [part.height for part in parts])
    values = {name: encode(frame[name]) for name in names}
    if split.by == "time" and split.column in there:
        time = encode(frame[split.column])
        values = {name: one for name, one in values.items() if likeness(one, time) < SAME}
    if not values:
        return []
    units = _units(frame, names, split.column if split.by == "group" else split.group)
    folds = (positions(units, "shift", "fold") * NUM_FOLDS).astype(np.int64)
    answer = build_answer(is_test, task=Task.CLASSIFICATION, folds=folds)
    told = view.probe(
        np.column_stack(list(values.values())), is_test, folds=folds, task="classification"
    )
    auc = _auc(told[:, 1], is_test > 0, units)
    if auc is None or auc.low < TOLD:
        return []
    by = "given" if view.settings.is_given else split.by
    return [_finding(view, auc, _carriers(columns, values, answer), by=by)]


def _units(frame: pl.DataFrame, names: list[str], group: str | None) -> Hashes:
    if group is not None and group in frame.columns:
        return hash_cells(frame[group])
    return hash_rows(frame, names)


def _auc(told: Values, is_test: NDArray[Any], units: Hashes) -> MetricValue | None:
    found = auc_influence(told, is_test)
    if found is None:
        return None
    clusters = Units.of(np.unique(units, return_inverse=True)[1].astype(np.int64))
    error = delong_error(found, is_test, clusters)
    count = min(found.num_positive, found.num_negative)
    return logit_interval(found.value, error, confidence=0.95, count=count)


def _carriers(
    columns: list[Column], values: dict[str, Values], answer: Answer
) -> list[tuple[str, float]]:
    """Columns that alone tell train from test, the best first, with their AUC."""
    found = []
    for column in columns:
        if column.name not in values:
            continue
        ordered = column.type is not ColumnType.CATEGORY
        score = column_score(values[column.name], answer, ordered=ordered)
        if score >= CARRIES and (
            score_interval(values[column.name], answer, ordered=ordered).low >= CARRIES
        ):
            found.append((column.name, score))
    return sorted(found, key=lambda one: (-one[1], one[0]))[:MOST_NAMED]


def _finding(
    view: View, auc: MetricValue, carriers: list[tuple[str, float]], *, by: str
) -> Finding:
    named = ", ".join(f"{name!r} {score:.3f}" for name, score in carriers)
    carried = f"; alone: {named}" if named else "; no single column carries it"
    expected = by in ("time", "group-time") and auc.low < TOLD_BY_TIME
    names = [name for name, _ in carriers]
    remedy = {
        "random": "the split is random: look for copies, or for a file put together from two",
        "group": "data: {split: {by: group, seed: 1}}  # few or large groups: another draw may be evener",
        "given": f"data: {{drop: {yaml_list(names)}}}  # or draw the test rows as the train rows were"
        if names
        else "draw the test rows as the train rows were",
    }.get(
        by, f"data: {{drop: [{yaml_word(names[0])}]}}  # if it only tells the time" if names else ""
    )
    return finding(
        "shift",
        "info" if expected else "warning",
        f"a model tells test rows from train rows by their inputs with ROC AUC {auc.value:.3f}"
        f" ({auc.low:.3f} to {auc.high:.3f}){carried}. Scores on the test rows say little of rows like the"
        " train rows, and the reverse",
        column=carriers[0][0] if carriers else None,
        count=view.num_rows,
        remedy=remedy,
    )
