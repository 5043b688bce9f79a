"""Is a difference between two sets of counts more than sampling and ordinary movement make?

The statistic is Pearson's for two samples. Under no drift at all it is chi-square. Real columns
move a little all the time, so the reference's blocks differ by more than sampling; that excess,
estimated by moments (DerSimonian & Laird 1986, Controlled Clinical Trials 7, eq. 8, applied to
proportions weighted by 1/p), is added to the null: the live rows may lie as far away as one more
block would. All movement is taken to go in one direction, the case with the heaviest tail, so its
square is F(1, blocks - 1). Cost: with few blocks and much movement only gross drift is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.summaries.distances import population_stability_index

Counts = NDArray[np.int64]
_MIN_POOLED = 10  # counts of a bin in both samples together; rarer bins are put together
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


def compare(blocks: Counts, live: Counts) -> Movement:
    """Live counts against the reference's blocks.

    Args:
        blocks: Shape (blocks, bins).
        live: Shape (bins,).
    """
    reference = blocks.sum(axis=0)
    if reference.sum() == 0 or live.sum() == 0:
        return Movement(0.0, 1.0)
    return Movement(population_stability_index(reference, live), _p_value(blocks, live))


def _p_value(blocks: Counts, live: Counts) -> float:
    from scipy.stats import chi2

    table = _merge_rare(np.vstack([blocks, live]))
    blocks, live = table[:-1], table[-1]
    if table.shape[1] < 2:
        return 1.0
    reference = blocks.sum(axis=0)
    freedom = table.shape[1] - 1
    statistic = _homogeneity(np.vstack([reference, live]))
    moved = _movement_variance(blocks)
    if moved == 0.0:
        return float(chi2.sf(statistic, freedom))
    num_live, num_reference, num_blocks = live.sum(), reference.sum(), len(blocks)
    weight = num_live * num_reference / (num_live + num_reference)
    scale = weight * moved * (1 + 1 / num_blocks)
    return _tail_of_sum(float(statistic), freedom=freedom, scale=float(scale), blocks=num_blocks)


def _movement_variance(blocks: Counts) -> float:
    """Variance of the blocks' proportions beyond sampling, summed over bins, each over its share."""
    from scipy.stats import chi2

    sizes = blocks.sum(axis=1)
    blocks, sizes = blocks[sizes > 0], sizes[sizes > 0]
    kept = blocks[:, blocks.sum(axis=0) > 0]
    freedom = (len(kept) - 1) * (kept.shape[1] - 1)
    if freedom <= 0:
        return 0.0
    excess = _homogeneity(kept)
    if chi2.sf(excess, freedom) > _NOTICED:
        return 0.0
    total = sizes.sum()
    return float(max(0.0, (excess - freedom) / (total - (sizes**2).sum() / total)))


def _tail_of_sum(statistic: float, *, freedom: int, scale: float, blocks: int) -> float:
    """P(S + scale * F > statistic), S chi-square(freedom), F of F(1, blocks - 1), by quadrature.

    The tail of F is cut into pieces of equal ratio down to 1e-12; each counts with the larger of
    its ends, so that the sum is an upper bound and tight to a few per cent.
    """
    from scipy.stats import chi2
    from scipy.stats import f as fisher

    tails = np.logspace(0, -12, 400)
    moves = np.append(fisher.isf(tails[1:], 1, blocks - 1), np.inf)
    chances = -np.diff(np.append(tails, 0.0))
    bounds = chi2.sf(np.maximum(statistic - scale * moves, 0.0), freedom)
    return float(min(1.0, np.sum(chances * bounds)))


def _homogeneity(table: Counts) -> float:
    """Pearson's chi-square statistic of a table without empty columns."""
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(np.sum((table - expected) ** 2 / expected))


def _merge_rare(table: Counts) -> Counts:
    """The table with its rare bins as one, so that the chi-square approximation holds."""
    rare = table[[-1]].sum(axis=0) + table[:-1].sum(axis=0) < _MIN_POOLED
    merged = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
    return merged[:, merged.sum(axis=0) > 0]
