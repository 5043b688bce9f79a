"""Is a difference between two sets of counts more than sampling and ordinary movement make?

Without movement the statistic is Pearson's for two samples, and its null is chi-square. Real columns
move all the time, so the blocks of the reference lie further apart than sampling puts them. That
excess is estimated by moments (DerSimonian & Laird 1986, Controlled Clinical Trials 7, eq. 8, summed
over bins), and the null is the sum of both: a chi-square for sampling, and for movement a quadratic
form of normals whose scale was estimated from few blocks, so F, with the degrees of freedom that the
spread of the blocks' own distances shows (Satterthwaite 1946, Biometrics Bulletin 2, p. 110): movement
that came in one burst has a heavy tail. Distances are weighted by the reference's shares, for blocks
and live rows alike, so that live rows can lie further out than any block.

Movement averages out as rows grow more, in independent groups at the rate 1 / n. In time it persists:
it is taken for fractional Gaussian noise (Mandelbrot & Van Ness 1968, SIAM Review 10, p. 422) with
the exponent that Hurst (1951, Trans. ASCE 116) found on average over 690 records of nature, 0.73, and
the live rows for those that follow the reference. The exponent is not fitted: thirty blocks do not
tell it. Cost: a trend that goes on alarms some day, and what repeats within a block (the hours of a
day) counts as no movement at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.summaries.distances import population_stability_index

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

INDEPENDENT = 0.5  # Hurst's exponent of blocks that are exchangeable
PERSISTENT = 0.73  # and of blocks in time
MIN_POOLED = 10  # counts of a bin in both samples together; rarer bins are put together
_MIN_SHARE = 0.01  # of a bin as a weight, so that one new value does not count without bound
_FEWEST = 0.25  # degrees of freedom of a distance, where one block stands for nearly all of it
_CERTAIN = 1.6449  # standard errors: at 95 %, one side
_NOTICED = 0.2  # movement is taken into account where the blocks differ at this level


@dataclass(frozen=True, slots=True)
class Movement:
    """How far apart two sets of counts lie.

    Attributes:
        psi: Population stability index, >= 0.
        p_value: Chance of as large a difference without drift, in [0, 1].
    """

    psi: float
    p_value: float


@dataclass(frozen=True, slots=True)
class _Spread:
    """How far one block's shares lie from the others' beyond sampling.

    Attributes:
        variance: Summed over bins, each over its share.
        directions: Degrees of freedom of a block's squared distance; few where one block stands out.
    """

    variance: float
    directions: float


def compare(blocks: Counts, live: Counts, *, hurst: float) -> Movement:
    """Live counts against the reference's blocks.

    Args:
        blocks: Shape (blocks, bins).
        live: Shape (bins,).
        hurst: How movement persists from block to block: INDEPENDENT or PERSISTENT.
    """
    reference = blocks.sum(axis=0)
    if reference.sum() == 0 or live.sum() == 0:
        return Movement(0.0, 1.0)
    psi = population_stability_index(reference, live)
    return Movement(psi, _p_value(blocks[blocks.sum(axis=1) > 0], live, hurst=hurst))


def certain_auc(reference: Counts, live: Counts) -> float:
    """How well the column alone tells live rows from the reference's, at least; 0 without rows.

    The one-sided 95 % lower bound of the AUC, in whichever direction it is above one half. Rows of one bin
    are ties, which make the bound closer.

    Args:
        reference: Rows in each bin, the bins in order and none for missing values; shape (bins,).
        live: Likewise.

    Source: Mann & Whitney 1947, Ann. Math. Stat. 18, p. 50, with its variance where nothing moved, and
    Kruskal & Wallis 1952, JASA 47, eq. 1.3, for ties. Parity: tests/numeric/test_drift_power.py.
    """
    ours, theirs = int(reference.sum()), int(live.sum())
    if ours == 0 or theirs == 0:
        return 0.0
    wins = float(np.sum(live * (np.cumsum(reference) - reference / 2)))
    auc = wins / ours / theirs
    together = ours + theirs
    sizes = (reference + live).astype(np.float64)
    ties = float(np.sum(sizes**3 - sizes)) / together / max(1, together - 1)
    error = ((together + 1 - ties) / 12 / ours / theirs) ** 0.5
    return float(max(0.0, max(auc, 1 - auc) - _CERTAIN * error))


def _p_value(blocks: Counts, live: Counts, *, hurst: float) -> float:
    from scipy.stats import chi2

    table = _merge_rare(np.vstack([blocks, live]))
    blocks, live = table[:-1], table[-1]
    if table.shape[1] < 2:
        return 1.0
    reference = blocks.sum(axis=0)
    freedom = table.shape[1] - 1
    by_sampling = float(chi2.sf(_homogeneity(np.vstack([reference, live])), freedom))
    spread = _spread(blocks)
    if spread is None:
        return by_sampling
    num_live, num_reference, num_blocks = live.sum(), reference.sum(), len(blocks)
    gap = live / num_live - reference / num_reference
    sampling = 1 / num_live + 1 / num_reference
    grown = growth(num_live * num_blocks / num_reference, blocks=num_blocks, hurst=hurst)
    by_both = _tail_of_sum(
        float(np.sum(gap**2 * _weights(reference)) / sampling),
        freedom=freedom,
        scale=float(spread.variance * grown / sampling),
        directions=spread.directions,
        moved=spread.directions * freedom_of_variance(blocks=num_blocks, hurst=hurst),
    )
    return max(by_sampling, by_both)


def _spread(blocks: Counts) -> _Spread | None:
    """How far the blocks lie apart beyond sampling; None where that is not noticed."""
    from scipy.stats import chi2

    kept = blocks[:, blocks.sum(axis=0) > 0]
    freedom = (len(kept) - 1) * (kept.shape[1] - 1)
    if freedom <= 0 or chi2.sf(_homogeneity(kept), freedom) > _NOTICED:
        return None
    weights = _weights(kept.sum(axis=0))
    sizes, total = kept.sum(axis=1), kept.sum()
    shares = kept.sum(axis=0) / total
    distances = ((kept / sizes[:, None] - shares) ** 2) @ weights
    by_sampling = (len(kept) - 1) * float(np.sum(shares * (1 - shares) * weights))
    excess = float(np.sum(sizes * distances)) - by_sampling
    variance = excess / float(total - (sizes**2).sum() / total)
    if variance <= 0:
        return None
    return _Spread(variance, _directions(distances, variance, sizes=sizes, bins=kept.shape[1]))


def _directions(distances: Floats, variance: float, *, sizes: Counts, bins: int) -> float:
    """Degrees of freedom from the distances' own variance, less what sampling adds to it.

    Of a quadratic form of normals with covariance M + S the variance is 2 tr (M + S)^2, and S, of
    sampling, is 1 / rows in each of (bins - 1) directions.
    """
    rows = float(np.mean(sizes))
    squares = distances.var(ddof=1) / 2 - 2 * variance / rows - (bins - 1) / rows**2
    most = float(bins - 1)
    return most if squares <= variance**2 / most else max(_FEWEST, variance**2 / float(squares))


def growth(length: float, *, blocks: int, hurst: float) -> float:
    """Expected square of (live - reference), over the variance that is found among the blocks.

    Args:
        length: Live rows, in blocks.
        blocks: Of the reference, at least 2.
        hurst: 0.5 gives 1 / length + 1 / blocks.
    """
    double = 2 * hurst
    together = (blocks + length) ** double - blocks**double - length**double
    apart = length ** (double - 2) + blocks ** (double - 2) - together / (blocks * length)
    found = (1 - blocks ** (double - 2)) * blocks / (blocks - 1)
    return float(apart / found)


def freedom_of_variance(*, blocks: int, hurst: float) -> float:
    """Degrees of freedom of a variance found among that many blocks; 0.5 gives blocks - 1.

    Source: Bartlett 1946, J. R. Stat. Soc. Suppl. 8, p. 27, for the autocorrelations of the noise.
    """
    lags = np.arange(1.0, blocks)
    double = 2 * hurst
    alike = ((lags + 1) ** double - 2 * lags**double + (lags - 1) ** double) / 2
    return float((blocks - 1) / (1 + 2 * np.sum((1 - lags / blocks) * alike**2)))


def _tail_of_sum(
    statistic: float, *, freedom: int, scale: float, directions: float, moved: float
) -> float:
    """P(S + scale F > statistic), S chi-square(freedom), F of F(directions, moved), by quadrature.

    The tail of F is cut into pieces of equal ratio down to 1e-12; each counts with the larger of
    its ends, so that the sum is an upper bound and tight to a few per cent.
    """
    from scipy.stats import chi2
    from scipy.stats import f as fisher

    tails = np.logspace(0, -12, 400)
    moves = np.append(fisher.isf(tails[1:], directions, moved), np.inf)
    chances = -np.diff(np.append(tails, 0.0))
    bounds = chi2.sf(np.maximum(statistic - scale * moves, 0.0), freedom)
    return float(min(1.0, np.sum(chances * bounds)))


def _weights(reference: Counts) -> Floats:
    """One over the reference's shares."""
    weights: Floats = 1 / np.maximum(reference / reference.sum(), _MIN_SHARE)
    return weights


def _homogeneity(table: Counts) -> float:
    """Pearson's chi-square statistic of a table without empty columns."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(np.sum((table - expected) ** 2 / expected))


def _merge_rare(table: Counts) -> Counts:
    """The table with its rare bins as one, so that the chi-square approximation holds."""
    rare = table[[-1]].sum(axis=0) + table[:-1].sum(axis=0) < MIN_POOLED
    merged = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    return merged[:, merged.sum(axis=0) > 0]
