"""In which order rows are best labelled, and what further labels are expected to buy.

Families learn from what is labelled and are asked about the rest; the rows that they doubt most come
first, spread over what they look like. Their error out of fold, at a quarter, a half and all of the
labels, gives the curve that the estimate goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.protocols import FoldModels
from trainwright.data.labels.active import Strategy, queue
from trainwright.data.labels.items import Items
from trainwright.data.labels.learning_curve import expected_gain

FEWEST_LABELS = 10  # before a model says which rows to ask about
MOST_ROWS = 5_000  # that a model looks at
FOLDS = 5


def rank(
    items: Items,
    known: dict[int, str],
    order: NDArray[np.int64],
    *,
    models: Callable[..., FoldModels],
    strategy: Strategy,
    seed: int,
    classes: tuple[str, ...],
) -> tuple[NDArray[np.int64], dict[str, Any] | None]:
    """The rows in the order in which labels help most, and what further labels are expected to buy.

    Args:
        items: The rows.
        known: Label of each row that has one, by position.
        order: All rows to ask about, as they stand now.
        models: Makes the families.
        strategy: How rows are chosen.
        seed: Draws the order of equals.
        classes: All labels.

    Returns:
        The rows of `order`: first those that a model was asked about, the rest after them. The
        estimate: error now, expected fall for as many labels again, with its interval.
    """
    asked = np.array([row for row in order.tolist() if row not in known][:MOST_ROWS])
    taught = np.array(sorted(known)[:MOST_ROWS])
    if not len(asked):
        return order, None
    seen = tuple(label for label in classes if label in set(known.values()))
    rows = np.concatenate([taught, asked])
    codes = np.zeros(len(rows))
    codes[: len(taught)] = [seen.index(known[int(row)]) for row in taught]
    folds = np.full(len(rows), FOLDS, dtype=np.int64)
    folds[: len(taught)] = np.arange(len(taught)) % FOLDS
    learn = folds < FOLDS
    target = replace(items.targeted, classes=seen)
    fitted = models(items.typed[rows], items.columns, target=target)
    answers = {
        family: fitted.predict(family, codes, folds=folds, learn=learn, seed=seed)
        for family in fitted.families[:2]
    }
    chosen = queue(
        {family: answer[len(taught) :] for family, answer in answers.items()},
        count=len(asked),
        strategy="margin" if strategy == "combined" else strategy,
        seed=seed,
    )
    ranked = asked[chosen.rows]
    left = order[~np.isin(order, ranked)]
    curve = _Curve(fitted, codes[: len(taught)], folds, seed=seed)
    return np.concatenate([ranked, left]), curve.estimate(next(iter(answers.values())))


@dataclass(frozen=True, slots=True)
class _Curve:
    """The error out of fold as labels came in."""

    models: FoldModels
    codes: NDArray[np.float64]
    folds: NDArray[np.int64]
    seed: int

    def estimate(self, answer: NDArray[np.float64]) -> dict[str, Any] | None:
        """The error now, and what as many labels again are expected to take off it."""
        count = len(self.codes)
        if count < 2 * FEWEST_LABELS:
            return None
        sizes = np.array([count // 4, count // 2, count])
        errors = [
            *(self._error(self._answer(int(size))) for size in sizes[:2]),
            self._error(answer),
        ]
        spread = [max(error * (1 - error), 1 / count) / count for error in errors]
        gain = expected_gain(sizes, np.array(errors), np.sqrt(spread), more=count)
        found = {"gain": gain.value, "low": gain.low, "high": gain.high}  # no more than there is
        falls = {name: round(min(value, errors[-1]), 4) for name, value in found.items()}
        return {"labels": count, "error": round(errors[-1], 4), **falls}

    def _answer(self, size: int) -> NDArray[np.float64]:
        codes = np.concatenate([self.codes, np.zeros(len(self.folds) - len(self.codes))])
        learn = np.arange(len(self.folds)) < size
        family = self.models.families[0]
        return self.models.predict(family, codes, folds=self.folds, learn=learn, seed=self.seed)

    def _error(self, answer: NDArray[np.float64]) -> float:
        return float((answer[: len(self.codes)].argmax(axis=1) != self.codes).mean())
