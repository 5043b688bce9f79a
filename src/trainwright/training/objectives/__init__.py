"""What a step minimises: objectives that give sums with counts, and the recipe parts that build them.

Common to them: `inputs` names the tensors of a batch that the model is called with, in order;
`target` the one that it is judged by; `weight`, where given, one of weights. A name is imported
when first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.training.objectives.binary import BinaryCrossEntropy
    from trainwright.training.objectives.categorical import CrossEntropy, Focal
    from trainwright.training.objectives.contrastive import NTXent
    from trainwright.training.objectives.denoising import Denoising
    from trainwright.training.objectives.deviation import Huber, MeanAbsolute, MeanSquared, Quantile
    from trainwright.training.objectives.distillation import Distillation
    from trainwright.training.objectives.language import MaskedTokens, NextToken, TokenNats
    from trainwright.training.objectives.multitask import MultiTask, SharedTrunk
    from trainwright.training.objectives.ranking import ListMLE, ListNet, RankNet

IGNORED = -100  # stands in a target of ids where there is none: padding, what is not predicted

_HOMES = {
    "BinaryCrossEntropy": "binary",
    "CrossEntropy": "categorical",
    "Denoising": "denoising",
    "Distillation": "distillation",
    "Focal": "categorical",
    "Huber": "deviation",
    "ListMLE": "ranking",
    "ListNet": "ranking",
    "MaskedTokens": "language",
    "MeanAbsolute": "deviation",
    "MeanSquared": "deviation",
    "MultiTask": "multitask",
    "NTXent": "contrastive",
    "NextToken": "language",
    "Quantile": "deviation",
    "RankNet": "ranking",
    "SharedTrunk": "multitask",
    "TokenNats": "language",
}

__all__ = [
    "IGNORED",
    "BinaryCrossEntropy",
    "CrossEntropy",
    "Denoising",
    "Distillation",
    "Focal",
    "Huber",
    "ListMLE",
    "ListNet",
    "MaskedTokens",
    "MeanAbsolute",
    "MeanSquared",
    "MultiTask",
    "NTXent",
    "NextToken",
    "Quantile",
    "RankNet",
    "SharedTrunk",
    "TokenNats",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name is
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
