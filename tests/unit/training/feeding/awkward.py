"""Sources that worker processes can import: a plain one, and those that misbehave at one row."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from trainwright.core.errors import TrustError
from trainwright.training.feeding.order import seed_of

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Tensors


@dataclass
class Drawn:
    """Images (channels last) of draws that belong to each sample, its index, and who made it."""

    num_samples: int = 40

    def __len__(self) -> int:
        return self.num_samples

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        if training:
            self.before(rows)
        images = torch.stack([self._image(int(seed)) for seed in seed_of(5, epoch, rows)])
        return {
            "image": images.contiguous(memory_format=torch.channels_last),
            "index": torch.from_numpy(rows.copy()),
            "pid": torch.tensor(os.getpid()),
        }

    def before(self, rows: Indices) -> None:
        """What happens before a batch is made."""

    def _image(self, seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(3, 4, 4, generator=generator)


class Unreadable(Drawn):
    """Row 5 raises an error that is not ours, row 7 one that is."""

    def before(self, rows: Indices) -> None:
        if 5 in rows:
            raise OSError("no such file")
        if 7 in rows:
            raise TrustError("damaged", where="seven.png")
        if 9 in rows:
            raise MemoryError("too much")


class Hanging(Drawn):
    """Row 5 takes for ever."""

    def before(self, rows: Indices) -> None:
        if 5 in rows:
            time.sleep(3600)


@dataclass
class HangingOnce(Drawn):
    """Row 5 takes for ever, the first time that it is wanted."""

    marker: Path = Path()

    def before(self, rows: Indices) -> None:
        if 5 in rows and not self.marker.exists():
            self.marker.touch()
            time.sleep(3600)


class Crashing(Drawn):
    """Row 5 is a fault of a native library."""

    def before(self, rows: Indices) -> None:
        if 5 in rows:
            ctypes.string_at(0)


class Killed(Drawn):
    """Row 5 takes all memory, so that the kernel kills the process."""

    def before(self, rows: Indices) -> None:
        if 5 in rows:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Holding(Drawn):
    """Holds what only its own process can have."""

    held: object = None
