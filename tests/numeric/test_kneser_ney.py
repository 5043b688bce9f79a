"""Kneser-Ney over sorted arrays against the definition, counted by dictionaries of tuples."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.models.language.kneser_ney import distribution, learn, probabilities


class Definition:
    """Chen & Goodman 1998, eq. 26-27, token by token."""

    def __init__(self, passages, vocabulary, order):
        self.vocabulary, self.order = vocabulary, order
        grams = Counter()
        for passage in passages:
            padded = [*[None] * (order - 1), *(token for token, _ in passage)]
            for place, (_, taught) in enumerate(passage):
                if taught:
                    grams[tuple(padded[place : place + order])] += 1
        self.counts = {order: grams}
        for n in range(order - 1, 0, -1):
            left = defaultdict(set)
            for gram in self.counts[n + 1]:
                left[gram[1:]].add(gram[0])
            self.counts[n] = Counter({gram: len(seen) for gram, seen in left.items()})
        self.discounts = {n: self.discount(counts) for n, counts in self.counts.items()}
        self.following = defaultdict(list)
        for counts in self.counts.values():
            for gram, count in counts.items():
                self.following[gram[:-1]].append(count)

    def discount(self, counts):
        times = Counter(counts.values())
        if not (times[1] and times[2] and times[3]):
            return (0.5, 1.0, 1.5)
        y = times[1] / (times[1] + 2 * times[2])
        found = tuple(k - (k + 1) * y * times[k + 1] / times[k] for k in (1, 2, 3))
        return found if all(0 < d <= k for k, d in enumerate(found, 1)) else (0.5, 1.0, 1.5)

    def probability(self, token, history):
        padded = (*[None] * (self.order - 1), *history)
        return self.interpolated((*padded[len(padded) - self.order + 1 :], token))

    def interpolated(self, gram):
        if not gram:
            return 1 / self.vocabulary
        counts, discounts = self.counts[len(gram)], self.discounts[len(gram)]
        followers = self.following[gram[:-1]]
        below = self.interpolated(gram[1:])
        if not followers:
            return below
        count, total = counts[gram], sum(followers)
        share = sum(discounts[min(each, 3) - 1] for each in followers) / total
        own = (count - discounts[min(count, 3) - 1]) / total if count else 0.0
        return own + share * below


tokens = st.integers(0, 3)
passages = st.lists(st.lists(st.tuples(tokens, st.booleans()), max_size=25), min_size=1, max_size=4)


def laid_out(rows):
    symbols = [s for row in rows for s in (0, *(token + 1 for token, _ in row))]
    taught = [t for row in rows for t in (False, *(t for _, t in row))]
    return np.array(symbols, np.int32), np.array(taught, bool)


@settings(max_examples=150, deadline=None)
@given(learnt=passages, judged=passages, order=st.integers(1, 5))
def test_probabilities_are_those_of_the_definition(learnt, judged, order):
    vocabulary = 5  # one id is never seen
    expected = Definition(learnt, vocabulary, order)
    tables = learn(*laid_out(learnt), vocabulary=vocabulary, order=order)
    symbols, _ = laid_out(judged)
    found = probabilities(tables, symbols, vocabulary=vocabulary)
    wanted = [
        expected.probability(token, [t for t, _ in row[:place]])
        for row in judged
        for place, (token, _) in enumerate(row)
    ]
    assert found[symbols > 0] == pytest.approx(wanted, rel=1e-10)


@settings(max_examples=100, deadline=None)
@given(learnt=passages, context=st.lists(st.integers(0, 4), max_size=6), order=st.integers(1, 5))
def test_after_any_context_they_sum_to_one_and_none_is_nought(learnt, context, order):
    tables = learn(*laid_out(learnt), vocabulary=5, order=order)
    found = distribution(tables, context, vocabulary=5)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert found.min() > 0
    rows = [[(t, True) for t in (*context, last)] for last in range(5)]
    symbols, _ = laid_out(rows)
    likely = probabilities(tables, symbols, vocabulary=5).reshape(5, -1)[:, -1]
    assert likely == pytest.approx(found, rel=1e-12)


def test_the_formula_of_the_discounts_is_used_where_there_is_enough_text():
    generator = np.random.default_rng(0)
    rows = [[(int(t), True) for t in generator.zipf(1.5, 400) % 12] for _ in range(3)]
    expected = Definition(rows, 12, 3)
    assert expected.discounts[3] != (0.5, 1.0, 1.5)
    tables = learn(*laid_out(rows), vocabulary=12, order=3)
    symbols, _ = laid_out(rows[:1])
    found = probabilities(tables, symbols, vocabulary=12)[1:]
    history = [t for t, _ in rows[0]]
    wanted = [expected.probability(t, history[:place]) for place, t in enumerate(history)]
    assert found == pytest.approx(wanted, rel=1e-10)


def test_blocks_change_nothing(monkeypatch):
    generator = np.random.default_rng(1)
    rows = [[(int(t), True) for t in generator.integers(0, 6, 50)] for _ in range(4)]
    whole = learn(*laid_out(rows), vocabulary=6, order=4)
    monkeypatch.setattr("trainwright.models.language.kneser_ney._BLOCK", 7)
    cut = learn(*laid_out(rows), vocabulary=6, order=4)
    for one, other in zip(whole, cut, strict=True):
        for name in ("keys", "told", "passed"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
