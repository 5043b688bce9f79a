"""Entities in tagged words: spans from B- and I- tags, and which of them were found exactly.

A span begins at B-X, and at I-X where the word before is of no X span; it goes on over I-X. That is how
CoNLL's script counts, so that a sequence that breaks the scheme has a reading too. What is counted stands at
the first word of its span, so that sums over words, sentences and blocks of them add up.

Source: Tjong Kim Sang & De Meulder 2003, Introduction to the CoNLL-2003 shared task, sect. 2 (exact match).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spans:
    """Entities, in the order of their first words.

    Attributes:
        first: Place of the first word; shape (entities,).
        last: Place of the last word; shape (entities,).
        kind: Number of the entity's type; shape (entities,).
    """

    first: Integers
    last: Integers
    kind: Integers


def has_entities(classes: Sequence[str]) -> bool:
    """True when tags are those of entities: at least one B-, and besides O nothing but B- and I-."""
    return any(name.startswith("B-") for name in classes) and all(
        name == "O" or name.startswith(("B-", "I-")) for name in classes
    )


def count_entities(
    true: Integers, decided: Integers, *, classes: Sequence[str], row_words: Integers
) -> NDArray[np.float64]:
    """Per word: true entities that begin there, decided ones, and those that are both.

    Args:
        true: Class of each word, row after row; shape (words,).
        decided: Class that was decided; shape (words,).
        classes: Their names.
        row_words: Words of each row; no entity goes from one row to the next.

    Returns:
        Shape (words, 3), zeros and ones.
    """
    counts = np.zeros((len(true), 3))
    found = [find_spans(codes, classes=classes, row_words=row_words) for codes in (true, decided)]
    for column, spans in enumerate(found):
        counts[spans.first, column] = 1.0
    ours = {
        *zip(found[0].first.tolist(), found[0].last.tolist(), found[0].kind.tolist(), strict=True)
    }
    both = zip(found[1].first.tolist(), found[1].last.tolist(), found[1].kind.tolist(), strict=True)
    counts[[span[0] for span in both if span in ours], 2] = 1.0
    return counts


def find_spans(codes: Integers, *, classes: Sequence[str], row_words: Integers) -> Spans:
    """The entities of tagged words."""
    kinds = {name[2:]: place for place, name in enumerate(classes) if name != "O"}
    kind_of = np.array([-1 if name == "O" else kinds[name[2:]] for name in classes], np.int64)
    begins = np.array([name.startswith("B-") for name in classes])
    kind = kind_of[codes]
    is_first = np.zeros(len(codes) + 1, dtype=bool)  # of its row; the end is a first of none
    is_first[np.cumsum(row_words) - row_words] = True
    is_first = is_first[:-1]
    before = np.where(is_first, -1, np.roll(kind, 1))
    starts = (kind >= 0) & (begins[codes] | (kind != before))
    ends = np.append(np.flatnonzero(starts | (kind < 0) | is_first), len(codes))
    first = np.flatnonzero(starts)
    last = ends[np.searchsorted(ends, first, side="right")] - 1
    return Spans(first, last, kind[first])
