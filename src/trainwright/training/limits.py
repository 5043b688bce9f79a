"""Three ends that come from outside the numbers: the number of updates, the clock, a signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trainwright.core.clock import Pacer
from trainwright.training.protocols import Evaluated, Progress, StepResult
from trainwright.training.signals import SignalFlag


class Limits:
    """An observer that says "steps", "budget" or "signal".

    Args:
        total_steps: Updates of the whole training.
        limited: `total_steps` was asked for; False: it is what the epochs come to.
        pacer: Asked before each update but the first.
        reserve: Seconds that must be left for what comes after the last update.
        flag: Set by a signal.
    """

    def __init__(
        self,
        *,
        total_steps: int,
        limited: bool,
        pacer: Pacer,
        reserve: Callable[[], float],
        flag: SignalFlag,
    ) -> None:
        self._total = total_steps
        self._limited = limited
        self._pacer = pacer
        self._reserve = reserve
        self._flag = flag

    def after_step(self, progress: Progress, result: StepResult) -> str | None:
        return self.reason(progress)

    def reason(self, progress: Progress) -> str | None:
        """Why no update may follow, or None."""
        if progress.step >= self._total:
            return "steps" if self._limited else None
        if not self._pacer.go_on("step", progress.step, needs=self._reserve()):
            return "budget"
        return "signal" if self._flag else None

    def after_evaluation(self, progress: Progress, evaluated: Evaluated) -> str | None:
        return None

    def state_dict(self) -> Mapping[str, object]:
        return {}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """There is none."""
