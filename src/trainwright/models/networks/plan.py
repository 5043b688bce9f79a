"""The plan of a network's fit: module, objectives, sources and the family's own defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trainwright.models.networks.architecture import Architecture

if TYPE_CHECKING:
    from torch import nn

    from trainwright.core.parts import Part
    from trainwright.training.optimizers import ParameterGroup
    from trainwright.training.protocols import Objective, Source
    from trainwright.training.utilisation import Work


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a family does where the recipe says nothing.

    Attributes:
        epochs: Passes over the train rows, at most.
        batch_size: Rows an update.
        optimizer: With its learning rate.
        schedule: Of the learning rate.
        clip_norm: Gradients are scaled down to this norm; None: never.
        patience: Evaluations without a better loss that end the fit.
        tokens_per_batch: Padded tokens an update in place of rows; None: rows count.
    """

    epochs: int
    batch_size: int
    optimizer: Part
    schedule: Part
    clip_norm: float | None = 1.0
    patience: int = 5
    tokens_per_batch: int | None = None


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """All that training and `prove` need to know of one fit.

    Attributes:
        architecture: What the package keeps; builds the module again.
        module: With its first weights, or those of a pre-trained base; frozen parameters do not require
            a gradient.
        objective: What a step minimises.
        judge: The proper loss that validation is judged by: log loss, squared or absolute error.
        train: Samples to learn from.
        validation: Samples to stop by, or None.
        defaults: Of the family.
        groups: For layer-wise rates and gradual unfreezing; one group of all parameters when empty.
        unfreeze: Epoch -> groups that become trainable then.
        finish: Turns the trained module into one that `architecture.build()` can hold (merges adapters).
        origin: Of a pre-trained base: its name and the SHA-256 of its weights.
        work: Tokens and operations of a train sample, on average; None where they are not counted.
        mixes: Inputs may be blended (mixup, cutmix): images of classes.
    """

    architecture: Architecture
    module: nn.Module
    objective: Objective
    judge: Objective
    train: Source
    validation: Source | None
    defaults: Defaults
    groups: Sequence[ParameterGroup] = ()
    unfreeze: Mapping[int, Sequence[str]] = field(default_factory=dict)
    finish: Callable[[nn.Module], nn.Module] = lambda module: module
    origin: Mapping[str, str] = field(default_factory=dict)
    mixes: bool = False
    work: Work | None = None
