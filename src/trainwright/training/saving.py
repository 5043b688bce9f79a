"""When a checkpoint is made: between two updates, when every observer has seen the last one.

With `every` said, at its multiples. Otherwise after an evaluation and where a minute has gone by,
but never so often that saving takes more than a twentieth of the time; a kill then loses twenty
times what a save takes, or a minute. Only the copy of the tensors is waited for; hashing and
writing are a thread's, whose failure ends training at the next update.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from trainwright.recipe.sections import CheckpointSettings
from trainwright.training.background import Background
from trainwright.training.checkpoints import Checkpoints
from trainwright.training.protocols import Evaluated, Progress, StepResult
from trainwright.training.state import TrainingState

if TYPE_CHECKING:
    from trainwright.training.loop import Batch

LONGEST_SECONDS = 60.0
LEAST_TIMES = 20.0


class Saver:
    """An observer that remembers where training is, and saves there.

    Args:
        checkpoints: Where to.
        settings: How often, and whether by a thread.
        capture: The state at a moment.
        now: The clock, in seconds.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        settings: CheckpointSettings,
        capture: Callable[[Progress], TrainingState],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._checkpoints = checkpoints
        self._every, self._asynchronous = settings.every, settings.asynchronous
        self._capture = capture
        self._now = now
        self._background = Background()
        self._progress: Progress | None = None
        self._evaluated = False
        self._saved_step = 0
        self._saved_at = now()
        self._seconds = 0.0

    def after_step(self, progress: Progress, result: StepResult) -> str | None:
        self._progress = progress
        self._background.look()
        return None

    def after_evaluation(self, progress: Progress, evaluated: Evaluated) -> str | None:
        self._evaluated = True
        return None

    def between(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches; before each but the first, a checkpoint where one is due."""
        self._progress = None
        for batch in batches:
            if self._progress is not None:
                self.save_if_due(self._progress)
            yield batch

    def save_if_due(self, progress: Progress) -> None:
        """A checkpoint of this moment, if it is time for one."""
        if self._is_due(progress):
            self._save(progress)

    def finish(self, progress: Progress) -> None:
        """A checkpoint of this moment, written when this returns."""
        self._save(progress)
        self._background.finish()

    def close(self) -> None:
        """Let what is under way come to its end; raises nothing."""
        self._background.wait()

    def resumed(self, progress: Progress) -> None:
        """This moment is saved already."""
        self._saved_step = progress.step

    def _is_due(self, progress: Progress) -> bool:
        if self._every is not None:
            return progress.step % self._every == 0 and progress.step != self._saved_step
        waited = self._now() - self._saved_at
        if self._background.busy or waited < LEAST_TIMES * self._seconds:
            return False
        return self._evaluated or waited >= LONGEST_SECONDS

    def _save(self, progress: Progress) -> None:
        started = self._now()
        self._background.finish()
        state = self._capture(progress)
        self._saved_step, self._saved_at, self._evaluated = progress.step, started, False

        def write() -> None:
            self._checkpoints.save(state)
            self._saved_at = self._now()
            self._seconds = self._saved_at - started

        if self._asynchronous:
            self._background.start(write)
        else:
            write()

    def state_dict(self) -> Mapping[str, object]:
        """Nothing: when to save next is the clock's."""
        return {}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """There is none."""
