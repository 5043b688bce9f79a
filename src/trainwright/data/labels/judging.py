"""Every label judged by models that were not shown it: a score for the ranking, a chance for the cut.

The score is the doubt in the label itself, one minus its out-of-fold probability (of numbers: the
standardised residual): it ranks as well as any published score. The chance that it is wrong comes from
`noise` or `residuals`, and is 0 for nearly all rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.core.clock import Pacer
from trainwright.core.protocols import FoldModels
from trainwright.data.labels.noise import Noise, estimate_noise
from trainwright.data.labels.residuals import estimate_outliers, standardised
from trainwright.data.labels.rounds import Floats, Ints, Rounds, ask, likely_wrong

_USUAL = 0.95


@dataclass(frozen=True, slots=True)
class Judged:
    """Attributes.

    score: The greater, the more suspect; shape (rows,).
    told: What the models say instead: class codes or numbers; shape (rows,).
    noise: How many are wrong, and how probably each.
    rounds: The answers behind it.
    """

    score: Floats
    told: Floats
    noise: Noise
    rounds: Rounds


def judge_classes(
    models: FoldModels,
    codes: Ints,
    *,
    folds: Callable[[int], Ints],
    pacer: Pacer,
    looks: int = 1,
) -> Judged | None:
    """Judge class labels; None where there is no time.

    Args:
        models: Of the rows.
        codes: Labels as given; shape (rows,).
        folds: Fold of each row in pass number k; equal rows belong into one fold.
        pacer: Asked before each pass.
        looks: How many columns of labels are judged (see `estimate_noise`).
    """
    rounds = ask(
        models, codes.astype(np.float64), folds=folds, pacer=pacer, suspects=likely_wrong(codes)
    )
    if rounds is None:
        return None
    mean = rounds.mean
    score = 1 - mean[np.arange(len(codes)), codes]
    noise = estimate_noise(rounds.sure, codes, looks=looks)
    return Judged(score, mean.argmax(axis=1).astype(np.float64), noise, rounds)


def judge_numbers(
    models: FoldModels, values: Floats, *, folds: Callable[[int], Ints], pacer: Pacer
) -> Judged | None:
    """The same for numbers."""
    rounds = ask(models, values, folds=folds, pacer=pacer, suspects=_far_out(models, values, folds))
    if rounds is None:
        return None
    score = _scores(models, values, rounds.mean, folds)
    return Judged(score, rounds.mean, estimate_outliers(score), rounds)


def _far_out(
    models: FoldModels, values: Floats, folds: Callable[[int], Ints]
) -> Callable[[Floats], NDArray[np.bool_]]:
    def choose(answers: Floats) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = (
            estimate_outliers(_scores(models, values, answers, folds)).wrong > 0.5
        )
        return found

    return choose


def _scores(
    models: FoldModels, values: Floats, answers: Floats, folds: Callable[[int], Ints]
) -> Floats:
    residuals = values - answers
    sizes = np.abs(residuals)
    usual = np.minimum(sizes, np.quantile(sizes, _USUAL))  # one far out must not widen its fold
    spread = models.predict(models.families[-1], usual, folds=folds(0))
    return standardised(residuals, spread)
