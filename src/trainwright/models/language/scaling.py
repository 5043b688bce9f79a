"""What a larger model on more text would come to, from a few small runs: loss as a law of both.

    loss(N, D) = E + A / N^alpha + B / D^beta

N are the weights, D the tokens that were learnt from, E what no model can go below. The law is fitted to the
logarithm of the loss with a Huber loss, which a run that failed hardly moves. The interval is that of one
further run: the jackknife's variance of the prediction and the runs' scatter about the law, by Student's t.
It holds as far as the law does; a run held back tells whether it does.

Source: Hoffmann et al. 2022, arXiv:2203.15556, sect. 3.3 (approach 3) and appendix D.2; Efron & Stein 1981,
Annals of Statistics 9, eq. 1.3 (jackknife). Parity: tests/unit/models/language/test_scaling.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue
from trainwright.core.errors import DataError

Floats = NDArray[np.float64]
CONSTANTS = 5
LEAST_RUNS, LEAST_SIZES = CONSTANTS + 1, 3
HUBER = 1e-3
_POWERS = (0.1, 0.25, 0.4, 0.6, 0.9)  # of the starts
_BOUNDS = ((-10.0, 5.0), (-10.0, 40.0), (0.01, 2.0), (-10.0, 40.0), (0.01, 2.0))


@dataclass(frozen=True, slots=True)
class ScalingRun:
    """A run that was made.

    Attributes:
        parameters: Weights of the model.
        tokens: That it learnt from, repeated ones counted again.
        loss: On held-out text, above 0, in any unit (nats a token, bits a byte).
    """

    parameters: float
    tokens: float
    loss: float


@dataclass(frozen=True, slots=True)
class ScalingLaw:
    """The constants of the law.

    Attributes:
        floor: E, what no model can go below.
        size: A.
        size_power: alpha.
        data: B.
        data_power: beta.
    """

    floor: float
    size: float
    size_power: float
    data: float
    data_power: float

    def loss(self, *, parameters: float, tokens: float) -> float:
        """Of a model of this size after so many tokens."""
        told = self.size / parameters**self.size_power + self.data / tokens**self.data_power
        return float(self.floor + told)

    def best_split(self, flops: float) -> tuple[float, float]:
        """Weights and tokens that spend 6 x weights x tokens operations best (eq. 4 of the source)."""
        ratio = self.size_power * self.size / (self.data_power * self.data)
        power = 1.0 / (self.size_power + self.data_power)
        parameters = ratio**power * (flops / 6) ** (self.data_power * power)
        return parameters, flops / (6 * parameters)


def fit_scaling_law(runs: Sequence[ScalingRun]) -> ScalingLaw:
    """The law of some runs; the same for any order of them.

    Args:
        runs: Six at least, with three sizes and three amounts of text among them.

    Raises:
        DataError: there are too few, or a number is not above 0.
    """
    _check(runs)
    return _law(_fitted(_columns(runs)))


def predict_loss(
    runs: Sequence[ScalingRun], *, parameters: float, tokens: float, confidence: float = 0.95
) -> MetricValue:
    """What a run would come to, with the interval that it should fall into.

    Args:
        runs: That were made; seven at least, since each is left out once.
        parameters: Weights of the model that was not.
        tokens: That it would learn from.
        confidence: Of the interval.

    Raises:
        DataError: there are too few, or a number is not above 0.
    """
    from scipy.stats import t as student

    _check(runs, further=1)
    columns = _columns(runs)
    place = np.log(np.array([[parameters], [tokens], [1.0]]))
    whole = _fitted(columns)
    told = float(_log_loss(whole, place)[0])
    count = columns.shape[1]
    without = np.array(
        [
            _log_loss(_fitted(np.delete(columns, one, axis=1), start=whole), place)[0]
            for one in range(count)
        ]
    )
    spread = (count - 1) / count * float(np.square(without - without.mean()).sum())
    scatter = float(np.square(_log_loss(whole, columns) - columns[2]).sum()) / (count - CONSTANTS)
    reach = float(student.ppf((1 + confidence) / 2, count - CONSTANTS)) * math.sqrt(
        spread + scatter
    )
    return MetricValue(math.exp(told), math.exp(told - reach), math.exp(told + reach))


def _fitted(columns: Floats, start: Floats | None = None) -> Floats:
    """Ln E, ln A, alpha, ln B, beta of the least Huber loss."""
    from scipy.optimize import minimize

    starts = _starts(columns) if start is None else [start]
    found = [
        minimize(_huber, one, args=(columns,), jac=True, method="L-BFGS-B", bounds=_BOUNDS,
                 options={"maxiter": 2_000, "ftol": 1e-15, "gtol": 1e-12})
        for one in starts
    ]  # fmt: skip
    best: Floats = min(found, key=lambda one: float(one.fun)).x
    return best


def _starts(columns: Floats) -> list[Floats]:
    """For each pair of powers the other constants by least squares; the best five."""
    from scipy.optimize import nnls

    sizes, texts, losses = columns
    made: list[tuple[float, Floats]] = []
    for alpha in _POWERS:
        for beta in _POWERS:
            terms = np.stack(
                [np.ones_like(sizes), np.exp(-alpha * sizes), np.exp(-beta * texts)], 1
            )
            scale = terms.max(0)
            weights, rest = nnls(terms / scale, np.exp(losses))
            floor, size, data = np.log(np.maximum(weights / scale, 1e-4))
            made.append((rest, np.array([floor, size, alpha, data, beta])))
    return [one for _, one in sorted(made, key=lambda pair: pair[0])[:5]]


def _huber(constants: Floats, columns: Floats) -> tuple[float, Floats]:
    """Huber loss of the logarithms, in units of its threshold, and its gradient."""
    terms = _terms(constants, columns)
    told = np.logaddexp.reduce(terms, axis=0)
    error = (told - columns[2]) / HUBER
    loss = np.where(np.abs(error) <= 1, 0.5 * error**2, np.abs(error) - 0.5)
    pull = np.clip(error, -1, 1) / HUBER * np.exp(terms - told)
    slopes = [pull[0], pull[1], -pull[1] * columns[0], pull[2], -pull[2] * columns[1]]
    return float(loss.sum()), np.array([float(one.sum()) for one in slopes])


def _log_loss(constants: Floats, columns: Floats) -> Floats:
    found: Floats = np.logaddexp.reduce(_terms(constants, columns), axis=0)
    return found


def _terms(constants: Floats, columns: Floats) -> Floats:
    """Logarithms of the three terms, shape (3, runs)."""
    floor, size, alpha, data, beta = constants
    sizes, texts = columns[0], columns[1]
    return np.stack([np.full_like(sizes, floor), size - alpha * sizes, data - beta * texts])


def _law(constants: Floats) -> ScalingLaw:
    floor, size, alpha, data, beta = constants.tolist()
    return ScalingLaw(math.exp(floor), math.exp(size), alpha, math.exp(data), beta)


def _columns(runs: Sequence[ScalingRun]) -> Floats:
    """Logarithms of sizes, tokens and losses, in one order whatever that of the runs; shape (3, runs)."""
    rows = sorted((run.parameters, run.tokens, run.loss) for run in runs)
    return np.log(np.array(rows, dtype=np.float64)).T


def _check(runs: Sequence[ScalingRun], *, further: int = 0) -> None:
    numbers: list[Any] = [(run.parameters, run.tokens, run.loss) for run in runs]
    if any(not (value > 0 and math.isfinite(value)) for row in numbers for value in row):
        raise DataError(
            "a run has weights, tokens or a loss that is not a number above 0",
            where="runs",
            mend="leave out the runs that failed",
        )
    least = LEAST_RUNS + further
    sizes, texts = (len({row[place] for row in numbers}) for place in (0, 1))
    if len(runs) < least or min(sizes, texts) < LEAST_SIZES:
        raise DataError(
            f"{len(runs)} runs of {sizes} sizes and {texts} amounts of text do not tell five constants",
            where="runs",
            mend=f"make {least} runs or more, of {LEAST_SIZES} sizes and {LEAST_SIZES} amounts at least",
        )
