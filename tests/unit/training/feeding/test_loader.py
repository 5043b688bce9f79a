"""Batches of an epoch: in order, from any one on, and errors that name the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from trainwright.core.errors import DataError, TrustError
from trainwright.training.feeding.loader import epoch_batches
from trainwright.training.feeding.order import seed_of
from trainwright.training.feeding.sources import ArraySource

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors


@dataclass
class Jittered:
    """Each sample is its index and a draw of its own."""

    num_samples: int

    def __len__(self) -> int:
        return self.num_samples

    def batch(self, rows: NDArray[np.int64], *, epoch: int, training: bool) -> Tensors:
        noise = seed_of(11, epoch, rows).astype(np.float64) if training else np.zeros(len(rows))
        return {"index": torch.from_numpy(rows.copy()), "noise": torch.from_numpy(noise)}


@dataclass
class Broken:
    """Row 5 cannot be read."""

    error: Exception

    def __len__(self) -> int:
        return 8

    def batch(self, rows: NDArray[np.int64], *, epoch: int, training: bool) -> Tensors:
        if 5 in rows:
            raise self.error
        return {"index": torch.from_numpy(rows.copy())}


def test_rows_and_tensors_come_together() -> None:
    for rows, batch in epoch_batches(Jittered(10), seed=0, epoch=0, batch_size=4):
        assert torch.equal(batch["index"], torch.from_numpy(rows))


def test_what_is_skipped_is_not_made_and_the_rest_is_the_same() -> None:
    whole = list(epoch_batches(Jittered(10), seed=0, epoch=1, batch_size=3))
    rest = list(epoch_batches(Jittered(10), seed=0, epoch=1, batch_size=3, skip=2))
    assert len(rest) == 2
    for (rows, batch), (expected_rows, expected) in zip(rest, whole[2:], strict=True):
        assert np.array_equal(rows, expected_rows)
        assert torch.equal(batch["noise"], expected["noise"])


def test_augmentation_of_a_sample_does_not_depend_on_batch_size_or_order() -> None:
    def noise(batch_size: int, *, shuffle: bool) -> dict[int, float]:
        return {
            int(index): float(draw)
            for _, batch in epoch_batches(
                Jittered(10), seed=0, epoch=1, batch_size=batch_size, shuffle=shuffle
            )
            for index, draw in zip(batch["index"], batch["noise"], strict=True)
        }

    assert noise(3, shuffle=True) == noise(10, shuffle=False) == noise(1, shuffle=True)
    assert len(noise(3, shuffle=True)) == 10


def test_evaluation_is_not_augmented() -> None:
    for _, batch in epoch_batches(Jittered(4), seed=0, epoch=0, batch_size=2, training=False):
        assert not batch["noise"].any()


def test_the_order_does_not_depend_on_the_number_of_processes() -> None:
    def indices(rank: int, world_size: int) -> list[list[int]]:
        batches = epoch_batches(
            Jittered(10), seed=0, epoch=0, batch_size=4, rank=rank, world_size=world_size
        )
        return [batch["index"].tolist() for _, batch in batches]

    for alone, first, second in zip(indices(0, 1), indices(0, 2), indices(1, 2), strict=True):
        assert alone[::2] == first
        assert alone[1::2] == second


def test_a_row_that_cannot_be_read_is_named() -> None:
    with pytest.raises(DataError, match="OSError: 'no such file'") as caught:
        list(epoch_batches(Broken(OSError("no such file")), seed=0, epoch=0, batch_size=4))
    assert caught.value.where == "row 5"
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("error", [TrustError("damaged", where="a.png"), MemoryError()])
def test_errors_that_know_more_pass_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        list(epoch_batches(Broken(error), seed=0, epoch=0, batch_size=4))
    assert caught.value is error


def test_rows_that_fail_only_together_are_all_named() -> None:
    class Together(Broken):
        def batch(self, rows: NDArray[np.int64], *, epoch: int, training: bool) -> Tensors:
            if len(rows) > 1:
                raise self.error
            return {}

    with pytest.raises(DataError, match="ValueError") as caught:
        list(
            epoch_batches(
                Together(ValueError("sizes")), seed=0, epoch=0, batch_size=8, shuffle=False
            )
        )
    assert caught.value.where == "rows 0, 1, 2, 3, 4, 5, 6, 7"


def test_nothing_is_made_before_it_is_asked_for() -> None:
    batches = epoch_batches(Broken(ValueError()), seed=0, epoch=0, batch_size=1, shuffle=False)
    assert [next(batches)[0].tolist() for _ in range(5)] == [[0], [1], [2], [3], [4]]


def test_a_table_is_read_in_slices_when_it_is_not_shuffled() -> None:
    x = torch.arange(6.0)
    batches = epoch_batches(ArraySource(x=x), seed=0, epoch=0, batch_size=3, shuffle=False)
    assert [batch["x"].data_ptr() for _, batch in batches] == [x.data_ptr(), x[3:].data_ptr()]


def test_batches_are_pinned_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a stand-in: pinned memory needs an accelerator."""
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: tensor + 100)
    source = ArraySource(x=torch.arange(4))
    batches = epoch_batches(source, seed=0, epoch=0, batch_size=4, shuffle=False, pin_memory=True)
    assert [batch["x"].tolist() for _, batch in batches] == [[100, 101, 102, 103]]
