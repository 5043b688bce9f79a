"""The loop and what it is made of: objectives, optimisers, schedules, feeding, checkpoints, observers.

It knows no family, no modality, no tracker and no file format but its own checkpoints. Public names
are imported when they are first asked for, since torch takes seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.recipe.sections import Averaging, CheckpointSettings, EarlyStopping, Mixing
    from trainwright.training.feeding.memory_mapped import MemoryMappedSource, write_columns
    from trainwright.training.feeding.order import seed_of
    from trainwright.training.feeding.sources import (
        ArraySource,
        RaggedSource,
        concatenated,
        subset,
    )
    from trainwright.training.history import Record
    from trainwright.training.objectives import (
        BinaryCrossEntropy,
        CrossEntropy,
        Denoising,
        Distillation,
        Focal,
        Huber,
        ListMLE,
        ListNet,
        MaskedTokens,
        MeanAbsolute,
        MeanSquared,
        MultiTask,
        NextToken,
        NTXent,
        Quantile,
        RankNet,
        SharedTrunk,
    )
    from trainwright.training.optimizers import (
        SGD,
        Adafactor,
        AdamW,
        Muon,
        ParameterGroup,
        layerwise_groups,
    )
    from trainwright.training.outcome import Best, Outcome
    from trainwright.training.protocols import (
        Evaluated,
        LossPart,
        Measured,
        Objective,
        Observer,
        Progress,
        Source,
        StepResult,
    )
    from trainwright.training.range_test import find_learning_rate
    from trainwright.training.report import write_report
    from trainwright.training.schedules import (
        Constant,
        Cosine,
        Linear,
        OneCycle,
        ReduceOnPlateau,
        WarmupStableDecay,
    )
    from trainwright.training.trainer import Trainer

_NAMES = {
    "trainwright.recipe.sections": ("Averaging", "CheckpointSettings", "EarlyStopping", "Mixing"),
    "trainwright.training.feeding.memory_mapped": ("MemoryMappedSource", "write_columns"),
    "trainwright.training.feeding.order": ("seed_of",),
    "trainwright.training.feeding.sources": (
        "ArraySource",
        "RaggedSource",
        "concatenated",
        "subset",
    ),
    "trainwright.training.history": ("Record",),
    "trainwright.training.range_test": ("find_learning_rate",),
    "trainwright.training.objectives": (
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
    ),
    "trainwright.training.optimizers": (
        "Adafactor",
        "AdamW",
        "Muon",
        "ParameterGroup",
        "SGD",
        "layerwise_groups",
    ),
    "trainwright.training.outcome": ("Best", "Outcome"),
    "trainwright.training.protocols": (
        "Evaluated",
        "LossPart",
        "Measured",
        "Objective",
        "Observer",
        "Progress",
        "Source",
        "StepResult",
    ),
    "trainwright.training.report": ("write_report",),
    "trainwright.training.schedules": (
        "Constant",
        "Cosine",
        "Linear",
        "OneCycle",
        "ReduceOnPlateau",
        "WarmupStableDecay",
    ),
    "trainwright.training.trainer": ("Trainer",),
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names}

__all__ = [
    "SGD",
    "Adafactor",
    "AdamW",
    "ArraySource",
    "Averaging",
    "Best",
    "BinaryCrossEntropy",
    "CheckpointSettings",
    "Constant",
    "Cosine",
    "CrossEntropy",
    "Denoising",
    "Distillation",
    "EarlyStopping",
    "Evaluated",
    "Focal",
    "Huber",
    "Linear",
    "ListMLE",
    "ListNet",
    "LossPart",
    "MaskedTokens",
    "MeanAbsolute",
    "MeanSquared",
    "Measured",
    "MemoryMappedSource",
    "Mixing",
    "MultiTask",
    "Muon",
    "NTXent",
    "NextToken",
    "Objective",
    "Observer",
    "OneCycle",
    "Outcome",
    "ParameterGroup",
    "Progress",
    "Quantile",
    "RaggedSource",
    "RankNet",
    "Record",
    "ReduceOnPlateau",
    "SharedTrunk",
    "Source",
    "StepResult",
    "Trainer",
    "WarmupStableDecay",
    "concatenated",
    "find_learning_rate",
    "layerwise_groups",
    "seed_of",
    "subset",
    "write_columns",
    "write_report",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import a public name's home when it is first asked for (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
