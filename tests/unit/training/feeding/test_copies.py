"""A source on its way to workers: nothing is copied twice, mapped files not at all."""

from __future__ import annotations

from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
import torch

from trainwright.core.errors import EnvironmentFault, RecipeError
from trainwright.training.feeding.copies import packed, unpacked
from trainwright.training.feeding.memory_mapped import MemoryMappedSource, write_columns
from trainwright.training.feeding.parcels import receive
from trainwright.training.feeding.sources import ArraySource
from trainwright.training.protocols import Source
from unit.training.feeding.awkward import Drawn, Holding


def sent(source: Source) -> tuple[Source, int]:
    """A source as a worker gets it, and the bytes that were sent."""
    here, there = Pipe()
    packed(source).send(here)
    parts = receive(there, private=True)[1]
    return unpacked(parts), sum(len(part) for part in parts.values())


def test_arrays_and_tensors_arrive_as_they_are() -> None:
    array = np.arange(50_000, dtype=np.int32).reshape(100, 500)
    read_only = np.broadcast_to(np.float32(2), (3, 3))
    tensor = torch.randn(100, 3, 20, 20).contiguous(memory_format=torch.channels_last)
    for held in (array, array[::-1], array.T, read_only):
        copy, _ = sent(Holding(array=held, tensor=tensor))
        assert isinstance(copy, Holding)
        assert np.array_equal(copy.array, held)
        assert copy.array.dtype == held.dtype
        assert torch.equal(copy.tensor, tensor)
        assert copy.tensor.stride() == tensor.stride()


def test_an_array_is_sent_once() -> None:
    column = np.zeros(1_000_000)
    assert sent(ArraySource(x=column))[1] < column.nbytes * 1.01
    assert sent(Holding(array=column, tensor=torch.from_numpy(column)))[1] < column.nbytes * 2.01


def test_mapped_columns_are_not_sent(tmp_path: Path) -> None:
    columns = {"x": np.arange(200_000.0).reshape(1000, 200), "y": np.arange(1000)}
    write_columns(tmp_path / "columns", [columns])
    source = MemoryMappedSource(tmp_path / "columns")
    copy, num_bytes = sent(source)
    assert num_bytes < 10_000
    rows = np.array([999, 3, 5])
    for name, tensor in source.batch(rows, epoch=0, training=True).items():
        assert torch.equal(copy.batch(rows, epoch=0, training=True)[name], tensor)


def test_a_part_of_a_mapped_array_is_found_in_its_file(tmp_path: Path) -> None:
    np.arange(100_000).tofile(tmp_path / "x.bin")
    mapped = np.memmap(tmp_path / "x.bin", dtype=np.int64, mode="r", offset=80, shape=(99_990,))
    for held in (mapped, mapped[1000:], np.asarray(mapped)[5:70_000].reshape(-1, 5), mapped[::7]):
        copy, _ = sent(Holding(mapped=held))
        assert np.array_equal(copy.mapped, held)
    assert sent(Holding(mapped=mapped[1000:]))[1] < 10_000


def test_what_cannot_be_sent_is_refused_with_the_way_out() -> None:
    with pytest.raises(RecipeError, match="cannot be sent") as caught:
        packed(Holding(array=lambda: None))
    assert caught.value.mend == "training.workers: 0"


def test_a_class_that_cannot_be_imported_is_named() -> None:
    here, there = Pipe()
    packed(Drawn(3)).send(here)
    parts = receive(there, private=True)[1]
    broken = bytes(parts["0"].numpy()).replace(b"awkward", b"unknown")
    with pytest.raises(EnvironmentFault, match="ModuleNotFoundError") as caught:
        unpacked({"0": torch.frombuffer(bytearray(broken), dtype=torch.uint8)})
    assert "can be imported" in caught.value.mend
