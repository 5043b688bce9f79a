"""The value at a place of the sorted order, without sorting: for exact cuts of long arrays.

A float64's bits, with the sign put right, sort as the numbers do. The bits are fixed sixteen at a
time, from the highest: each pass counts how many values have which next bits, and keeps the bucket
in which the place lies. Four passes, half a megabyte, whatever the rows.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from trainwright.data.staging.arrays import Arrays

_SIGN = np.uint64(1 << 63)
_STEP = 16


def at_place(values: NDArray[np.float64], place: int, arrays: Arrays) -> float:
    """The value that stands at `place` (from 0) when all are sorted; NaN are not counted.

    Args:
        values: Shape (rows,).
        place: Below the number of values that are no NaN.
        arrays: Where long arrays live.
    """
    prefix, left = 0, place
    for shift in range(64 - _STEP, -1, -_STEP):
        counts = np.zeros(1 << _STEP, dtype=np.int64)
        for codes in _codes(values, arrays):
            above = codes >> np.uint64(shift)
            if shift + _STEP < 64:
                above = above[(above >> np.uint64(_STEP)) == prefix]
            found = np.bincount((above & np.uint64(0xFFFF)).astype(np.int64), minlength=1 << _STEP)
            counts += found
        ends = np.cumsum(counts)
        bucket = int(np.searchsorted(ends, left, side="right"))
        left -= int(ends[bucket - 1]) if bucket else 0
        prefix = (prefix << _STEP) | bucket
    return _value(prefix)


def next_above(values: NDArray[np.float64], key: float, arrays: Arrays) -> float:
    """The smallest value above `key`; infinity where there is none."""
    found = float("inf")
    for span in arrays.spans(len(values)):
        part = values[span]
        above = part[part > key]
        found = min(found, float(above.min())) if len(above) else found
    return found


def _codes(values: NDArray[np.float64], arrays: Arrays) -> Iterable[NDArray[np.uint64]]:
    """Bits that sort as the numbers do; -0.0 is 0.0."""
    for span in arrays.spans(len(values)):
        part = values[span]
        bits = (part[~np.isnan(part)] + 0.0).view(np.uint64)
        yield np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _value(code: int) -> float:
    bits = np.array([code], dtype=np.uint64)
    bits = np.where(bits & _SIGN, bits & ~_SIGN, ~bits)
    return float(bits.view(np.float64)[0])
