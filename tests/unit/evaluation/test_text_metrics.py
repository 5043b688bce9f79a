from __future__ import annotations

import numpy as np
import pytest

from trainwright.core.errors import DataError
from trainwright.evaluation.text_metrics import (
    TEXT_METRICS,
    text_differences,
    text_metrics,
)

NOUNS = ["cat", "dog", "cow", "hen", "fox", "owl", "bee", "ant"]


def drawn(rows, *, wrong, seed=0):
    """Sentences, and versions of them in which a share of the words is another one."""
    generator = np.random.default_rng(seed)
    references = [" ".join(generator.choice(NOUNS, 8)) for _ in range(rows)]
    texts = []
    for reference in references:
        keep = generator.random(8) >= wrong
        words = zip(reference.split(), keep, strict=True)
        texts.append(" ".join(word if kept else "none" for word, kept in words))
    return texts, references


def test_every_metric_stands_in_its_interval_and_repeats():
    texts, references = drawn(60, wrong=0.3)
    units = np.arange(60)
    found = text_metrics(texts, references, units=units, seed=1)
    assert tuple(found) == TEXT_METRICS
    for name, metric in found.items():
        assert metric.low <= metric.value <= metric.high, name
        assert metric.high > metric.low, name
    assert found == text_metrics(texts, references, units=units, seed=1)


def test_rows_of_one_unit_count_as_one():
    texts, references = drawn(20, wrong=0.3)
    once = text_metrics(texts, references, units=np.arange(20), seed=0)
    five = text_metrics(texts * 5, references * 5, units=np.tile(np.arange(20), 5), seed=0)
    loose = text_metrics(texts * 5, references * 5, units=np.arange(100), seed=0)
    for name in ("bleu", "chrf", "rouge_l"):
        assert five[name].value == pytest.approx(once[name].value)
        width = five[name].high - five[name].low
        assert width == pytest.approx(once[name].high - once[name].low, rel=0.05)
        assert width > 1.8 * (loose[name].high - loose[name].low)


def test_no_interval_is_of_no_width_where_nothing_varies():
    same = ["a b c d e"] * 10
    found = text_metrics(same, same, units=np.arange(10), seed=0)
    for name, metric in found.items():
        assert metric.value == pytest.approx(100 if name in ("bleu", "chrf") else 1)
        assert metric.low < metric.value, name


def test_a_gain_is_seen_where_the_plain_intervals_overlap():
    worse, references = drawn(60, wrong=0.35, seed=3)
    better = [
        text if row % 3 else reference
        for row, (text, reference) in enumerate(zip(worse, references, strict=True))
    ]
    units = np.arange(60)
    gains = text_differences(worse, better, references, units=units, seed=0)
    before = text_metrics(worse, references, units=units, seed=0)
    after = text_metrics(better, references, units=units, seed=0)
    for name in TEXT_METRICS:
        assert gains[name].value == pytest.approx(after[name].value - before[name].value)
        assert gains[name].low > 0, name


def test_the_same_texts_gain_nothing_and_may_still_differ():
    texts, references = drawn(30, wrong=0.3)
    gains = text_differences(texts, texts, references, units=np.arange(30), seed=0)
    assert all(gain.value == 0 and gain.low < 0 < gain.high for gain in gains.values())


def test_texts_without_references_are_refused():
    with pytest.raises(DataError, match="2 texts against 1 references"):
        text_metrics(["a", "b"], ["a"], units=np.arange(2), seed=0)
    with pytest.raises(DataError, match="no texts to judge"):
        text_metrics([], [], units=np.arange(0), seed=0)


def test_bleu_is_left_out_where_no_reference_has_four_words():
    few, more = ["red cat"] * 6, ["a red cat sat"] * 6
    units = np.arange(6)
    assert "bleu" not in text_metrics(few, few, units=units, seed=0)
    assert "bleu" not in text_differences(few, few, few, units=units, seed=0)
    assert text_metrics(more, more, units=units, seed=0)["bleu"].value == pytest.approx(100)
