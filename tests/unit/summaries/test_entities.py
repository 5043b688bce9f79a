from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.summaries.entities import count_entities, find_spans, has_entities

CLASSES = ("B-LOC", "B-PER", "I-LOC", "I-PER", "O")


def codes(tags):
    return np.array([CLASSES.index(tag) for tag in tags.split()], dtype=np.int64)


def spans_one_by_one(tags, row_words):
    """The rule, word by word."""
    found, at = [], 0
    for size in row_words:
        open_span = None
        for place in range(at, at + size):
            tag = tags[place]
            kind = tag[2:] if tag != "O" else None
            goes_on = open_span and kind == open_span[2] and tag.startswith("I-")
            if open_span and not goes_on:
                found.append((open_span[0], place - 1, open_span[2]))
                open_span = None
            if kind and not goes_on:
                open_span = (place, None, kind)
        if open_span:
            found.append((open_span[0], at + size - 1, open_span[2]))
        at += size
    return found


def named(spans):
    return [
        (first, last, CLASSES[kind][2:])
        for first, last, kind in zip(
            spans.first.tolist(), spans.last.tolist(), spans.kind.tolist(), strict=True
        )
    ]


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O B-PER I-PER O", [(1, 2, "PER")]),
        ("B-PER B-PER", [(0, 0, "PER"), (1, 1, "PER")]),
        ("O I-LOC I-LOC", [(1, 2, "LOC")]),
        ("B-PER I-LOC", [(0, 0, "PER"), (1, 1, "LOC")]),
        ("O O", []),
    ],
)
def test_spans_are_read_as_conll_s_script_reads_them(tags, spans):
    found = find_spans(codes(tags), classes=CLASSES, row_words=np.array([len(tags.split())]))
    assert named(found) == spans


def test_no_span_goes_over_the_end_of_a_row():
    found = find_spans(codes("B-PER I-PER"), classes=CLASSES, row_words=np.array([1, 0, 1]))
    assert named(found) == [(0, 0, "PER"), (1, 1, "PER")]


@given(st.lists(st.lists(st.sampled_from(CLASSES), max_size=6), max_size=5))
def test_spans_are_those_of_the_rule_taken_word_by_word(rows):
    tags = [tag for row in rows for tag in row]
    sizes = [len(row) for row in rows]
    row_words = np.array(sizes, dtype=np.int64)
    found = find_spans(
        np.array([CLASSES.index(tag) for tag in tags], dtype=np.int64),
        classes=CLASSES,
        row_words=row_words,
    )
    assert named(found) == spans_one_by_one(tags, sizes)


def test_only_spans_with_the_same_ends_and_type_are_found():
    true, decided = codes("B-PER I-PER O B-LOC"), codes("B-PER O O B-LOC")
    counts = count_entities(true, decided, classes=CLASSES, row_words=np.array([4]))
    assert counts.sum(axis=0).tolist() == [2, 2, 1]
    assert counts[:, 2].tolist() == [0, 0, 0, 1]


def test_tags_of_speech_are_no_entities():
    assert has_entities(CLASSES)
    assert not has_entities(("NOUN", "VERB"))
    assert not has_entities(("B-PER", "NOUN"))
    assert not has_entities(("I-PER", "O"))
