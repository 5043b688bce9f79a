"""Two networks that are asked the same: what is told apart, and what is let through."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.core.artifacts import Prediction
from trainwright.core.leaving import Exchange
from trainwright.deployment.export.formats import AS_IT_WAS, bounds_of
from trainwright.deployment.export.parity import language_checks, padded, prediction_checks, tell

VOCABULARY = 11


class Table:
    """Logits that depend on the last token alone, with something added."""

    def __init__(self, *, noise: float = 0.0, shift: float = 0.0, turn: int = 0) -> None:
        rng = np.random.default_rng(0)
        self.logits = 3 * rng.standard_normal((VOCABULARY, VOCABULARY))
        self.logits = self.logits + noise * rng.standard_normal(self.logits.shape)
        self.logits[:, 3] += shift
        self.logits = np.roll(self.logits, turn, axis=1)

    def answers(self, batch):
        return self.logits[batch["ids"]].astype(np.float32)


def exchanges(rows: int = 40):
    rng = np.random.default_rng(1)
    found = []
    for row in range(rows):
        ids = rng.integers(0, VOCABULARY, (1, 12))
        batch = {"ids": ids, "mask": np.ones_like(ids)}
        found.append(Exchange(batch, np.concatenate([ids[0, 1:], [-1]]), row))
    return found


def checks(other, *, quantization=None, rows=40):
    found = language_checks(
        Table(), other, exchanges(rows), bounds=bounds_of(quantization), generates=True
    )
    return {check.name: check for check in found}


def test_the_same_network_passes_every_check():
    assert all(check.passed for check in checks(Table()).values())


def test_another_likeliest_token_is_seen_and_so_is_the_generation():
    found = checks(Table(turn=1))
    assert not found["token agreement"].passed
    assert not found["greedy tokens"].passed


def test_a_shift_of_one_logit_shows_in_the_perplexity_alone():
    found = checks(Table(shift=-0.05))
    assert found["token agreement"].passed
    assert not found["perplexity"].passed
    assert checks(Table(shift=-0.05), quantization="q4_0")["perplexity"].passed


def test_nats_are_those_of_the_softmax():
    told = tell(Table(), Table(), exchanges(1))
    ids = exchanges(1)[0].batch["ids"][0]
    logits = Table().logits.astype(np.float32).astype(np.float64)[ids[:-1]]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert told.reference[0] == pytest.approx(-np.log(p[np.arange(11), ids[1:]]).sum())
    assert told.tokens[0] == 11


def test_the_perplexity_is_judged_by_the_whole_interval():
    noisy = checks(Table(noise=0.3), rows=3)["perplexity"]
    assert not noisy.passed
    assert "%" in noisy.detail


def test_a_quantised_model_is_not_asked_for_the_same_generation():
    assert "greedy tokens" not in checks(Table(), quantization="q8_0")


def test_an_answer_that_is_no_number_is_refused():
    broken = Table()
    broken.logits[:] = np.nan
    assert not checks(broken)["perplexity"].passed


class Leaking(Table):
    """What stands at padding has a part in every answer."""

    def answers(self, batch):
        found = super().answers(batch)
        return found + 0.01 * (batch["mask"] == 0).sum(axis=1)[:, None, None]


def test_what_stands_at_padding_must_have_no_part():
    short, long = exchanges(2)
    short.batch.update({name: values[:, :5] for name, values in short.batch.items()})
    assert padded(Table(), [short, long]).passed
    assert not padded(Leaking(), [short, long]).passed


def test_labels_and_probabilities_are_compared_row_by_row():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8]])
    before = Prediction(probabilities.argmax(1), probabilities)
    assert all(c.passed for c in prediction_checks(before, before, bounds=AS_IT_WAS))
    turned = Prediction(probabilities[::-1].argmax(1), probabilities[::-1])
    assert not any(c.passed for c in prediction_checks(before, turned, bounds=AS_IT_WAS))


def test_a_tie_that_falls_the_other_way_is_no_other_label():
    even = np.array([[0.5, 0.5]])
    pair = Prediction(np.array([0]), even), Prediction(np.array([1]), even)
    assert all(c.passed for c in prediction_checks(*pair, bounds=AS_IT_WAS))


def test_values_are_compared_by_their_size():
    near, far = (Prediction(np.array([1000.0 + gap])) for gap in (0.01, 1.0))
    wanted = Prediction(np.array([1000.0]))
    assert next(prediction_checks(wanted, near, bounds=AS_IT_WAS)).passed
    assert not next(prediction_checks(wanted, far, bounds=AS_IT_WAS)).passed
