"""The encoder of BERT, under the names that its checkpoints use.

One in place of transformers' own, because importing that costs 3.4 s of CPU at every start of a process,
a server's too, and this one gives the same numbers (4e-6 at most on MiniLM, tests/numeric/test_bert.py).
What it leaves out: decoding, cross-attention, relative positions, and the pooler, whose weights have no part
in an encoder that is pooled over its tokens.

Source: Devlin et al. 2019, arXiv:1810.04805, sect. 3; Vaswani et al. 2017, arXiv:1706.03762, sect. 3.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "gelu": nn.GELU,
    "gelu_new": lambda: nn.GELU("tanh"),
    "relu": nn.ReLU,
}


class Bert(nn.Module):
    """Token ids to one vector a token.

    Args:
        config: In the words of a checkpoint's config.json; see `is_plain_bert`.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.embeddings = _Embeddings(config)
        self.encoder = _Layers(config)
        self.apply(lambda module: _initialise(module, config.get("initializer_range", 0.02)))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids (B, T) and mask (B, T), True where a token is there; vectors (B, T, D).

        What stands at padding has no part in any other vector.
        """
        x_btd: Tensor = self.embeddings(ids)
        for layer in self.encoder.layer:
            x_btd = layer(x_btd, mask[:, None, None, :])
        return x_btd


def is_plain_bert(config: Mapping[str, Any]) -> bool:
    """True when this file's encoder is the one that the config tells of."""
    return (
        config.get("model_type") == "bert"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and config.get("hidden_act", "gelu") in _ACTIVATIONS
        and not config.get("is_decoder", False)
    )


def bert_config(
    *, vocabulary: int, max_length: int, hidden: int, layers: int, heads: int, dropout: float
) -> dict[str, Any]:
    """The config of an encoder that is trained from scratch; four times as wide inside its layers."""
    return {
        "model_type": "bert",
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 4 * hidden,
        "hidden_act": "gelu",
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
        "max_position_embeddings": max_length,
        "type_vocab_size": 1,
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    }


class _Embeddings(nn.Module):
    """Sum of what a token is, where it stands, and which sentence it is of (always the first)."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.word_embeddings = nn.Embedding(
            config["vocab_size"], width, padding_idx=config.get("pad_token_id")
        )
        self.position_embeddings = nn.Embedding(config["max_position_embeddings"], width)
        self.token_type_embeddings = nn.Embedding(config.get("type_vocab_size", 2), width)
        self.LayerNorm = nn.LayerNorm(width, eps=config.get("layer_norm_eps", 1e-12))
        self.dropout = nn.Dropout(config.get("hidden_dropout_prob", 0.1))

    def forward(self, ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        x_btd = self.word_embeddings(ids) + self.position_embeddings(places)
        x_btd = x_btd + self.token_type_embeddings.weight[0]
        normed: Tensor = self.dropout(self.LayerNorm(x_btd))
        return normed


class _Layers(nn.Module):
    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(config) for _ in range(config["num_hidden_layers"]))


class _Layer(nn.Module):
    """Attention, then a network a token, each added to what came in and normed after."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width, inner = config["hidden_size"], config["intermediate_size"]
        self.attention = _Attention(config)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, inner)})
        self.activation = _ACTIVATIONS[config.get("hidden_act", "gelu")]()
        self.output = _Residual(inner, config)

    def forward(self, x_btd: Tensor, mask: Tensor) -> Tensor:
        x_btd = self.attention(x_btd, mask)
        inner = self.activation(self.intermediate["dense"](x_btd))
        out: Tensor = self.output(inner, x_btd)
        return out


class _Attention(nn.Module):
    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.heads = config["num_attention_heads"]
        self.dropout = nn.Dropout(config.get("attention_probs_dropout_prob", 0.1))
        self.self = nn.ModuleDict(
            {name: nn.Linear(width, width) for name in ("query", "key", "value")}
        )
        self.output = _Residual(width, config)

    def forward(self, x_btd: Tensor, mask: Tensor) -> Tensor:
        B, T, D = x_btd.shape
        query, key, value = (
            self.self[name](x_btd).view(B, T, self.heads, D // self.heads).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        rate = self.dropout.p if self.training else 0.0
        seen = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=rate
        )
        out: Tensor = self.output(seen.transpose(1, 2).reshape(B, T, D), x_btd)
        return out


class _Residual(nn.Module):
    """Project, drop out, add what came in, norm."""

    def __init__(self, inner: int, config: Mapping[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.dense = nn.Linear(inner, width)
        self.LayerNorm = nn.LayerNorm(width, eps=config.get("layer_norm_eps", 1e-12))
        self.dropout = nn.Dropout(config.get("hidden_dropout_prob", 0.1))

    def forward(self, inner: Tensor, x_btd: Tensor) -> Tensor:
        normed: Tensor = self.LayerNorm(self.dropout(self.dense(inner)) + x_btd)
        return normed


def _initialise(module: nn.Module, spread: float) -> None:
    """Normal weights, no bias, as BERT starts."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=spread)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        nn.init.zeros_(module.weight[module.padding_idx].detach())
