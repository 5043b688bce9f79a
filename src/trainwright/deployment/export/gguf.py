"""GGUF: one file that llama.cpp runs, of models of the Llama architecture with byte-level BPE.

Rows of the query and key weights are put in llama.cpp's order: it turns pairs of neighbours by the rotary
angles, the Hub's layout pairs a head's first half with its second. Norms stay fp32; of q4_0 the vocabulary's
matrices have eight bits, since every token is told through them; a matrix whose rows are no multiple of 32
long cannot be cut into blocks and stays fp16.

Source: the GGUF specification (github.com/ggml-org/ggml, docs/gguf.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.errors import CommandError
from trainwright.core.extras import require
from trainwright.core.leaving import Codec, HubNetwork
from trainwright.deployment.export.formats import Quantization
from trainwright.deployment.export.tokens import byte_pairs

BLOCK = 32  # weights that share a scale
_VOCABULARY = ("model.embed_tokens.weight", "lm_head.weight")
_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def check_gguf(network: HubNetwork, codec: Codec) -> None:
    """Refuse what llama.cpp could not run as it was trained.

    Raises:
        CommandError: another architecture, scaled rotary angles, or a tokenizer of another kind.
        EnvironmentFault: the extra `export` is missing.
    """
    kind = network.config.get("model_type")
    if network.kind != "causal-lm" or kind != "llama":
        raise CommandError(
            f"gguf is written of causal-lm models of the Llama architecture, and this is {kind!r}",
            where="--to gguf",
            mend="--to safetensors or --to onnx",
        )
    for key in ("attention_bias", "mlp_bias"):
        if network.config.get(key):
            raise CommandError(f"gguf is not written with {key}", where="--to gguf")
    scaling = _rotation(network).get("rope_type", "default")
    if scaling != "default":
        raise CommandError(
            f"gguf is not written with rotary angles of type {scaling!r}",
            where="config.json: rope_parameters",
            mend="--to safetensors",
        )
    require("export", what="--to gguf")
    byte_pairs(codec)


def write_gguf(
    path: Path, network: HubNetwork, codec: Codec, *, name: str, quantization: Quantization | None
) -> None:
    """Write the file.

    Args:
        path: Of the file.
        network: `check_gguf` has said yes.
        codec: Its tokenizer.
        name: Of the model, for people.
        quantization: f16, q8_0, q4_0, or None for float32.
    """
    from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType
    from gguf.quants import quantize

    kinds = {
        None: (GGMLQuantizationType.F32, LlamaFileType.ALL_F32),
        "f16": (GGMLQuantizationType.F16, LlamaFileType.MOSTLY_F16),
        "q8_0": (GGMLQuantizationType.Q8_0, LlamaFileType.MOSTLY_Q8_0),
        "q4_0": (GGMLQuantizationType.Q4_0, LlamaFileType.MOSTLY_Q4_0),
    }
    wanted, file_type = kinds[quantization]
    writer = GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_file_type(file_type)
    _describe(writer, network)
    _spell(writer, codec, padded_to=len(network.weights["model.embed_tokens.weight"]))
    halved = GGMLQuantizationType.F16
    for theirs, weight in network.weights.items():
        value = _ordered(theirs, weight, network)
        kind = GGMLQuantizationType.F32 if value.ndim == 1 else wanted
        if quantization == "q4_0" and theirs in _VOCABULARY:
            kind = GGMLQuantizationType.Q8_0
        if kind not in (GGMLQuantizationType.F32, halved) and value.shape[-1] % BLOCK:
            kind = halved
        if kind is GGMLQuantizationType.F32:
            writer.add_tensor(gguf_name(theirs), np.ascontiguousarray(value, dtype=np.float32))
        else:
            writer.add_tensor(gguf_name(theirs), quantize(value, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def gguf_name(name: str) -> str:
    """What llama.cpp calls a weight of the Hub's."""
    if name in _NAMES:
        return _NAMES[name]
    _, _, layer, *part, end = name.split(".")
    return f"blk.{layer}.{_NAMES['.'.join(part)]}.{end}"


def _ordered(name: str, weight: NDArray[np.float32], network: HubNetwork) -> NDArray[np.float32]:
    config = network.config
    heads = int(config["num_attention_heads"])
    if name.endswith("k_proj.weight"):
        heads = int(config.get("num_key_value_heads") or heads)
    elif not name.endswith("q_proj.weight"):
        return weight
    rows, columns = weight.shape
    halves = weight.reshape(heads, 2, rows // heads // 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


def _describe(writer: Any, network: HubNetwork) -> None:  # noqa: ANN401 - the library's writer
    config = network.config
    heads = int(config["num_attention_heads"])
    width = int(config["hidden_size"])
    head = int(config.get("head_dim") or width // heads)
    writer.add_context_length(int(config["max_position_embeddings"]))
    writer.add_embedding_length(width)
    writer.add_block_count(int(config["num_hidden_layers"]))
    writer.add_feed_forward_length(int(config["intermediate_size"]))
    writer.add_head_count(heads)
    writer.add_head_count_kv(int(config.get("num_key_value_heads") or heads))
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float(_rotation(network).get("rope_theta", 10_000.0)))
    writer.add_layer_norm_rms_eps(float(config["rms_norm_eps"]))
    writer.add_vocab_size(len(network.weights["model.embed_tokens.weight"]))


def _spell(writer: Any, codec: Codec, *, padded_to: int) -> None:  # noqa: ANN401 - the library's writer
    from gguf import TokenType

    pairs, special = byte_pairs(codec), codec.special
    spare = [f"[unused{place}]" for place in range(len(pairs.tokens), padded_to)]
    kinds = [
        TokenType.CONTROL if place in pairs.control else TokenType.NORMAL
        for place in range(len(pairs.tokens))
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pairs.cut)
    writer.add_token_list([*pairs.tokens, *spare])
    writer.add_token_types([*kinds, *[TokenType.UNUSED] * len(spare)])
    writer.add_token_merges(list(pairs.merges))
    if special.start is not None:
        writer.add_bos_token_id(special.start)
    writer.add_eos_token_id(special.end)
    writer.add_pad_token_id(special.padding)
    writer.add_add_bos_token(codec.starts)
    writer.add_add_space_prefix(False)
    if codec.template is not None:
        writer.add_chat_template(codec.template)


def _rotation(network: HubNetwork) -> dict[str, Any]:
    """The rotary settings, wherever this version of the config keeps them."""
    config = network.config
    found = dict(config.get("rope_parameters") or config.get("rope_scaling") or {})
    if "rope_theta" in config:
        found.setdefault("rope_theta", config["rope_theta"])
    return found
