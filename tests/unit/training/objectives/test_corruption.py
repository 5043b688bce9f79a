"""Corruption belongs to a sample: batch, order and padding do not change it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trainwright.training.objectives import IGNORED
from trainwright.training.objectives.corruption import Draws, add_noise, blank_values, hide_tokens

MASK, VOCABULARY = 99, 90


def hidden(tokens, *, epoch=0, rows=None, eligible=None, fraction=0.15):
    draws = Draws(seed=1, epoch=epoch, rows=np.arange(len(tokens)) if rows is None else rows)
    return hide_tokens(
        tokens,
        draws,
        eligible=np.ones_like(tokens, dtype=bool) if eligible is None else eligible,
        mask_token=MASK,
        vocabulary=VOCABULARY,
        fraction=fraction,
    )


def test_numbers_are_uniform_and_differ_by_row_place_use_and_epoch():
    draws = Draws(seed=0, epoch=0, rows=np.arange(200))
    numbers = draws.uniform(50, use="a")
    assert stats.kstest(numbers.ravel(), "uniform").pvalue > 0.001
    assert len(np.unique(numbers)) == numbers.size
    others = [draws.uniform(50, use="b"), Draws(0, 1, draws.rows).uniform(50, use="a")]
    for other in others:
        assert abs(np.corrcoef(numbers.ravel(), other.ravel())[0, 1]) < 0.05


def test_a_sample_is_corrupted_alike_in_any_batch_order_and_padding():
    tokens = np.random.default_rng(0).integers(0, VOCABULARY, (8, 12))
    inputs, target = hidden(tokens)
    rows = np.array([5, 2])
    padded = np.pad(tokens[rows], ((0, 0), (0, 3)))
    some, some_target = hidden(padded, rows=rows)
    assert np.array_equal(some[:, :12], inputs[rows])
    assert np.array_equal(some_target[:, :12], target[rows])
    again, _ = hidden(tokens, epoch=1)
    assert not np.array_equal(inputs, again)


def test_shares_are_those_of_the_paper():
    tokens = np.random.default_rng(1).integers(0, VOCABULARY, (400, 100))
    inputs, target = hidden(tokens)
    chosen = target != IGNORED
    assert np.array_equal(target[chosen], tokens[chosen])
    assert np.array_equal(inputs[~chosen], tokens[~chosen])
    assert chosen.mean() == pytest.approx(0.15, abs=0.01)
    masked = inputs[chosen] == MASK
    same = inputs[chosen] == tokens[chosen]
    assert masked.mean() == pytest.approx(0.8, abs=0.02)
    assert same.mean() == pytest.approx(0.1 + 0.1 / VOCABULARY, abs=0.02)
    assert inputs[chosen][~masked].max() < VOCABULARY


def test_tokens_that_are_not_eligible_are_left_alone():
    tokens = np.zeros((3, 6), dtype=np.int64)
    eligible = np.zeros_like(tokens, dtype=bool)
    eligible[:, 2] = True
    inputs, target = hidden(tokens, eligible=eligible, fraction=1.0)
    assert (target[:, 2] == 0).all()
    assert (np.delete(target, 2, axis=1) == IGNORED).all()
    assert (np.delete(inputs, 2, axis=1) == 0).all()


def test_blanked_values_are_told():
    values = np.random.default_rng(2).normal(size=(300, 4, 5)).astype(np.float32)
    blanked, told = blank_values(values, Draws(0, 0, np.arange(300)), fraction=0.3, fill=7.0)
    assert told.mean() == pytest.approx(0.3, abs=0.02)
    assert (blanked[told] == 7).all()
    assert np.array_equal(blanked[~told], values[~told])
    assert blanked.dtype == np.float32


def test_noise_is_normal_with_the_deviation_asked_for():
    values = np.zeros((400, 25), dtype=np.float32)
    noisy = add_noise(values, Draws(0, 0, np.arange(400)), deviation=0.5)
    assert noisy.dtype == np.float32
    assert stats.kstest(noisy.ravel() / 0.5, "norm").pvalue > 0.001
