"""What a tokenizer's document says, as far as other formats ask: tokens, merges, special names, cutting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainwright.core.errors import CommandError
from trainwright.core.language import SpecialTokens
from trainwright.core.leaving import Codec

_MEND = "--to safetensors, which takes any tokenizer"
# How llama.cpp calls the pattern that a text is cut by before the merges; by the regex, or by its steps.
_PATTERNS = {
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+": "llama-bpe",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+": "qwen2",
}


@dataclass(frozen=True, slots=True)
class BytePairs:
    """A byte-level BPE tokenizer.

    Attributes:
        tokens: By id.
        merges: In order, each as "A B".
        control: Ids of special tokens.
        cut: llama.cpp's name of the pattern that texts are cut by.
    """

    tokens: tuple[str, ...]
    merges: tuple[str, ...]
    control: frozenset[int]
    cut: str


def special_names(codec: Codec) -> dict[str, str]:
    """Special tokens as texts, under the Hub's names."""
    tokens = _tokens(json.loads(codec.document))
    special = codec.special
    found = {
        "bos_token": special.start,
        "eos_token": special.end,
        "pad_token": special.padding,
        "mask_token": special.mask,
    }
    return {name: tokens[place] for name, place in found.items() if place is not None}


def for_prompts(document: str, special: SpecialTokens, *, starts: bool) -> str:
    """A tokenizer's document that puts the start token before a text where `starts` says so, no more.

    What ends a text in training must not stand behind a prompt: the model would take it for told.
    """
    said = json.loads(document)
    said["post_processor"] = None
    if starts and special.start is not None:
        name = _tokens(said)[special.start]
        token = {"SpecialToken": {"id": name, "type_id": 0}}
        single = [token, {"Sequence": {"id": "A", "type_id": 0}}]
        said["post_processor"] = {
            "type": "TemplateProcessing",
            "single": single,
            "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {name: {"id": name, "ids": [special.start], "tokens": [name]}},
        }
    return json.dumps(said, ensure_ascii=False)


def byte_pairs(codec: Codec) -> BytePairs:
    """The document as byte-level BPE.

    Raises:
        CommandError: it is something else, or is cut in a way that llama.cpp does not know.
    """
    document = json.loads(codec.document)
    model = document["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise CommandError(
            f"gguf takes byte-level BPE tokenizers, and this one is {model.get('type')}",
            where="tokenizer.json",
            mend=_MEND,
        )
    if document.get("normalizer") is not None:
        raise CommandError(
            "gguf knows no normaliser of texts, and this tokenizer has one",
            where="tokenizer.json: normalizer",
            mend=_MEND,
        )
    added = document.get("added_tokens", [])
    tokens = _tokens(document)
    size = 1 + max(tokens)
    return BytePairs(
        tuple(tokens.get(place, f"[unused{place}]") for place in range(size)),
        tuple(m if isinstance(m, str) else " ".join(m) for m in model["merges"]),
        frozenset(token["id"] for token in added if token["special"]),
        _cut(document.get("pre_tokenizer") or {}),
    )


def _tokens(document: Mapping[str, Any]) -> dict[int, str]:
    vocabulary = document["model"]["vocab"]
    pairs = (
        vocabulary.items()
        if isinstance(vocabulary, Mapping)
        else ((token, place) for place, (token, _) in enumerate(vocabulary))
    )
    tokens = {int(place): str(token) for token, place in pairs}
    return tokens | {token["id"]: token["content"] for token in document.get("added_tokens", [])}


def _cut(cutter: Mapping[str, Any]) -> str:
    steps = cutter.get("pretokenizers", [cutter])
    kinds = [step.get("type") for step in steps]
    last = steps[-1]
    bytewise = kinds[-1] == "ByteLevel" and not last.get("add_prefix_space", False)
    if bytewise and kinds == ["ByteLevel"] and last.get("use_regex", True):
        return "gpt-2"
    if bytewise and kinds == ["Digits", "ByteLevel"] and steps[0].get("individual_digits"):
        return "smollm"
    if bytewise and kinds == ["Split", "ByteLevel"] and not last.get("use_regex", True):
        pattern = steps[0].get("pattern", {}).get("Regex", "")
        if pattern in _PATTERNS:
            return _PATTERNS[pattern]
    raise CommandError(
        f"llama.cpp does not cut texts as this tokenizer does ({', '.join(map(str, kinds))})",
        where="tokenizer.json: pre_tokenizer",
        mend=_MEND,
    )
