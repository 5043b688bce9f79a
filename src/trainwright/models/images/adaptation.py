"""How much of a pre-trained trunk is trained: all of it, block by block, low-rank updates, or none.

Batch norms of a pre-trained trunk stay as they are, running statistics, scales and shifts: with the few
rows of a fine-tuning's batch, means and variances of the batch are noise, and they would couple its rows.
Low-rank updates (Hu et al. 2021, arXiv:2106.09685, eq. 3) go beside every matrix and every convolution
that is not depthwise, and are merged at the end, so that what is packaged is a plain network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from trainwright.core.extras import require
from trainwright.models.images.network import ImageNetwork, Trunk
from trainwright.training.optimizers import ParameterGroup, layerwise_groups

HEAD = "head"


def freeze(trunk: nn.Module) -> None:
    """Nothing of it is trained."""
    for weight in trunk.parameters():
        weight.requires_grad_(False)


def hold_norms(trunk: nn.Module) -> None:
    """Batch norms are not trained; the loop keeps such norms in evaluation mode."""
    for part in trunk.modules():
        if isinstance(part, _BatchNorm):
            freeze(part)


def add_lora(network: ImageNetwork, *, rank: int) -> None:
    """Freeze the trunk and put low-rank updates into it, scaled by 2; they begin at zero.

    Raises:
        EnvironmentFault: PEFT is not installed.
    """
    require("lora", what="adapt: lora")
    from peft import LoraConfig, get_peft_model

    names = [name for name, part in network.trunk.named_modules() if _takes_update(part)]
    settings = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=names)
    network.trunk = get_peft_model(cast("Any", network.trunk), settings)


def merge_lora(network: nn.Module) -> nn.Module:
    """The network with its updates merged into the trunk's own weights."""
    assert isinstance(network, ImageNetwork)
    network.trunk = cast("Any", network.trunk).merge_and_unload()
    return network


def groups_of(network: ImageNetwork, *, layer_decay: float) -> tuple[ParameterGroup, ...]:
    """A group a block, its rate falling by `layer_decay` from the head to the input."""
    assert isinstance(network.trunk, Trunk)
    blocks = [*network.trunk.blocks, (HEAD, network.head)]
    return layerwise_groups(blocks, decay=layer_decay)


def thawing(groups: tuple[ParameterGroup, ...], *, epochs: int) -> Mapping[int, tuple[str, ...]]:
    """Gradual unfreezing: the head first, then a group further down after every `epochs` epochs.

    Source: Howard & Ruder 2018, arXiv:1801.06146, sect. 3.3.
    """
    below = [group.name for group in reversed(groups) if group.name != HEAD]
    return {epochs * (place + 1): (name,) for place, name in enumerate(below)}


def _takes_update(part: nn.Module) -> bool:
    plain = type(part) is nn.Conv2d and part.groups == 1  # not what pads in its own way
    return isinstance(part, nn.Linear) or plain
