"""Early stopping: no better validation loss for `patience` evaluations ends the training.

A loss that is not a number is no better. Source: Prechelt 1998, "Early stopping - but when?", criterion UP.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from trainwright.recipe.sections import EarlyStopping
from trainwright.training.protocols import Evaluated, Progress, StepResult

_PATIENCE = 5


class EarlyStopper:
    """Counts evaluations without improvement.

    Args:
        settings: Patience (5 where not said), and how much lower a loss must be to count as better.
    """

    def __init__(self, settings: EarlyStopping) -> None:
        self._min_improvement = settings.min_improvement
        self._patience = settings.patience or _PATIENCE
        self._best: float | None = None
        self._waited = 0

    def after_step(self, progress: Progress, result: StepResult) -> str | None:
        """Nothing; only evaluations count."""
        return None

    def after_evaluation(self, progress: Progress, evaluated: Evaluated) -> str | None:
        """The reason "early" when patience is at its end."""
        least = math.inf if self._best is None else self._best - self._min_improvement
        if evaluated.loss < least:
            self._best, self._waited = evaluated.loss, 0
            return None
        self._waited += 1
        return "early" if self._waited >= self._patience else None

    def state_dict(self) -> dict[str, object]:
        return {"best": self._best, "waited": self._waited}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        best, waited = state["best"], state["waited"]
        assert isinstance(waited, int)
        assert best is None or isinstance(best, float | int)
        self._best, self._waited = best, waited
