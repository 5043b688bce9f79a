"""Numbers that usually stand for missing: nines, and what programs and formats fill gaps with.

What a float cannot tell from others (the largest of 32 bits, written with six digits or with seventeen) is
here in each of its usual spellings. Amounts such as 99.99 are left out: they are prices.
"""

from __future__ import annotations

import numpy as np
import polars as pl

_NINES = [float("9" * digits) for digits in range(2, 9)]
_BELOW = [-99.9, -99.99, -999.25, -999.9, -999.99, -9999.9, -9999.99]  # -999.25: logs of wells
_ABOVE = [999.9, 9999.9, 99999.9]  # days of weather stations
_LIMITS = [32767, -32768, 65535, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63)]
_HUGE = [1e20, 1e30, 1e31, 1e35, 1e36, 1e37, 1e38, 9.999e20]  # climate models, GRIB, GSLIB
_LARGEST = [  # and those of netCDF and of grids of Surfer
    3.4e38, 3.40282e38, 3.402823e38, 3.4028234e38, 3.4028235e38, 3.402823466e38, 3.4028234663852886e38,
    9.96921e36, 9.969209968386869e36, 9.96920996838687e36, 1.70141e38, 1.701411e38, 1.70141183e38,
    1.701411834604692e38, 1.7014118346046923e38, 1.79769e308, 1.797693e308, 1.7976931348623157e308,
]  # fmt: skip
_WRITTEN = [
    float(mark)
    for mark in (
        *_NINES, *(-nines for nines in _NINES), -9, *_BELOW, *_ABOVE, *_LIMITS,
        *_HUGE, *(-huge for huge in _HUGE), *_LARGEST, *(-largest for largest in _LARGEST),
    )
]  # fmt: skip
_IN_32_BITS = [float(np.float32(mark)) for mark in _WRITTEN if abs(mark) < 3.4e38]
MARKS = frozenset([*_WRITTEN, *_IN_32_BITS])


def mark_texts(marks: pl.Series, decimal: str) -> pl.Series:
    """Numbers as the shortest texts that a column with this decimal mark reads as them."""
    texts = marks.cast(pl.String).str.strip_suffix(".0")
    return texts if decimal == "." else texts.str.replace(".", decimal, literal=True)
