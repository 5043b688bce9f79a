from __future__ import annotations

import sys

import pytest

from trainwright.core.errors import EnvironmentFault
from trainwright.summaries.texts import (
    answer_scores,
    bleu,
    bleu_counts,
    chrf,
    chrf_counts,
    rouge_scores,
)


def test_equal_texts_have_full_marks_and_strangers_none():
    same = ["a b c d e f"]
    assert bleu(bleu_counts(same, same))[0] == pytest.approx(100)
    assert chrf(chrf_counts(same, same))[0] == pytest.approx(100)
    assert rouge_scores(same, same).tolist() == [[1, 1, 1]]
    other = ["1 2 3 4 5 6"]
    assert bleu(bleu_counts(same, other))[0] == 0
    assert chrf(chrf_counts(same, other))[0] == 0
    assert rouge_scores(same, other).tolist() == [[0, 0, 0]]


def test_words_of_any_script_count_for_rouge():
    assert rouge_scores(["größte Übung"], ["die größte Übung"])[0, 0] == pytest.approx(0.8)
    assert rouge_scores(["привет мир"], ["привет мир"]).tolist() == [[1, 1, 1]]


def test_answers_are_compared_without_case_articles_and_punctuation():
    scores = answer_scores(
        ["The Eiffel Tower!", "in Paris, France", "an", "", "no"],
        ["eiffel tower", "Paris", "", "the", ""],
    )
    assert scores[:, 0].tolist() == [1, 0, 1, 1, 0]
    assert scores[:, 1] == pytest.approx([1, 0.5, 1, 1, 0])


def test_a_text_that_is_not_unicode_is_scored_too():
    odd = ["a \ud800 b"]
    assert rouge_scores(odd, odd)[0, 0] == 1
    assert chrf(chrf_counts(odd, odd))[0] > 0
    assert bleu_counts(odd, odd)[0, 0] == 3


def test_without_sacrebleu_the_refusal_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(EnvironmentFault, match="not installed") as caught:
        bleu_counts(["a"], ["a"])
    assert caught.value.mend == "pip install 'trainwright[language]'"
