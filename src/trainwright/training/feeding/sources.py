"""Samples in memory: tables, rows of unequal length, parts of a source and sources in a row.

A source makes a whole batch at once from the indices of its rows, never a row at a time: for a
table that is one gather a column, by `numpy.take`, which is two to five times as fast as indexing a
tensor (256 rows of 32 numbers: 11 microseconds for 60), and a slice where the rows stand together.
"""

from __future__ import annotations

import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainwright.core.errors import DataError, shorten
from trainwright.training.protocols import Measured

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices, Source, Tensors

Column = NDArray[np.generic] | Tensor


class ArraySource:
    """Columns of equal length, in memory.

    Args:
        columns: Arrays or CPU tensors, shape (samples, ...), by the name they have in a batch. They are not
            copied where torch can share their memory.

    Raises:
        DataError: no column, columns of different length, or of a type that torch does not have.
    """

    def __init__(self, **columns: Column) -> None:
        self._columns = {name: _Rows.of(column, name) for name, column in columns.items()}
        self._num_samples = _common_length(
            {name: len(rows.array) for name, rows in self._columns.items()}
        )

    def __len__(self) -> int:
        return self._num_samples

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """Rows that follow each other come as views of the columns, others as copies."""
        if stand_together(rows):
            start = int(rows[0])
            stop = start + len(rows)
            return {name: column.part(start, stop) for name, column in self._columns.items()}
        return {name: column.take(rows) for name, column in self._columns.items()}


class RaggedSource:
    """Samples of unequal length, padded to the longest of their batch.

    Args:
        ends: Where each sample ends in `values`, ascending; shape (samples,).
        values: Columns whose rows are the steps of all samples, one after the other; shape (steps, ...).
        padding: What fills up, by column; 0 where it is not named.
        columns: Columns with one row a sample; shape (samples, ...).
        mask: Name of the mask in a batch: True where a step is the sample's own; bool, shape (rows, longest).

    Raises:
        DataError: `ends` and `values` do not fit together.
    """

    def __init__(
        self,
        ends: NDArray[np.int64],
        values: Mapping[str, Column],
        *,
        padding: Mapping[str, float] | None = None,
        columns: Mapping[str, Column] | None = None,
        mask: str = "mask",
    ) -> None:
        self._ends = np.asarray(ends, dtype=np.int64)
        self._lengths = np.diff(self._ends, prepend=0)
        self._values = {name: _Rows.of(column, name) for name, column in values.items()}
        self._padding = dict(padding or {})
        self._columns = {name: _Rows.of(column, name) for name, column in (columns or {}).items()}
        self._mask = mask
        self._check()

    def __len__(self) -> int:
        return len(self._ends)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Steps of each sample; shape (samples,)."""
        return self._lengths

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """Each of `values` with shape (rows, longest, ...), the mask, and the other columns."""
        lengths = self._lengths[rows]
        longest = int(lengths.max(initial=0))
        mask = np.arange(longest) < lengths[:, None]
        # Within the batch's own steps, sample after sample, a step's place in `values` is its number
        # there, moved by where its sample starts.
        moved = self._ends[rows] - np.cumsum(lengths)
        steps = np.arange(int(lengths.sum())) + np.repeat(moved, lengths)
        own = torch.from_numpy(mask)
        batch = {self._mask: own}
        for name, column in self._values.items():
            taken = column.take(steps)
            shape = (len(rows), longest, *taken.shape[1:])
            padded = torch.full(shape, self._padding.get(name, 0), dtype=taken.dtype)
            padded[own] = taken
            batch[name] = padded
        for name, column in self._columns.items():
            batch[name] = column.take(rows)
        return batch

    def _check(self) -> None:
        total = int(self._ends[-1]) if len(self._ends) else 0
        if (self._lengths < 0).any():
            raise DataError(
                "the ends of the samples do not ascend", mend="ends = numpy.cumsum(lengths)"
            )
        for name, column in self._values.items():
            if len(column.array) != total:
                raise DataError(
                    f"{len(column.array)} steps, where the samples' ends say {total}",
                    where=name,
                    mend="ends = numpy.cumsum(lengths)",
                )
        lengths = {name: len(column.array) for name, column in self._columns.items()}
        _common_length({"ends": len(self._ends), **lengths})


@dataclass(frozen=True, slots=True)
class WithLengths:
    """A source whose samples' lengths are known from elsewhere, so that like lengths share a batch.

    Attributes:
        source: Makes the batches.
        lengths: Length of each sample; shape (samples,).
    """

    source: Source
    lengths: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.source)

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        """The source's own."""
        return self.source.batch(rows, epoch=epoch, training=training)


def subset(source: Source, rows: Indices) -> Source:
    """Some samples of a source, in this order; augmentation stays that of their index in `source`."""
    part = _Subset(source, np.asarray(rows, dtype=np.int64))
    return WithLengths(part, source.lengths[rows]) if isinstance(source, Measured) else part


