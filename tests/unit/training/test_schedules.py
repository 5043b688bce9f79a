"""What schedules promise whatever their curve: warm-up, range, refusals, memory."""

from __future__ import annotations

import json

import pytest

from trainwright.core.errors import RecipeError
from trainwright.core.parts import schedules
from trainwright.training.schedules import (
    Constant,
    Cosine,
    Linear,
    OneCycle,
    ReduceOnPlateau,
    WarmupStableDecay,
)


@pytest.mark.parametrize("kind", list(schedules))
@pytest.mark.parametrize("total", [1, 2, 3, 50])
def test_factors_lie_between_zero_and_one_at_every_step_and_beyond(kind, total):
    schedule = schedules.find(kind)().build(total)
    factors = [schedule.factor(step) for step in range(total + 5)]
    assert all(0 <= factor <= 1 for factor in factors)
    assert factors[0] > 0


@pytest.mark.parametrize("part", [Constant, Linear, Cosine, WarmupStableDecay, ReduceOnPlateau])
def test_warm_up_rises_in_a_straight_line_to_one(part):
    schedule = part(warmup=4).build(20)
    assert [schedule.factor(step) for step in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])


@pytest.mark.parametrize("part", [Constant, Linear, Cosine, WarmupStableDecay, OneCycle])
def test_a_share_of_the_steps_is_the_same_as_their_number(part):
    by_share, by_steps = part(warmup=0.25).build(40), part(warmup=10).build(40)
    assert [by_share.factor(s) for s in range(40)] == [by_steps.factor(s) for s in range(40)]


@pytest.mark.parametrize("part", [Linear, Cosine, WarmupStableDecay, OneCycle])
def test_what_follows_the_last_step_stays_at_the_final_factor(part):
    schedule = part(final=0.1).build(30)
    assert [schedule.factor(step) for step in (30, 31, 500)] == pytest.approx([0.1] * 3)


@pytest.mark.parametrize("kind", list(schedules))
def test_a_warm_up_longer_than_the_training_is_refused(kind):
    with pytest.raises(RecipeError) as refusal:
        schedules.find(kind)(warmup=101).build(100)
    assert "100" in refusal.value.what
    assert "warmup: 0." in refusal.value.mend


def test_warm_up_and_decay_must_fit_together():
    with pytest.raises(RecipeError, match="do not fit into 100"):
        WarmupStableDecay(warmup=60, decay=0.5).build(100)


@pytest.mark.parametrize("value", [-1, 1.0, 1.5, -0.1, "x", True, None])
def test_a_warm_up_that_is_no_span_is_refused(value):
    ((path, fault),) = schedules.parse({"kind": "cosine", "warmup": value}, where="schedule")
    assert path == ("warmup",)
    assert "share of them below 1" in fault.what
    assert fault.mend == "write 100 or 0.1"


def test_a_warm_up_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="neither a number of steps"):
        Cosine(warmup=float("nan"))


@pytest.mark.parametrize("kind", list(schedules))
def test_state_is_json_and_brings_a_fresh_schedule_to_the_same_place(kind):
    part = schedules.find(kind)()
    one, two = part.build(20), part.build(20)
    for loss in (1.0, 2.0, 2.0, 2.0, float("nan"), 2.0):
        one.after_evaluation(loss)
    two.load_state_dict(json.loads(json.dumps(one.state_dict(), allow_nan=False)))
    for _ in range(2):
        assert [one.factor(s) for s in range(20)] == [two.factor(s) for s in range(20)]
        one.after_evaluation(2.0)
        two.after_evaluation(2.0)


def test_the_rate_falls_after_more_evaluations_than_patience_without_a_better_loss():
    schedule = ReduceOnPlateau(reduce_by=0.5, patience=1, final=0.2).build(100)
    seen = []
    for loss in (1.0, 0.9, 0.95, 0.95, 0.8, 0.81, 0.82, float("nan"), 0.83, 0.83, 0.83):
        schedule.after_evaluation(loss)
        seen.append(schedule.factor(50))
    assert seen == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2]


def test_a_first_loss_that_is_no_number_is_not_the_best():
    schedule = ReduceOnPlateau(patience=0, reduce_by=0.5).build(10)
    schedule.after_evaluation(float("inf"))
    assert schedule.factor(0) == 0.5
    schedule.after_evaluation(3.0)
    schedule.after_evaluation(2.0)
    assert schedule.factor(0) == 0.5
