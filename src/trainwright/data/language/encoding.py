"""Texts to token ids and back: by a tokenizer, or byte by byte.

A document's text never becomes a special token, whatever it holds: `<|im_end|>` in a text is nine
characters there, and a token only in the markup of a template. Long texts are cut where no token can
reach across, and encoded part by part, so that memory stays within bounds. Threads change no result.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from trainwright.core.language import SpecialTokens

_BLOCK_TEXTS, _BLOCK_CHARACTERS = 256, 1 << 20  # of one call into the library
_PART = 1 << 18  # characters of a long text that are encoded at once
_SAFE = re.compile(r"(?<=[A-Za-z])(?= [A-Za-z])")  # no known pattern joins what stands around it
TURN_START, TURN_END = "<|im_start|>", "<|im_end|>"
_BETWEEN = "<|endoftext|>"  # documents of bases that also hold conversations
_TURNS = re.compile(f"({re.escape(TURN_START)}|{re.escape(TURN_END)})")
_BYTES_END, _BYTES_START = 257, 258
BLANKS = " \t\r\n"
BYTES_SPECIAL = SpecialTokens(padding=256, end=_BYTES_END, start=_BYTES_START)


class Alphabet(Protocol):
    """Texts to token ids and back."""

    @property
    def vocabulary(self) -> int:
        """Ids are below it."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """Texts that stand for special tokens where they are markup."""
        ...

    def encode(self, texts: Sequence[str], *, markup: bool = False) -> list[NDArray[np.int32]]:
        """Ids of each text, without special tokens around it; with `markup` those in it count."""
        ...

    def beginning(self, text: str, tokens: int) -> str:
        """As much of a text as its first tokens tell."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text, without special tokens."""
        ...

    def piece(self, token: int) -> str:
        """One token for a person to read."""
        ...

    def blanks(self) -> Mapping[int, str]:
        """Tokens that join blanks with what follows them, by their texts; none where no token does."""
        ...


