"""The loop and what it is made of: objectives, optimisers, schedules, feeding, checkpoints, observers.

It knows no family, no modality, no tracker and no file format but its own checkpoints. Public names
are imported when they are first asked for, since torch takes seconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.training.history import Record
    from trainwright.training.optimizers import ParameterGroup
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
    from trainwright.training.trainer import Trainer

_PROTOCOLS = (
    "Evaluated",
    "LossPart",
    "Measured",
    "Objective",
    "Observer",
    "Progress",
    "Source",
    "StepResult",
)
_HOMES = {
    **dict.fromkeys(_PROTOCOLS, "trainwright.training.protocols"),
    "Best": "trainwright.training.outcome",
    "Outcome": "trainwright.training.outcome",
    "ParameterGroup": "trainwright.training.optimizers",
    "Record": "trainwright.training.history",
    "Trainer": "trainwright.training.trainer",
}

__all__ = [
    "Best",
    "Evaluated",
    "LossPart",
    "Measured",
    "Objective",
    "Observer",
    "Outcome",
    "ParameterGroup",
    "Progress",
    "Record",
    "Source",
    "StepResult",
    "Trainer",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import a public name's home when it is first asked for (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
