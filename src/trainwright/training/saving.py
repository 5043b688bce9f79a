"""When a checkpoint is made: between two updates, when every observer has seen the last one.

With `every` said, at its multiples. Otherwise after an evaluation and where a minute has gone by,
but never so often that saving takes more than a twentieth of the time; a kill then loses twenty
times what a save takes, or a minute. Only the copy of the tensors is waited for; hashing and
writing are a thread's, whose failure ends training at the next update.

How long a save will take is told from the slowest one so far, by its bytes where there are more of
them now; before the first one, from a slow disk's rate.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from trainwright.recipe.sections import CheckpointSettings
from trainwright.training.background import Background
from trainwright.training.checkpoints import Checkpoints
from trainwright.training.protocols import Evaluated, Progress, StepResult
from trainwright.training.state import TrainingState
from trainwright.training.tensors import num_bytes

if TYPE_CHECKING:
    from trainwright.training.loop import Batch

LONGEST_SECONDS = 60.0
LEAST_TIMES = 20.0
SLOW_DISK = (
    50e6  # bytes a second, hashed and flushed; what a save that was never measured is taken for
)


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
        self._slowest: tuple[float, int] | None = None  # seconds and bytes of a save

    @property
    def saved_step(self) -> int:
        """The step that was saved last; 0 where none was."""
        return self._saved_step

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

    def finish(
        self, progress: Progress, *, seconds_left: Callable[[], float] = lambda: math.inf
    ) -> float:
        """A checkpoint of this moment, written when this returns, if there is time for it.

        One that is under way is let to its end first.

        Args:
            progress: The moment.
            seconds_left: Asked once, before the checkpoint is begun.

        Returns:
            0 where it was made, else the seconds that it would have taken.
        """
        self._background.finish()
        state = self._capture(progress)
        needed = self._expected_seconds(num_bytes(state.parts))
        if needed > seconds_left():
            return needed
        self._write(state, started=self._now())
        self._background.finish()
        return 0.0

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
        self._write(self._capture(progress), started=started)

    def _write(self, state: TrainingState, *, started: float) -> None:
        self._saved_step, self._saved_at, self._evaluated = state.progress.step, started, False

        def write() -> None:
            begun = self._now()
            self._checkpoints.save(state)
            self._saved_at = self._now()
            self._seconds = self._saved_at - started
            measured = self._saved_at - begun, num_bytes(state.parts)
            self._slowest = max(self._slowest or measured, measured)

        if self._asynchronous:
            self._background.start(write)
        else:
            write()

    def _expected_seconds(self, size: int) -> float:
        """What a save of so many bytes will take."""
        if self._slowest is None:
            return size / SLOW_DISK
        seconds, measured = self._slowest
        return seconds * max(1.0, size / max(1, measured))

    def state_dict(self) -> Mapping[str, object]:
        """Nothing: when to save next is the clock's."""
        return {}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """There is none."""
