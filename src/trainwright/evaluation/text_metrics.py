"""The metrics of texts beside their references, and what one model gains over another on the same rows.

ROUGE, exact match and token F1 are means of rows, with a t interval (Wilson's for exact match). BLEU and
chrF are functions of sums over rows, with a bootstrap of the units on those sums; they go from 0 to 100,
as they are published. The others are shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import MetricValue
from trainwright.core.errors import DataError
from trainwright.summaries import intervals, texts
from trainwright.summaries.intervals import Units
from trainwright.summaries.resampling import Resampler, Statistic

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TEXT_LOSS = "chrf_loss"
TEXT_METRICS = ("bleu", "chrf", "rouge_1", "rouge_2", "rouge_l", "exact_match", "token_f1")


def text_metrics(
    generated: Sequence[str],
    references: Sequence[str],
    *,
    units: Integers,
    seed: int,
    confidence: float = 0.95,
) -> dict[str, MetricValue]:
    """How near texts are to their references, by every metric of `TEXT_METRICS`.

    Where no reference has four words BLEU has nothing to count, and is left out.

    Args:
        generated: One text a row.
        references: What each should have been.
        units: What is resampled, shape (rows,).
        seed: Of the bootstrap.
        confidence: Level of the intervals.

    Raises:
        DataError: no rows, or not as many texts as references.
        EnvironmentFault: sacrebleu is not installed.
    """
    _check(len(generated), len(references), len(units))
    draws = Resampler(Units.of(units), seed=seed)
    found = {
        name: _bootstrap(score, count(generated, references), draws, confidence)
        for name, (count, score) in _of_sums(references).items()
    }
    for name, values in _shares(generated, references).items():
        if name == "exact_match":
            found[name] = intervals.proportion_interval(values, draws.units, confidence=confidence)
        else:
            found[name] = intervals.mean_interval(
                values, draws.units, confidence=confidence, scale=1.0, low=0.0, high=1.0
            )
    return found


def text_losses(generated: Sequence[str], references: Sequence[str]) -> Floats:
    """What candidates that write are compared by, row by row: 1 - chrF2; shape (rows,), in [0, 1].

    Characters, so that it suits any script, and names nothing that a reference would need words for.
    """
    return 1.0 - texts.chrf(texts.chrf_counts(generated, references)) / 100.0


def text_differences(
    before: Sequence[str],
    after: Sequence[str],
    references: Sequence[str],
    *,
    units: Integers,
    seed: int,
    confidence: float = 0.95,
) -> dict[str, MetricValue]:
    """What each metric of `TEXT_METRICS` gained on the same rows: after - before, paired.

    Both texts of a row are drawn together, so what makes a row easy or hard for both does not widen the
    interval.

    Raises:
        DataError: no rows, or not as many texts as references.
        EnvironmentFault: sacrebleu is not installed.

    Source: Koehn 2004 (EMNLP), sect. 4, with an interval in place of a sign.
    """
    for side in (before, after):
        _check(len(side), len(references), len(units))
    draws = Resampler(Units.of(units), seed=seed)
    found = {}
    for name, (count, score) in _of_sums(references).items():
        rows = np.concatenate([count(before, references), count(after, references)], axis=1)
        found[name] = _bootstrap(_gain(score), rows, draws, confidence, low=-100.0)
    first, second = _shares(before, references), _shares(after, references)
    for name in first:
        found[name] = intervals.mean_interval(
            second[name] - first[name],
            draws.units,
            confidence=confidence,
            scale=1.0,
            low=-1.0,
            high=1.0,
        )
    return found


# The metrics of sums: what a row counts, and the score of summed counts.
_OF_SUMS: Mapping[str, tuple[Callable[[Sequence[str], Sequence[str]], Floats], Statistic]] = {
    "bleu": (texts.bleu_counts, texts.bleu),
    "chrf": (texts.chrf_counts, texts.chrf),
}


def _of_sums(
    references: Sequence[str],
) -> Mapping[str, tuple[Callable[[Sequence[str], Sequence[str]], Floats], Statistic]]:
    """Those that such references can be judged by."""
    longest = texts.bleu_counts(references, references)[:, 1].max()
    left_out = () if longest >= texts.BLEU_ORDER else ("bleu",)
    return {name: made for name, made in _OF_SUMS.items() if name not in left_out}


def _shares(generated: Sequence[str], references: Sequence[str]) -> dict[str, Floats]:
    """The metrics that are means of rows, by name; shape (rows,) each."""
    rouge = texts.rouge_scores(generated, references)
    answers = texts.answer_scores(generated, references)
    columns = np.concatenate([rouge, answers], axis=1).T
    return dict(zip(TEXT_METRICS[len(_OF_SUMS) :], columns, strict=True))


def _gain(score: Statistic) -> Statistic:
    """The difference of two models' scores, of the sums of both side by side."""

    def difference(sums: Floats) -> Floats:
        before, after = np.split(sums, 2, axis=1)
        return score(after) - score(before)

    return difference


def _bootstrap(
    score: Statistic,
    rows: Floats,
    draws: Resampler,
    confidence: float,
    *,
    low: float = 0.0,
    high: float = 100.0,
) -> MetricValue:
    """The score of all rows; where nothing varies, what has not been seen bounds it."""
    value = float(score(rows.sum(axis=0)[None, :])[0])
    found = draws.interval(
        draws.sums(rows), score, value=value, confidence=confidence, low=low, high=high
    )
    return found or intervals.flat_interval(
        value,
        draws.units.count,
        confidence=confidence,
        scale=100.0,
        low=low,
        high=high,
    )


def _check(num_rows: int, num_others: int, num_units: int) -> None:
    if not num_rows == num_others == num_units:
        raise DataError(
            f"{num_rows} texts against {num_others} references of {num_units} units",
            where="evaluation of texts",
            mend="give one reference and one unit for each text",
        )
    if num_rows == 0:
        raise DataError(
            "there are no texts to judge",
            where="evaluation of texts",
            mend="data: {split: {fractions: [0.6, 0.2, 0.2]}}, or bring more data",
        )
