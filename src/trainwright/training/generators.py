"""The random generators that a model draws from while it trains: torch's, Python's and NumPy's.

A fit owns them: they are seeded when it begins and given back as they were when it ends, so that
nothing outside moves its numbers and it moves none outside. Their state is part of a checkpoint:
dropout goes on where it was.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainwright.core.seeds import derive_seed


class Generators:
    """The state of all generators that a model on `device` can draw from."""

    def __init__(self, device: torch.device) -> None:
        self._module = None if device.type == "cpu" else getattr(torch, device.type)
        self._device = device

    def seed(self, seed: int) -> None:
        """Begin all of them anew."""
        torch.manual_seed(derive_seed(seed, "training", "torch"))  # every device
        random.seed(derive_seed(seed, "training", "python"))
        np.random.seed(derive_seed(seed, "training", "numpy"))

    def state_dict(self) -> dict[str, Any]:
        """Tensors and JSON values."""
        version, words, gauss = random.getstate()
        name, keys, place, has_gauss, cached = np.random.get_state(legacy=True)
        state: dict[str, Any] = {
            "torch": torch.get_rng_state(),
            "python": [version, list(words), gauss],
            "numpy": [name, [int(key) for key in keys], place, has_gauss, cached],
        }
        if self._module is not None:
            state["device"] = self._module.get_rng_state(self._device)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Inverse of `state_dict`."""
        torch.set_rng_state(_bytes(state["torch"]))
        version, words, gauss = state["python"]
        random.setstate((version, tuple(words), gauss))
        name, keys, place, has_gauss, cached = state["numpy"]
        keys = np.array(keys, dtype=np.uint32)
        np.random.set_state((name, keys, place, has_gauss, cached))
        if self._module is not None and "device" in state:
            self._module.set_rng_state(_bytes(state["device"]), self._device)


@contextmanager
def own_generators(device: torch.device, *, seed: int) -> Iterator[Generators]:
    """Generators begun from `seed` for the block, and as they were after it."""
    generators = Generators(device)
    before = generators.state_dict()
    generators.seed(seed)
    try:
        yield generators
    finally:
        generators.load_state_dict(before)


def _bytes(state: Tensor) -> Tensor:
    return state.to(device="cpu", dtype=torch.uint8)
