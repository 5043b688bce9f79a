"""Training that has left the numbers stops: the step and its rows are named, and the batch is kept.

The update was masked, so the weights are those of the step before. On the CPU the flag is read
every step, elsewhere every `log_every`, when the batch is made anew from its rows: it is a function
of (seed, epoch, index).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from trainwright.core.durable import make_folder, write_json, write_with
from trainwright.core.errors import TrainingError
from trainwright.training.feeding.making import named
from trainwright.training.history import Record
from trainwright.training.protocols import Evaluated, Progress, StepResult
from trainwright.training.tensors import pack, write_tensors

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Tensors


USUAL_RATE = 1e-3  # nothing above it is proposed


class Guard:
    """An observer that raises when a result is not finite.

    Args:
        every: Steps between two looks.
        remake: The batch of some rows, before (progress, result).
        history: Brings the history up to a step, and gives it.
        folder: `poisoned/` is made below it; None: nothing is written.
        describe: Rows in words of their source.
        optimizer: Its kind, for the proposal of a lower rate.
        clips: Gradients are scaled down already.
    """

    def __init__(
        self,
        *,
        every: int,
        remake: Callable[[Progress, StepResult], Tensors],
        history: Callable[[Progress], Sequence[Record]],
        folder: Path | None = None,
        describe: Callable[[Indices], str] | None = None,
        optimizer: str = "adamw",
        clips: bool = False,
    ) -> None:
        self._every = every
        self._remake = remake
        self._history = history
        self._folder = folder
        self._describe = describe or named
        self._optimizer = optimizer
        self._clips = clips
        self._unread: list[tuple[Progress, StepResult]] = []

    def after_step(self, progress: Progress, result: StepResult) -> str | None:
        self._unread.append((progress, result))
        if len(self._unread) >= self._every:
            self.look()
        return None

    def look(self) -> None:
        """Read the flags that were not read yet.

        Raises:
            TrainingError: one of them is False.
        """
        unread, self._unread = self._unread, []
        if len(unread) > 1:
            flags: list[bool] = torch.stack([result.finite for _, result in unread]).tolist()
        else:
            flags = [bool(result.finite) for _, result in unread]
        for (progress, result), sound in zip(unread, flags, strict=True):
            if not sound:
                self._stop(progress, result)

    def after_evaluation(self, progress: Progress, evaluated: Evaluated) -> str | None:
        return None

    def state_dict(self) -> Mapping[str, object]:
        """Nothing; all flags before a checkpoint were read, or are True."""
        self.look()
        return {}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """There is none."""

    def _stop(self, progress: Progress, result: StepResult) -> None:
        batch = self._remake(progress, result)
        guilty = rows_not_finite(batch)
        rows = result.rows[guilty] if len(guilty) else result.rows
        loss = result.loss.item()
        norm = math.nan if result.gradient_norm is None else result.gradient_norm.item()
        what = f"the loss is {loss}" if not math.isfinite(loss) else f"the gradient norm is {norm}"
        if len(guilty):
            what += f"; {len(guilty)} of the {len(result.rows)} rows of the batch are not finite"
        kept = self._keep(progress, result, batch)
        lower = min(result.learning_rate / 10, USUAL_RATE)
        gentler = (
            f"training: {{optimizer: {{kind: {self._optimizer}, learning_rate: {lower:.2g}}}}}"
        )
        if not self._clips:
            gentler += ", or training: {clip_norm: 1.0}"
        raise TrainingError(
            f"{what} at step {progress.step}; the update was not made",
            where=f"step {progress.step}, epoch {progress.epoch}: {self._describe(rows)}{kept}",
            mend="mend these rows" if len(guilty) else gentler,
        )

    def _keep(self, progress: Progress, result: StepResult, batch: Tensors) -> str:
        history = self._history(progress)
        if self._folder is None:
            return ""
        folder = self._folder / "poisoned"
        make_folder(folder)
        tensors = {name: tensor.detach().cpu() for name, tensor in batch.items()}
        write_with(folder / "batch.safetensors", lambda aside: write_tensors(aside, tensors))
        rows = {
            "step": progress.step,
            "epoch": progress.epoch,
            "rows": [int(row) for row in result.rows],
        }
        write_json(folder / "rows.json", rows)
        records, _ = pack([asdict(record) for record in history])
        write_json(folder / "history.json", records, pretty=False)
        return f"; kept in {folder}"


def rows_not_finite(batch: Tensors) -> list[int]:
    """Positions of rows that hold a number that is not finite."""
    found: set[int] = set()
    for tensor in batch.values():
        if tensor.is_floating_point() and tensor.ndim:
            flat: Tensor = torch.isfinite(tensor).reshape(len(tensor), -1).all(dim=1)
            found.update((~flat).nonzero().flatten().tolist())
    return sorted(found)
