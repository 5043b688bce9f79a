"""Metrics as mergeable statistics: the same number, to the last bit, for any batch size and order.

Counts are integers. Sums of floats are exact (`ExactSum`), so that addition is associative; ranks are
kept as counts at each distinct score. What is merged is therefore what one pass over all rows gives.
Cost: `math.fsum` two or three times over the rows (about 20 ns a row each), and memory for the
distinct scores.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CALIBRATION_BINS = 15
TINY = float(np.finfo(np.float64).eps)  # the least probability in a log loss
_SPLITTER = 134_217_729.0  # 2**27 + 1, Veltkamp's
_MAX_PARTS = 64  # 2,098 bits hold any sum of doubles: 40 parts of 53


@dataclass(frozen=True, slots=True)
class ExactSum:
    """A sum of doubles without rounding, as a few doubles that add up to it exactly.

    The first part is the rounded sum, the second what it lacks, and so on.

    Source: Shewchuk 1997, "Adaptive precision floating-point arithmetic"; `math.fsum` rounds such an
    expansion once.
    """

    parts: tuple[float, ...] = ()

    @classmethod
    def of(cls, values: Iterable[float]) -> ExactSum:
        """The exact sum of finite values; not finite where one of them is not."""
        terms = values.tolist() if isinstance(values, np.ndarray) else list(values)
        parts: list[float] = []
        for _ in range(_MAX_PARTS):
            try:
                part = math.fsum(terms)
            except (OverflowError, ValueError):  # beyond the doubles, or infinities of both signs
                return cls((math.nan,))
            if part == 0.0:
                break
            parts.append(part)
            if not math.isfinite(part):
                break
            terms.append(-part)
        return cls(tuple(parts))

    def merge(self, other: ExactSum) -> ExactSum:
        """The sum of both."""
        return ExactSum.of([*self.parts, *other.parts])

    @property
    def value(self) -> float:
        """The sum, rounded once."""
        return self.parts[0] if self.parts else 0.0

    @property
    def fraction(self) -> Fraction:
        """The sum itself; all parts must be finite."""
        return sum((Fraction(part) for part in self.parts), Fraction(0))


@dataclass(frozen=True, slots=True)
class RankCounts:
    """How many positives and negatives stand at each distinct score: all that ROC and PR curves need.

    Attributes:
        scores: Distinct, rising; shape (scores,).
        positives: Rows of the positive class at each score, int64.
        negatives: The other rows at each score, int64.
    """

    scores: Floats
    positives: Integers
    negatives: Integers

    @classmethod
    def of(cls, scores: Floats, is_positive: NDArray[np.bool_]) -> RankCounts:
        """Count rows of `scores` (rows,) at each distinct one."""
        distinct, place = np.unique(scores, return_inverse=True)
        total = np.bincount(place, minlength=len(distinct)).astype(np.int64)
        positives = np.bincount(place[is_positive], minlength=len(distinct)).astype(np.int64)
        return cls(distinct, positives, total - positives)

    def merge(self, other: RankCounts) -> RankCounts:
        """The counts over both."""
        scores = np.concatenate([self.scores, other.scores])
        distinct, place = np.unique(scores, return_inverse=True)
        counts = np.zeros((2, len(distinct)), dtype=np.int64)
        both = np.concatenate([self.positives, other.positives])
        np.add.at(counts[0], place, both)
        np.add.at(counts[1], place, np.concatenate([self.negatives, other.negatives]))
        return RankCounts(distinct, counts[0], counts[1])

    @property
    def roc_auc(self) -> float | None:
        """P(score of a positive > score of a negative), ties half; None where one class is absent."""
        num_positive, num_negative = int(self.positives.sum()), int(self.negatives.sum())
        if num_positive == 0 or num_negative == 0:
            return None
        below = np.cumsum(self.negatives) - self.negatives
        twice = int((self.positives * (2 * below + self.negatives)).sum())  # exact: integers
        return twice / (2 * num_positive * num_negative)

    @property
    def average_precision(self) -> float | None:
        """Sum over thresholds of (recall step) * precision; None without a positive."""
        hits = np.cumsum(self.positives[::-1])
        if len(hits) == 0 or hits[-1] == 0:
            return None
        called = hits + np.cumsum(self.negatives[::-1])
        return math.fsum((self.positives[::-1] * (hits / called)).tolist()) / int(hits[-1])


@dataclass(frozen=True, slots=True)
class ClassStatistics:
    """All that the classification metrics need to know of the rows.

    Attributes:
        confusion: Rows of class i decided as class j; shape (classes, classes), int64.
        log_loss: Sum of -ln p(true class), p at least 2.2e-16.
        brier: Sum of squared errors of the positive class's probability, or of all classes' where
            there are more than two.
        ranks: Of each class's probability against the others; of class 1 alone where there are two.
        bin_rows: Rows a calibration bin (15 of equal width); int64.
        bin_hits: Those of them that were of the class told.
        bin_probability: Sum of the told probability a bin. Told is the positive class of two, the
            most probable one of many.
        entities: Of tagged words: true ones, decided ones, and those that are both; else None.
    """

    confusion: Integers
    log_loss: ExactSum
    brier: ExactSum
    ranks: tuple[RankCounts, ...]
    bin_rows: Integers
    bin_hits: Integers
    bin_probability: tuple[ExactSum, ...]
    entities: tuple[int, int, int] | None = None

    @classmethod
    def of(
        cls,
        probabilities: Floats,
        codes: Integers,
        decided: Integers,
        *,
        entities: Floats | None = None,
    ) -> ClassStatistics:
        """Statistics of a batch.

        Args:
            probabilities: Shape (rows, classes), rows sum to 1.
            codes: True classes, shape (rows,).
            decided: Decided classes, shape (rows,).
            entities: Of tagged words (see `summaries.entities`); shape (rows, 3).
        """
        num_classes = probabilities.shape[1]
        confusion = np.zeros((num_classes, num_classes), dtype=np.int64)
        np.add.at(confusion, (codes, decided), 1)
        told, is_hit = told_probability(probabilities, codes)
        bins = calibration_bin(told)
        order = np.argsort(bins, kind="stable")
        edges = np.searchsorted(bins[order], np.arange(1, CALIBRATION_BINS))
        ranked = range(1, 2) if num_classes == 2 else range(num_classes)
        return cls(
            confusion=confusion,
            log_loss=ExactSum.of(log_losses(probabilities, codes)),
            brier=ExactSum.of(brier_losses(probabilities, codes)),
            ranks=tuple(RankCounts.of(probabilities[:, k], codes == k) for k in ranked),
            bin_rows=np.bincount(bins, minlength=CALIBRATION_BINS).astype(np.int64),
            bin_hits=np.bincount(bins[is_hit], minlength=CALIBRATION_BINS).astype(np.int64),
            bin_probability=tuple(ExactSum.of(part) for part in np.split(told[order], edges)),
            entities=None if entities is None else _three(entities.sum(axis=0).tolist()),
        )

    def merge(self, other: ClassStatistics) -> ClassStatistics:
        """Statistics of both batches."""
        return ClassStatistics(
            confusion=self.confusion + other.confusion,
            log_loss=self.log_loss.merge(other.log_loss),
            brier=self.brier.merge(other.brier),
            ranks=tuple(a.merge(b) for a, b in zip(self.ranks, other.ranks, strict=True)),
            bin_rows=self.bin_rows + other.bin_rows,
            bin_hits=self.bin_hits + other.bin_hits,
            bin_probability=tuple(
                a.merge(b) for a, b in zip(self.bin_probability, other.bin_probability, strict=True)
            ),
            entities=None
            if self.entities is None or other.entities is None
            else _three([a + b for a, b in zip(self.entities, other.entities, strict=True)]),
        )

    @property
    def rows(self) -> int:
        """How many."""
        return int(self.confusion.sum())


@dataclass(frozen=True, slots=True)
class RegressionStatistics:
    """All that the regression metrics need to know of the rows.

    Attributes:
        rows: How many.
        squared_error: Sum of (prediction - target)².
        absolute_error: Sum of |prediction - target|.
        target: Sum of targets.
        target_square: Sum of squared targets, exact, so that R² loses no digit to cancellation.
        naive_error: Of a forecast: what a naive one errs by, the same for all batches; None elsewhere.
    """

    rows: int
    squared_error: ExactSum
    absolute_error: ExactSum
    target: ExactSum
    target_square: ExactSum
    naive_error: float | None = None

    @classmethod
    def of(
        cls, predicted: Floats, target: Floats, *, naive_error: float | None = None
    ) -> RegressionStatistics:
        """Statistics of a batch; both of shape (rows,)."""
        error = predicted - target
        with np.errstate(over="ignore", invalid="ignore"):  # a sum that is not finite says it
            square, rest = _exact_square(target)
            squared_error = error * error
        return cls(
            rows=len(target),
            squared_error=ExactSum.of(squared_error),
            absolute_error=ExactSum.of(np.abs(error)),
            target=ExactSum.of(target),
            target_square=ExactSum.of(square).merge(ExactSum.of(rest)),
            naive_error=naive_error,
        )

    def merge(self, other: RegressionStatistics) -> RegressionStatistics:
        """Statistics of both batches."""
        return RegressionStatistics(
            rows=self.rows + other.rows,
            squared_error=self.squared_error.merge(other.squared_error),
            absolute_error=self.absolute_error.merge(other.absolute_error),
            target=self.target.merge(other.target),
            target_square=self.target_square.merge(other.target_square),
            naive_error=self.naive_error,
        )

    @property
    def target_spread(self) -> float:
        """Sum of squared distances of the target from its mean, rounded once."""
        if self.rows == 0 or not math.isfinite(self.target_square.value):
            return math.nan if self.rows else 0.0
        return float(self.target_square.fraction - self.target.fraction**2 / self.rows)


def log_losses(probabilities: Floats, codes: Integers) -> Floats:
    """-ln of the true class's probability, clipped to [2.2e-16, 1 - 2.2e-16]; shape (rows,)."""
    true = probabilities[np.arange(len(codes)), codes]
    losses: Floats = -np.log(np.clip(true, TINY, 1.0 - TINY))
    return losses


