"""The tokenizer of a text: that of a pre-trained base, or one fitted on train rows.

Fitted ones are byte pairs (Sennrich, Haddow & Birch 2016, arXiv:1508.07909) over bytes, so that no text holds
anything unknown. They are the same in every process: equal counts are merged in the order of ids, which
start from the 256 bytes. The WordPiece trainer of the same library numbers its tokens in the order of a hash
map, and gave six vocabularies in six processes; it is not used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from trainwright.core.errors import RecipeError, TrustError
from trainwright.core.pretrained import Base

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads do not survive a fork

PADDING, START, END, MASK = "[PAD]", "[CLS]", "[SEP]", "[MASK]"
# Architectures that number positions from the one after the padding's.
_SHIFTED = ("roberta", "xlm-roberta", "camembert", "mpnet", "longformer")


@dataclass(frozen=True, slots=True)
class Frame:
    """The special tokens that stand around a text: what the tokenizer's post-processor adds."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.before) + len(self.after)


def fit_tokenizer(texts: Iterable[str], *, vocabulary: int, cased: bool) -> Tokenizer:
    """Fit byte pairs on these texts, which must be of train rows.

    Args:
        texts: The order does not matter.
        vocabulary: Tokens, at most; 260 of them are the bytes and the special ones.
        cased: Upper and lower case stay apart.
    """
    tokenizer = Tokenizer(models.BPE())
    forms: list[normalizers.Normalizer] = [normalizers.NFKC()]
    tokenizer.normalizer = normalizers.Sequence(
        forms if cased else [*forms, normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[PADDING, START, END, MASK],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in (START, END)],
    )
    return tokenizer


def tokenizer_of(base: Base) -> Tokenizer:
    """The tokenizer of a pre-trained base; it neither cuts nor pads, whatever its file says.

    Raises:
        RecipeError: the folder holds none that can be read.
    """
    try:
        file = base.tokenizer / "tokenizer.json"
        tokenizer = Tokenizer.from_file(str(file)) if file.exists() else _converted(base.folder)
    except Exception as error:  # the library raises bare exceptions
        raise RecipeError(
            f"the pre-trained base {base.name!r} has no tokenizer that can be read: {error!s:.120}",
            where="model.pretrained",
            mend="name a folder that holds tokenizer.json",
        ) from error
    return bare(tokenizer)


def bare(tokenizer: Tokenizer) -> Tokenizer:
    """The same, without cutting or padding of its own."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def frame_of(tokenizer: Tokenizer) -> Frame:
    """The special tokens around a text, as one that is encoded with and without them shows."""
    framed, plain = tokenizer.encode("a").ids, tokenizer.encode("a", add_special_tokens=False).ids
    for first in range(len(framed) - len(plain) + 1):
        if framed[first : first + len(plain)] == plain:
            return Frame(tuple(framed[:first]), tuple(framed[first + len(plain) :]))
    return Frame((), ())


def padding_of(base: Base, tokenizer: Tokenizer) -> int:
    """The id that a pre-trained base pads with."""
    known = _config(base).get("pad_token_id")
    named = (tokenizer.token_to_id(name) for name in (PADDING, "<pad>"))
    return next((found for found in (known, *named) if isinstance(found, int)), 0)


def longest_of(base: Base) -> int | None:
    """Tokens that a pre-trained base can take, special ones included; None where it knows no end."""
    config = _config(base)
    positions = config.get("max_position_embeddings")
    if not isinstance(positions, int) or positions < 1:
        return None
    shifted = config.get("model_type") in _SHIFTED
    return positions - int(config.get("pad_token_id") or 0) - 1 if shifted else positions


def _config(base: Base) -> dict[str, Any]:
    try:
        return base.config
    except TrustError as error:
        raise RecipeError(
            f"the pre-trained base {base.name!r} has no config.json",
            where="model.pretrained",
            mend="name a folder in the layout of the Hub: config.json, tokenizer.json, model.safetensors",
        ) from error


def _converted(folder: Path) -> Tokenizer:
    """Of a folder with a vocabulary only."""
    from transformers import AutoTokenizer

    found = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    tokenizer: Tokenizer = found.backend_tokenizer
    return tokenizer
