"""How well one column alone tells the target, out of fold: 1 is perfect, whatever the task.

Classes: area under the ROC curve, for several classes the mean of each against the rest. Numbers:
explained variance of the target's ranks, so that neither heavy tails nor a change of scale hide a
copy. A column answers with the target's mean in its bin (a value, or a quantile range) over the other folds;
numbers also with their plain order, which needs no fit and so no rows.

Source: Mann & Whitney 1947 for the area from ranks; Micci-Barreca 2001 (SIGKDD Explorations 3) for means
shrunk to the prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.core.columns import Task

Values = NDArray[np.float64]

MAX_BINS = 256
LEAST_CLASS = 10  # rows of a class, below which its area says nothing
_SHRINK = 2.0  # rows that the prior counts for in a bin


@dataclass(frozen=True, slots=True)
class Answer:
    """The target as scores need it.

    Attributes:
        task: What is predicted.
        columns: Indicators of the classes (one for two classes), or ranks in [0, 1]; shape (rows, k).
        folds: Fold of each row; shape (rows,).
        num_folds: Their number.
    """

    task: Task
    columns: Values
    folds: NDArray[np.int64]
    num_folds: int

    @property
    def measure(self) -> str:
        """What `score` is, in words."""
        if self.task is Task.CLASSIFICATION:
            return "ROC AUC"
        return "explained variance of ranks"

    def score(self, answers: Values) -> float:
        """Of out-of-fold answers, shape (rows, k) as `columns`."""
        if self.task is Task.REGRESSION:
            return explained(self.columns[:, 0], answers[:, 0])
        areas = [
            area(self.columns[:, k], answers[:, k])
            for k in range(self.columns.shape[1])
            if LEAST_CLASS <= self.columns[:, k].sum() <= len(answers) - LEAST_CLASS
        ]
        return float(np.mean(areas)) if areas else 0.5


def build_answer(target: Values, *, task: Task, folds: NDArray[np.int64]) -> Answer:
    """From class codes or values, shape (rows,)."""
    num_folds = int(folds.max()) + 1
    if task is Task.REGRESSION:
        return Answer(task, (ranks(target) / len(target))[:, None], folds, num_folds)
    classes = np.arange(int(target.max()) + 1)
    indicators = (target[:, None] == classes[None, :]).astype(np.float64)
    return Answer(task, indicators[:, 1:] if len(classes) == 2 else indicators, folds, num_folds)


def column_score(values: Values, answer: Answer, *, ordered: bool) -> float:
    """How well a column alone tells the target.

    Args:
        values: Numbers, or codes of categories; NaN where missing. Shape (rows,).
        answer: The target.
        ordered: The values are numbers, not codes.
    """
    return answer.score(column_answers(values, answer, ordered=ordered))


def column_answers(values: Values, answer: Answer, *, ordered: bool) -> Values:
    """The better of what the column answers by its bins and by its plain order; (rows, k) as `answer`."""
    binned = _means(_bins(values, ordered=ordered), answer)
    if not ordered or answer.score(binned) >= order_score(values, answer):
        return binned
    filled = np.where(np.isnan(values), -np.inf, values)
    order = ranks(filled) / len(filled)
    if answer.task is Task.REGRESSION:
        return _straight(order, answer.columns)
    return (order if area(answer.columns[:, 0], order) >= 0.5 else -order)[:, None]


def order_score(values: Values, answer: Answer) -> float:
    """Of the values' own order, rising or falling; two answers only. Missing values stand below all."""
    if answer.columns.shape[1] > 1:
        return 0.0
    filled = np.where(np.isnan(values), -np.inf, values)
    if answer.task is Task.REGRESSION:
        order = ranks(filled)
        if np.ptp(order) == 0:
            return 0.0
        return float(np.corrcoef(order, answer.columns[:, 0])[0, 1] ** 2)
    if not LEAST_CLASS <= answer.columns.sum() <= len(values) - LEAST_CLASS:
        return 0.5
    found = area(answer.columns[:, 0], filled)
    return max(found, 1 - found)


def _straight(order: Values, wanted: Values) -> Values:
    """The straight line through the ranks, whose explained variance is their squared correlation."""
    slope = np.cov(order, wanted[:, 0], bias=True)[0, 1] / order.var()
    line: Values = wanted.mean() + slope * (order - order.mean())
    return line[:, None]


def area(positive: Values, score: Values) -> float:
    """Area under the ROC curve; ties count half. `positive` is 0 or 1; shape (rows,)."""
    num_positive = positive.sum()
    num_negative = len(positive) - num_positive
    wins = (ranks(score) * positive).sum() - num_positive * (num_positive + 1) / 2
    return float(wins / (num_positive * num_negative))


def explained(truth: Values, answer: Values) -> float:
    """Share of the variance that the answers explain, at least 0."""
    total = ((truth - truth.mean()) ** 2).sum()
    return max(0.0, float(1 - ((truth - answer) ** 2).sum() / total)) if total else 0.0


def ranks(values: Values) -> Values:
    """Ranks from 1, ties at their mean. No NaN. Shape (rows,)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: Values = ends - (counts - 1) / 2
    return middle[inverse]


def _bins(values: Values, *, ordered: bool) -> NDArray[np.int64]:
    """A bin for each value, missing ones in a bin of their own."""
    distinct, codes = np.unique(values, return_inverse=True)  # NaNs count as one value
    if not ordered or len(distinct) <= MAX_BINS // 2:
        return codes.astype(np.int64)
    known = values[~np.isnan(values)]
    num_bins = int(np.clip(len(known) // 20, 8, MAX_BINS))
    edges = np.unique(np.quantile(known, np.linspace(0, 1, num_bins + 1)[1:-1]))
    return np.searchsorted(edges, values, side="right").astype(np.int64)  # NaN sorts behind all


def _means(bins: NDArray[np.int64], answer: Answer) -> Values:
    """Mean answer of each row's bin over the other folds, shrunk to their mean. Shape (rows, k)."""
    num_bins, folds = int(bins.max()) + 1, answer.num_folds
    cells = answer.folds * num_bins + bins
    counts = np.bincount(cells, minlength=folds * num_bins).reshape(folds, num_bins)
    others = (counts.sum(axis=0) - counts)[answer.folds, bins]
    found = np.empty_like(answer.columns)
    for k in range(found.shape[1]):
        weights = answer.columns[:, k]
        sums = np.bincount(cells, weights, folds * num_bins).reshape(folds, num_bins)
        inside = sums.sum(axis=1)
        prior = (inside.sum() - inside) / np.maximum(1, len(bins) - counts.sum(axis=1))
        outside = (sums.sum(axis=0) - sums)[answer.folds, bins]
        found[:, k] = (outside + _SHRINK * prior[answer.folds]) / (others + _SHRINK)
    return found
