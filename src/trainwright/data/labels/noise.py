"""How many labels are wrong, and which: a calibration curve with a floor.

A model that was not shown a row disagrees with its label for two reasons. Where the model is unsure,
the row is hard: disagreement grows with the doubt, on the logit scale in a straight line, as of any
calibrated model. Labels that are wrong by accident stand on easy rows as often as on hard ones: a floor
under that curve that no confidence brings down. So

    P(disagrees | doubt) = e + (1 - 2e) s,    s = sigmoid(a + b logit(doubt)),   b > 0

and a disagreement at that doubt is a wrong label with probability e (1 - s) / P. The floor e and its test
come from the likelihood, with a prior that holds a near 0 and b near 1: the probabilities are calibrated
already. Where rows are hard throughout, the floor drowns and nothing is claimed; that is the point.

A cut takes the most of the surest rows of which, with 95 % probability, no greater share than the stated
one is right after all. That probability counts both what is not known of e, a and b (draws from their
posterior: floors on a grid, the line a normal around its best at each) and chance in the rows themselves. By
the mean alone one cut in two would break its promise.

Cost: assumes accidents that do not depend on the row, given its class. Labels that are wrong because
the row is hard look like hard rows, and are left to the ranking.

Source: the floor is the anchor-point argument of Liu & Tao 2016, arXiv:1411.7718, thm. 3, fitted to all
rows instead of read off the extreme one; the line on the logit scale is Platt 1999; the cut is the local
false discovery rate of Efron et al. 2001, JASA 96; the draws are Laplace's approximation.
Proof: tests/numeric/test_labels_noise.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from trainwright.core.seeds import derive_seed

Floats = NDArray[np.float64]

FLOORS = np.concatenate([[0.0], np.geomspace(0.0005, 0.4, 48)])
SIGNIFICANT = 3.0  # fall of the log posterior that shows a floor: one case in 140 by chance
OWN_ROWS = 1_000  # rows of a predicted class that has a floor of its own
NUM_DRAWS = 400
SURE = 0.95  # that no more of the named labels are right than is said
_LEAST_DOUBT = 1e-4
_SLOPE_SPREAD = 0.2  # of log b: of calibrated probabilities b is 1, of pooled ones a little more
_OFFSET_SPREAD = 1.0  # of a: of calibrated ones 0
_SPREADS = np.array([_OFFSET_SPREAD, _SLOPE_SPREAD])
_STEP = 1e-4  # for the curvature
_LEAST_CURVATURE = 1.0  # that of the prior


@dataclass(frozen=True, slots=True)
class Cut:
    """The labels that are named.

    Attributes:
        rows: Their positions, the surest first.
        expected: Share of them that is expected to be right after all.
        at_most: What that share does not exceed in 19 cases of 20; 1 where nothing is known but the mean.
    """

    rows: NDArray[np.int64]
    expected: float
    at_most: float


@dataclass(frozen=True, slots=True)
class Noise:
    """What is known of the wrong labels.

    Attributes:
        rate: Share of labels that are wrong by accident; 0 where no floor shows.
        wrong: Probability that each row's label is wrong; 0 where model and label agree, or where
            no floor shows. Shape (rows,).
        draws: The same for the rows where it is not 0, by each draw from what is not known; shape
            (draws, those rows). None where there are none.
    """

    rate: float
    wrong: Floats
    draws: Floats | None = None

    def cut(self, false_alarms: float) -> Cut:
        """The most rows of which at most `false_alarms` have a right label, in 19 cases of 20.

        Where there are no draws: of which that share is expected to.
        """
        rows = np.flatnonzero(self.wrong > 0)
        order = np.argsort(-self.wrong[rows], kind="stable")
        number = np.arange(1, len(rows) + 1)
        expected = np.cumsum(1 - self.wrong[rows[order]]) / number
        at_most, bound = np.ones(len(rows)), expected
        if self.draws is not None and len(rows):
            at_most = bound = _most_right(self.draws[:, order]) / number
        fits = np.flatnonzero(bound <= false_alarms)
        if not len(fits):
            return Cut(rows[:0], 0.0, 0.0)
        last = int(fits[-1])
        return Cut(rows[order[: last + 1]], float(expected[last]), float(at_most[last]))


def estimate_noise(probabilities: Floats, codes: NDArray[np.int64], *, looks: int = 1) -> Noise:
    """How many labels are wrong, and how probably each.

    Args:
        probabilities: Out of fold, rows sum to 1; shape (rows, classes).
        codes: The labels as given; shape (rows,).
        looks: How many columns of labels are judged so: a floor must be the surer, the more there are.
    """
    told = probabilities.argmax(axis=1)
    doubt = 1 - probabilities.max(axis=1)
    apart = told != codes
    draws = np.zeros((NUM_DRAWS, len(codes)))
    for number, rows in enumerate(_groups(told, probabilities.shape[1])):
        suspects = rows[apart[rows]]
        draws[:, suspects] = _chances(
            doubt[rows], apart[rows], number, significant=SIGNIFICANT + np.log(looks)
        )
    wrong = draws.mean(axis=0)
    return Noise(float(wrong.mean()) if len(wrong) else 0.0, wrong, draws[:, wrong > 0])


def _most_right(draws: Floats) -> Floats:
    """How many right labels there are at most among the first 1, 2 ... rows; shape (rows,)."""
    mean = np.cumsum(1 - draws, axis=1)
    spread = np.sqrt(np.cumsum(draws * (1 - draws), axis=1))
    luck = np.random.default_rng(derive_seed(0, "label noise", "luck")).standard_normal(len(draws))
    found: Floats = np.quantile(mean + luck[:, None] * spread, SURE, axis=0)
    return np.maximum(found, 0.0)


def _groups(told: NDArray[np.int64], num_classes: int) -> list[NDArray[np.int64]]:
    """Rows by predicted class, the small ones together."""
    sizes = np.bincount(told, minlength=num_classes)
    large = [k for k in range(num_classes) if sizes[k] >= OWN_ROWS]
    groups = [np.flatnonzero(told == k) for k in large]
    rest = np.flatnonzero(~np.isin(told, large))
    return [*groups, rest] if len(rest) else groups


def _chances(doubt: Floats, apart: NDArray[np.bool_], group: int, *, significant: float) -> Floats:
    """Probability that a label is wrong, of those that are not as told; shape (draws, those rows)."""
    doubt = np.clip(doubt, _LEAST_DOUBT, 1 - _LEAST_DOUBT)
    logit = np.log(doubt / (1 - doubt))
    found = np.zeros((NUM_DRAWS, int(apart.sum())))
    if found.shape[1] < 3:
        return found
    line = np.array([0.0, 0.0])
    best, losses = [], np.empty(len(FLOORS))
    signed = np.where(apart, 1.0, -1.0), np.where(apart, logit, -logit)
    for number, floor in enumerate(FLOORS):
        fitted = minimize(_loss, line, args=(floor, *signed), jac=True, method="BFGS")
        line, losses[number] = fitted.x, fitted.fun
        best.append(line)
    if losses[0] - losses.min() < significant:
        return found
    fits = [_line(one, float(floor), *signed) for one, floor in zip(best, FLOORS, strict=True)]
    weights = np.exp(losses.min() - losses) * np.array([fit.volume for fit in fits])
    generator = np.random.default_rng(derive_seed(0, "label noise", group))
    chosen = generator.choice(len(FLOORS), NUM_DRAWS, p=weights / weights.sum())
    for number, place in enumerate(chosen.tolist()):
        fit, floor = fits[place], FLOORS[place]
        drawn = fit.best + fit.root @ generator.standard_normal(2)
        hard = expit(_score(drawn, 1.0, logit[apart]))
        found[number] = floor * (1 - hard) / (floor + (1 - 2 * floor) * hard)
    return found


@dataclass(frozen=True, slots=True)
class _Line:
    """The line at one floor: its best, how far from it others are likely, and what it weighs."""

    best: Floats
    root: Floats  # of the covariance
    volume: float


def _line(best: Floats, floor: float, sign: Floats, logit: Floats) -> _Line:
    """The normal around the best line, from the loss's curvature there."""
    curvature = np.empty((2, 2))
    for axis, step in enumerate(np.eye(2) * _STEP):
        ahead, behind = (_loss(best + side * step, floor, sign, logit)[1] for side in (1, -1))
        curvature[axis] = (ahead - behind) / (2 * _STEP)
    sizes, axes = np.linalg.eigh((curvature + curvature.T) / 2)
    sizes = np.maximum(sizes, _LEAST_CURVATURE)
    return _Line(best, axes / np.sqrt(sizes), float(1 / np.sqrt(sizes.prod())))


def _loss(line: Floats, floor: float, sign: Floats, logit: Floats) -> tuple[float, Floats]:
    """Negative log posterior and its gradient in (a, log b).

    Args:
        line: a and log b.
        floor: e.
        sign: 1 where the label is not as told, -1 where it is; shape (rows,).
        logit: Of the doubt, times `sign`.
    """
    hard = expit(_score(line, sign, logit))
    chance = floor + (1 - 2 * floor) * hard
    np.clip(chance, 1e-12, 1.0, out=chance)
    slope = hard * (hard - 1)
    slope /= chance
    pull = line / _SPREADS**2
    gradient = np.array([slope @ sign, (slope @ logit) * np.exp(line[1])]) * (1 - 2 * floor) + pull
    return float(pull @ line / 2 - np.log(chance).sum()), gradient


def _score(line: Floats, sign: Floats | float, logit: Floats) -> Floats:
    found: Floats = line[0] * sign + np.exp(np.clip(line[1], -5, 5)) * logit
    return found
