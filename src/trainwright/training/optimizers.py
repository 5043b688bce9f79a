"""Optimisers: PyTorch's own, built from groups of parameters that share a rate.

A part says how to optimise, a `ParameterGroup` says what. Weight decay touches only matrices (and
larger tensors) of groups that ask for it: decaying a bias or the scale of a norm shrinks what should
stay free. Groups that differ in nothing but their name become one group of PyTorch's, because each
costs a fused call; the fused kernels take a third of the time (an MLP of six tensors: 95 us, not 310).
The rate that a schedule multiplies is kept in each group as `initial_lr`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field

from trainwright.core.parts import Part, optimizers

if TYPE_CHECKING:
    import torch
    from torch import nn

Share = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """Parameters that are treated alike.

    Attributes:
        name: What gradual unfreezing calls them.
        parameters: Each in one group only.
        learning_rate_factor: Multiplied on the optimiser's rate.
        weight_decay: Their matrices are decayed.
        hidden: Their matrices are those of hidden layers. Embeddings and heads are not: Muon leaves
            them to AdamW.
    """

    name: str
    parameters: tuple[nn.Parameter, ...]
    learning_rate_factor: float = 1.0
    weight_decay: bool = True
    hidden: bool = True


def layerwise_groups(
    blocks: Sequence[tuple[str, nn.Module]], *, decay: float
) -> tuple[ParameterGroup, ...]:
    """A group a block, its rate falling geometrically from the output to the input.

    Args:
        blocks: (name, module) from the input to the output. A parameter of several belongs to the first.
        decay: Factor from a block to the one before it, in (0, 1].

    Returns:
        Groups of the parameters that are trainable now, in the order of `blocks`; a block without any
        gives none. The last block and blocks that hold an embedding are not `hidden`.

    Source: Howard & Ruder 2018, arXiv:1801.06146, sect. 3.2 (discriminative fine-tuning).
    """
    from torch import nn

    if not 0 < decay <= 1:
        raise ValueError(f"decay is {decay}, not in (0, 1]")
    last = len(blocks) - 1
    seen: set[int] = set()
    groups = []
    for position, (name, block) in enumerate(blocks):
        fresh = tuple(p for p in block.parameters() if p.requires_grad and id(p) not in seen)
        seen.update(map(id, fresh))
        embeds = any(isinstance(module, nn.Embedding) for module in block.modules())
        factor, hidden = decay ** (last - position), position < last and not embeds
        if fresh:
            groups.append(ParameterGroup(name, fresh, factor, hidden=hidden))
    return tuple(groups)


def scale_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set each group's rate to `factor` times its base rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor


class OptimizerPart(Part, ABC):
    """How parameters are optimised.

    Attributes:
        scale: Kinds of one scale can take each other's learning rates.
    """

    scale: ClassVar[str]

    kind: str
    """Which one."""
    learning_rate: float | None = Field(default=None, gt=0)
    """None: what is usual."""

    @abstractmethod
    def build(
        self, groups: Sequence[ParameterGroup], *, learning_rate: float | None = None
    ) -> torch.optim.Optimizer:
        """The optimiser over `groups`.

        Args:
            groups: What to optimise; no parameter twice.
            learning_rate: On this kind's scale, taken where the part says none; None: the kind's own.
        """

    def or_rate_of(self, usual: OptimizerPart) -> Self:
        """This part; where it says no rate, with that of `usual`, if it is on the same scale.

        So that who writes `{kind: adamw, weight_decay: 0.1}` keeps the rate that a family is known to
        train at.
        """
        if self.learning_rate is not None or self.scale != usual.scale:
            return self
        # Read one by one: a recipe counts which of its keys were read, and a copy is not in the recipe.
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**{**values, "learning_rate": usual.learning_rate})


@optimizers.register
class SGD(OptimizerPart):
    """Stochastic gradient descent with momentum (Sutskever et al. 2013)."""

    scale: ClassVar[str] = "sgd"

    kind: Literal["sgd"] = "sgd"
    """Stochastic gradient descent."""
    learning_rate: float | None = Field(default=None, gt=0)
    """0.01 where not said; the rate of a family that trains by AdamW would be far too small."""
    momentum: Share = 0.9
    """Share of the last update that is kept."""
    nesterov: bool = False
    """The gradient is taken where the momentum leads."""
    weight_decay: float = Field(default=0.0, ge=0)
    """L2 penalty on matrices, coupled: added to the gradient."""

    def build(
        self, groups: Sequence[ParameterGroup], *, learning_rate: float | None = None
    ) -> torch.optim.Optimizer:
        from torch.optim import SGD as Torch

        rate = self.learning_rate or learning_rate or 0.01
        return Torch(
            _split(groups, learning_rate=rate, decay=self.weight_decay),
            momentum=self.momentum,
            nesterov=self.nesterov and self.momentum > 0,
            fused=_can_fuse(groups),
        )


@optimizers.register
class AdamW(OptimizerPart):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101, alg. 2)."""

    scale: ClassVar[str] = "adam"

    kind: Literal["adamw"] = "adamw"
    """Adam with decoupled weight decay."""
    learning_rate: float | None = Field(default=None, gt=0)
    """The family's own where not said, if it trains by AdamW or Muon; else 0.001."""
    betas: tuple[Share, Share] = (0.9, 0.999)
    """What is kept of the running means of the gradient and of its square."""
    epsilon: float = Field(default=1e-8, gt=0)
    """Added to the denominator."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Share of a matrix that goes a step, times the rate."""

    def build(
        self, groups: Sequence[ParameterGroup], *, learning_rate: float | None = None
    ) -> torch.optim.Optimizer:
        from torch.optim import AdamW as Torch

        from trainwright.training.cpu_adamw import CpuAdamW, suits

        rate = self.learning_rate or learning_rate or 1e-3
        on_cpu = suits([parameter for group in groups for parameter in group.parameters])
        return (CpuAdamW if on_cpu else Torch)(
            _split(groups, learning_rate=rate, decay=self.weight_decay),
            betas=self.betas,
            eps=self.epsilon,
            fused=_can_fuse(groups),
        )


