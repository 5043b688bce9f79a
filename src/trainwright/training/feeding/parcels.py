"""Tensors from one process to another: a short message, and a descriptor of anonymous shared memory.

The sender writes into a new `memfd`, the receiver maps it and lays tensors over the mapping: one copy
in all, and none in the process that trains. The memory has no name, so that nothing is left behind
by whoever is killed, is bounded by no /dev/shm, and goes when its last tensor does. The message is
JSON of some hundred bytes, so that a send never waits for the other side.

Cost: 0.05 ms to send and 0.12 ms to receive; for 19 MB (32 images of 224 x 224) 13 and 5 ms, since each
4 kB is a new page.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors

_HANDOVER_SECONDS = (
    10.0  # between the two halves of a parcel, which are sent one right after the other
)
_ALIGNMENT = 64  # bytes; what vectorised kernels like


class Parcel:
    """A message and tensors, ready to be sent.

    Args:
        message: JSON values.
        tensors: On the CPU. Strides are kept where a tensor has neither gaps nor overlaps, so that kernels
            that choose by them choose alike on the other side.
    """

    def __init__(self, message: Mapping[str, Any], tensors: Tensors) -> None:
        places = []
        blocks: list[tuple[int, NDArray[np.uint8]]] = []
        end = 0
        for name, tensor in tensors.items():
            data, layout = _flattened(tensor)
            places.append([name, end, *layout])
            if len(data):
                blocks.append((end, data))
            end += -(-len(data) // _ALIGNMENT) * _ALIGNMENT
        self._head = json.dumps({"message": message, "places": places, "bytes": end}).encode()
        self._handle = _filled(blocks, end) if end else None

    def send(self, connection: Connection) -> None:
        """Hand it over; OSError where the other side is gone."""
        connection.send_bytes(self._head)
        if self._handle is not None:
            send_handle(connection, self._handle, 0)

    def __del__(self) -> None:
        """Let go of the memory; who received it keeps it."""
        handle = getattr(self, "_handle", None)
        if handle is not None:
            os.close(handle)


def receive(connection: Connection) -> tuple[Mapping[str, Any], Tensors]:
    """The next parcel's message and tensors; waits until there is one.

    Raises:
        EOFError: the other side is gone, or stands still in the middle of a parcel.
    """
    head = json.loads(connection.recv_bytes())
    memory = None
    if head["bytes"]:
        handle = _handle_from(connection)
        try:
            flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
            memory = mmap.mmap(handle, head["bytes"], flags=flags)
        finally:
            os.close(handle)
    tensors = {
        name: _laid_out(memory, offset, dtype, shape, stride)
        for name, offset, dtype, shape, stride in head["places"]
    }
    return head["message"], tensors


def _flattened(tensor: Tensor) -> tuple[NDArray[np.uint8], tuple[str, list[int], list[int]]]:
    """The bytes of a tensor, and what `_laid_out` needs to make it of them: type, shape, strides."""
    plain = tensor.detach()
    stride = torch.empty_like(plain, device="meta").stride()
    if plain.stride() != stride:  # it has gaps or overlaps
        plain = plain.clone()
    flat = plain.as_strided((plain.numel(),), (1,), plain.storage_offset())
    data: NDArray[np.uint8] = flat.view(torch.uint8).numpy()
    return data, (str(plain.dtype).removeprefix("torch."), list(plain.shape), list(stride))


def _laid_out(
    memory: mmap.mmap | None,
    offset: int,
    dtype: str,
    shape: Sequence[int],
    stride: Sequence[int],
) -> Tensor:
    """A tensor over a buffer, which lives as long as the tensor."""
    kind: torch.dtype = getattr(torch, dtype)
    count = int(np.prod(shape))
    if memory is None or count == 0:
        return torch.empty(*shape, dtype=kind)
    flat = torch.frombuffer(memory, dtype=kind, count=count, offset=offset)
    return flat.as_strided(tuple(shape), tuple(stride))


def _filled(blocks: Sequence[tuple[int, NDArray[np.uint8]]], num_bytes: int) -> int:
    handle = os.memfd_create("trainwright-batch", os.MFD_CLOEXEC)
    try:
        os.ftruncate(handle, num_bytes)
        for offset, data in blocks:
            rest = data.data
            while rest:  # a call writes 2 GiB at most
                written = os.pwrite(handle, rest, offset)
                rest = rest[written:]
                offset += written
    except BaseException:
        os.close(handle)
        raise
    return handle


def _handle_from(connection: Connection) -> int:
    if not connection.poll(_HANDOVER_SECONDS):
        raise EOFError  # the sender stands still between message and descriptor
    try:
        return recv_handle(connection)
    except RuntimeError as error:  # the sender died between message and descriptor
        raise EOFError from error
