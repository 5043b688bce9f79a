"""The weights of the best evaluation are kept aside, since the last ones are seldom the best.

A loss that is not a number is never the best. Cost: the weights once more, on the CPU.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import nn

from trainwright.training.outcome import Best
from trainwright.training.protocols import Evaluated, Progress
from trainwright.training.tensors import detached


class BestWeights:
    """The best evaluation so far, and a copy of the weights that it judged.

    Args:
        model: Whose weights.
        keep: Copy them; False: only the evaluation is remembered.
    """

    def __init__(self, model: nn.Module, *, keep: bool) -> None:
        self._model = model
        self._keep = keep
        self._weights: Mapping[str, Any] | None = None
        self.best: Best | None = None

    def consider(self, progress: Progress, evaluated: Evaluated) -> None:
        """Called while the module has the weights that were judged."""
        least = math.inf if self.best is None else self.best.loss
        if evaluated.loss < least:
            self.best = Best(progress.step, progress.epoch, evaluated.loss)
            self._weights = detached(self._model.state_dict()) if self._keep else None

    def put_back(self) -> bool:
        """Give the module the best weights; False where there are none."""
        if self._weights is None:
            return False
        self._model.load_state_dict(dict(self._weights))
        return True

    def state_dict(self) -> dict[str, Any]:
        """Tensors and JSON values."""
        return {"best": None if self.best is None else asdict(self.best), "weights": self._weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Inverse of `state_dict`."""
        self.best = None if state["best"] is None else Best(**state["best"])
        self._weights = state["weights"]
