"""An evaluation is due at its place, once, and one that was broken off stays due."""

from __future__ import annotations

import pytest

from trainwright.training.protocols import Evaluated, Progress
from trainwright.training.validation import Validation


class Listener:
    def __init__(self, reason: str | None = None) -> None:
        self.reason, self.heard = reason, []

    def after_evaluation(self, progress, evaluated):
        self.heard.append((progress.step, evaluated.loss))
        return self.reason


def validation(every: int | None, *listeners: Listener, broken: bool = False) -> Validation:
    return Validation(
        lambda progress: None if broken else Evaluated(progress.step / 10),
        every=every,
        listeners=listeners,
    )


def test_every_so_many_steps_it_evaluates_and_gives_the_first_reason():
    listeners = Listener(), Listener("early"), Listener("late")
    one = validation(3, *listeners)
    reasons = [one.after_step(Progress(step=step), None) for step in range(1, 7)]
    assert reasons == [None, None, "early", None, None, "early"]
    assert [listener.heard for listener in listeners] == [[(3, 0.3), (6, 0.6)]] * 3


def test_without_an_interval_steps_evaluate_nothing():
    listener = Listener()
    one = validation(None, listener)
    assert one.after_step(Progress(step=3), None) is None
    assert not listener.heard


@pytest.mark.parametrize(
    ("every", "progress", "due"),
    [
        (None, Progress(epoch=1, batch=0, step=5), True),
        (None, Progress(epoch=1, batch=2, step=7), False),
        (3, Progress(epoch=0, batch=3, step=3), True),
        (3, Progress(epoch=1, batch=0, step=5), False),
    ],
)
def test_due_is_a_function_of_where_training_is(every, progress, due):
    one = validation(every)
    assert one.is_due(progress) is due
    one.run(progress)
    assert not one.is_due(progress)


def test_what_was_broken_off_stays_due_and_nobody_hears_of_it():
    listener = Listener()
    one = validation(3, listener, broken=True)
    assert one.after_step(Progress(step=3), None) == "signal"
    assert not listener.heard
    assert one.is_due(Progress(step=3))


def test_its_state_comes_back():
    one, other = validation(3), validation(3)
    one.run(Progress(step=6))
    other.load_state_dict(one.state_dict())
    assert not other.is_due(Progress(step=6))
    assert other.loss == 0.6
