"""Columns on disk give the batches that the same columns give in memory."""

import os
from collections.abc import Iterator
from multiprocessing.reduction import ForkingPickler
from pathlib import Path

import numpy as np
import pytest
import torch

from trainwright.core.durable import read_json, write_json
from trainwright.core.errors import DataError, EnvironmentFault, TrustError
from trainwright.training.feeding.memory_mapped import (
    MemoryMappedSource,
    map_columns,
    write_columns,
)
from trainwright.training.feeding.sources import ArraySource, RaggedSource

COLUMNS = {
    "a name: with / signs": np.arange(60, dtype=np.float32).reshape(10, 2, 3),
    "b": np.arange(10) % 3 == 0,
    "half": np.arange(10, dtype=np.float16),
}


def blocks() -> Iterator[dict[str, np.ndarray]]:
    for start in (0, 4, 8):
        yield {name: column[start : start + 4] for name, column in COLUMNS.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_columns(tmp_path / "columns", blocks())
    return tmp_path / "columns"


@pytest.mark.parametrize("numbers", [[7, 0, 7], [2, 3, 4], []])
def test_batches_are_those_of_memory(folder: Path, numbers: list[int]) -> None:
    rows = np.array(numbers, dtype=np.int64)
    mapped = MemoryMappedSource(folder, check_hashes=True)
    found = mapped.batch(rows, epoch=0, training=True)
    expected = ArraySource(**COLUMNS).batch(rows, epoch=0, training=True)
    assert len(mapped) == 10
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


def test_equal_columns_are_equal_bytes_however_they_were_cut(folder: Path, tmp_path: Path) -> None:
    write_columns(tmp_path / "whole", [COLUMNS])
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "whole" / file.name).read_bytes()


def test_what_is_done_to_a_batch_does_not_reach_the_file(folder: Path) -> None:
    mapped = MemoryMappedSource(folder)
    mapped.batch(np.array([0, 1]), epoch=0, training=True)["half"].zero_()
    MemoryMappedSource(folder, check_hashes=True)


def test_columns_without_rows_are_columns(tmp_path: Path) -> None:
    write_columns(tmp_path / "none", [{"x": np.zeros((0, 3), np.int64)}])
    mapped = MemoryMappedSource(tmp_path / "none")
    assert mapped.batch(np.empty(0, np.int64), epoch=0, training=False)["x"].shape == (0, 3)


def test_blocks_that_do_not_fit_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="where the first block has") as caught:
        write_columns(tmp_path / "c", [{"x": np.zeros(2)}, {"x": np.zeros((2, 1))}])
    assert caught.value.where == "block 1"
    with pytest.raises(DataError, match="different length"):
        write_columns(tmp_path / "c", [{"x": np.zeros(2), "y": np.zeros(3)}])
    with pytest.raises(DataError, match="no type for") as caught:
        write_columns(tmp_path / "c", [{"x": np.array(["a"])}])
    assert "float32" in caught.value.mend
    with pytest.raises(DataError, match="no rows to write"):
        write_columns(tmp_path / "c", [])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_not_overwritten(folder: Path) -> None:
    with pytest.raises(EnvironmentFault):
        write_columns(folder, blocks())


def test_a_file_that_was_cut_is_refused(folder: Path) -> None:
    os.truncate(folder / "0.bin", 100)
    with pytest.raises(TrustError, match="100 bytes, where 240 were written"):
        MemoryMappedSource(folder)


def test_a_flipped_bit_is_found_by_the_hash(folder: Path) -> None:
    data = bytearray((folder / "0.bin").read_bytes())
    data[17] ^= 1
    (folder / "0.bin").write_bytes(data)
    MemoryMappedSource(folder)
    with pytest.raises(TrustError, match="its hash differs"):
        MemoryMappedSource(folder, check_hashes=True)


@pytest.mark.parametrize(
    "index",
    [
        [],
        {"columns": []},
        {"columns": [{"name": "x", "type": "object", "shape": [1], "sha256": ""}]},
        {"columns": [{"name": "x", "type": "int8", "shape": [-1], "sha256": ""}]},
        {"columns": [{"name": "x", "type": "int8", "shape": [], "sha256": ""}]},
    ],
)
def test_an_index_of_another_kind_is_refused(folder: Path, index: object) -> None:
    assert "columns" in read_json(folder / "columns.json")
    write_json(folder / "columns.json", index)
    with pytest.raises(TrustError, match="not an index of columns"):
        MemoryMappedSource(folder)


@pytest.mark.parametrize("change", ["append", "remove"])
def test_a_file_that_changes_while_it_is_read_stops_the_reading(folder: Path, change: str) -> None:
    mapped = MemoryMappedSource(folder)
    if change == "append":
        with (folder / "1.bin").open("ab") as file:
            file.write(b"x")
    else:
        (folder / "1.bin").unlink()
    with pytest.raises(DataError, match="changed or removed") as caught:
        mapped.batch(np.array([1]), epoch=0, training=True)
    assert caught.value.where.endswith("1.bin")


def test_workers_map_the_files_themselves(tmp_path: Path) -> None:
    columns = {"x": np.arange(200_000.0).reshape(1000, 200), "y": np.arange(1000)}
    write_columns(tmp_path / "columns", [columns])
    mapped = map_columns(tmp_path / "columns")
    rows = np.array([999, 3, 5])
    for source in (
        MemoryMappedSource(tmp_path / "columns"),
        ArraySource(part=mapped["x"][100:, :].reshape(-1), all=mapped["x"][100:].reshape(-1, 1)),
        RaggedSource(np.array([7, 9, 1000]), {"x": mapped["x"]}),
    ):
        taken = rows % len(source)
        message = bytes(ForkingPickler.dumps(source))
        assert len(message) < 10_000
        found = ForkingPickler.loads(message).batch(taken, epoch=0, training=True)
        for name, tensor in source.batch(taken, epoch=0, training=True).items():
            assert torch.equal(found[name], tensor)


def test_arrays_in_memory_and_strided_parts_are_handed_over_whole(tmp_path: Path) -> None:
    write_columns(tmp_path / "columns", [{"x": np.arange(100)}])
    strided = map_columns(tmp_path / "columns")["x"][::3]
    source = ArraySource(strided=strided, plain=np.arange(34), half=torch.ones(34).bfloat16())
    copy = ForkingPickler.loads(bytes(ForkingPickler.dumps(source)))
    rows = np.array([33, 0, 5])
    for name, tensor in source.batch(rows, epoch=0, training=True).items():
        found = copy.batch(rows, epoch=0, training=True)[name]
        assert found.dtype == tensor.dtype
        assert torch.equal(found, tensor)
