"""The tokenizer of a language model: fitted on train rows, or that of a pre-trained base.

Fitted ones are byte pairs (Sennrich, Haddow & Birch 2016, arXiv:1508.07909) over bytes with the pattern of
GPT-2, every digit a token of its own; nothing is normalised, so that decoding gives the very text back.
Equal counts are merged in the order of ids, which start from the 256 bytes: the same in every process.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from trainwright.core.durable import read_json
from trainwright.core.errors import RecipeError, TrustError
from trainwright.core.language import SpecialTokens
from trainwright.core.pretrained import Base
from trainwright.data.language.encoding import TURN_END, TURN_START
from trainwright.data.texts.tokenizers import frame_of, tokenizer_of

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads do not survive a fork

PADDING, START, END, MASK = "<|pad|>", "<|start|>", "<|end|>", "<|mask|>"
SPECIAL = (PADDING, START, END, MASK, TURN_START, TURN_END)
NUM_SENTINELS = 100  # as of T5: enough for spans of 15 % of 2,000 tokens
LEAST = 256 + len(SPECIAL)
_SENTINEL = "<extra_id_{}>"
_LONGEST = 256  # characters of a word, or of a run of blanks, that is learnt from
_LONG = re.compile(rf"(\S{{{_LONGEST},}}|\s{{{_LONGEST},}})")
_TEMPLATE_FILE = "chat_template.jinja"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer with what is known of its special tokens.

    Attributes:
        tokenizer: Neither cuts nor pads.
        special: Ids with a meaning of their own.
        template: The chat template that came with it, or None.
    """

    tokenizer: Tokenizer
    special: SpecialTokens
    template: str | None = None


