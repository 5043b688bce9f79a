"""What a training records goes to who watches: each record to the history, the newest to the progress line.

It reads the trainer's own records, which are made every `log_every` steps, and so never waits for a device.
A resumed fit tells its earlier records again: what a kill kept from the history is then there all the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from trainwright.core.protocols import Workplace
from trainwright.training.history import Record
from trainwright.training.protocols import Evaluated, Progress, StepResult


class Watcher:
    """An observer that passes records on; it holds no state that a checkpoint would need.

    Args:
        workplace: Who is told.
        num_samples: Of one epoch.
        epochs: How many there are at most.
        every: Steps between two records.
    """

    def __init__(self, workplace: Workplace, *, num_samples: int, epochs: int, every: int) -> None:
        self._workplace = workplace
        self._num_samples = num_samples
        self._epochs = epochs
        self._every = every
        self._history: Callable[[], Sequence[Record]] = tuple
        self._told = 0
        self._newest: dict[str, float] = {}

    def follow(self, history: Callable[[], Sequence[Record]]) -> None:
        """Read the records from here."""
        self._history = history

    def after_step(self, progress: Progress, result: StepResult) -> str | None:
        if progress.step % self._every == 0:
            self._tell(progress)
        return None

    def after_evaluation(self, progress: Progress, evaluated: Evaluated) -> str | None:
        self._tell(progress)
        return None

    def pass_on(self) -> None:
        """Tell the history what it has not been told, also after a fit that ended with an error."""
        records = self._history()
        for record in records[self._told :]:
            self._workplace.record({"step": record.step, "epoch": record.epoch, **record.values})
            self._newest.update(record.values)
        self._told = len(records)

    def _tell(self, progress: Progress) -> None:
        self.pass_on()
        epoch = min(progress.epoch + 1, self._epochs)
        words = [f"epoch {epoch}", f"step {progress.step:,}", *_words(self._newest)]
        total = self._num_samples * self._epochs
        self._workplace.progress.advance(progress.samples, total, ", ".join(words))

    def state_dict(self) -> Mapping[str, object]:
        return {}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """Nothing."""


def _words(values: Mapping[str, float]) -> list[str]:
    """Loss, learning rate, throughput and utilisation, as far as they are known."""
    words = []
    if "loss" in values:
        words.append(f"loss {values['loss']:.3g}")
    if "validation_loss" in values:
        words.append(f"validation {values['validation_loss']:.3g}")
    if "learning_rate" in values:
        words.append(f"lr {_short(values['learning_rate'])}")
    if math.isfinite(rate := values.get("tokens_per_second", math.nan)):
        words.append(f"{rate:,.0f} tokens/s, {values['mfu']:.0%} of the peak")
    elif math.isfinite(rate := values.get("samples_per_second", math.nan)):
        words.append(f"{rate:,.0f} samples/s")
    return words


def _short(value: float) -> str:
    """3e-4, 2.5e-5, 0.01."""
    if value == 0 or abs(value) >= 0.01:
        return f"{value:.2g}"
    digits, _, power = f"{value:.1e}".partition("e")
    return f"{float(digits):g}e{int(power)}"
