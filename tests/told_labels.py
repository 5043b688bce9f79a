"""Labels of rows with what a model says of them, and what is true."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def too_sure(rows: int = 1_500) -> tuple[Floats, Floats, Floats]:
    """Labels, what is said, and what is true of them: the first is told too surely by 3, the third bent."""
    generator = np.random.default_rng(7)
    margins = generator.normal(size=(rows, 3)) * 1.5 - [0, 1, 0.5]
    honest = 1 / (1 + np.exp(-margins))
    truth = (generator.random(honest.shape) < honest).astype(np.float64)
    told = honest.copy()
    told[:, 0] = 1 / (1 + np.exp(-3 * margins[:, 0]))
    told[:, 2] = honest[:, 2] ** 3
    return truth, told, honest
