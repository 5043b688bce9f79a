"""Number of updates, clock and signal end training, in this order."""

from __future__ import annotations

from trainwright.core.clock import Replay, Unhurried
from trainwright.training.limits import Limits
from trainwright.training.protocols import Progress
from trainwright.training.signals import SignalFlag


def limits(*, pacer=None, limited=True, signal=0) -> Limits:
    flag = SignalFlag()
    flag.number = signal
    return Limits(
        total_steps=10,
        limited=limited,
        pacer=pacer or Unhurried(),
        reserve=lambda: 2.5,
        flag=flag,
    )


def test_each_end_has_its_reason():
    assert limits().after_step(Progress(step=9), None) is None
    assert limits().after_step(Progress(step=10), None) == "steps"
    assert limits(pacer=Replay({"step": 4})).after_step(Progress(step=4), None) == "budget"
    assert limits(signal=15).after_step(Progress(step=4), None) == "signal"
    assert limits(signal=15, pacer=Replay({"step": 4})).reason(Progress(step=4)) == "budget"


def test_the_end_of_the_epochs_is_no_limit_and_the_clock_is_not_asked_there():
    one = limits(limited=False, pacer=Replay({"step": 10}))
    assert one.after_step(Progress(step=10), None) is None


def test_the_clock_hears_what_the_last_evaluation_will_take():
    asked = []

    class Pacer(Unhurried):
        def go_on(self, point, step, *, needs=0.0):
            asked.append((point, step, needs))
            return True

    limits(pacer=Pacer()).after_step(Progress(step=3), None)
    assert asked == [("step", 3, 2.5)]
