"""Names of persons in texts, by a tagger of words: a package of ours, or a folder in Hub layout.

A text is cut into words and signs, each gets a tag, and words that are tagged as part of a person's name
and stand side by side are one name. Texts that are too long for the tagger are read in windows of which each
lies half over the next, so that none goes unread and no name stands at an edge alone: that takes twice the
time of such texts. Its name is the hash of what it is made of.

The tags that count are those of persons, with or without the prefixes of BIO and BILOU (Tjong Kim Sang & De
Meulder 2003, arXiv:cs/0306050; Ratinov & Roth 2009).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Target, Task
from trainwright.core.durable import read_json, write_json
from trainwright.core.errors import RecipeError
from trainwright.models.fitted import FittedModel

PERSONS = frozenset(
    ("PER", "PERS", "PERSON", "NAME", "FIRSTNAME", "MIDDLENAME", "LASTNAME", "GIVENNAME", "SURNAME")
)
WORD = re.compile(r"[^\W_]+(?:['’-](?!s\b)[^\W_]+)*|['’]s\b|[^\w\s]|_+")
_PREFIX = re.compile(r"[BIELSU][-_]")
_BEGINS = re.compile(r"[BSU][-_]")
_FILE = "names.json"
_LEAST_WORDS = 16
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TextNameTagger:
    """A tagger of words that is asked for names (`core.protocols.NameTagger`).

    Attributes:
        model: Reads one column of words.
        hash: What tells it from any other.
    """

    model: FittedModel
    hash: str

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "name-tagger"

    def find(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        cut = [[found.span() for found in WORD.finditer(text)] for text in texts]
        (column,) = self.model.inputs
        whole = [[text[a:b] for a, b in spans] for text, spans in zip(texts, cut, strict=True)]
        parts = self._parts(pl.Series(column.name, whole, dtype=pl.List(pl.String)))
        words = pl.Series(
            column.name,
            [
                row[one.first : one.after]
                for row, mine in zip(whole, parts, strict=True)
                for one in mine
            ],
            dtype=pl.List(pl.String),
        )
        answer: Iterator[NDArray[Any]] = iter(())
        if len(words):
            ends = np.cumsum(words.list.len().to_numpy(), dtype=np.int64)
            answer = iter(np.split(self.model.predict(words.to_frame()).values, ends[:-1]))
        is_part, begins = _roles(self.model.target)
        found = []
        for spans, mine in zip(cut, parts, strict=True):
            tags = [
                next(answer)[one.kept_from - one.first : one.kept_to - one.first] for one in mine
            ]
            codes: NDArray[np.int64] = np.concatenate(tags)
            found.append(list(_joined(spans, is_part[codes], begins[codes])))
        return found

    def _parts(self, words: pl.Series) -> list[list[_Window]]:
        """Of each text the whole, where the tagger takes it at once, or windows."""
        preparation: Any = self.model.preparation  # of texts, since it reads words
        sizes = words.list.len().to_list()
        if max(sizes, default=0) <= _LEAST_WORDS:
            return [_windows(size, size) for size in sizes]
        tokens = preparation.transform(words.to_frame())
        pieces = np.bincount(tokens.rows, minlength=len(words)).tolist()
        most = max(_LEAST_WORDS, preparation.max_length // 2)
        return [
            _windows(size, size if count < 2 else most)
            for size, count in zip(sizes, pieces, strict=True)
        ]

    def save(self, folder: Path) -> None:
        self.model.save(folder)
        write_json(folder / _FILE, {"hash": self.hash})

    @classmethod
    def load(cls, folder: Path) -> TextNameTagger:
        """From a folder whose hashes the caller has verified."""
        return cls(FittedModel.load(folder), str(read_json(folder / _FILE)["hash"]))


@dataclass(frozen=True, slots=True)
class _Window:
    """Words of a text that are read together, and those of them whose tags count."""

    first: int
    after: int
    kept_from: int
    kept_to: int


def _windows(length: int, size: int) -> list[_Window]:
    """Windows of `size` words, each half over the next; of two tags the one more in the middle counts."""
    if length <= size:
        return [_Window(0, length, 0, length)]
    step = size // 2
    starts = [*range(0, length - size, step), length - size]
    middles = [(one + size + other) // 2 for one, other in pairwise(starts)]
    bounds = [0, *middles, length]
    return [
        _Window(start, start + size, low, high)
        for start, low, high in zip(starts, bounds[:-1], bounds[1:], strict=True)
    ]


def name_tagger(model: FittedModel, *, name: str, hash_: str) -> TextNameTagger:
    """A tagger that reads texts of any length.

    Args:
        model: Of a package, or `models.text.tagging.load_tagger`.
        name: As the recipe names it.
        hash_: What tells it from any other.

    Raises:
        RecipeError: it tags no words, or none of its tags is a person's.
    """
    if model.target.task is not Task.TOKEN_CLASSIFICATION:
        raise RecipeError(
            f"the model {name!r} does {model.target.task.value}, and names are found by tags of words",
            where="data.name_model",
            mend="name a package that was trained with task: token-classification",
        )
    if not _roles(model.target)[0].any():
        known = ", ".join(model.target.classes[:20])
        raise RecipeError(
            f"the model {name!r} has no tag for persons: {known}",
            where="data.name_model",
            mend="name one with tags such as B-PER and I-PER",
        )
    preparation: Any = model.preparation  # of texts, since it reads words
    return TextNameTagger(
        replace(model, preparation=replace(preparation, over_long="split")), hash_
    )


def _roles(target: Target) -> tuple[Flags, Flags]:
    """Which tags are of a name, and which of them begin one; shape (classes,) each, bool."""
    bare = [_PREFIX.sub("", tag, count=1).upper() for tag in target.classes]
    is_part = np.array([tag.replace("_", "") in PERSONS for tag in bare], dtype=bool)
    begins = np.array([_BEGINS.match(tag) is not None for tag in target.classes], dtype=bool)
    return is_part, begins


def _joined(
    spans: Sequence[tuple[int, int]],
    is_part: Flags,
    begins: Flags,
) -> Iterator[tuple[int, int]]:
    """Neighbouring words of a name as one span."""
    start = end = -1
    for (a, b), part, begin in zip(spans, is_part.tolist(), begins.tolist(), strict=True):
        if start >= 0 and (not part or begin):
            yield start, end
            start = -1
        if part:
            start, end = (a if start < 0 else start), b
    if start >= 0:
        yield start, end
