from __future__ import annotations

import numpy as np
import pytest

from trainwright.core.errors import DataError
from trainwright.models.language.scaling import (
    ScalingLaw,
    ScalingRun,
    fit_scaling_law,
    predict_loss,
)

CHINCHILLA = ScalingLaw(1.69, 406.4, 0.34, 410.7, 0.28)  # Hoffmann et al. 2022, eq. 10
SIZES, TEXTS = (1e6, 3e6, 1e7, 3e7), (1e7, 5e7, 2e8)


def runs_of(law, *, noise=0.0, seed=0):
    draw = np.random.default_rng(seed)
    return [
        ScalingRun(size, text, law.loss(parameters=size, tokens=text) * float(np.exp(noise * draw.normal())))
        for size in SIZES
        for text in TEXTS
    ]  # fmt: skip


@pytest.mark.parametrize("law", [CHINCHILLA, ScalingLaw(0.7, 20.0, 0.2, 3_000.0, 0.5)])
def test_a_known_law_is_found_again(law):
    found = fit_scaling_law(runs_of(law))
    for name in ("floor", "size_power", "data_power"):
        assert getattr(found, name) == pytest.approx(getattr(law, name), rel=0.02)
    wanted = law.loss(parameters=1e9, tokens=2e10)
    assert found.loss(parameters=1e9, tokens=2e10) == pytest.approx(wanted, rel=1e-3)


def test_intervals_hold_as_often_as_they_say():
    size, text = 1e8, 1e9
    held = 0
    for seed in range(16):
        told = predict_loss(
            runs_of(CHINCHILLA, noise=0.005, seed=seed),
            parameters=size,
            tokens=text,
            confidence=0.9,
        )
        draw = np.random.default_rng(1_000 + seed)
        true = CHINCHILLA.loss(parameters=size, tokens=text) * np.exp(0.005 * draw.normal())
        held += told.low <= true <= told.high
        assert told.low < told.value < told.high
        assert told.high / told.low < 1.5
    assert held >= 12


def test_a_run_that_failed_hardly_moves_the_law():
    runs = runs_of(CHINCHILLA)
    runs[4] = ScalingRun(runs[4].parameters, runs[4].tokens, 3 * runs[4].loss)
    found = fit_scaling_law(runs)
    assert found.loss(parameters=1e8, tokens=1e9) == pytest.approx(
        CHINCHILLA.loss(parameters=1e8, tokens=1e9), rel=0.01
    )


def test_the_order_of_the_runs_is_all_one():
    runs = runs_of(CHINCHILLA, noise=0.01)
    assert fit_scaling_law(runs) == fit_scaling_law(runs[::-1])


def test_compute_is_split_where_the_law_is_least():
    flops = 1e18
    parameters, tokens = CHINCHILLA.best_split(flops)
    assert 6 * parameters * tokens == pytest.approx(flops)
    least = CHINCHILLA.loss(parameters=parameters, tokens=tokens)
    for factor in (0.8, 1.25):
        other = CHINCHILLA.loss(parameters=factor * parameters, tokens=tokens / factor)
        assert other > least


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        (runs_of(CHINCHILLA)[:5], "5 runs"),
        ([ScalingRun(1e6, 1e7 * n, 3.0) for n in range(1, 9)], "8 runs of 1 sizes"),
        ([*runs_of(CHINCHILLA), ScalingRun(1e6, 1e7, float("nan"))], "not a number"),
    ],
)
def test_what_tells_no_law_is_refused(runs, told):
    with pytest.raises(DataError, match=told) as caught:
        fit_scaling_law(runs)
    assert "runs" in caught.value.mend


def test_an_interval_needs_one_run_more():
    runs = [
        ScalingRun(size, text, CHINCHILLA.loss(parameters=size, tokens=text))
        for size, text in zip((1e6, 1e6, 3e6, 3e6, 1e7, 1e7), (1e7, 5e7, 2e8, 1e7, 5e7, 2e8), strict=True)
    ]  # fmt: skip
    assert fit_scaling_law(runs).floor > 0
    with pytest.raises(DataError, match="7 runs or more"):
        predict_loss(runs, parameters=1e8, tokens=1e9)
