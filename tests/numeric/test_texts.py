"""Text metrics against sacreBLEU and rouge_score, on drawn texts."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from trainwright.summaries.texts import (
    bleu,
    bleu_counts,
    chrf,
    chrf_counts,
    common_subsequence,
    rouge_scores,
)

WORDS = ["the", "cat", "sat", "on", "a", "mat.", "1,000.5", "don't", "x-y", "Straße", "", "&amp;"]
sentences = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
pairs = st.lists(st.tuples(sentences, sentences), min_size=1, max_size=6)
ascii_texts = st.text(alphabet=string.printable, max_size=40)


def sides(rows):
    return [row[0] for row in rows], [row[1] for row in rows]


@settings(max_examples=150, deadline=None)
@given(pairs)
def test_bleu_is_that_of_sacrebleu(rows):
    generated, references = sides(rows)
    expected = BLEU().corpus_score(generated, [references]).score
    ours = bleu(bleu_counts(generated, references).sum(axis=0)[None, :])[0]
    assert ours == pytest.approx(expected, abs=1e-9)


@settings(max_examples=150, deadline=None)
@given(pairs)
def test_chrf_is_that_of_sacrebleu(rows):
    generated, references = sides(rows)
    expected = CHRF().corpus_score(generated, [references]).score
    ours = chrf(chrf_counts(generated, references).sum(axis=0)[None, :])[0]
    assert ours == pytest.approx(expected, abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.tuples(ascii_texts, ascii_texts), st.tuples(sentences, sentences)))
def test_rouge_is_that_of_rouge_score_on_ascii(row):
    generated, reference = (side.encode("ascii", "ignore").decode() for side in row)
    scored = RougeScorer(["rouge1", "rouge2", "rougeL"]).score(reference, generated)
    expected = [scored[name].fmeasure for name in ("rouge1", "rouge2", "rougeL")]
    assert rouge_scores([generated], [reference])[0] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=80), st.lists(st.integers(0, 3), max_size=80))
def test_the_common_subsequence_is_that_of_the_usual_table(first, second):
    table = np.zeros((len(first) + 1, len(second) + 1), int)
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            longer = max(table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = table[i, j] + 1 if one == other else longer
    assert common_subsequence(first, second) == table[-1, -1]
