from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.similarity import shingles
from trainwright.data.similarity.shingles import Runs, distinct, hash_words, long_shingles, shingle


def whole(texts: list[str | None]) -> list[list[int]]:
    found: list[list[int]] = []
    for runs in shingle(pl.Series(texts, dtype=pl.String)):
        found += [part.tolist() for part in np.split(runs.hashes, np.cumsum(runs.counts)[:-1])]
    return found


def test_case_punctuation_and_blanks_do_not_count() -> None:
    plain, loud = whole(["the cat sat on it", "  The CAT -- sat, on\n it!"])
    assert plain == loud
    assert len(plain) == 3


def test_composed_and_decomposed_letters_are_the_same() -> None:
    composed, decomposed = whole(
        ["caf\u00e9 im Gr\u00fcnen \u201cheute\u201d", "CAFE\u0301 im Gru\u0308nen heute"]
    )
    assert composed == decomposed


def test_no_shingle_reaches_into_the_next_text() -> None:
    assert whole(["a b c d", "e f g"]) == whole(["a b c d"]) + whole(["e f g"])


def test_a_short_text_is_one_shingle_and_an_empty_one_none() -> None:
    assert [len(found) for found in whole(["two words", "", None, "...", "one"])] == [1, 0, 0, 0, 1]


def test_words_of_more_than_eight_letters_are_told_apart_by_their_ends() -> None:
    one, other = whole(["incomprehensibly", "incomprehensible"])
    assert one != other


def test_a_text_without_blanks_is_cut_into_characters() -> None:
    first, second, spaced = whole(
        ["ACGTACGGTTAACCGGATATCCGT", "ACGTACGGTTAACCGGATATCCGA", "A word or two stand here"]
    )
    assert len(first) == 20
    assert first[:19] == second[:19]
    assert len(spaced) == 4


def test_slices_do_not_matter(monkeypatch) -> None:
    texts = [f"text number {n} of a few words and more" for n in range(50)] + ["x" * 90] * 3
    whole_at_once = whole(texts)
    monkeypatch.setattr(shingles, "_SLICE_BYTES", 64)
    assert whole(texts) == whole_at_once


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(alphabet="ab \u00e9\u4e2d,1", max_size=40), max_size=8))
def test_words_are_runs_of_letters_and_digits(texts: list[str]) -> None:
    series = pl.Series(texts, dtype=pl.String)
    found = [int(n) for runs in hash_words(series) for n in runs.counts]
    assert found == series.str.extract_all(r"[\p{L}\p{N}\p{M}]+").list.len().to_list()


def test_distinct_leaves_each_hash_once_and_rising() -> None:
    found = distinct(Runs(np.array([5, 2, 5, 2, 2], np.uint32), np.array([3, 0, 2])))
    assert found.hashes.tolist() == [2, 5, 2]
    assert found.counts.tolist() == [2, 0, 1]


def test_runs_of_many_words_are_the_same_wherever_they_stand() -> None:
    run = "alpha beta gamma delta epsilon zeta"
    found = list(
        long_shingles(pl.Series([run, f"before it {run} after it"]), num_words=6, fewest=3)
    )
    hashes = np.concatenate([runs.hashes for runs in found])
    assert hashes[0] in hashes[1:]
    assert len(np.unique(hashes)) == len(hashes) - 1
