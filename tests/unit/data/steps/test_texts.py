import json
import math

import polars as pl
import pytest

from trainwright.data.steps.texts import MAX_TERMS, Terms, TermsSummary, terms_of


def fitted(texts):
    summary = TermsSummary("note")
    summary.observe(pl.Series(texts, dtype=pl.String))
    return summary.finish()


def test_terms_are_words_of_two_letters_and_pairs_of_neighbours():
    found = list(terms_of("A Big-house, in KÖLN 42!"))
    words = ["big", "house", "in", "köln", "42"]
    assert found == [*words, "big house", "house in", "in köln", "köln 42"]


def test_a_term_needs_five_rows_not_five_mentions():
    step = fitted(["secret " * 9] * 4 + ["open"] * 5)
    assert step.terms == ("open",)


def test_a_row_has_length_1_and_the_weights_of_the_formula():
    step = fitted(["aa bb"] * 5 + ["aa"] * 3)
    found = dict(step.row("bb aa bb"))
    raw = {
        "aa": 1.0 * (math.log(9 / 9) + 1),
        "bb": (1 + math.log(2)) * (math.log(9 / 6) + 1),
        "aa bb": 1.0 * (math.log(9 / 6) + 1),
    }
    length = math.hypot(*raw.values())
    for place, term in enumerate(step.terms):
        assert found[place] == pytest.approx(raw[term] / length)


def test_unknown_words_empty_and_missing_texts_have_no_features():
    step = fitted(["aa bb"] * 5)
    assert step.row("zz") == step.row("") == step.row(None) == []


def test_the_vocabulary_is_capped_by_rows_and_then_by_text():
    words = [f"w{number:05}x" for number in range(MAX_TERMS + 50)]
    step = fitted([word for word in words for _ in range(5)] + [words[-1]])
    assert len(step.terms) == MAX_TERMS
    assert words[-1] in step.terms
    assert words[-2] not in step.terms
    assert list(step.terms) == sorted(step.terms)


def test_merged_summaries_count_together_and_a_saved_step_is_the_same():
    one, other = TermsSummary("note"), TermsSummary("note")
    one.observe(pl.Series(["aa bb", None, "cc"]))
    other.observe(pl.Series(["bb"] * 5))
    one.merge(other)
    step = one.finish()
    assert step == fitted(["aa bb", None, "cc"] + ["bb"] * 5)
    assert Terms.from_json(json.loads(json.dumps(step.to_json()))) == step
