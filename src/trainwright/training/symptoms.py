"""Training that goes on but learns nothing is warned of: a loss that explodes, a gradient that is gone.

Looks at the history's records only, so it reads nothing from the device. Each symptom is told once.
The rules are ours and coarse, so that what is well is never warned of: a loss a thousand times that
of the beginning, and above 1; five records in a row whose gradient is exactly zero.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

from trainwright.core.errors import Fault
from trainwright.training.history import Record
from trainwright.training.modes import TrainingWarning
from trainwright.training.protocols import Evaluated, Progress, StepResult

EXPLODED = 1000.0
GONE_RECORDS = 5


class Symptoms:
    """An observer that warns.

    Args:
        records: The history, as it grows.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records
        self._seen = 0
        self._first: float | None = None
        self._gone = 0
        self._told: list[str] = []

    def after_step(self, progress: Progress, result: StepResult) -> str | None:
        while self._seen < len(self._records):
            record = self._records[self._seen]
            self._seen += 1
            if "loss" in record.values:
                self._look(record)
        return None

    def after_evaluation(self, progress: Progress, evaluated: Evaluated) -> str | None:
        return None

    def _look(self, record: Record) -> None:
        loss = record.values["loss"]
        self._first = loss if self._first is None else self._first
        if loss > EXPLODED * max(abs(self._first), 1 / EXPLODED):
            self._tell(
                "exploding",
                f"the loss is {loss:.3g}, and was {self._first:.3g} at the beginning",
                record.step,
                "lower optimizer.learning_rate, or clip_norm: 1.0",
            )
        self._gone = self._gone + 1 if record.values.get("gradient_norm") == 0 else 0
        if self._gone >= GONE_RECORDS:
            self._tell(
                "gone",
                "the gradient is zero: nothing is learnt any more",
                record.step,
                "lower optimizer.learning_rate, or another initialisation",
            )

    def _tell(self, symptom: str, what: str, step: int, mend: str) -> None:
        if symptom not in self._told:
            self._told.append(symptom)
            warnings.warn(str(Fault(what, f"step {step}", mend)), TrainingWarning, stacklevel=2)

    def state_dict(self) -> Mapping[str, object]:
        return {"seen": self._seen, "first": self._first, "gone": self._gone, "told": self._told}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        seen, first, gone, told = (state[name] for name in ("seen", "first", "gone", "told"))
        assert isinstance(seen, int)
        assert isinstance(gone, int)
        assert isinstance(told, list)
        assert first is None or isinstance(first, float)
        self._seen, self._first, self._gone, self._told = seen, first, gone, list(told)
