"""The validation source is judged when it is due, and everybody who listens is told.

Due is a function of where training is: at the end of each epoch, or every so many steps. An
evaluation that a signal broke off stays due, and a resume makes it before anything else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainwright.training.protocols import Evaluated, Observer, Progress, StepResult


class Validation:
    """An observer that evaluates. It comes after those that only look at steps.

    Args:
        judge: Evaluates the module as it is now; None when it was broken off.
        every: Steps between evaluations; None: at epochs' ends.
        listeners: Told of each evaluation, in order.
        now: The clock, in seconds.
    """

    def __init__(
        self,
        judge: Callable[[Progress], Evaluated | None],
        *,
        every: int | None,
        listeners: Sequence[Observer],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._judge = judge
        self._every = every
        self._listeners = listeners
        self._now = now
        self.step = 0  # of the last evaluation
        self.loss: float | None = None
        self.seconds = 0.0  # that the last one took

    def after_step(self, progress: Progress, result: StepResult) -> str | None:
        if self._every is None or progress.step % self._every:
            return None
        return self.run(progress)

    def is_due(self, progress: Progress) -> bool:
        """Whether these weights should have been judged by now and were not."""
        if self.step == progress.step:
            return False
        if self._every is not None:
            return progress.step % self._every == 0
        return progress.batch == 0

    def run(self, progress: Progress) -> str | None:
        """Evaluate now; "signal" when it was broken off, else the first reason of a listener, or None."""
        started = self._now()
        evaluated = self._judge(progress)
        if evaluated is None:
            return "signal"
        self.seconds = self._now() - started
        self.step, self.loss = progress.step, evaluated.loss
        reasons = [
            why for one in self._listeners if (why := one.after_evaluation(progress, evaluated))
        ]
        return reasons[0] if reasons else None

    def after_evaluation(self, progress: Progress, evaluated: Evaluated) -> str | None:
        return None

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.step, "loss": self.loss}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.step, self.loss = int(state["step"]), state["loss"]
