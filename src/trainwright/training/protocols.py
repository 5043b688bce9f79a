"""What the loop needs from its parts: sums with counts, sources of batches, objectives, observers.

A loss is a sum and a count, so that it is the same number for any batch size, accumulation, padding and
number of processes. A batch is named tensors whose first dimension is rows. A source makes a whole batch
from global sample indices, so that order and augmentation are a function of (seed, epoch, index) alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    Tensors = Mapping[str, Tensor]
    Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LossPart:
    """One named part of a loss on one batch.

    Attributes:
        sum: Sum of the (weighted) losses of what counts; shape (), differentiable.
        count: What it is divided by: number of terms, or the sum of their weights; shape ().
        weight: Its share in the total: total = sum over parts of weight * sum / count.
    """

    sum: Tensor
    count: Tensor
    weight: Tensor | float = 1.0


class Objective(Protocol):
    """What a step minimises."""

    @property
    def couples_rows(self) -> bool:
        """Rows of a batch see each other (in-batch contrast, listwise ranking).

        The loss of a whole batch is then not a sum over its pieces, and accumulation is refused.
        """
        ...

    def parts(self, model: nn.Module, batch: Tensors) -> Mapping[str, LossPart]:
        """Forward and loss."""
        ...

    def counts(self, batch: Tensors) -> Mapping[str, Tensor]:
        """The count of each part, from the batch alone.

        Known before any forward, so that every piece of an accumulated batch is divided by the whole
        batch's count and gradients are equal to those of the whole batch.
        """
        ...


@runtime_checkable
class Source(Protocol):
    """Random access to samples."""

    def __len__(self) -> int: ...

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """The samples `rows` (global indices, in this order) as one batch of named CPU tensors.

        Augmentation is drawn only when `training`, from (the source's seed, epoch, index) alone.
        """
        ...


@runtime_checkable
class Measured(Protocol):
    """A source that knows how long its samples are, for length buckets and token budgets."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Length of each sample, in tokens or steps; shape (samples,)."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training is.

    Attributes:
        epoch: Epochs finished.
        batch: Steps taken in the epoch that is under way.
        step: Updates made since the beginning.
        samples: Samples seen since the beginning.
        stop: Why it ended: "" while it goes on; else "epochs", "steps", "early", "budget", "signal".
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    samples: int = 0
    stop: str = ""

    def after(self, result: StepResult) -> Progress:
        """One update further."""
        return Progress(
            self.epoch, self.batch + 1, self.step + 1, self.samples + result.num_samples
        )


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one update came to; tensors stay on the device, since reading them is a wait.

    Attributes:
        loss: Total loss of the batch; shape ().
        parts: Mean of each part (sum / count); shape ().
        gradient_norm: Global L2 norm before clipping; shape (), or None where it is not measured.
        finite: False when training cannot go on: the loss or the gradient norm is not finite; shape (),
            bool. The update was masked then. (In fp16 a gradient that overflowed masks the update too,
            but only lowers the scale.)
        learning_rate: Of the first parameter group, at this update.
        rows: Global sample indices of the batch.
        num_samples: How many.
    """

    loss: Tensor
    parts: Mapping[str, Tensor]
    gradient_norm: Tensor | None
    finite: Tensor
    learning_rate: float
    rows: Indices
    num_samples: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The evaluation objective over a whole source, as float64 sums.

    Attributes:
        loss: Total: sum over parts of weight * sum / count.
        parts: Mean of each part.
        metrics: Mean of each part of weight 0: what is watched and moves nothing.
    """

    loss: float
    parts: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


class Observer(Protocol):
    """Sees every step; the first reason that any gives stops training. Its state goes into checkpoints."""

    def after_step(self, progress: Progress, result: StepResult) -> str | None:
        """After each update. A reason to stop, or None."""
        ...

    def after_evaluation(self, progress: Progress, evaluated: Evaluated) -> str | None:
        """After each pass over the validation source. A reason to stop, or None."""
        ...

    def state_dict(self) -> Mapping[str, object]:
        """JSON values."""
        ...

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """Inverse of `state_dict`."""
        ...
