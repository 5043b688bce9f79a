"""A target's link: heavy-tailed values are learnt on a log-like scale, and predicted on their own.

The median is kept by every monotone map, so a model of the median on the log scale is one of the
median on the target's own. Means are not kept: squared error always uses the identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.core.columns import Target


@dataclass(frozen=True, slots=True)
class Link:
    """y -> (g(y / unit) - shift) / scale with g the identity or arcsinh (linear at 0, then a log).

    Attributes:
        curve: "identity" or "log".
        unit: Values well beyond it are on the log scale; positive.
        shift: Centre of the learnt scale.
        scale: Spread of the learnt scale; positive.
    """

    curve: Literal["identity", "log"] = "identity"
    unit: float = 1.0
    shift: float = 0.0
    scale: float = 1.0

    def forward(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """From the target's scale to the learnt one; any shape."""
        bent = np.arcsinh(values / self.unit) if self.curve == "log" else values / self.unit
        return (bent - self.shift) / self.scale

    def inverse(self, learnt: NDArray[np.float64]) -> NDArray[np.float64]:
        """Back to the target's scale; any shape. Beyond e**700 it is cut off, never infinite."""
        bent = learnt * self.scale + self.shift
        straight = np.sinh(np.clip(bent, -700.0, 700.0)) if self.curve == "log" else bent
        return straight * self.unit

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "curve": self.curve,
            "unit": self.unit,
            "shift": self.shift,
            "scale": self.scale,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Link:
        """Inverse of `to_json`."""
        return cls(**value)


def links_for(target: Target, values: NDArray[np.float64]) -> tuple[Link, ...]:
    """The links worth trying on a regression target, fitted on train values of shape (rows,)."""
    identity = _centred(Link("identity"), values)
    if not target.heavy_tailed:
        return (identity,)
    sizes = np.abs(values[values != 0])
    unit = float(np.quantile(sizes, 0.05)) if sizes.size else 1.0
    return (_centred(Link("log", unit=max(unit, 1e-300)), values), identity)


def _centred(link: Link, values: NDArray[np.float64]) -> Link:
    learnt = link.forward(values)
    spread = float(learnt.std())
    return Link(link.curve, link.unit, float(learnt.mean()), spread if spread > 0 else 1.0)
