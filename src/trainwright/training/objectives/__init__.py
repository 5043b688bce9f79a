"""What a step minimises: objectives that give sums with counts, and the recipe parts that build them.

Common to them: `inputs` names the tensors of a batch that the model is called with, in order; `target` the
one that it is judged by; `weight`, where given, one of weights. A name is imported when first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.training.objectives.categorical import CrossEntropy, Focal
    from trainwright.training.objectives.deviation import (
        Huber,
        MeanAbsolute,
        MeanSquared,
        Quantile,
    )

_HOMES = {
    "CrossEntropy": "categorical",
    "Focal": "categorical",
    "Huber": "deviation",
    "MeanAbsolute": "deviation",
    "MeanSquared": "deviation",
    "Quantile": "deviation",
}

__all__ = [
    "CrossEntropy",
    "Focal",
    "Huber",
    "MeanAbsolute",
    "MeanSquared",
    "Quantile",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name is
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
