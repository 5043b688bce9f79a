"""What a training came to, and which step its weights are of."""

from __future__ import annotations

from dataclasses import dataclass

from trainwright.training.history import Record
from trainwright.training.protocols import Progress


@dataclass(frozen=True, slots=True)
class Best:
    """The evaluation of least loss.

    Attributes:
        step: Updates made before it.
        epoch: Epochs finished before it.
        loss: The validation loss.
    """

    step: int
    epoch: int
    loss: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a training.

    Attributes:
        progress: Where it ended, and why.
        best: The best evaluation; None where nothing was evaluated.
        history: Records in order.
        step: The step that the module's weights are of.
        reason: Why of that one, in words.
    """

    progress: Progress
    best: Best | None
    history: tuple[Record, ...]
    step: int
    reason: str
