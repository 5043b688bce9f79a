"""Encoders of texts by their config: plain BERT is our own, all others are transformers'."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from safetensors.torch import load_file
from torch import Tensor, nn

from trainwright.core.durable import read_json
from trainwright.core.pretrained import Base
from trainwright.models.networks import hub
from trainwright.models.networks.trained import architecture_of, load_part, unusable
from trainwright.models.text.bert import Bert, is_plain_bert
from trainwright.models.text.network import Pooling

_WEIGHTS = "model.safetensors"
_FOREIGN = re.compile(r"^(pooler|cls|classifier|lm_head|embeddings\.position_ids)\b")


class HubEncoder(nn.Module):
    """An encoder of transformers; gives the vectors of the last layer."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        if "pooler" in dict(model.named_children()):
            model.register_module(
                "pooler", None
            )  # nothing reads it: its weights would have no gradient
        self.model = model

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids (B, T) and mask (B, T), True where a token is there; vectors (B, T, D)."""
        found = self.model(input_ids=ids.long(), attention_mask=mask.long())
        states: Tensor = found.last_hidden_state
        return states


def build_encoder(config: Mapping[str, Any]) -> nn.Module:
    """The encoder of a config, its weights drawn from torch's generator."""
    if is_plain_bert(config):
        return Bert(config)
    return HubEncoder(hub.drawn(config))


def load_encoder(base: Base, *, dropout: float | None) -> tuple[nn.Module, dict[str, Any]]:
    """The encoder of a pre-trained base with its weights, and the config that builds it again.

    Args:
        base: A folder in the layout of the Hub.
        dropout: In place of the base's own, where it says so in BERT's words.

    Raises:
        RecipeError: the folder holds no such model, or weights are missing.
    """
    config = read_config(base)
    if dropout is not None:
        rates = (
            "hidden_dropout_prob",
            "attention_probs_dropout_prob",
            "dropout",
            "attention_dropout",
        )
        config |= {key: dropout for key in rates if key in config}
    if base.architecture is not None:
        return _trained_here(base, config), config
    if not is_plain_bert(config):
        return HubEncoder(hub.loaded(base, config)), config
    try:
        encoder = Bert(config)
        weights = _renamed(load_file(base.folder / _WEIGHTS))
        lacking, further = encoder.load_state_dict(weights, strict=False)
    except Exception as error:  # the library raises bare exceptions
        raise hub.unusable(base, str(error)) from error
    unknown = [name for name in further if not _FOREIGN.match(name)]
    if lacking or unknown:
        shown = ", ".join([*lacking, *unknown][:3])
        raise hub.unusable(base, f"weights are missing or unknown: {shown}")
    return encoder, config


def read_config(base: Base) -> dict[str, Any]:
    """The config of a base, without what has no part in the numbers."""
    return {key: value for key, value in base.config.items() if key not in hub.IDLE}


def pooling_of(base: Base) -> Pooling:
    """How a base pools its tokens: mean or cls; mean where nothing is said."""
    architecture = base.architecture
    if architecture is not None:
        return "cls" if architecture.get("pooling") == "cls" else "mean"
    said = base.folder / "1_Pooling" / "config.json"
    return "cls" if said.exists() and read_json(said).get("pooling_mode_cls_token") else "mean"


def _trained_here(base: Base, config: Mapping[str, Any]) -> nn.Module:
    """The encoder of a network that was trained here."""
    architecture_of(base, family="text-encoder")
    try:
        encoder = build_encoder(config)
    except (KeyError, TypeError, ValueError) as error:
        raise unusable(base, f"{error!r}") from error
    load_part(encoder, base, part="encoder")
    return encoder


def _renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefix of a model with a head, and with today's names of a norm's weights."""
    found = {}
    for name, tensor in weights.items():
        name = name.removeprefix("bert.")
        name = name.replace("LayerNorm.gamma", "LayerNorm.weight")
        found[name.replace("LayerNorm.beta", "LayerNorm.bias")] = tensor.float()
    return found
