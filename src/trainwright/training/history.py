"""What a training leaves to look at: a record every `log_every` steps and at each evaluation.

Between records nothing is read from the device: results are put aside and read together. A record's
loss is the mean over the steps since the last one; norms and rate are those of its step. What is
not finite stays as it is.
"""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainwright.training.protocols import Evaluated, Progress, StepResult
from trainwright.training.utilisation import Work

LAST = ("gradient_norm", "learning_rate")  # of a record's last step; losses are means
MEASURED = (
    "samples_per_second",
    "tokens_per_second",
    "mfu",
    "memory_bytes",
)  # of the machine; the rest is the run's alone


@dataclass(frozen=True, slots=True)
class Record:
    """Values at one step.

    Attributes:
        step: Updates made.
        epoch: Epochs finished.
        values: loss, loss_PART, learning_rate, gradient_norm, parameter_norm, samples_per_second,
            memory_bytes; of texts tokens_per_second and mfu (share of the machine's peak); at an
            evaluation validation_loss, validation_loss_PART, validation_METRIC.
    """

    step: int
    epoch: int
    values: Mapping[str, float]


class Recorder:
    """An observer that keeps the history.

    Args:
        parameters: For their norm.
        every: Steps between two records.
        records: Where they go; a list of its own where not said.
        work: Of a sample on average, where it is known.
        peak: Operations a second that the machine reaches.
        now: The clock, in seconds.
    """

    def __init__(
        self,
        parameters: Sequence[Tensor],
        *,
        every: int,
        records: list[Record] | None = None,
        work: Work | None = None,
        peak: float = math.inf,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.records: list[Record] = [] if records is None else records
        self._parameters = [parameter.detach() for parameter in parameters]
        self._every = every
        self._work = work
        self._peak = peak
        self._now = now
        self._since = now()
        self._samples: int | None = None
        self._open: list[StepResult] = []  # left on the device
        self._read: list[dict[str, float]] = []  # of the same window, read already

    def after_step(self, progress: Progress, result: StepResult) -> str | None:
        self._open.append(result)
        if progress.step % self._every == 0:
            self.write(progress)
        return None

    def write(self, progress: Progress) -> None:
        """Record what was put aside, if anything was."""
        self._read_open()
        if not self._read:
            return
        last = self._read[-1]
        values = {
            name: last[name] if name in LAST else _mean([one[name] for one in self._read])
            for name in last
        }
        self._read.clear()
        norms = torch._foreach_norm(self._parameters)
        values["parameter_norm"] = torch.linalg.vector_norm(torch.stack(norms)).item()
        values |= self._speed(progress)
        values["memory_bytes"] = float(memory_bytes(self._parameters[0].device))
        self.records.append(Record(progress.step, progress.epoch, values))

    def after_evaluation(self, progress: Progress, evaluated: Evaluated) -> str | None:
        values = {"validation_loss": evaluated.loss}
        values |= {f"validation_{name}": mean for name, mean in evaluated.metrics.items()}
        if len(evaluated.parts) > 1:
            values |= {f"validation_loss_{name}": mean for name, mean in evaluated.parts.items()}
        self.records.append(Record(progress.step, progress.epoch, values))
        return None

    def _speed(self, progress: Progress) -> dict[str, float]:
        now = self._now()
        samples, seconds = self._samples, now - self._since
        self._samples, self._since = progress.samples, now
        if samples is None or seconds <= 0:
            return {}
        rate = (progress.samples - samples) / seconds
        if self._work is None:
            return {"samples_per_second": rate}
        return {
            "samples_per_second": rate,
            "tokens_per_second": rate * self._work.tokens,
            "mfu": rate * self._work.flops / self._peak,
        }

    def _read_open(self) -> None:
        """Bring what was put aside to this side of the device, in one go."""
        if not self._open:
            return
        named = [_scalars(one) for one in self._open]
        numbers = iter(torch.stack([t for one in named for t in one.values()]).tolist())
        for result, tensors in zip(self._open, named, strict=True):
            values = {name: next(numbers) for name in tensors}
            self._read.append({**values, "learning_rate": result.learning_rate})
        self._open.clear()

    def state_dict(self) -> dict[str, Any]:
        """Numbers and text; also numbers that JSON lacks."""
        self._read_open()
        return {
            "records": [[one.step, one.epoch, dict(one.values)] for one in self.records],
            "window": [dict(one) for one in self._read],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Inverse of `state_dict`."""
        self.records[:] = [Record(step, epoch, values) for step, epoch, values in state["records"]]
        self._read = [dict(one) for one in state["window"]]
        self._open.clear()
        self._samples = None


def _scalars(result: StepResult) -> dict[str, Tensor]:
    values = {"loss": result.loss}
    if len(result.parts) > 1:
        values |= {f"loss_{name}": mean for name, mean in result.parts.items()}
    if result.gradient_norm is not None:
        values["gradient_norm"] = result.gradient_norm
    return values


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if all(map(math.isfinite, values)) else sum(values)


def memory_bytes(device: torch.device) -> int:
    """Memory in use: of the device, or of this process where it is the CPU."""
    if device.type != "cpu":
        return int(getattr(torch, device.type).memory_allocated(device))
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # no /proc: the peak, in KB
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