@dataclass(frozen=True, slots=True)
class Pairs:
    """By a tokenizer.

    Attributes:
        tokenizer: Neither cuts nor pads; special tokens in a text are found.
    """

    tokenizer: Tokenizer
    _plain: Tokenizer = field(init=False, repr=False, compare=False)
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _vocabulary: int = field(init=False, repr=False, compare=False)
    _is_joinable: bool = field(init=False, repr=False, compare=False)
    _blanks: dict[int, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        plain = Tokenizer.from_str(self.tokenizer.to_str())
        plain.encode_special_tokens = True
        added = self.tokenizer.get_added_tokens_decoder().values()
        size = max(self.tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1
        object.__setattr__(self, "_plain", plain)
        names = tuple(sorted((one.content for one in added if one.special), key=_longest_first))
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_vocabulary", size)
        object.__setattr__(self, "_is_joinable", _is_joinable(plain))
        object.__setattr__(self, "_blanks", {})

    @property
    def vocabulary(self) -> int:
        return self._vocabulary

    @property
    def names(self) -> Sequence[str]:
        return self._names

    @property
    def is_joinable(self) -> bool:
        """Parts of a text that are encoded one by one give the ids of the whole."""
        return self._is_joinable

    def encode(self, texts: Sequence[str], *, markup: bool = False) -> list[NDArray[np.int32]]:
        tokenizer = self.tokenizer if markup else self._plain
        parts: list[str] = []
        counts = []
        for text in texts:
            cut = self._parts(text) if len(text) > _PART and not markup else [text]
            parts += cut
            counts.append(len(cut))
        found = list(_encoded(tokenizer, parts))
        if len(found) == len(texts):
            return found
        joined, at = [], 0
        for count in counts:
            joined.append(found[at] if count == 1 else np.concatenate(found[at : at + count]))
            at += count
        return joined

    def beginning(self, text: str, tokens: int) -> str:
        offsets: list[tuple[int, int]] = []
        start = 0
        for part in self._parts(text):
            encoding = self._plain.encode(part, add_special_tokens=False)
            offsets += [(start + first, start + after) for first, after in encoding.offsets]
            start += len(part)
            if len(offsets) > tokens:
                break
        if len(offsets) <= tokens:
            return text
        last = offsets[tokens - 1][1] if tokens else 0
        return text[: min(last, offsets[tokens][0]) if tokens else 0]

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def piece(self, token: int) -> str:
        known = self.tokenizer.get_added_tokens_decoder().get(token)
        if known is not None:
            return str(known.content)
        text: str = self.tokenizer.decode([token], skip_special_tokens=False)
        return text if text and "\N{REPLACEMENT CHARACTER}" not in text else _shown(self, token)

    def blanks(self) -> Mapping[int, str]:
        if not self._blanks:
            before = self._plain.encode("a", add_special_tokens=False).ids
            start = len(self.decode(before))
            ids = range(self._vocabulary)
            told = self.tokenizer.decode_batch(
                [[*before, token] for token in ids], skip_special_tokens=True
            )
            self._blanks.update(
                (token, text[start:])
                for token, text in zip(ids, told, strict=True)
                if text[start : start + 1] in tuple(BLANKS)
                and "\N{REPLACEMENT CHARACTER}" not in text
            )
        return self._blanks

    def _parts(self, text: str) -> list[str]:
        """A long text in parts; one that offers no place to cut is cut all the same, so that it ends."""
        parts = []
        start = 0
        while len(text) - start > _PART:
            place = (
                _SAFE.search(text, start + _PART // 2, start + _PART) if self._is_joinable else None
            )
            after = place.start() if place else start + _PART
            parts.append(text[start:after])
            start = after
        return [*parts, text[start:]]


@dataclass(frozen=True, slots=True)
class Bytes:
    """Each byte of UTF-8 is a token; 256 and above are special."""

    @property
    def vocabulary(self) -> int:
        return 259

    @property
    def names(self) -> Sequence[str]:
        return (TURN_START, TURN_END)

    def encode(self, texts: Sequence[str], *, markup: bool = False) -> list[NDArray[np.int32]]:
        if not markup:
            return [_bytes_of(text) for text in texts]
        return [self._marked(text) for text in texts]

    def _marked(self, text: str) -> NDArray[np.int32]:
        codes = {TURN_START: _BYTES_START, TURN_END: _BYTES_END}
        parts = (part for part in _TURNS.split(text) if part)
        ids = [np.array([codes[p]], np.int32) if p in codes else _bytes_of(p) for p in parts]
        return np.concatenate(ids) if ids else np.empty(0, np.int32)

    def beginning(self, text: str, tokens: int) -> str:
        return text.encode()[:tokens].decode(errors="ignore")

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(token for token in ids if token < 256).decode(errors="replace")

    def blanks(self) -> Mapping[int, str]:
        return {}

    def piece(self, token: int) -> str:
        names = {256: "<pad>", 257: "<end>", 258: "<start>"}
        return names.get(token) or (chr(token) if 31 < token < 127 else f"<{token:02x}>")


def framing_of_documents(special: SpecialTokens, alphabet: Pairs) -> SpecialTokens:
    """What stands around a document: never what stands around a turn, where there is another token."""
    between = alphabet.tokenizer.token_to_id(_BETWEEN)
    if alphabet.piece(special.end) == TURN_END and between is not None:
        return replace(special, start=between, end=between)
    return replace(special, start=special.end) if special.start is None else special


def _bytes_of(text: str) -> NDArray[np.int32]:
    return np.frombuffer(text.encode(), np.uint8).astype(np.int32)


def _encoded(tokenizer: Tokenizer, texts: Sequence[str]) -> Iterator[NDArray[np.int32]]:
    """Ids of each text, in order; blocks side by side, a few ahead."""
    blocks = list(_blocks(texts))
    threads = min(len(blocks), len(os.sched_getaffinity(0)))
    if threads < 2:
        for block in blocks:
            yield from _arrays(tokenizer, block)
        return
    with ThreadPoolExecutor(threads) as pool:  # the library lets others run meanwhile
        for found in pool.map(lambda block: _arrays(tokenizer, block), blocks):
            yield from found


def _arrays(tokenizer: Tokenizer, texts: Sequence[str]) -> list[NDArray[np.int32]]:
    found: Iterable[Encoding] = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [np.array(one.ids, dtype=np.int32) for one in found]


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start = held = 0
    for at, text in enumerate(texts):
        held += len(text)
        if held > _BLOCK_CHARACTERS or at - start + 1 == _BLOCK_TEXTS:
            yield texts[start : at + 1]
            start, held = at + 1, 0
    if start < len(texts):
        yield texts[start:]


def _is_joinable(tokenizer: Tokenizer) -> bool:
    """Some tokenizers put a blank before whatever they are given; their parts do not join."""

    def ids(text: str) -> list[int]:
        found: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return found

    return ids("a word b") == ids("a") + ids(" word") + ids(" b") and ids("\nab") == ids(
        "\n"
    ) + ids("ab")


def _shown(alphabet: Pairs, token: int) -> str:
    return str(alphabet.tokenizer.id_to_token(token) or f"<{token}>")


def _longest_first(name: str) -> tuple[int, str]:
    return -len(name), name