@optimizers.register
class Adafactor(OptimizerPart):
    """Adam whose second moment is kept as a row and a column (Shazeer & Stern 2018, arXiv:1804.04235)."""

    scale: ClassVar[str] = "adafactor"

    kind: Literal["adafactor"] = "adafactor"
    """Adam with little memory."""
    learning_rate: float | None = Field(default=None, gt=0)
    """0.01 where not said; relative to each tensor's own size, so that no other kind's rate fits."""
    beta2_decay: float = Field(default=-0.8, le=0)
    """Power of the step with which the second moment's memory grows."""
    clip: float = Field(default=1.0, ge=1)
    """An update's root mean square, at most."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Share of a matrix that goes a step, times the rate."""

    def build(
        self, groups: Sequence[ParameterGroup], *, learning_rate: float | None = None
    ) -> torch.optim.Optimizer:
        from torch.optim import Adafactor as Torch

        rate = self.learning_rate or learning_rate or 0.01
        return Torch(
            _split(groups, learning_rate=rate, decay=self.weight_decay),
            beta2_decay=self.beta2_decay,
            d=self.clip,
        )


@optimizers.register
class Muon(OptimizerPart):
    """Momentum made orthogonal on matrices of hidden layers, AdamW on everything else.

    Updates are scaled to the size of AdamW's, so that one rate and one decay serve both (Jordan 2024;
    Liu et al. 2025, arXiv:2502.16982, eq. 4).
    """

    scale: ClassVar[str] = "adam"

    kind: Literal["muon"] = "muon"
    """Orthogonal momentum on matrices, AdamW on the rest."""
    learning_rate: float | None = Field(default=None, gt=0)
    """The family's own where not said, if it trains by AdamW or Muon; else 0.001."""
    momentum: Share = 0.95
    """Of the matrices' running mean."""
    nesterov: bool = True
    """The mean is blended with the gradient once more."""
    betas: tuple[Share, Share] = (0.9, 0.999)
    """Of AdamW, for the rest."""
    epsilon: float = Field(default=1e-8, gt=0)
    """Of AdamW, for the rest."""
    weight_decay: float = Field(default=0.1, ge=0)
    """Share of a matrix that goes a step, times the rate."""

    def build(
        self, groups: Sequence[ParameterGroup], *, learning_rate: float | None = None
    ) -> torch.optim.Optimizer:
        from trainwright.training.muon import MuonAndAdamW

        rate = self.learning_rate or learning_rate or 1e-3
        matrices, rest = _matrices_and_rest(groups)
        return MuonAndAdamW(
            _split(matrices, learning_rate=rate, decay=self.weight_decay),
            _split(rest, learning_rate=rate, decay=self.weight_decay),
            momentum=self.momentum,
            nesterov=self.nesterov,
            betas=self.betas,
            epsilon=self.epsilon,
            fused=_can_fuse(rest),
        )


def _split(
    groups: Sequence[ParameterGroup], *, learning_rate: float, decay: float
) -> list[dict[str, Any]]:
    """PyTorch's groups: parameters by rate and decay, in the order in which each pair first comes."""
    found: dict[tuple[float, float], list[nn.Parameter]] = {}
    for group in groups:
        rate = learning_rate * group.learning_rate_factor
        for parameter in group.parameters:
            decays = group.weight_decay and parameter.ndim >= 2
            found.setdefault((rate, decay if decays else 0.0), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "initial_lr": rate, "weight_decay": weight_decay}
        for (rate, weight_decay), parameters in found.items()
    ]


def _matrices_and_rest(
    groups: Sequence[ParameterGroup],
) -> tuple[list[ParameterGroup], list[ParameterGroup]]:
    """The same groups twice: with the matrices of hidden layers alone, and with all others."""

    def keep(group: ParameterGroup, *, matrices: bool) -> ParameterGroup:
        kept = tuple(p for p in group.parameters if (group.hidden and p.ndim == 2) == matrices)
        return ParameterGroup(
            group.name, kept, group.learning_rate_factor, group.weight_decay, group.hidden
        )

    return [keep(g, matrices=True) for g in groups], [keep(g, matrices=False) for g in groups]


def _can_fuse(groups: Sequence[ParameterGroup]) -> bool:
    """PyTorch has fused kernels for real floating-point numbers on these devices."""
    return all(
        parameter.is_floating_point() and parameter.device.type in ("cpu", "cuda")
        for group in groups
        for parameter in group.parameters
    )
