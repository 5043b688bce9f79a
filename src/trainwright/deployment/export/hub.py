"""The layout of the Hub: a folder that `AutoModelFor...` and `AutoTokenizer` load by name.

config.json, generation_config.json, model.safetensors, tokenizer.json, tokenizer_config.json with the chat
template, special_tokens_map.json. Weights are fp32, or fp16 where that is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trainwright.core.durable import write_bytes, write_json, write_text
from trainwright.core.leaving import Codec, HubNetwork
from trainwright.deployment.export.formats import Quantization
from trainwright.deployment.export.tokens import special_names

WEIGHTS = "model.safetensors"


def write_hub(
    folder: Path, network: HubNetwork, codec: Codec, *, quantization: Quantization | None
) -> None:
    """Fill an empty folder.

    Args:
        folder: Exists.
        network: What is written.
        codec: Its tokenizer.
        quantization: f16, or None for float32.
    """
    from safetensors.numpy import save

    kind = np.float16 if quantization == "f16" else np.float32
    with np.errstate(over="ignore"):  # what half precision cannot hold is refused by the comparison
        weights = {
            name: np.ascontiguousarray(value, dtype=kind) for name, value in network.weights.items()
        }
    write_bytes(folder / WEIGHTS, save(weights, metadata={"format": "pt"}))
    identifiers = _identifiers(codec)
    config = {**network.config, **identifiers, "dtype": np.dtype(kind).name}
    write_json(folder / "config.json", config)
    if network.kind != "masked-lm":
        starts = network.config.get("decoder_start_token_id")
        begins = {} if starts is None else {"decoder_start_token_id": starts}
        write_json(folder / "generation_config.json", {**identifiers, **begins})
    write_codec(folder, codec)


def write_codec(folder: Path, codec: Codec) -> None:
    """The tokenizer's files alone."""
    names = special_names(codec)
    write_text(folder / "tokenizer.json", codec.document)
    template = {} if codec.template is None else {"chat_template": codec.template}
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": codec.max_length,
        "clean_up_tokenization_spaces": False,
        **names,
        **template,
    }
    write_json(folder / "tokenizer_config.json", settings)
    write_json(folder / "special_tokens_map.json", names)


def _identifiers(codec: Codec) -> dict[str, Any]:
    """Ids that generation needs, under the Hub's names."""
    special = codec.special
    found = {
        "bos_token_id": special.start,
        "eos_token_id": special.end,
        "pad_token_id": special.padding,
    }
    return {name: value for name, value in found.items() if value is not None}
