"""Protected groups, those of train rows: the winner's measures by group, and how far apart they may be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from trainwright.core.artifacts import Prediction, Snapshot, Split
from trainwright.core.columns import Task
from trainwright.data.snapshot import read_split
from trainwright.evaluation.fair_threshold import FairnessLimit
from trainwright.evaluation.fairness import Groups, judge_groups
from trainwright.flow.rows import Rows
from trainwright.recipe.schema import Recipe
from trainwright.summaries.groups import Grouping

MOST_PAIRS = 6


def limit_of(recipe: Recipe, rows: Rows, *, snapshot: Snapshot) -> FairnessLimit | None:
    """What the recipe allows, with the groups of these rows; None where it sets no limit."""
    at_most = recipe.evaluation.fairness.at_most
    if not at_most:
        return None
    groups = _groups(rows, snapshot=snapshot, protected=recipe.data.protected)
    return FairnessLimit(at_most, tuple(one.codes for one in groups))


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
    single = _groups(rows, snapshot=snapshot, protected=protected)
    pairs = [one.crossed(other) for one, other in combinations(single, 2)][:MOST_PAIRS]
    return judge_groups(
        prediction, rows.target, [*single, *pairs], spec=snapshot.target, units=rows.units
    )


def _groups(rows: Rows, *, snapshot: Snapshot, protected: Sequence[str]) -> list[Groups]:
    """The group of each row, by each protected column."""
    train = read_split(snapshot, Split.TRAIN, columns=list(protected))
    rules = [Grouping.of(train[name]) for name in protected]
    return [Groups(rule.column, rule.names, rule.codes(rows.frame[rule.column])) for rule in rules]
