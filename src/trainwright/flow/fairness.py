"""The winner's measures by protected group: groups are those of train rows, counted on validation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from trainwright.core.artifacts import Prediction, Snapshot, Split
from trainwright.core.columns import Task
from trainwright.data.snapshot import read_split
from trainwright.evaluation.fairness import Groups, judge_groups
from trainwright.flow.rows import Rows
from trainwright.summaries.groups import Grouping

MOST_PAIRS = 6


def fairness_of(
    prediction: Prediction, rows: Rows, *, snapshot: Snapshot, protected: Sequence[str]
) -> list[dict[str, Any]]:
    """Measures by each protected column and by pairs of them; none where nothing is protected.

    Args:
        prediction: As served, of the rows.
        rows: Whose targets are known; their frame holds the protected columns.
        snapshot: Its train rows say what the groups are.
        protected: The recipe's columns.
    """
    if not protected or snapshot.target.task not in (Task.CLASSIFICATION, Task.REGRESSION):
        return []
    train = read_split(snapshot, Split.TRAIN, columns=list(protected))
    rules = [Grouping.of(train[name]) for name in protected]
    single = [
        Groups(rule.column, rule.names, rule.codes(rows.frame[rule.column])) for rule in rules
    ]
    pairs = [one.crossed(other) for one, other in combinations(single, 2)][:MOST_PAIRS]
    return judge_groups(
        prediction, rows.target, [*single, *pairs], spec=snapshot.target, units=rows.units
    )
