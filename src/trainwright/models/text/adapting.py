"""How much of a pre-trained encoder is trained: all of it, layer by layer, low-rank updates, or none.

Layer-wise rates and gradual unfreezing go by blocks from the input to the output: embeddings, the layers, the
head. Low-rank updates (Hu et al. 2021, arXiv:2106.09685, eq. 3) are added to every matrix of the encoder and
merged into it at the end, so that what is packaged is a plain encoder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from torch import nn

from trainwright.core.extras import require
from trainwright.models.text.network import TextNetwork
from trainwright.training.optimizers import ParameterGroup, layerwise_groups

HEAD = "head"


def freeze(encoder: nn.Module) -> None:
    """Nothing of it is trained."""
    for weight in encoder.parameters():
        weight.requires_grad_(False)


def add_lora(network: TextNetwork, *, rank: int) -> None:
    """Freeze the encoder and put a low-rank update beside each of its matrices, scaled by 2.

    Updates begin at zero; their first weights are drawn from torch's generator.

    Raises:
        EnvironmentFault: PEFT is not installed.
    """
    require("lora", what="adapt: lora")
    from peft import LoraConfig, get_peft_model

    names = [name for name, part in network.encoder.named_modules() if isinstance(part, nn.Linear)]
    settings = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=names)
    network.encoder = get_peft_model(cast("Any", network.encoder), settings)


def merge_lora(network: nn.Module) -> nn.Module:
    """The network with its updates merged into the encoder's own matrices."""
    assert isinstance(network, TextNetwork)
    network.encoder = cast("Any", network.encoder).merge_and_unload()
    return network


def groups_of(network: TextNetwork, *, layer_decay: float) -> tuple[ParameterGroup, ...]:
    """A group a block, its rate falling by `layer_decay` from the head to the embeddings."""
    groups = layerwise_groups(blocks_of(network), decay=layer_decay)
    return tuple(replace(group, hidden=group.hidden and group.name != HEAD) for group in groups)


def thawing(groups: tuple[ParameterGroup, ...], *, epochs: int) -> Mapping[int, tuple[str, ...]]:
    """Gradual unfreezing: the head first, then a group further down after every `epochs` epochs.

    Source: Howard & Ruder 2018, arXiv:1801.06146, sect. 3.3.
    """
    below = [group.name for group in reversed(groups) if group.name != HEAD]
    return {epochs * (place + 1): (name,) for place, name in enumerate(below)}


def blocks_of(network: TextNetwork) -> list[tuple[str, nn.Module]]:
    """Embeddings, layers and head, by name; what is in none of them stands above the layers."""
    layers = _layers(network.encoder)
    if layers is None:
        return [("encoder", network.encoder), (HEAD, network.head)]
    inside = {id(weight) for weight in layers.parameters()}
    below, above = nn.ModuleList(), nn.ModuleList()
    for part in _leaves(network.encoder, layers):
        if not any(id(weight) in inside for weight in part.parameters()):
            (
                below if any(isinstance(one, nn.Embedding) for one in part.modules()) else above
            ).append(part)
    blocks: list[tuple[str, nn.Module]] = [("embeddings", below)]
    blocks += [(f"layer-{number}", layer) for number, layer in enumerate(layers, start=1)]
    blocks += [("above", above)] if any(True for _ in above.parameters()) else []
    return [*blocks, (HEAD, network.head)]


def _layers(encoder: nn.Module) -> nn.ModuleList | None:
    """The longest list of modules that holds most weights; None where there is none."""
    lists = [part for part in encoder.modules() if isinstance(part, nn.ModuleList)]
    return max(lists, key=lambda one: sum(p.numel() for p in one.parameters()), default=None)


def _leaves(encoder: nn.Module, layers: nn.ModuleList) -> list[nn.Module]:
    """The largest parts that do not hold the layers."""
    found = []
    for child in encoder.children():
        if child is layers:
            continue
        holds = any(part is layers for part in child.modules())
        found += _leaves(child, layers) if holds else [child]
    return found