def fit_vocabulary(texts: Iterable[str], *, size: int, sentinels: bool = False) -> Vocabulary:
    """Fit byte pairs on these texts, which must be of train rows.

    Args:
        texts: The order does not matter.
        size: Tokens, at most.
        sentinels: Tokens that stand for spans are among them.

    Raises:
        RecipeError: `size` has no room for the bytes and the special tokens.
    """
    special = [*SPECIAL, *_sentinels(NUM_SENTINELS)] if sentinels else list(SPECIAL)
    if size < 256 + len(special):
        raise RecipeError(
            f"a vocabulary of {size} has no room for the 256 bytes and {len(special)} special tokens",
            where="model.vocabulary",
            mend=f"vocabulary: {max(256 + len(special), 1_000)}, or more",
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator((part for text in texts for part in _shortened(text)), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        special_tokens=[(name, tokenizer.token_to_id(name)) for name in (START, END)],
    )
    ids = {name: number for number, name in enumerate(special)}  # they come first
    return Vocabulary(
        tokenizer,
        SpecialTokens(
            padding=ids[PADDING],
            end=ids[END],
            start=ids[START],
            mask=ids[MASK],
            sentinels=tuple(ids[name] for name in special[len(SPECIAL) :]),
        ),
    )


def vocabulary_of(base: Base) -> Vocabulary:
    """The vocabulary of a pre-trained base: a folder in Hub layout, a package of ours, or a GGUF file.

    Raises:
        RecipeError: there is none that can be read, or it has no token that ends a text.
    """
    folder = base.tokenizer
    file = _gguf_of(folder)
    if file is not None:
        from trainwright.data.language.gguf import vocabulary_of_gguf

        return vocabulary_of_gguf(file)
    tokenizer = tokenizer_of(base)
    ours = folder / "preparation.json"
    if ours.is_file():
        said = _json(ours)
        if said.get("special"):
            special = SpecialTokens.from_json(said["special"])
            return Vocabulary(tokenizer, special, said.get("template"))
    settings = {name: _json(folder / f"{name}.json") for name in _SETTINGS}
    return Vocabulary(
        tokenizer, _special_of(base, tokenizer, settings), _template_of(folder, settings)
    )


def is_encoder_decoder(base: Base) -> bool:
    """Of a base in Hub layout."""
    return bool(_json(base.folder / "config.json").get("is_encoder_decoder"))


_SETTINGS = ("tokenizer_config", "special_tokens_map", "config", "generation_config")


def _special_of(
    base: Base, tokenizer: Tokenizer, settings: Mapping[str, Mapping[str, Any]]
) -> SpecialTokens:
    config = settings["config"]

    def find(role: str, *usual: str) -> int | None:
        """As the tokenizer's files name it, else as the model's do, else by its usual names."""
        for file in ("tokenizer_config", "special_tokens_map"):
            said = settings[file].get(f"{role}_token")
            name = said.get("content") if isinstance(said, dict) else said
            if isinstance(name, str) and (known := tokenizer.token_to_id(name)) is not None:
                return int(known)
        for file in ("generation_config", "config"):
            said = settings[file].get(f"{role}_token_id")
            said = said[0] if isinstance(said, list) and said else said
            if isinstance(said, int) and tokenizer.id_to_token(said) is not None:
                return said
        found = (tokenizer.token_to_id(name) for name in usual)
        return next((known for known in found if known is not None), None)

    frame = frame_of(tokenizer)
    end = find("eos", "</s>", "<|endoftext|>", "<eos>", END)
    separator = find("sep", "[SEP]") if end is None else end
    if separator is None:
        raise RecipeError(
            f"the tokenizer of the pre-trained base {base.name!r} has no token that ends a text",
            where="model.pretrained",
            mend='write "eos_token" into its tokenizer_config.json',
        )
    start = find("bos", "<s>", "[CLS]", START)
    start = frame.before[0] if start is None and frame.before else start
    decoder = config.get("decoder_start_token_id")
    padding = find("pad", "<pad>", "[PAD]", PADDING)
    sentinels: list[int] = []
    while (
        known := tokenizer.token_to_id(_SENTINEL.format(len(sentinels)))
    ) is not None and config.get("is_encoder_decoder", True):
        sentinels.append(int(known))
    return SpecialTokens(
        padding=separator if padding is None else padding,
        end=separator,
        start=decoder if isinstance(decoder, int) else start,
        mask=find("mask", "[MASK]", "<mask>", MASK),
        sentinels=tuple(sentinels),
    )


def _template_of(folder: Path, settings: Mapping[str, Mapping[str, Any]]) -> str | None:
    file = folder / _TEMPLATE_FILE
    if file.is_file():
        return file.read_text("utf-8")
    said = settings["tokenizer_config"].get("chat_template")
    if isinstance(said, list):  # several with names
        named = {one.get("name"): one.get("template") for one in said if isinstance(one, dict)}
        said = named.get("default")
    return said if isinstance(said, str) and said.strip() else None


def _gguf_of(folder: Path) -> Path | None:
    """The GGUF file that a base is, or that its folder holds in place of a tokenizer."""
    if folder.suffix == ".gguf" and folder.is_file():
        return folder
    found = [] if (folder / "tokenizer.json").is_file() else sorted(folder.glob("*.gguf"))
    if len(found) > 1:
        raise RecipeError(
            f"{len(found)} .gguf files and no tokenizer.json are in {folder.name!r}",
            where="model.pretrained",
            mend="name one of the files",
        )
    return found[0] if found else None


def _json(file: Path) -> Mapping[str, Any]:
    """What a settings file of a base says; nothing where there is none."""
    if not file.is_file():
        return {}
    try:
        found = read_json(file.resolve())  # the Hub's cache holds links
    except TrustError:
        return {}
    return found if isinstance(found, dict) else {}


def _shortened(text: str) -> Iterator[str]:
    """A text whose words are of bounded length: the time of the fit grows with the square of the longest."""
    if _LONG.search(text) is None:
        yield text
        return
    for number, part in enumerate(_LONG.split(text)):
        if number % 2:
            yield from (part[at : at + _LONGEST] for at in range(0, len(part), _LONGEST))
        elif part:
            yield part


def _sentinels(count: int) -> list[str]:
    return [_SENTINEL.format(number) for number in range(count)]
