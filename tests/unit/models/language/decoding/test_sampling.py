"""What is drawn from: closed forms; and that a draw is a function of seed and step."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare

from trainwright.core.language import GenerationSettings
from trainwright.models.language.decoding.sampling import distribution, next_token, uniform

SHARES = np.array([0.05, 0.4, 0.1, 0.3, 0.15])
LOGITS = np.log(SHARES).astype(np.float32) + np.float32(3.0)


def drawn_from(**settings):
    return distribution(LOGITS, GenerationSettings(**{"temperature": 1.0, **settings}))


def test_a_temperature_raises_the_shares_to_its_inverse():
    wanted = SHARES**2 / (SHARES**2).sum()
    np.testing.assert_allclose(drawn_from(temperature=0.5), wanted, rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"top_k": 1}, {1}),
        ({"top_k": 3}, {1, 3, 4}),
        ({"top_k": 99}, {0, 1, 2, 3, 4}),
        ({"top_p": 0.39}, {1}),
        ({"top_p": 0.41}, {1, 3}),
        ({"top_p": 0.69}, {1, 3}),
        ({"top_p": 0.71}, {1, 3, 4}),
        ({"top_p": 1e-9}, {1}),
        ({"min_p": 0.26}, {1, 3, 4}),  # at least 0.104
        ({"min_p": 0.3}, {1, 3, 4}),  # at least 0.12
        ({"min_p": 0.4}, {1, 3}),  # at least 0.16
        ({"min_p": 1.0}, {1}),
        ({"top_k": 3, "top_p": 0.5}, {1, 3}),  # of what top-k left: 0.47, 0.35, 0.18
        ({"top_k": 3, "top_p": 0.83, "min_p": 0.5}, {1, 3}),
    ],
)
def test_only_the_likelier_tokens_are_drawn_from_in_their_own_proportions(settings, kept):
    found = drawn_from(**settings)
    wanted = np.array([share if code in kept else 0.0 for code, share in enumerate(SHARES)])
    np.testing.assert_allclose(found, wanted / wanted.sum(), rtol=1e-6)


def test_of_equal_tokens_the_lowest_ids_are_kept_and_the_greedy_one_is_the_first():
    equal = np.zeros(6, np.float32)
    kept = distribution(equal, GenerationSettings(temperature=1.0, top_k=2))
    assert np.flatnonzero(kept).tolist() == [0, 1]
    assert next_token(equal, GenerationSettings(), step=0) == 0


def test_draws_over_steps_and_over_seeds_have_the_shares_that_were_asked_for():
    settings = GenerationSettings(temperature=0.7, seed=11)
    wanted = distribution(LOGITS, settings) * 4_000
    steps = [next_token(LOGITS, settings, step=step) for step in range(4_000)]
    seeds = [
        next_token(LOGITS, GenerationSettings(temperature=0.7, seed=seed), step=0)
        for seed in range(4_000)
    ]
    for draws in (steps, seeds):
        assert chisquare(np.bincount(draws, minlength=5), wanted).pvalue > 1e-3


def test_a_draw_depends_on_seed_and_step_alone():
    settings = GenerationSettings(temperature=1.0, seed=3)
    first = [next_token(LOGITS, settings, step=step) for step in range(50)]
    again = [next_token(LOGITS, settings, step=step) for step in reversed(range(50))]
    assert first == again[::-1]
    assert first != [
        next_token(LOGITS, GenerationSettings(temperature=1.0, seed=4), step=s) for s in range(50)
    ]
    assert 0.0 <= min(uniform(0, step) for step in range(1000)) < 0.01


def test_a_token_without_a_share_is_never_drawn():
    certain = np.array([-np.inf, 0.0, -np.inf], np.float32)
    draws = {
        next_token(certain, GenerationSettings(temperature=5.0, seed=s), step=0) for s in range(99)
    }
    assert draws == {1}
