"""How many labels are wrong, and which: a calibration curve with a floor.

A model that was not shown a row disagrees with its label for two reasons. Where the model is unsure,
the row is hard: disagreement grows with the doubt, on the logit scale in a straight line, as of any
calibrated model. Labels that are wrong by accident stand on easy rows as often as on hard ones: a floor
under that curve that no confidence brings down. So

    P(disagrees | doubt) = e + (1 - 2e) s,    s = sigmoid(a + b logit(doubt)),   b > 0

and a disagreement at that doubt is a wrong label with probability e (1 - s) / P. The floor e and its test
come from the likelihood, with a prior that holds b near 1: the probabilities are calibrated already.
Where rows are hard throughout, the floor drowns and nothing is claimed; that is the point. A cut takes the
surest rows for which the mean of the chances to be wrong about them stays under the stated share.

Cost: assumes accidents that do not depend on the row, given its class. Labels that are wrong because
the row is hard look like hard rows, and are left to the ranking.

Source: the floor is the anchor-point argument of Liu & Tao 2016, arXiv:1411.7718, thm. 3, fitted to all
rows instead of read off the extreme one; the line on the logit scale is Platt 1999; the cut is the local
false discovery rate of Efron et al. 2001, JASA 96. Proof: tests/numeric/test_labels_noise.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]

FLOORS = np.concatenate([[0.0], np.geomspace(0.0005, 0.4, 48)])
SIGNIFICANT = 3.0  # fall of the log posterior that shows a floor: one case in 140 by chance
OWN_ROWS = 1_000  # rows of a predicted class that has a floor of its own
_LEAST_DOUBT = 1e-4
_SLOPE_SPREAD = 0.2  # of log b: of calibrated probabilities b is 1, of pooled ones a little more


@dataclass(frozen=True, slots=True)
class Noise:
    """What is known of the wrong labels.

    Attributes:
        rate: Share of labels that are wrong by accident; 0 where no floor shows.
        wrong: Probability that each row's label is wrong; 0 where model and label agree, or where
            no floor shows. Shape (rows,).
    """

    rate: float
    wrong: Floats

    def cut(self, false_alarms: float) -> tuple[NDArray[np.int64], float]:
        """The most rows of which about `false_alarms`, or fewer, have a right label.

        Returns:
            Their positions, the surest first, and the expected share of false alarms among them.
        """
        order = np.argsort(-self.wrong, kind="stable")
        order = order[self.wrong[order] > 0]
        share = np.cumsum(1 - self.wrong[order]) / np.arange(1, len(order) + 1)
        count = int((share <= false_alarms).sum())
        return order[:count].astype(np.int64), float(share[count - 1]) if count else 0.0


def estimate_noise(probabilities: Floats, codes: NDArray[np.int64]) -> Noise:
    """How many labels are wrong, and how probably each.

    Args:
        probabilities: Out of fold, rows sum to 1; shape (rows, classes).
        codes: The labels as given; shape (rows,).
    """
    told = probabilities.argmax(axis=1)
    doubt = 1 - probabilities.max(axis=1)
    apart = told != codes
    wrong = np.zeros(len(codes))
    for rows in _groups(told, probabilities.shape[1]):
        wrong[rows] = _chances(doubt[rows], apart[rows])
    return Noise(float(wrong.mean()) if len(wrong) else 0.0, wrong)


def _groups(told: NDArray[np.int64], num_classes: int) -> list[NDArray[np.int64]]:
    """Rows by predicted class, the small ones together."""
    sizes = np.bincount(told, minlength=num_classes)
    large = [k for k in range(num_classes) if sizes[k] >= OWN_ROWS]
    groups = [np.flatnonzero(told == k) for k in large]
    rest = np.flatnonzero(~np.isin(told, large))
    return [*groups, rest] if len(rest) else groups


def _chances(doubt: Floats, apart: NDArray[np.bool_]) -> Floats:
    """Probability that a label is wrong, 0 where it is as told; shape (rows,)."""
    doubt = np.clip(doubt, _LEAST_DOUBT, 1 - _LEAST_DOUBT)
    logit = np.log(doubt / (1 - doubt))
    if apart.sum() < 3:
        return np.zeros(len(doubt))
    start = np.array([0.0, 0.0])
    losses, lines = [], []
    for floor in FLOORS:
        start = minimize(_loss, start, args=(floor, logit, apart), jac=True, method="BFGS").x
        losses.append(_loss(start, floor, logit, apart)[0])
        lines.append(start)
    best = int(np.argmin(losses))
    if losses[0] - losses[best] < SIGNIFICANT:
        return np.zeros(len(doubt))
    hard, floor = _sigmoid(lines[best], logit), FLOORS[best]
    found: Floats = np.where(apart, floor * (1 - hard) / (floor + (1 - 2 * floor) * hard), 0.0)
    return found


def _loss(
    line: Floats, floor: float, logit: Floats, apart: NDArray[np.bool_]
) -> tuple[float, Floats]:
    """Negative log posterior and its gradient in (a, log b)."""
    hard = _sigmoid(line, logit)
    chance = np.clip(floor + (1 - 2 * floor) * hard, 1e-12, 1 - 1e-12)
    loss = -np.log(np.where(apart, chance, 1 - chance)).sum()
    slope = np.where(apart, -1 / chance, 1 / (1 - chance)) * (1 - 2 * floor) * hard * (1 - hard)
    pull = line[1] / _SLOPE_SPREAD**2
    gradient = np.array([slope.sum(), (slope * logit).sum() * np.exp(line[1]) + pull])
    return float(loss + pull * line[1] / 2), gradient


def _sigmoid(line: Floats, logit: Floats) -> Floats:
    score = np.clip(line[0] + np.exp(np.clip(line[1], -5, 5)) * logit, -500, 500)
    found: Floats = 1 / (1 + np.exp(-score))
    return found
