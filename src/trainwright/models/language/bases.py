"""Language models of transformers: their configs, their first weights, and those of pre-trained bases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from trainwright.core.errors import RecipeError
from trainwright.core.pretrained import Base
from trainwright.models.language.gguf import converted, without_bars
from trainwright.models.networks.estimator import WEIGHTS
from trainwright.models.networks.hub import IDLE, unusable
from trainwright.models.networks.weights import load_weights

# Kind -> transformers' class that finds a model's own.
_CLASSES = {
    "causal-lm": "AutoModelForCausalLM",
    "masked-lm": "AutoModelForMaskedLM",
    "seq2seq-lm": "AutoModelForSeq2SeqLM",
}


def llama_config(
    *,
    vocabulary: int,
    max_length: int,
    hidden: int,
    layers: int,
    heads: int,
    dropout: float,
    special: Mapping[str, int | None],
) -> dict[str, Any]:
    """A Llama of the usual proportions: SwiGLU of 8/3 the width, rotary positions, one table of tokens.

    Source: Touvron et al. 2023, arXiv:2302.13971, sect. 2.2; tied tables: Press & Wolf 2017,
    arXiv:1608.05859.
    """
    return {
        "model_type": "llama",
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": 32 * -(-8 * hidden // 96),
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "max_position_embeddings": max_length + 1,  # a passage may get a token before its first
        "attention_dropout": dropout,
        "tie_word_embeddings": True,
        **special,
    }


def bert_config(
    *,
    vocabulary: int,
    max_length: int,
    hidden: int,
    layers: int,
    heads: int,
    dropout: float,
    special: Mapping[str, int | None],
) -> dict[str, Any]:
    """A BERT of the usual proportions (Devlin et al. 2019, arXiv:1810.04805, sect. 3)."""
    return {
        "model_type": "bert",
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": 4 * hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "max_position_embeddings": max_length,
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
        **special,
    }


def t5_config(
    *,
    vocabulary: int,
    hidden: int,
    layers: int,
    heads: int,
    dropout: float,
    special: Mapping[str, int | None],
) -> dict[str, Any]:
    """A T5 with gated units.

    Source: Raffel et al. 2020, arXiv:1910.10683, sect. 2.1; Shazeer 2020, arXiv:2002.05202.
    """
    return {
        "model_type": "t5",
        "vocab_size": vocabulary,
        "d_model": hidden,
        "d_kv": hidden // heads,
        "d_ff": 32 * -(-8 * hidden // 96),
        "num_layers": layers,
        "num_decoder_layers": layers,
        "num_heads": heads,
        "dropout_rate": dropout,
        "feed_forward_proj": "gated-gelu",
        "decoder_start_token_id": special["bos_token_id"],
        **special,
    }


def drawn(kind: str, config: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a class of transformers
    """The model of a config, its weights drawn from torch's generator.

    Args:
        kind: causal-lm, masked-lm or seq2seq-lm.
        config: As the Hub's config.json.
    """
    return _class(kind).from_config(known(config))


def loaded(
    base: Base, kind: str, *, dropout: float | None, layers: int | None = None
) -> tuple[Any, dict[str, Any]]:
    """The model of a pre-trained base in fp32, and the config that builds it again.

    Args:
        base: A folder in the layout of the Hub, or of a network that was trained here.
        kind: causal-lm, masked-lm or seq2seq-lm.
        dropout: In place of the base's own, where it has any.
        layers: Only the first so many of each stack; None: all.

    Raises:
        RecipeError: the folder holds no such model, or weights are missing.
    """
    if base.is_gguf:
        base = converted(base)
    config = _config(base, dropout=dropout)
    if base.architecture is not None:
        return _cut(_trained_here(base, kind, config), config, layers)
    try:
        with without_bars():
            model, report = _class(kind).from_pretrained(
                base.folder,
                config=known(config),
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
                dtype="float32",
            )
    except Exception as error:  # whatever a foreign folder brings up
        raise unusable(base, str(error) or type(error).__name__) from error
    if report["missing_keys"]:
        lacking = ", ".join(sorted(report["missing_keys"])[:3])
        raise unusable(base, f"weights are missing: {lacking}")
    return _cut(model.float(), config, layers)


def _cut(model: Any, config: dict[str, Any], layers: int | None) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
    """The model with the first layers of each stack alone, and the config that says so."""
    if layers is None:
        return model, config
    for part in list(model.modules()):
        for name, stack in list(part.named_children()):
            if isinstance(stack, nn.ModuleList) and len(stack) > layers:
                setattr(part, name, stack[:layers])
    told = {key: min(layers, config[key]) for key in _DEPTHS if isinstance(config.get(key), int)}
    kinds = {key: config[key][:layers] for key in ("layer_types",) if config.get(key)}
    config = config | told | kinds
    for part in model.modules():
        if hasattr(part, "config"):
            for key, value in told.items():
                setattr(part.config, key, value)
    return model, config


def known(config: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a config of transformers
    """The config as transformers' own class."""
    from transformers import AutoConfig

    values = {key: value for key, value in config.items() if key != "model_type"}
    return AutoConfig.for_model(config["model_type"], **values)


def _config(base: Base, *, dropout: float | None) -> dict[str, Any]:
    idle = (
        *IDLE,
        "_model_name_or_path",
        "quantization_config",
    )  # weights are numbers, whatever they were
    config = {key: value for key, value in base.config.items() if key not in idle}
    if "model_type" not in config:
        raise RecipeError(
            f"the pre-trained base {base.name!r} has no config.json that tells what it is",
            where="model.pretrained",
            mend="name a folder in the layout of the Hub, or a package of a language model",
        )
    if dropout is not None:
        config |= {key: dropout for key in _RATES if key in config}
    return config


_DEPTHS = ("num_hidden_layers", "num_layers", "num_decoder_layers", "n_layer")
_RATES = (
    "attention_dropout",
    "dropout",
    "dropout_rate",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "resid_pdrop",
    "embd_pdrop",
    "attn_pdrop",
)


def _trained_here(base: Base, kind: str, config: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """The model of a package."""
    found = (base.architecture or {}).get("kind")
    if found != kind:
        raise RecipeError(
            f"the pre-trained base {base.name!r} is of kind {found!r}, and the family is {kind!r}",
            where="model.pretrained",
            mend=f"family: {found}",
        )
    try:
        model = drawn(kind, config)
        stored = load_file(base.folder / WEIGHTS)
        load_weights(model, {name.removeprefix("model."): t for name, t in stored.items()})
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise unusable(base, str(error)) from error
    return model


def _class(kind: str) -> Any:  # noqa: ANN401 - a class of transformers
    import transformers

    return getattr(transformers, _CLASSES[kind])