def concatenated(sources: Sequence[Source]) -> Source:
    """Sources one after the other; `Measured` where all are.

    Their batches must have the same names and, but for the rows, the same shapes (DataError).
    """
    joined = _Concatenated(sources)
    measured = [source for source in sources if isinstance(source, Measured)]
    if len(measured) < len(sources):
        return joined
    return WithLengths(joined, np.concatenate([source.lengths for source in measured]))


def stand_together(rows: Indices) -> bool:
    """Rows are consecutive, ascending; False for none."""
    num_rows = len(rows)
    return (
        num_rows > 0
        and int(rows[-1]) - int(rows[0]) == num_rows - 1
        and bool((rows[1:] - rows[:-1] == 1).all())
    )


@dataclass(frozen=True, slots=True)
class _Subset:
    source: Source
    rows: Indices

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        return self.source.batch(self.rows[rows], epoch=epoch, training=training)


class _Concatenated:
    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        self._ends = np.cumsum([len(source) for source in sources])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def batch(self, rows: Indices, *, epoch: int, training: bool) -> Tensors:
        owners = np.searchsorted(self._ends, rows, side="right")
        by_owner = np.argsort(owners, kind="stable")
        parts: list[Tensors] = []
        for owner in np.unique(owners) if len(rows) else [0]:
            first = int(self._ends[owner]) - len(self._sources[owner])
            own = rows[owners == owner] - first
            parts.append(self._sources[owner].batch(own, epoch=epoch, training=training))
        if len(parts) == 1:
            return parts[0]
        back = torch.from_numpy(np.argsort(by_owner))
        return {name: tensor[back] for name, tensor in _joined(parts).items()}


def _joined(parts: Sequence[Tensors]) -> Tensors:
    shapes = [{name: tuple(t.shape[1:]) for name, t in part.items()} for part in parts]
    for shape in shapes[1:]:
        if shape != shapes[0]:
            raise DataError(
                f"the samples of two sources do not fit into one batch: {shapes[0]} and {shape}",
                mend="join their values into one source",
            )
    return {name: torch.cat([part[name] for part in parts]) for name in shapes[0]}


@dataclass(frozen=True, slots=True)
class _Rows:
    """A column as numpy sees it, and the type that torch gives it (bfloat16 is none of numpy's)."""

    array: NDArray[np.generic]
    dtype: torch.dtype

    @classmethod
    def of(cls, column: Column, name: str) -> _Rows:
        if isinstance(column, Tensor):
            plain = column.detach()
            as_numpy = plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain
            return cls(as_numpy.numpy(), plain.dtype)
        if column.ndim == 0:
            raise DataError(
                "a single value, where a column must be", where=name, mend="give an array"
            )
        usable = column.flags.writeable and column.dtype.isnative and min(column.strides) >= 0
        if not usable:  # torch would warn, or refuse
            column = np.array(column, dtype=column.dtype.newbyteorder("="), order="C")
        try:
            return cls(np.asarray(column), torch.from_numpy(column[:0]).dtype)
        except TypeError as error:
            raise DataError(
                f"torch has no type for {shorten(column.dtype)}",
                where=name,
                mend=f"{name}={name}.astype('float32')",
            ) from error

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process an array that is mapped from a file goes as the file's name."""
        place = _place_in_file(self.array)
        return (
            (_Rows, (self.array, self.dtype)) if place is None else (_mapped, (*place, self.dtype))
        )

    def part(self, start: int, stop: int) -> Tensor:
        return torch.from_numpy(self.array[start:stop]).view(self.dtype)

    def take(self, rows: Indices) -> Tensor:
        return torch.from_numpy(self.array.take(rows, axis=0)).view(self.dtype)


def _place_in_file(array: NDArray[Any]) -> tuple[str, int, str, tuple[int, ...]] | None:
    """File, offset in bytes, type and shape of an array that is mapped from a file; None for others."""
    root: Any = array
    while isinstance(root, np.ndarray) and not isinstance(root.base, mmap.mmap):
        root = root.base
    if not isinstance(root, np.memmap) or root.filename is None or not array.flags.c_contiguous:
        return None
    offset = root.offset + array.ctypes.data - root.ctypes.data
    return str(Path(root.filename).absolute()), offset, array.dtype.str, array.shape


def _mapped(
    file: str, offset: int, type_name: str, shape: tuple[int, ...], dtype: torch.dtype
) -> _Rows:
    array = np.memmap(file, dtype=type_name, mode="c", offset=offset, shape=shape)
    return _Rows(np.asarray(array), dtype)


def _common_length(lengths: Mapping[str, int]) -> int:
    if not lengths:
        raise DataError(
            "a source needs a column", mend="ArraySource(features=features, target=target)"
        )
    name, length = next(iter(lengths.items()))
    for other, found in lengths.items():
        if found != length:
            raise DataError(
                f"{found} rows, where {name} has {length}",
                where=other,
                mend="give columns of equal length",
            )
    return length
