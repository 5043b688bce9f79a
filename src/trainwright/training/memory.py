"""A batch size that memory takes: tried out, halved where it does not.

A trial is a forward and backward pass over the samples that need most room, with the room of the
optimiser's state taken as well; weights, running statistics and generators are as they were
afterwards. What was found is a decision about this machine, so it is recorded by the pacer and
replayed elsewhere.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from trainwright.core.errors import TrainingError

LARGEST = 1024
LEAST_UPDATES = 20  # an epoch, so that a small source is not one batch


def largest_batch(
    trial: Callable[[int], None], *, num_samples: int, largest: int = LARGEST, least: int = 1
) -> int:
    """The largest power of two, at most `largest`, for which `trial` does not run out of memory.

    Args:
        trial: Makes one update's work with so many rows.
        num_samples: Of the source; a batch has at most a twentieth of them.
        largest: Where to begin.
        least: Fewer rows than these are not tried.

    Raises:
        TrainingError: not even `least` rows fit.
    """
    size = _power_of_two(min(largest, max(least, num_samples // LEAST_UPDATES)))
    while True:
        try:
            with out_of_memory_as_error():
                trial(size)
        except OutOfMemory as error:
            if size // 2 < least:
                raise TrainingError(
                    f"memory does not suffice for a batch of {size}",
                    where="training.batch_size",
                    mend="precision: bf16, activation_checkpointing: true, or a smaller model",
                ) from error
            size //= 2
            release()
        else:
            release()
            return size


class OutOfMemory(MemoryError):
    """Memory ran out, however torch said so."""


@contextmanager
def out_of_memory_as_error() -> Iterator[None]:
    """Raises `OutOfMemory` in place of the several errors that say it."""
    try:
        yield
    except OutOfMemory:
        raise
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(str(error)) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and any(
        words in text
        for words in (
            "can't allocate memory",
            "not enough memory",
            "std::bad_alloc",
            "out of memory",
        )
    )


def release() -> None:
    """Give back what nothing holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextmanager
def unchanged(tensors: Sequence[Tensor]) -> Iterator[None]:
    """The values of `tensors` are afterwards what they were before."""
    kept = [tensor.detach().clone() for tensor in tensors]
    try:
        yield
    finally:
        with torch.no_grad():
            for tensor, old in zip(tensors, kept, strict=True):
                tensor.copy_(old)


def _power_of_two(number: int) -> int:
    return 1 << (number.bit_length() - 1)
