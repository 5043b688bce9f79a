"""What a resume restores: everything that the next update depends on, and what it will be told beside.

Weights, optimiser, schedule, average, generators, where training is, the best evaluation so far,
the history and every observer's own state. A part is whatever has `state_dict` and
`load_state_dict`. A state is a copy on the CPU, so that training can go on while it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from trainwright.training.protocols import Progress
from trainwright.training.tensors import detached


class Stateful(Protocol):
    """A part of the training with a memory."""

    def state_dict(self) -> Any:  # noqa: ANN401 - nested mappings, lists, numbers, text and tensors
        """What it remembers."""
        ...

    def load_state_dict(self, state: Any) -> Any:  # noqa: ANN401 - as above; torch's own return something
        """Inverse of `state_dict`."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingState:
    """A moment between two updates.

    Attributes:
        progress: Where training is.
        settings: What must be equal for a resume; JSON values.
        loss: The validation loss of these very weights, where it was measured.
        parts: Name of a part to its state, tensors on the CPU. "model" are the weights.
    """

    progress: Progress
    settings: Mapping[str, Any]
    loss: float | None
    parts: Mapping[str, Any]


def capture(
    progress: Progress,
    parts: Mapping[str, Stateful],
    *,
    settings: Mapping[str, Any],
    loss: float | None,
) -> TrainingState:
    """The state of all parts, copied."""
    states = {name: detached(part.state_dict()) for name, part in parts.items()}
    return TrainingState(progress, settings, loss, states)


def restore(state: TrainingState, parts: Mapping[str, Stateful]) -> None:
    """Bring all parts back to a moment; the settings have been compared."""
    for name, part in parts.items():
        part.load_state_dict(state.parts[name])
