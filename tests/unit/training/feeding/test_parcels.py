"""Tensors come out of shared memory as they went in."""

from __future__ import annotations

import gc
from multiprocessing import Pipe
from pathlib import Path

import pytest
import torch

from trainwright.training.feeding.parcels import Parcel, receive


def through(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    here, there = Pipe()
    with here, there:
        Parcel({}, tensors).send(here)
        return dict(receive(there)[1])


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(6, dtype=torch.int64).reshape(2, 3),
        torch.tensor([True, False]),
        torch.randn(5).to(torch.bfloat16),
        torch.tensor(3.5, dtype=torch.float64),
        torch.empty(0, 4),
        torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last),
        torch.randn(3, 4).T,
        torch.randn(4, requires_grad=True),
    ],
    ids=["int", "bool", "bfloat16", "scalar", "empty", "channels-last", "turned", "gradient"],
)
def test_values_types_and_strides_stay(tensor: torch.Tensor) -> None:
    found = through({"x": tensor})["x"]
    assert found.dtype == tensor.dtype
    assert found.shape == tensor.shape
    assert found.stride() == tensor.stride()
    assert torch.equal(found, tensor)


@pytest.mark.parametrize(
    "tensor",
    [torch.arange(10)[::3], torch.arange(12).reshape(3, 4)[:, 1:3], torch.ones(1).expand(4)],
)
def test_gaps_and_overlaps_are_closed(tensor: torch.Tensor) -> None:
    found = through({"x": tensor})["x"]
    assert torch.equal(found, tensor)
    assert found.is_contiguous()


def test_names_keep_their_order_and_messages_come_with_them() -> None:
    here, there = Pipe()
    Parcel({"number": 7}, {"b": torch.ones(3), "a": torch.zeros(2)}).send(here)
    message, tensors = receive(there)
    assert message == {"number": 7}
    assert list(tensors) == ["b", "a"]


def test_memory_and_descriptors_go_with_the_last_tensor() -> None:
    def mapped() -> bool:
        return "trainwright-batch" in Path("/proc/self/maps").read_text()

    gc.collect()  # what other tests left open closes now, and not in between
    before = len(list(Path("/proc/self/fd").iterdir()))
    kept = through({"x": torch.randn(1000), "y": torch.randn(10)})
    view = kept["x"][5:]
    del kept
    assert mapped()
    assert float(view.sum()) == float(view.sum())
    del view
    assert not mapped()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_a_sender_that_is_gone_is_an_end_of_file() -> None:
    here, there = Pipe()
    here.close()
    with pytest.raises(EOFError):
        receive(there)


def test_a_sender_that_dies_between_message_and_descriptor_is_an_end_of_file() -> None:
    here, there = Pipe()
    here.send_bytes(b'{"message": {}, "places": [], "bytes": 64}')
    here.close()
    with pytest.raises(EOFError):
        receive(there)
