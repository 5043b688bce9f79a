"""What several families say of each row, none having seen its label; asked twice.

First round: every family on repeated folds. Each is made as sure as the labels bear out (a temperature,
and a floor for labels that are wrong by accident), then they are pooled on the log scale, weighted by
greedy choice on the log loss. Second round: the same without the rows whose labels the first one holds
for wrong, so that they teach nobody any more. The ranking is by the mean of both: the second is sharper,
the first has seen more.

Cost: families x folds x repeats x 2 fits. The clock may end it between passes; what is there counts.

Source: Northcutt et al. 2021, arXiv:1911.00068, sect. 3 (out-of-fold probabilities, learning again
without the suspects); Caruana et al. 2004, Ensemble Selection (ICML), sect. 2 (greedy weights).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.core.clock import Pacer
from trainwright.core.protocols import FoldModels
from trainwright.data.labels.noise import estimate_noise

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

REPEATS = 2
_STEPS = 20
_LEAST_WEIGHT = 0.1  # of a family that is asked again
_LEAST = 1e-6
_POWERS = (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0)
_FLOORS = (0.0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2)
_MOST_LEFT_OUT = 0.25


@dataclass(frozen=True, slots=True)
class Rounds:
    """Out-of-fold answers.

    Attributes:
        first: Of the first round; shape (rows, classes), or (rows,) of numbers.
        second: Of the second; the first where there was no time, or nothing to leave out.
        sure: Of the last round, without the chance that a label is wrong by accident.
        weights: Of the families.
        whole: True where no pass was left out for lack of time.
    """

    first: Floats
    second: Floats
    sure: Floats
    weights: Mapping[str, float]
    whole: bool

    @property
    def mean(self) -> Floats:
        """Of both rounds."""
        return (self.first + self.second) / 2


def ask(
    models: FoldModels,
    values: Floats,
    *,
    folds: Callable[[int], Ints],
    pacer: Pacer,
    suspects: Callable[[Floats], NDArray[np.bool_]],
    repeats: int = REPEATS,
) -> Rounds | None:
    """Both rounds; None where there is no time for a single pass.

    Args:
        models: Fitted and asked here.
        values: Class codes or numbers; shape (rows,).
        folds: Fold of each row in pass number k.
        pacer: Asked before each pass.
        suspects: Which rows the second round does not learn from, by the first one's answers.
        repeats: Passes of each family in each round.
    """
    clock = _Passes(models, values, folds, pacer)
    found = clock.run(dict.fromkeys(models.families, 1.0), learn=None, repeats=repeats)
    if not found:
        return None
    first = {name: sharpened(answer, values) for name, answer in found.items()}
    weights = greedy_weights({name: answer.floored for name, answer in first.items()}, values)
    mixed = _pooled(first, weights)
    left = suspects(mixed.sure)
    if left.any():
        kept = {name: weight for name, weight in weights.items() if weight >= _LEAST_WEIGHT}
        found = clock.run(kept, learn=~left, repeats=repeats)
        second = {name: sharpened(answer, values) for name, answer in found.items()}
        again = _pooled(second, weights) if second else mixed
    else:
        again = mixed
    return Rounds(mixed.floored, again.floored, again.sure, weights, not clock.ended)


def _pooled(answers: Mapping[str, Sharpened], weights: Mapping[str, float]) -> Sharpened:
    return Sharpened(
        pool({name: answer.sure for name, answer in answers.items()}, weights),
        pool({name: answer.floored for name, answer in answers.items()}, weights),
    )


def likely_wrong(codes: Ints) -> Callable[[Floats], NDArray[np.bool_]]:
    """The rows with the least probability of their label, as many as the noise leads to expect."""

    def choose(probabilities: Floats) -> NDArray[np.bool_]:
        rows = np.arange(len(codes))
        rate = min(_MOST_LEFT_OUT, estimate_noise(probabilities, codes).rate)
        left = np.zeros(len(codes), dtype=bool)
        order = np.argsort(probabilities[rows, codes], kind="stable")
        left[order[: int(rate * len(codes))]] = True
        return left

    return choose


def greedy_weights(answers: Mapping[str, Floats], values: Floats) -> dict[str, float]:
    """Shares of the families in the mixture with the least loss, half-way to equal ones.

    A family that the mixture does without gets nothing; the others correct each other best when none of
    them rules.
    """
    names = list(answers)
    told = {name: _told(answers[name], values) for name in names}
    chosen = dict.fromkeys(names, 0)
    total = np.zeros_like(told[names[0]])
    for step in range(1, _STEPS + 1):
        losses = [_loss((total + told[name]) / step, answers[name].ndim) for name in names]
        best = names[int(np.argmin(losses))]
        chosen[best] += 1
        total += told[best]
    used = sum(count > 0 for count in chosen.values())
    return {
        name: (count / _STEPS + 1 / used) / 2 if count else 0.0 for name, count in chosen.items()
    }


@dataclass(frozen=True, slots=True)
class Sharpened:
    """Answers made as sure as the labels bear out.

    Attributes:
        sure: What the true class is thought to be.
        floored: What the label is thought to be: the same, and some chance of any other class.
    """

    sure: Floats
    floored: Floats


def sharpened(answer: Floats, values: Floats) -> Sharpened:
    """Probabilities to the power, and with the floor, of the least log loss; numbers as they are.

    The floor takes what no power explains: labels that are wrong by accident.
    """
    if answer.ndim == 1:
        return Sharpened(answer, answer)
    rows, codes = np.arange(len(values)), values.astype(np.int64)
    logs = np.log(np.maximum(answer, _LEAST))
    found, least = Sharpened(answer, answer), np.inf
    for power in _POWERS:
        sure = np.exp(power * (logs - logs.max(axis=1, keepdims=True)))
        sure /= sure.sum(axis=1, keepdims=True)
        told = sure[rows, codes]
        for floor in _FLOORS:
            loss = -np.log(np.maximum((1 - floor) * told + floor / answer.shape[1], _LEAST)).mean()
            if loss < least:
                found, least = Sharpened(sure, (1 - floor) * sure + floor / answer.shape[1]), loss
    return found


def pool(answers: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Weighted mean of the families' answers; of probabilities on the log scale."""
    total = sum(weights[name] for name in answers)
    share = {name: weights[name] / total if total else 1 / len(answers) for name in answers}
    first = next(iter(answers.values()))
    found = np.zeros_like(first)
    for name, answer in answers.items():
        found += share[name] * (answer if answer.ndim == 1 else np.log(np.maximum(answer, _LEAST)))
    if first.ndim == 1:
        return found
    found = np.exp(found - found.max(axis=1, keepdims=True))
    shares: Floats = found / found.sum(axis=1, keepdims=True)
    return shares


