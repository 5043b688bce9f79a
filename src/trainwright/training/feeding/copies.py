"""A source for another process: pickled in memory, its arrays beside it and not in it.

Arrays and tensors go as raw buffers into one parcel that all workers map, so that the source is
copied once, however many they are; columns that are mapped from files go as the files' names and are
not copied at all. Nothing pickled is ever written to a file or read from one.
"""

from __future__ import annotations

import io
import mmap
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainwright.core.errors import EnvironmentFault, RecipeError, shorten
from trainwright.training.feeding.parcels import Parcel, flattened, laid_out

if TYPE_CHECKING:
    from trainwright.training.protocols import Source, Tensors

_SMALL_BYTES = 1 << 16  # arrays below it are pickled with the rest


def packed(source: Source) -> Parcel:
    """A source as a parcel.

    Raises:
        RecipeError: it holds what cannot be sent (an open file, a lambda).
    """
    buffers: list[pickle.PickleBuffer] = []
    stream = io.BytesIO()

    def keep_beside(buffer: pickle.PickleBuffer) -> bool:
        """True: pickled with the rest."""
        small = buffer.raw().nbytes < _SMALL_BYTES
        if not small:
            buffers.append(buffer)
        return small

    try:
        _Pickler(stream, protocol=5, buffer_callback=keep_beside).dump(source)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise RecipeError(
            f"the source cannot be sent to worker processes: {shorten(str(error), 200)}",
            where="training.workers",
            mend="training.workers: 0",
        ) from error
    blocks = [stream.getbuffer(), *(buffer.raw() for buffer in buffers)]
    parts = {str(number): np.frombuffer(block, np.uint8) for number, block in enumerate(blocks)}
    return Parcel({}, parts)


def unpacked(parts: Tensors) -> Source:
    """The source of a parcel's tensors.

    Raises:
        EnvironmentFault: its class cannot be imported here.
    """
    data, *buffers = (part.numpy() for part in parts.values())
    try:
        source: Source = pickle.loads(data.data, buffers=buffers)
    except Exception as error:
        raise EnvironmentFault(
            f"a worker process cannot rebuild the source: {type(error).__name__}: "
            f"{shorten(str(error), 200)}",
            where="training.workers",
            mend="define its class in a module that can be imported, or use training.workers: 0",
        ) from error
    return source


class _Pickler(pickle.Pickler):
    """Tensors as numpy's buffers, mapped arrays as the names of their files."""

    def reducer_override(self, value: Any) -> Any:  # noqa: ANN401 - any object
        if type(value) is Tensor and value.device.type == "cpu" and value.layout == torch.strided:
            data, layout = flattened(value)
            return _tensor, (data, *layout)
        if isinstance(value, np.ndarray) and (place := _place(value)) is not None:
            return _mapped, place
        return NotImplemented


def _tensor(data: NDArray[np.uint8], dtype: str, shape: list[int], stride: list[int]) -> Tensor:
    return laid_out(data, 0, dtype, shape, stride)


def _place(array: NDArray[Any]) -> tuple[str, int, str, tuple[int, ...]] | None:
    """File, offset in bytes, type and shape of an array that is mapped from a file; None for others."""
    root: Any = array
    while isinstance(root, np.ndarray) and not isinstance(root.base, mmap.mmap):
        root = root.base
    if not isinstance(root, np.memmap) or root.filename is None or not array.flags.c_contiguous:
        return None
    offset = root.offset + array.ctypes.data - root.ctypes.data
    return str(Path(root.filename).absolute()), offset, array.dtype.str, array.shape


def _mapped(file: str, offset: int, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    return np.asarray(np.memmap(file, dtype=dtype, mode="c", offset=offset, shape=shape))
