"""The choice among candidates: by a proper loss, paired row by row, for the cheapest of equals.

A candidate is tied with the best where the paired difference of their losses is within one standard error
and under 1 % of the baseline's loss; of tied ones the cheapest wins. The baseline wins only when no
candidate beats it beyond the paired interval, corrected for how many tried (Bonferroni): then there is no
signal. Standard errors are between units. Cost: families that differ by less than the noise are told
apart by cost alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Target, Task
from trainwright.core.errors import TrainingError
from trainwright.summaries.intervals import Mean, Units, mean_by_unit, quantile
from trainwright.summaries.label_statistics import label_losses
from trainwright.summaries.language import bits_of_rows
from trainwright.summaries.statistics import log_losses

Floats = NDArray[np.float64]

TIED_FRACTION = 0.01  # of the baseline's loss


@dataclass(frozen=True, slots=True)
class CandidateScore:
    """What the choice knows of a candidate.

    Attributes:
        name: Unique.
        family: Its model family.
        cost: Rank by cost of serving; of tied candidates the lower wins.
        losses: Proper loss a row, on rows that did not teach it; the same rows for all; shape (rows,).
        metric: The value of `evaluation.metric`, where the recipe names one.
        is_baseline: True for the one that others must beat.
    """

    name: str
    family: str
    cost: int
    losses: Floats
    metric: float | None
    is_baseline: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """Which candidate, and why.

    Attributes:
        winner: Position among the candidates given.
        verdict: "signal", or "no signal": nothing beats the baseline.
        reason: In a sentence, with the numbers.
        table: One entry a candidate, in the order given: name, family, cost, metric, loss,
            standard_error, difference and difference_error (paired, to the one of least loss), tied,
            better_than_baseline: {difference, low, high} or None.
    """

    winner: int
    verdict: Literal["signal", "no signal"]
    reason: str
    table: tuple[dict[str, Any], ...]


def loss_name(spec: Target) -> str:
    """The proper loss that choices are made by."""
    if spec.task.has_classes:
        return "log_loss"
    if spec.task.is_language:
        return "bits_per_byte"
    return "absolute_error" if spec.heavy_tailed else "squared_error"


def row_losses(prediction: Prediction | Floats, target: Floats, spec: Target) -> Floats:
    """Log loss, squared error, or absolute error (heavy-tailed targets) of each row; shape (rows,).

    Of language the bits that a row costs, so that their mean is bits per byte; of several labels the mean log
    loss of a row's labels.

    Args:
        prediction: Or raw output: probabilities (rows, classes), values (rows,), of language (rows, 3).
        target: Class codes as whole numbers, or values; bytes of language; shape (rows,).
        spec: The target.
    """
    if isinstance(prediction, Prediction):
        told = prediction.values if prediction.probabilities is None else prediction.probabilities
    else:
        told = prediction
    if spec.task is Task.MULTI_LABEL:
        return label_losses(np.asarray(told, dtype=np.float64), target)
    if spec.task.has_classes:
        return log_losses(told, target.astype(np.int64))
    if spec.task.is_language:
        return bits_of_rows(np.asarray(told, dtype=np.float64), target)
    error = np.asarray(told - target, dtype=np.float64)
    with np.errstate(over="ignore"):  # a loss that is not finite takes its candidate out
        return np.abs(error) if spec.heavy_tailed else np.square(error)


def choose(
    candidates: Sequence[CandidateScore],
    *,
    units: NDArray[np.int64],
    metric_greater_is_better: bool | None = None,
    confidence: float = 0.95,
) -> Choice:
    """Choose (see the module's head for the rule).

    Args:
        candidates: At least one.
        units: Of the rows that the losses are for; shape (rows,).
        metric_greater_is_better: Direction of the candidates' `metric`, which then ranks them in place of
            the loss; None ranks by loss.
        confidence: Of the paired interval against the baseline, before its correction.

    Raises:
        TrainingError: no candidate has finite losses.
    """
    clusters = Units.of(units)
    finite = [k for k, c in enumerate(candidates) if np.isfinite(c.losses).all()]
    if not finite:
        raise TrainingError(
            "no candidate predicts finite values",
            where="model",
            mend="look for extreme values in the data report",
        )
    means = {k: mean_by_unit(candidates[k].losses, clusters) for k in finite}
    baseline = next((k for k in finite if candidates[k].is_baseline), None)
    rivals = [k for k in finite if k != baseline]
    gains = _gains(candidates, rivals, baseline, clusters, confidence=confidence)
    least = min(finite, key=lambda k: (means[k].value, candidates[k].cost, k))
    if baseline is not None and not any(low > 0 for _, low, _ in gains.values()):
        winner, tied, verdict = baseline, [baseline], "no signal"
        reason = _no_signal(candidates, means, gains, baseline)
    else:
        yardstick = means[least if baseline is None else baseline].value
        ranked = _ranking(candidates, rivals, means, greater_is_better=metric_greater_is_better)
        tied = _tied(
            candidates,
            ranked,
            clusters,
            yardstick=yardstick,
            by_metric=candidates[ranked[0]].metric is not None
            and metric_greater_is_better is not None,
        )
        winner = min(tied, key=lambda k: (candidates[k].cost, ranked.index(k)))
        verdict = "signal"
        reason = _signal(candidates, means, gains, winner=winner, best=ranked[0])
    table = tuple(
        _row(candidates, k, means, gains, clusters, least=least, tied=k in tied)
        for k in range(len(candidates))
    )
    assert verdict in ("signal", "no signal")
    return Choice(winner, "signal" if verdict == "signal" else "no signal", reason, table)


def _gains(
    candidates: Sequence[CandidateScore],
    rivals: Sequence[int],
    baseline: int | None,
    units: Units,
    *,
    confidence: float,
) -> dict[int, tuple[float, float, float]]:
    """How much less each rival loses than the baseline: difference, low, high; corrected for their number."""
    if baseline is None:
        return {}
    level = 1 - (1 - confidence) / max(1, len(rivals))
    found = {}
    for k in rivals:
        gain = _paired(candidates, baseline, k, units)
        half = math.inf if units.count < 2 else quantile(level, units.count) * gain.error
        found[k] = (gain.value, gain.value - half, gain.value + half)
    return found


def _paired(candidates: Sequence[CandidateScore], a: int, b: int, units: Units) -> Mean:
    return mean_by_unit(candidates[a].losses - candidates[b].losses, units)


def _ranking(
    candidates: Sequence[CandidateScore],
    rivals: Sequence[int],
    means: dict[int, Mean],
    *,
    greater_is_better: bool | None,
) -> list[int]:
    """Rivals, the best first."""
    if greater_is_better is None:
        return sorted(rivals, key=lambda k: (means[k].value, candidates[k].cost, k))

    def place(k: int) -> tuple[float, float, int]:
        metric = candidates[k].metric
        if metric is None or not math.isfinite(metric):
            return math.inf, means[k].value, k
        return (-metric if greater_is_better else metric), means[k].value, k

    return sorted(rivals, key=place)


def _tied(
    candidates: Sequence[CandidateScore],
    ranked: Sequence[int],
    units: Units,
    *,
    yardstick: float,
    by_metric: bool,
) -> list[int]:
    """The best and those that cannot be told from it; by a metric, those of the very same value."""
    best = ranked[0]
    if by_metric:
        return [k for k in ranked if candidates[k].metric == candidates[best].metric]
    tied = []
    for k in ranked:
        behind = _paired(candidates, k, best, units)
        noise = behind.error if units.count > 1 else 0.0
        if behind.value <= noise and behind.value <= TIED_FRACTION * abs(yardstick):
            tied.append(k)
    return tied


def _row(
    candidates: Sequence[CandidateScore],
    k: int,
    means: dict[int, Mean],
    gains: dict[int, tuple[float, float, float]],
    units: Units,
    *,
    least: int,
    tied: bool,
) -> dict[str, Any]:
    """A line of the table, as JSON values (None where a number does not exist)."""
    candidate = candidates[k]
    row: dict[str, Any] = {
        "name": candidate.name,
        "family": candidate.family,
        "cost": candidate.cost,
        "metric": _number(candidate.metric),
        "tied": tied,
    }
    if k not in means:
        blank = ("loss", "standard_error", "difference", "difference_error", "better_than_baseline")
        return row | dict.fromkeys(blank)
    behind = _paired(candidates, k, least, units)
    names = ("difference", "low", "high")
    gain = dict(zip(names, map(_number, gains[k]), strict=True)) if k in gains else None
    return row | {
        "loss": means[k].value,
        "standard_error": _number(means[k].error),
        "difference": behind.value,
        "difference_error": _number(behind.error),
        "better_than_baseline": gain,
    }


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _no_signal(
    candidates: Sequence[CandidateScore],
    means: dict[int, Mean],
    gains: dict[int, tuple[float, float, float]],
    baseline: int,
) -> str:
    told = f"the baseline's loss is {means[baseline].value:.4g}"
    if not gains:
        return f"only the baseline was fitted; {told}"
    k = max(gains, key=lambda k: gains[k][1])
    gain, low, high = gains[k]
    word, amount = ("better", gain) if gain >= 0 else ("worse", -gain)
    bounds = (low, high) if gain >= 0 else (-high, -low)
    return (
        f"no candidate beats the baseline: {told}, the nearest is {candidates[k].name}, {word} by"
        f" {amount:.4g} (corrected interval {bounds[0]:.4g} to {bounds[1]:.4g})"
    )


def _signal(
    candidates: Sequence[CandidateScore],
    means: dict[int, Mean],
    gains: dict[int, tuple[float, float, float]],
    *,
    winner: int,
    best: int,
) -> str:
    name = candidates[winner].name
    if winner == best:
        text = f"{name} is best with a loss of {means[winner].value:.4g}"
    else:
        text = (
            f"{name} is tied with {candidates[best].name} (loss {means[winner].value:.4g} and"
            f" {means[best].value:.4g}) and cheaper"
        )
    if winner in gains:
        gain, low, high = gains[winner]
        return f"{text}; better than the baseline by {gain:.4g} ({low:.4g} to {high:.4g})"
    return f"{text}; there is no baseline to compare it with"