def _told(answer: Floats, values: Floats) -> Floats:
    """Probability of the label, or the error."""
    if answer.ndim == 1:
        return answer - values
    found: Floats = answer[np.arange(len(values)), values.astype(np.int64)]
    return found


def _loss(told: Floats, dims: int) -> float:
    return float(np.abs(told).mean() if dims == 1 else -np.log(np.maximum(told, _LEAST)).mean())


class _Passes:
    """Passes of a family over all folds, counted, while there is time."""

    def __init__(
        self, models: FoldModels, values: Floats, folds: Callable[[int], Ints], pacer: Pacer
    ) -> None:
        self._models = models
        self._values = values
        self._folds = folds
        self._pacer = pacer
        self._done = 0
        self.ended = False

    def run(
        self, families: Mapping[str, float], *, learn: NDArray[np.bool_] | None, repeats: int
    ) -> dict[str, Floats]:
        """Mean answer of each family that there was time for."""
        sums: dict[str, Floats] = {}
        counts: dict[str, int] = {}
        start = self._done
        for repeat in range(repeats):
            for name in families:
                if self.ended or not self._pacer.go_on("label errors", self._done):
                    self.ended = True
                    break
                answer = self._models.predict(
                    name,
                    self._values,
                    folds=self._folds(start + repeat),
                    learn=learn,
                    seed=start + repeat,
                )
                self._done += 1
                sums[name] = sums.get(name, 0.0) + answer
                counts[name] = counts.get(name, 0) + 1
        return {name: total / counts[name] for name, total in sums.items()}
