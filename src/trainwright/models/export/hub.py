"""Language models between torch and the Hub's layout: laid open, loaded again, and asked.

What is loaded again is loaded by transformers' own classes, which know nothing of us: from a folder in the
Hub's layout, or from a GGUF file, whose blocks it unpacks.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainwright.core.language import Message
from trainwright.core.leaving import Codec, HubNetwork, LanguageKind
from trainwright.models.networks.estimator import NetworkEstimator
from trainwright.models.networks.hub import IDLE

_KINDS: dict[str, LanguageKind] = {
    "ForCausalLM": "causal-lm",
    "LMHeadModel": "causal-lm",
    "ForMaskedLM": "masked-lm",
    "ForConditionalGeneration": "seq2seq-lm",
}


@dataclass(frozen=True, slots=True)
class ModuleNetwork:
    """A module of transformers that can be asked (`core.leaving.Answers`).

    Attributes:
        module: In evaluation mode, on the CPU.
    """

    module: nn.Module

    def answers(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Logits, shape (rows, places, vocabulary)."""
        tensors = {name: torch.from_numpy(np.asarray(values)) for name, values in batch.items()}
        with torch.inference_mode():
            logits = logits_of(self.module, **tensors)
        return logits.float().numpy()


def logits_of(module: nn.Module, ids: Tensor, mask: Tensor, told: Tensor | None = None) -> Tensor:
    """What one of transformers' language models says; shape (rows, places, vocabulary)."""
    more: dict[str, Any] = {} if told is None else {"decoder_input_ids": told}
    if _kind(module) != "masked-lm":
        more["use_cache"] = False
    return cast("Tensor", module(input_ids=ids, attention_mask=mask, **more).logits)


def language_module(estimator: NetworkEstimator) -> nn.Module | None:
    """The module of transformers within a fitted network; None where it is no language model."""
    found = (part for part in estimator.module.modules() if _kind(part) is not None)
    return next(found, None)


def lay_open(module: nn.Module) -> HubNetwork:
    """Config and weights; a tied weight stands there once, under the name that is not tied to another.

    Args:
        module: As `language_module` finds it.
    """
    kind = _kind(module)
    assert kind is not None
    told = cast("Any", module).config.to_dict()
    config = {name: value for name, value in told.items() if name not in IDLE}
    config["architectures"] = [type(module).__name__]
    return HubNetwork(kind, config, dict(_weights(module)))


def load_hub(folder: Path) -> ModuleNetwork:
    """A folder in the Hub's layout, by `AutoModelFor...`."""
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    kind = next(kind for end, kind in _KINDS.items() if config.architectures[0].endswith(end))
    auto = {
        "causal-lm": transformers.AutoModelForCausalLM,
        "masked-lm": transformers.AutoModelForMaskedLM,
        "seq2seq-lm": transformers.AutoModelForSeq2SeqLM,
    }[kind]
    with _quiet():
        model = auto.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    return ModuleNetwork(model.float().eval())


def load_gguf(path: Path) -> ModuleNetwork:
    """A GGUF file, by transformers' own reader."""
    import transformers

    with _quiet():
        model = transformers.AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, local_files_only=True, dtype=torch.float32
        )
    return ModuleNetwork(cast("nn.Module", model).eval())


def token_ids(folder: Path, texts: list[str]) -> list[list[int]]:
    """Ids of texts by the tokenizer of a folder in the Hub's layout."""
    tokenizer = _tokenizer(folder)
    with _quiet():  # a remark on texts that are longer than the model takes
        return [tokenizer.encode(text, add_special_tokens=False) for text in texts]


def prompt_ids(folder: Path, text: str) -> list[int]:
    """Ids of a prompt, special tokens included, by the tokenizer of a folder in the Hub's layout."""
    return list(_tokenizer(folder)(text)["input_ids"])


def chat_text(path: Path, talk: Sequence[Message]) -> str:
    """A conversation's prompt by the chat template of a folder, or of a GGUF file."""
    messages = [message.to_json() for message in talk]
    tokenizer = _tokenizer(path)
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def spelling(codec: Codec, texts: list[str]) -> list[list[int]]:
    """Ids of texts by the tokenizer as it was trained."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(codec.document)
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def _tokenizer(path: Path) -> Any:  # noqa: ANN401 - a tokenizer of transformers
    import transformers

    folder, more = (path, {}) if path.is_dir() else (path.parent, {"gguf_file": path.name})
    with _quiet():
        return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, **more)


def _weights(module: nn.Module) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Each weight that is stored, once; buffers that are computed are not."""
    tied = set(getattr(module, "all_tied_weights_keys", None) or ())
    seen: set[int] = set()
    state = module.state_dict()
    for name in sorted(state, key=lambda one: (one in tied, one)):
        tensor = state[name]
        if tensor.data_ptr() in seen:
            continue
        seen.add(tensor.data_ptr())
        yield name, tensor.detach().to("cpu", torch.float32).contiguous().numpy()


def _kind(module: nn.Module) -> LanguageKind | None:
    name = type(module).__name__
    if not type(module).__module__.startswith("transformers."):
        return None
    return next((kind for end, kind in _KINDS.items() if name.endswith(end)), None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's bars and remarks: what does not fit is seen by the comparison."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)
