"""How much of a pre-trained trunk is trained: all of it, block by block, low-rank updates, or none.

Batch norms of a pre-trained trunk stay as they are, running statistics, scales and shifts: with the few
rows of a fine-tuning's batch, means and variances of the batch are noise, and they would couple its rows.
Low-rank updates go beside every matrix and every convolution that is not depthwise.
"""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from trainwright.models.images.network import ImageNetwork, Trunk
from trainwright.models.networks.adapting import HEAD, freeze, merged, with_updates
from trainwright.training.optimizers import ParameterGroup, layerwise_groups


def hold_norms(trunk: nn.Module) -> None:
    """Batch norms are not trained; the loop keeps such norms in evaluation mode."""
    for part in trunk.modules():
        if isinstance(part, _BatchNorm):
            freeze(part)


def add_lora(network: ImageNetwork, *, rank: int) -> None:
    """Freeze the trunk and put low-rank updates into it.

    Raises:
        EnvironmentFault: PEFT is not installed.
    """
    names = [name for name, part in network.trunk.named_modules() if _takes_update(part)]
    network.trunk = with_updates(network.trunk, names, rank=rank)


def merge_lora(network: nn.Module) -> nn.Module:
    """The network with its updates merged into the trunk's own weights."""
    assert isinstance(network, ImageNetwork)
    network.trunk = merged(network.trunk)
    return network


def groups_of(network: ImageNetwork, *, layer_decay: float) -> tuple[ParameterGroup, ...]:
    """A group a block, its rate falling by `layer_decay` from the head to the input."""
    assert isinstance(network.trunk, Trunk)
    blocks = [*network.trunk.blocks, (HEAD, network.head)]
    return layerwise_groups(blocks, decay=layer_decay)


def _takes_update(part: nn.Module) -> bool:
    plain = type(part) is nn.Conv2d and part.groups == 1  # not what pads in its own way
    return isinstance(part, nn.Linear) or plain
