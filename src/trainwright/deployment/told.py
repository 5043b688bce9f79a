"""What language models' numbers are as answers: bits per byte of what a row tells, and its tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainwright.core.language import BYTES, NATS


def bits_per_byte(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row; NaN where it tells nothing.

    Args:
        values: Nats, tokens and bytes, shape (rows, 3).
    """
    told = np.where(values[:, BYTES] > 0, values[:, BYTES], np.nan)
    bits: NDArray[np.float64] = values[:, NATS] / np.log(2.0) / told
    return bits
