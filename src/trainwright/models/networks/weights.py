"""The weights of a network by name, each table once: what two layers share is written for the first alone.

A language model whose head is its table of embeddings would else be stored with that table twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


def written_once(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights without those that are another one's memory.

    Args:
        state: Of a module (`state_dict`), so that shared tables have one memory.

    Returns:
        Copies on the CPU, contiguous.
    """
    again = _shared(state)
    return {
        name: tensor.detach().to("cpu").contiguous().clone()
        for name, tensor in state.items()
        if name not in again
    }


def load_weights(module: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put weights into a module; a table that it shares may be there once, or by each of its names.

    Raises:
        RuntimeError: a weight is missing, unknown or of another shape.
    """
    module.load_state_dict(completed(module, weights), strict=True)


def completed(module: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights by every name that the module has for them."""
    again = _shared(module.state_dict())
    named = {name: weights[first] for name, first in again.items() if first in weights}
    return {**named, **weights}


def _shared(state: Mapping[str, Tensor]) -> dict[str, str]:
    """Each name whose tensor is the whole of an earlier one's memory, with that earlier name."""
    seen: dict[tuple[object, ...], str] = {}
    again = {}
    for name, tensor in state.items():
        if tensor.numel() == 0 or tensor.device.type == "meta":
            continue
        place = (tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        first = seen.setdefault(place, name)
        if first != name:
            again[name] = first
    return again
