"""Schedules equal PyTorch's where there is one, and their closed form where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from trainwright.training.schedules import (
    Constant,
    Cosine,
    Linear,
    OneCycle,
    ReduceOnPlateau,
    WarmupStableDecay,
)

CLOSE = 1e-9  # worst seen 3e-14: PyTorch multiplies ratios from step to step


def optimizer_at(rate=1.0):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def rates(make, total):
    optimizer = optimizer_at()
    scheduler = make(optimizer)
    seen = []
    for _ in range(total):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


def factors(part, total):
    schedule = part.build(total)
    return [schedule.factor(step) for step in range(total)]


def after_warmup(warmup, make_rest):
    def make(optimizer):
        rise = lr_scheduler.LinearLR(optimizer, 1 / (warmup + 1), 1.0, total_iters=warmup)
        return lr_scheduler.SequentialLR(optimizer, [rise, make_rest(optimizer)], [warmup])

    return make


@pytest.mark.parametrize(("total", "warmup"), [(37, 5), (200, 20), (10, 1)])
@pytest.mark.parametrize("final", [0.0, 0.1])
def test_cosine_is_cosine_annealing_after_a_linear_warm_up(total, warmup, final):
    make = after_warmup(
        warmup, lambda o: lr_scheduler.CosineAnnealingLR(o, total - warmup, eta_min=final)
    )
    ours = factors(Cosine(warmup=warmup, final=final), total)
    assert ours == pytest.approx(rates(make, total), abs=CLOSE)


@pytest.mark.parametrize(("total", "warmup"), [(37, 5), (200, 20), (10, 1)])
@pytest.mark.parametrize("final", [0.0, 0.1])
def test_linear_is_linear_after_a_linear_warm_up(total, warmup, final):
    make = after_warmup(
        warmup, lambda o: lr_scheduler.LinearLR(o, 1.0, final, total_iters=total - warmup)
    )
    ours = factors(Linear(warmup=warmup, final=final), total)
    assert ours == pytest.approx(rates(make, total), abs=CLOSE)


@pytest.mark.parametrize(("total", "warmup"), [(40, 12), (101, 33), (200, 2)])
def test_one_cycle_is_pytorchs(total, warmup):
    make = lambda o: lr_scheduler.OneCycleLR(  # noqa: E731
        o, 1.0, total_steps=total, pct_start=warmup / total, cycle_momentum=False
    )
    ours = factors(OneCycle(warmup=warmup), total)
    assert ours == pytest.approx(rates(make, total), abs=CLOSE)


@pytest.mark.parametrize("seed", range(5))
def test_reduction_on_plateaus_is_pytorchs(seed):
    random = np.random.default_rng(seed)
    patience, by = int(random.integers(0, 4)), float(random.uniform(0.2, 0.8))
    optimizer = optimizer_at()
    theirs = lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=by, patience=patience, threshold=0.05, min_lr=1e-3, eps=0.0
    )
    ours = ReduceOnPlateau(reduce_by=by, patience=patience, min_improvement=0.05, final=1e-3).build(
        100
    )
    for loss in np.abs(random.normal(size=60)) * np.geomspace(3, 0.5, 60):
        theirs.step(loss)
        ours.after_evaluation(float(loss))
        assert ours.factor(50) == pytest.approx(optimizer.param_groups[0]["lr"], rel=CLOSE)


def test_warm_up_stable_decay_has_its_closed_form():
    total, warmup, decay, final = 50, 5, 10, 0.2
    rise = [(step + 1) / 6 for step in range(5)]
    fall = [1 - 0.8 * passed / 10 for passed in range(10)]
    ours = factors(WarmupStableDecay(warmup=warmup, decay=decay, final=final), total)
    assert ours == pytest.approx([*rise, *[1.0] * 35, *fall], abs=CLOSE)


def test_constant_stays_at_one_after_its_warm_up():
    assert factors(Constant(warmup=3), 6) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