def brier_losses(probabilities: Floats, codes: Integers) -> Floats:
    """Squared error of the probabilities a row: of the positive class of two, of all of many."""
    if probabilities.shape[1] == 2:
        return np.asarray(np.square(probabilities[:, 1] - (codes == 1)))
    truth = np.zeros_like(probabilities)
    truth[np.arange(len(codes)), codes] = 1.0
    return np.asarray(np.square(probabilities - truth).sum(axis=1))


def told_probability(probabilities: Floats, codes: Integers) -> tuple[Floats, NDArray[np.bool_]]:
    """The probability whose calibration is judged, and whether what it tells of came true."""
    if probabilities.shape[1] == 2:
        return np.ascontiguousarray(probabilities[:, 1]), codes == 1
    top = np.argmax(probabilities, axis=1)
    return probabilities[np.arange(len(top)), top], top == codes


def calibration_bin(told: Floats) -> Integers:
    """Which of 15 bins of equal width over [0, 1]; shape (rows,)."""
    return np.clip((told * CALIBRATION_BINS).astype(np.int64), 0, CALIBRATION_BINS - 1)


def _three(counts: Sequence[float]) -> tuple[int, int, int]:
    true, decided, both = counts
    return int(true), int(decided), int(both)


def _exact_square(values: Floats) -> tuple[Floats, Floats]:
    """x² as (rounded, what the rounding lacks).

    Source: Dekker 1971, with Veltkamp's split; exact for 1e-145 < |x| < 1e145.
    """
    square = values * values
    big = _SPLITTER * values
    high = big - (big - values)
    low = values - high
    rest = low * low - ((square - high * high) - 2 * high * low)
    return square, np.where(np.isfinite(rest), rest, 0.0)
