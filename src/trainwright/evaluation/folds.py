"""Folds that keep units whole: dealt evenly within each class, or contiguous in time.

Random folds deal the units of each class (a unit counts for its rarest one) back and forth over the
folds, largest first, so that classes and sizes stay even. By time, folds are contiguous blocks in
rising order of unit, cut where the row counts are nearest to equal: every row is judged once, by a fit
that may have seen later blocks, which forward chaining would avoid at the price of rows never judged.
Unit ids must then rise with time; where units are groups (group-time) they are kept whole, in id order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.core.errors import DataError
from trainwright.core.seeds import derive_seed

Integers = NDArray[np.int64]


def make_folds(
    codes: Integers | None,
    units: Integers,
    *,
    folds: int,
    repeats: int = 1,
    seed: int,
    by_time: bool,
) -> list[tuple[Integers, Integers]]:
    """(train rows, judged rows) of each fold; within a repeat every row is judged once.

    Args:
        codes: Classes to keep even, shape (rows,); None for regression.
        units: Rows of equal unit stay together; shape (rows,).
        folds: At least 2.
        repeats: Random folds are dealt anew so many times; by time there is one way only, so one
            repeat.
        seed: Of the deal.
        by_time: Contiguous blocks instead.

    Raises:
        DataError: fewer units than folds, or a fold lacks all classes but one.
    """
    count = len(np.unique(units))
    if folds < 2 or count < folds:
        raise DataError(
            f"{count} independent units (rows, groups or blocks of time) cannot make {folds} folds",
            where="evaluation.cross_validation",
            mend=f"evaluation: {{cross_validation: {max(2, min(count, 5))}}}, or bring more data",
        )
    found = []
    for repeat in range(1 if by_time else repeats):
        fold = assign_folds(
            codes, units, folds=folds, seed=derive_seed(seed, "deal", repeat), by_time=by_time
        )
        for number in range(folds):
            train, judged = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            if codes is not None:
                _check_classes(codes, train, judged, number=number, folds=folds)
            found.append((train, judged))
    return found


def assign_folds(
    codes: Integers | None, units: Integers, *, folds: int, seed: int, by_time: bool
) -> Integers:
    """Fold of each row, 0 .. folds - 1; shape (rows,). A fold is empty where units are too few."""
    _, place, sizes = np.unique(units, return_inverse=True, return_counts=True)
    if by_time:
        middle = np.cumsum(sizes) - sizes / 2
        by_unit = np.minimum((middle * folds / len(units)).astype(np.int64), folds - 1)
        return by_unit[place]
    stratum = np.zeros(len(sizes), dtype=np.int64) if codes is None else _rarest(codes, place)
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    order = np.lexsort((shuffled, -sizes, stratum))
    turn, step = np.divmod(np.arange(len(sizes)), folds)
    dealt = np.where(turn % 2 == 0, step, folds - 1 - step)  # back and forth, across strata
    by_unit = np.empty(len(sizes), dtype=np.int64)
    by_unit[order] = dealt
    return by_unit[place]


def _rarest(codes: Integers, place: Integers) -> Integers:
    """The rarest class that each unit holds, as a rank (0 is the rarest); shape (units,)."""
    counts = np.bincount(codes)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    rarest = np.full(int(place.max()) + 1, len(counts), dtype=np.int64)
    np.minimum.at(rarest, place, rank[codes])
    return rarest


def _check_classes(
    codes: Integers, train: Integers, judged: Integers, *, number: int, folds: int
) -> None:
    for rows, part in ((judged, "judged"), (train, "train")):
        if len(rows) == 0 or len(np.unique(codes[rows])) < 2:
            counts = np.bincount(codes)
            enough = max(2, min(folds - 1, int(counts[counts > 0].min()) // 2))
            raise DataError(
                f"the {part} rows of fold {number + 1} of {folds} hold a single class",
                where=f"evaluation.cross_validation, fold {number + 1}",
                mend=f"evaluation: {{cross_validation: {enough}}}, "
                "or bring more rows of the rare class",
            )
