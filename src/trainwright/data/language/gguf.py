"""The vocabulary of a GGUF file: its tokens, merges, special ids and chat template.

Only byte pairs over bytes are read (`gpt2` in the file), cut by the patterns of the models named below;
the file says which. transformers 5.23 passes over what the file says there, and cuts numbers otherwise than
the model has learnt.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from trainwright.core.errors import RecipeError
from trainwright.core.language import SpecialTokens
from trainwright.data.language.gguf_header import read_header
from trainwright.data.language.tokenizers import Vocabulary

_PREFIX = "tokenizer."
_CONTROL, _USER_DEFINED = 3, 4  # gguf.TokenType
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{%s}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_PATTERNS = {"llama-bpe": _WORDS % "1,3", "qwen2": _WORDS % "1"}
_BYTE_LEVEL = ("default", "gpt-2", "smollm")


def vocabulary_of_gguf(file: Path) -> Vocabulary:
    """The vocabulary that a GGUF file brings.

    Raises:
        RecipeError: the file is damaged, or its tokenizer is of another kind.
    """
    try:
        said = {
            name.removeprefix(_PREFIX): value
            for name, value in read_header(file, prefix=_PREFIX).items()
        }
        return _vocabulary(said, file)
    except RecipeError:
        raise
    except Exception as error:  # the libraries raise bare exceptions on a damaged file
        raise RecipeError(
            f"the tokenizer in {file.name!r} cannot be read: {error!r:.120}",
            where="model.pretrained",
            mend="fetch the file again, or name a folder that holds tokenizer.json",
        ) from error


def longest_of_gguf(file: Path) -> int | None:
    """Tokens that the model can take, as the file says; None where it does not."""
    said = read_header(file)
    found = said.get(f"{said.get('general.architecture')}.context_length")
    return found if isinstance(found, int) and found > 0 else None


def _vocabulary(said: dict[str, Any], file: Path) -> Vocabulary:
    model, pattern = said.get("ggml.model"), said.get("ggml.pre", "default")
    if model != "gpt2" or pattern not in {*_BYTE_LEVEL, *_PATTERNS}:
        raise RecipeError(
            f"the tokenizer in {file.name!r} is {model!r} with the pattern {pattern!r}, which is not"
            " read here",
            where="model.pretrained",
            mend="name a folder that holds tokenizer.json",
        )
    tokens: list[str] = said["ggml.tokens"]
    merges = [tuple(merge.split(" ", 1)) for merge in said["ggml.merges"]]
    ids = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(ids, merges))
    tokenizer.pre_tokenizer = _pre_tokenizer(pattern)
    tokenizer.decoder = decoders.ByteLevel()
    kinds = said.get("ggml.token_type", [])
    named = zip(tokens, kinds, strict=False)
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True) for token, kind in named if kind == _CONTROL]
    )
    named = zip(tokens, kinds, strict=False)
    tokenizer.add_tokens(
        [AddedToken(token, normalized=False) for token, kind in named if kind == _USER_DEFINED]
    )
    end = int(said["ggml.eos_token_id"])
    start = said.get("ggml.bos_token_id")
    special = SpecialTokens(
        padding=int(said.get("ggml.padding_token_id", end)),
        end=end,
        start=None if start is None else int(start),
    )
    template = said.get("chat_template")
    return Vocabulary(tokenizer, special, template if isinstance(template, str) else None)


def _pre_tokenizer(pattern: str) -> pre_tokenizers.PreTokenizer:
    if pattern in _PATTERNS:
        cut = pre_tokenizers.Split(Regex(_PATTERNS[pattern]), "isolated")
        bytes_alone = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        return pre_tokenizers.Sequence([cut, bytes_alone])
    by_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if pattern != "smollm":
        return by_bytes
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), by_bytes])
