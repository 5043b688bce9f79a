from __future__ import annotations

import math

import numpy as np
import pytest

from trainwright.evaluation.canaries import (
    ALTERNATIVES,
    CHANCE,
    REPEATS,
    check_memory,
    exposure,
    exposures,
    make_canaries,
    other_secrets,
)


def test_canaries_repeat_by_turns_and_depend_on_the_seed():
    canaries = make_canaries(7, seed=0)
    assert [one.repeats for one in canaries] == [1, 4, 16, 1, 4, 16, 1]
    assert len({one.secret for one in canaries}) == 7
    assert all(len(one.secret) == 9 and one.secret.isdigit() for one in canaries)
    assert canaries == make_canaries(7, seed=0)
    assert canaries[0].secret != make_canaries(7, seed=1)[0].secret
    assert canaries[:3] == make_canaries(3, seed=0)


def test_other_secrets_are_of_the_same_kind_and_never_the_planted_one():
    canary = make_canaries(1, seed=0)[0]
    others = other_secrets(canary, seed=0)
    assert len(set(others)) == ALTERNATIVES
    assert canary.secret not in others
    assert others == other_secrets(canary, seed=0)


def test_exposure_is_the_rank_in_bits():
    assert exposure(np.arange(256.0)) == 8
    assert exposure(-np.arange(256.0)) == 0
    assert exposure(np.array([2.0, 1.0, 3.0, 4.0])) == 1
    assert exposure(np.zeros(256)) == 0  # of equal ones it is the last: nothing is claimed


def test_where_nothing_is_remembered_the_p_value_is_fair_and_the_mean_is_chance():
    generator = np.random.default_rng(0)
    canaries = make_canaries(60, seed=0)
    small, means = 0, []
    for _ in range(300):
        bits = [exposure(generator.random(ALTERNATIVES + 1)) for _ in canaries]
        found = exposures(canaries, bits)
        assert [one.repeats for one in found] == list(REPEATS)
        small += sum(one.p_value < 0.05 for one in found)
        means.append(np.mean(bits))
    assert small / 900 < 0.07
    assert np.mean(means) == pytest.approx(CHANCE, abs=0.05)
    assert math.log2(math.e) == CHANCE


def test_what_is_remembered_stands_out():
    canaries = make_canaries(12, seed=0)
    bits = [8.0 if one.repeats == 16 else 1.0 for one in canaries]
    once, _, often = exposures(canaries, bits)
    assert often.p_value < 1e-5
    assert often.bits.low > CHANCE
    assert once.p_value > 0.1
    assert once.bits.low < once.bits.value == 1 < once.bits.high


def exposed(*p_values):
    bits = {"value": 4.0, "low": 3.0, "high": 5.0}
    return {
        "exposed": [{"repeats": 4**n, "bits": bits, "p_value": p} for n, p in enumerate(p_values)]
    }


def test_a_model_that_remembers_is_no_champion_unless_that_is_accepted():
    assert check_memory(exposed(0.5, 0.2, 0.03), accepted=False).passed  # one of three, by chance
    refused = check_memory(exposed(0.5, 0.2, 0.001), accepted=False)
    assert not refused.passed
    assert "4 bits where planted 16 times (p 0.001)" in refused.detail
    assert "deployment: {accept: [memory]}" in refused.detail
    assert check_memory(exposed(0.001), accepted=True).passed
    unknown = check_memory(exposed(), accepted=False)
    assert (unknown.passed, "training.budget" in unknown.detail) == (False, True)
