"""Proxies: what the other inputs tell of a protected column, and which of them carry it.

Leaving a protected column out helps little where others stand in for it: the probe is asked to tell the group
from all other inputs, out of fold, and each column alone is scored. It is information, with the columns
to look at; whether one may be used is not a question of numbers.

Cost: one fit of the probe a protected column, on 10,000 rows.
Source: Datta et al. 2017, arXiv:1707.08120, on proxy use.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trainwright.core.artifacts import Finding, MetricValue, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, ColumnType, Task
from trainwright.data.bias.groups import FEWEST_ROWS, groupings
from trainwright.data.findings import finding
from trainwright.data.hashing import hash_rows, positions
from trainwright.data.leakage.bench import encode
from trainwright.data.leakage.intervals import answers_interval, score_interval
from trainwright.data.leakage.scores import Values, build_answer, column_score
from trainwright.data.leakage.trials import NUM_FOLDS, readable
from trainwright.data.types.case import yaml_list
from trainwright.data.view import View
from trainwright.summaries.groups import Grouping

SAMPLE_ROWS = 10_000
TOLD = 0.65  # lower bound of the AUC of all others together
CARRIES = 0.6  # of one alone
MOST_NAMED = 5


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """How well the other inputs tell each protected column."""
    found: list[Finding] = []
    for number, rule in enumerate(groupings(view) if view.settings.protected else []):
        if not deadline.go_on("proxies", number):
            break
        found += _proxies(view, rule)
    return found


def _proxies(view: View, rule: Grouping) -> Iterator[Finding]:
    columns = [c for c in readable(view) if c.name not in view.settings.protected]
    if not columns:
        return
    names = [column.name for column in columns]
    frame = view.sample([rule.column, *names], size=SAMPLE_ROWS, split=Split.TRAIN)
    codes = rule.codes(frame[rule.column])
    sizes = np.bincount(codes, minlength=len(rule.names))
    frame = frame.filter(sizes[codes] >= FEWEST_ROWS)
    present, groups = np.unique(rule.codes(frame[rule.column]), return_inverse=True)
    if len(present) < 2:
        return
    folds = (positions(hash_rows(frame, names), "bias", "fold") * NUM_FOLDS).astype(np.int64)
    target = groups.astype(np.float64)
    answer = build_answer(target, task=Task.CLASSIFICATION, folds=folds)
    values: dict[str, Values] = {name: encode(frame[name]) for name in names}
    told = view.probe(
        np.column_stack(list(values.values())), target, folds=folds, task="classification"
    )
    together = answers_interval(told[:, 1:] if told.shape[1] == 2 else told, answer)
    if together.low < TOLD:
        return
    carriers: list[tuple[str, MetricValue]] = []
    for column in columns:
        ordered = column.type is not ColumnType.CATEGORY
        if column_score(values[column.name], answer, ordered=ordered) >= CARRIES:
            alone = score_interval(values[column.name], answer, ordered=ordered)
            carriers.append((column.name, alone))
    carriers = sorted(carriers, key=lambda one: (-one[1].value, one[0]))[:MOST_NAMED]
    shown = ", ".join(
        f"{name!r} {one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for name, one in carriers
    )
    yield finding(
        "bias",
        "info",
        f"the other inputs tell {rule.column!r} with ROC AUC {together.value:.3f} ({together.low:.3f} to"
        f" {together.high:.3f}): without it a model can still treat its groups apart."
        + (f" Alone: {shown}" if carriers else " No single column carries it"),
        column=carriers[0][0] if carriers else rule.column,
        count=int(frame[ROW].len()),
        remedy=f"data: {{drop: {yaml_list([name for name, _ in carriers])}}}  # if they only stand in for it"
        if carriers
        else "",
    )
