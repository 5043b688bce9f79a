"""Shared tables are stored once and come back as one; nothing else is lost, added or mixed up."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from trainwright.models.networks.estimator import WEIGHTS, write_network
from trainwright.models.networks.weights import load_weights, written_once


class Tied(nn.Module):
    """A head that is the table of embeddings, and one of equal values that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.head = nn.Embedding(7, 4), nn.Linear(4, 7, bias=False)
        self.other = nn.Linear(4, 7, bias=False)
        self.head.weight = self.table.weight
        self.other.weight = nn.Parameter(self.table.weight.detach().clone())


def test_a_shared_table_is_written_once_and_is_one_again(tmp_path):
    torch.manual_seed(0)
    module, read = Tied(), Tied()
    write_network(tmp_path, module.state_dict(), architecture={"kind": "tied"})
    stored = load_file(tmp_path / WEIGHTS)
    assert set(stored) == {"table.weight", "other.weight"}
    load_weights(read, stored)
    assert read.head.weight is read.table.weight
    for name, tensor in module.state_dict().items():
        torch.testing.assert_close(read.state_dict()[name], tensor, rtol=0, atol=0)


def test_a_table_that_stands_there_by_each_of_its_names_is_read_too():
    module, read = Tied(), Tied()
    load_weights(read, {name: tensor.clone() for name, tensor in module.state_dict().items()})
    torch.testing.assert_close(read.head.weight, module.table.weight, rtol=0, atol=0)


def test_parts_of_one_memory_are_tables_of_their_own():
    whole = torch.arange(12.0).reshape(3, 4)
    state = {"all": whole, "first": whole[:1], "turned": whole.T, "last": whole[2:]}
    written = written_once(state)
    assert set(written) == set(state)
    assert all(one.is_contiguous() for one in written.values())


def test_tables_without_numbers_are_not_taken_for_one_another():
    assert set(written_once({"a": torch.empty(0), "b": torch.empty(0)})) == {"a", "b"}


@pytest.mark.parametrize("change", ["missing", "unknown"])
def test_what_is_missing_or_unknown_is_refused(change):
    weights = written_once(Tied().state_dict())
    if change == "missing":
        del weights["other.weight"]
    else:
        weights["more.weight"] = torch.zeros(1)
    with pytest.raises(RuntimeError, match=r"other\.weight|more\.weight"):
        load_weights(Tied(), weights)
