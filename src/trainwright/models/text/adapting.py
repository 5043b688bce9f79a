"""How much of a pre-trained encoder is trained: all of it, layer by layer, low-rank updates, or none.

Layer-wise rates and gradual unfreezing go by blocks from the input to the output: embeddings, the layers, the
head. Low-rank updates are added to every matrix of the encoder.
"""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from trainwright.models.networks.adapting import HEAD, merged, with_updates
from trainwright.models.networks.hub import beside, largest_list
from trainwright.models.text.network import TextNetwork
from trainwright.training.optimizers import ParameterGroup, layerwise_groups


def add_lora(network: TextNetwork, *, rank: int) -> None:
    """Freeze the encoder and put a low-rank update beside each of its matrices.

    Raises:
        EnvironmentFault: PEFT is not installed.
    """
    names = [name for name, part in network.encoder.named_modules() if isinstance(part, nn.Linear)]
    network.encoder = with_updates(network.encoder, names, rank=rank)


def merge_lora(network: nn.Module) -> nn.Module:
    """The network with its updates merged into the encoder's own matrices."""
    assert isinstance(network, TextNetwork)
    network.encoder = merged(network.encoder)
    return network


def groups_of(network: TextNetwork, *, layer_decay: float) -> tuple[ParameterGroup, ...]:
    """A group a block, its rate falling by `layer_decay` from the head to the embeddings."""
    groups = layerwise_groups(blocks_of(network), decay=layer_decay)
    return tuple(replace(group, hidden=group.hidden and group.name != HEAD) for group in groups)


def blocks_of(network: TextNetwork) -> list[tuple[str, nn.Module]]:
    """Embeddings, layers and head, by name; what is in none of them stands above the layers."""
    layers = largest_list(network.encoder)
    if layers is None:
        return [("encoder", network.encoder), (HEAD, network.head)]
    below, above = nn.ModuleList(), nn.ModuleList()
    for part in beside(network.encoder, layers):
        is_first = any(isinstance(one, nn.Embedding) for one in part.modules())
        (below if is_first else above).append(part)
    blocks: list[tuple[str, nn.Module]] = [("embeddings", below)]
    blocks += [(f"layer-{number}", layer) for number, layer in enumerate(layers, start=1)]
    blocks += [("above", above)] if any(True for _ in above.parameters()) else []
    return [*blocks, (HEAD, network.head)]
