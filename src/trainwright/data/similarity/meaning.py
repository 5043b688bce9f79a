"""Near-duplicates by meaning: texts whose vectors by a pre-trained encoder have a high cosine.

Finds what words in common do not: a sentence said again in other words. Every pair is compared, by matrix
products of blocks, so nothing is missed and nothing is guessed. What alike means is the encoder's
judgement: texts of one form that differ in a name or a number are near each other, so look at the pairs
before rows are left out.

Cosines are rounded to five digits, so that the last bits of a vector, which depend on the batch that it was
computed in, decide nothing. Cost: the encoder's, by far the most for fewer than 10^5 texts (MiniLM: 60
messages of 40 tokens a second on one slow core); then n^2/2 products of vectors: 3.6 s for 20,000 texts, 90 s
for 10^5. Memory: two blocks of 2,048 vectors and their cosines; all vectors lie in a file once there are many
(1.5 kB a text).

Source: Reimers & Gurevych 2019, arXiv:1908.10084 (sentence vectors); Abbas et al. 2023, arXiv:2303.09540
(near-duplicates by their cosine).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.similarity.clusters import Clusters, Joins, Rows
from trainwright.data.staging.arrays import Arrays

THRESHOLD = 0.9
_DIGITS = 5
_TEXTS = 512  # that are embedded between two looks at the clock
_BLOCK = 2_048  # vectors
_PAIRS = 4_096  # joined between two looks at what is joined already

Vectors = NDArray[np.float32]
Piece = TypeVar("Piece")


def near_meanings(
    blocks: Iterable[pl.Series],
    embed: Callable[[Iterable[pl.Series]], Iterator[Vectors]],
    *,
    num_texts: int,
    threshold: float = THRESHOLD,
    go_on: Callable[[int], bool] = lambda _: True,
) -> Clusters:
    """Clusters of texts, numbered in the order in which they come.

    Args:
        blocks: Texts; null is none.
        embed: Blocks of texts to blocks of vectors of length 1; zeros where there is no text.
        num_texts: How many come.
        threshold: Cosine of two texts that are near-duplicates, in [0.5, 1].
        go_on: Asked before each piece of the work, by its number; a False ends it.
    """
    steps = _Steps(go_on)
    texts = (block[at : at + _TEXTS] for block in blocks for at in range(0, len(block), _TEXTS))
    vectors = _gathered(embed(steps.while_on(texts)), num_texts)
    joins = Joins(num_texts)
    for start in steps.while_on(range(0, len(vectors), _BLOCK)):
        _join_block(vectors, start, joins, threshold)
    rows, first = joins.members()
    likeness = np.ones(len(rows))
    others = np.flatnonzero(rows != first)
    likeness[others] = _cosines(vectors, rows[others], first[others])
    return Clusters(rows, first, likeness, *joins.links())


class _Steps:
    """Numbers the pieces of work, and ends them when there is no time left."""

    def __init__(self, go_on: Callable[[int], bool]) -> None:
        self._go_on = go_on
        self._num = 0

    def while_on(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """The pieces until the first False."""
        for piece in pieces:
            if not self._go_on(self._num):
                return
            self._num += 1
            yield piece


def _gathered(blocks: Iterator[Vectors], num_texts: int) -> Vectors:
    """All vectors, in a file once they are many; shape (texts that there was time for, width)."""
    arrays = Arrays(Path(tempfile.gettempdir()))
    found: Vectors = np.zeros((0, 1), np.float32)
    done = 0
    for block in blocks:
        if not done:
            width = block.shape[1]
            found = arrays.empty(num_texts * width, np.float32).reshape(num_texts, width)
        found[done : done + len(block)] = block
        done += len(block)
        arrays.release()
    return found[:done]


def _join_block(vectors: Vectors, start: int, joins: Joins, threshold: float) -> None:
    """Join what is alike between one block and itself, and all that follow."""
    block = vectors[start : start + _BLOCK]
    for other in range(start, len(vectors), _BLOCK):
        cosines = np.round(block @ vectors[other : other + _BLOCK].T, _DIGITS)
        left, right = np.nonzero(cosines >= np.float32(threshold))
        strength = cosines[left, right].astype(np.float64)
        left, right = left + start, right + other
        each = left < right
        left, right, strength = left[each], right[each], strength[each]
        for at in range(0, len(left), _PAIRS):
            some = slice(at, at + _PAIRS)
            apart = joins.apart(left[some], right[some])
            joins.join(left[some][apart], right[some][apart], strength[some][apart])


def _cosines(vectors: Vectors, left: Rows, right: Rows) -> NDArray[np.float64]:
    """Of each pair; shape (pairs,)."""
    found = np.empty(len(left))
    for at in range(0, len(left), _BLOCK):
        some = slice(at, at + _BLOCK)
        found[some] = np.einsum("pd,pd->p", vectors[left[some]], vectors[right[some]])
    return np.round(found, _DIGITS)
