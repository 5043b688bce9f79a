"""What the nearest rows say: the answer of ten neighbours, weighted by how near they are.

No family of the catalogue (it would keep its train rows in the package), but a third opinion where
labels are judged: it errs elsewhere than lines and trees do. Distance is Euclidean: of features by their
spread, of texts by their topics (the first singular vectors of their terms, at length 1). A prior of half
a vote keeps the answer off 0 and 1.

Cost: a matrix product of all rows with all, in single precision: which rows are the nearest needs no more.
For thousands of rows, not for millions.
Source: Cover & Hart 1967, IEEE Trans. Inf. Theory 13(1); Dudani 1976, IEEE Trans. SMC 6(4) (weights);
Deerwester et al. 1990, J. ASIS 41(6) (topics).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.core.features import Features

NEIGHBOURS = 10
TOPICS = 100
_BLOCK_ROWS = 256  # whose distances stay in a core's cache
_FARTHEST = 10.0
_MANY, _LIKE = 10, 4.0  # columns of one unit, and how far their spreads may differ
_PRIOR = 0.5  # votes, shared out as the classes are


def points_of(scaled: Features, plain: Features) -> NDArray[np.float64]:
    """Where rows stand: dense features by their spread, or texts by their topics. Shape (rows, any).

    Args:
        scaled: Scaled numbers, a column a category, texts as terms.
        plain: The same numbers in their own units, for columns that share one (pixels, counts).
    """
    if scaled.sparse is None or min(scaled.sparse.shape) <= TOPICS + 1:
        if _share_a_unit(plain):
            centred: NDArray[np.float64] = plain.dense - np.nanmean(plain.dense, axis=0)
            return np.nan_to_num(centred)
        dense = np.clip(np.nan_to_num(scaled.dense), -_FARTHEST, _FARTHEST)
        spread = dense.std(axis=0)
        return dense / np.where(spread > 0, spread, 1.0)
    from scipy.sparse.linalg import svds

    start = np.ones(min(scaled.sparse.shape))
    left, values, _ = svds(scaled.sparse, k=TOPICS, v0=start)
    topics = left * values
    lengths = np.sqrt((topics**2).sum(axis=1, keepdims=True))
    found: NDArray[np.float64] = topics / np.maximum(lengths, 1e-12)
    return found


def neighbour_answers(
    train: NDArray[np.float64],
    values: NDArray[np.float64],
    rows: NDArray[np.float64],
    *,
    num_classes: int,
) -> NDArray[np.float64]:
    """Probabilities (rows, classes), or values (rows,) where `num_classes` is 0.

    Args:
        train: Points of what is learnt from; shape (train rows, dims).
        values: Class codes or numbers; shape (train rows,).
        rows: Points that are asked about; shape (rows, dims).
        num_classes: 0 for numbers.
    """
    count = min(NEIGHBOURS, len(values))
    codes = values.astype(np.int64) if num_classes else values
    shares = np.bincount(codes, minlength=num_classes) / len(values) if num_classes else None
    found = np.empty((len(rows), num_classes) if num_classes else len(rows))
    halves = train.astype(np.float32)
    lengths = np.square(halves).sum(axis=1)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = rows[start : start + _BLOCK_ROWS]
        farness = (-2 * block).astype(np.float32) @ halves.T
        farness += lengths
        nearest = np.argpartition(farness, count - 1, axis=1)[:, :count]
        apart = train[nearest] - block[:, None, :]
        distance = np.sqrt(np.einsum("rnd,rnd->rn", apart, apart))
        weight = 1 / (distance + 0.1 * distance.mean(axis=1, keepdims=True) + 1e-9)
        weight *= count / weight.sum(axis=1, keepdims=True)
        told = values[nearest]
        if shares is None:
            found[start : start + _BLOCK_ROWS] = (weight * told).sum(axis=1) / count
            continue
        votes = np.stack([(weight * (told == k)).sum(axis=1) for k in range(num_classes)], axis=1)
        found[start : start + _BLOCK_ROWS] = (votes + _PRIOR * shares) / (count + _PRIOR)
    return found


def _share_a_unit(plain: Features) -> bool:
    """True for many numbers of like spread: scaling each alone would blow up those that say little."""
    if plain.categorical or plain.dense.shape[1] < _MANY:
        return False
    spread = np.nanstd(plain.dense, axis=0)
    spread = spread[spread > 0]
    return len(spread) > 0 and bool(spread.max() <= _LIKE * np.median(spread))
