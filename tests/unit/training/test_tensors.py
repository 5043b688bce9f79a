"""Our safetensors files are those of the library, and nested state comes back as it was."""

from __future__ import annotations

import hashlib
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from trainwright.training.tensors import _CODES, detached, pack, unpack, write_tensors


@pytest.mark.parametrize("kind", list(_CODES))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_the_library_reads_every_type_and_shape(tmp_path, kind, shape):
    tensor = (torch.rand(shape) * 5).to(kind)
    write_tensors(tmp_path / "t.safetensors", {"odd": torch.tensor([True]), "t": tensor})
    found = load_file(tmp_path / "t.safetensors")["t"]
    assert found.dtype == kind
    assert torch.equal(found, tensor)


def test_the_hash_is_that_of_the_file(tmp_path):
    path = tmp_path / "t.safetensors"
    digest, size = write_tensors(path, {"b": torch.arange(3.0), "a": torch.arange(2)})
    data = path.read_bytes()
    assert (digest, size) == (hashlib.sha256(data).hexdigest(), len(data))


def test_views_and_transposes_are_written_as_they_look(tmp_path):
    tensor = torch.arange(6.0).reshape(2, 3).T[1:]
    write_tensors(tmp_path / "t.safetensors", {"t": tensor})
    assert torch.equal(load_file(tmp_path / "t.safetensors")["t"], tensor)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=4) | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_nested_values_come_back(value):
    document, tensors = pack(value)
    assert not tensors
    assert unpack(document, {}) == value


def test_numbers_that_json_lacks_come_back():
    document, _ = pack([math.nan, math.inf, -math.inf])
    found = unpack(document, {})
    assert math.isnan(found[0])
    assert found[1:] == [math.inf, -math.inf]


def test_a_tensor_in_two_places_is_written_once_and_comes_back_in_both():
    shared = torch.ones(2)
    document, tensors = pack({"a": shared, "b": [shared, torch.zeros(1)]}, at="x")
    assert sorted(tensors) == ["x.a", "x.b.1"]
    found = unpack(document, tensors)
    assert found["a"] is found["b"][0]


def test_a_copy_shares_nothing_with_what_it_is_of_and_keeps_what_is_shared_within():
    tensor = torch.ones(2)
    copied = detached({"a": tensor, "b": (tensor.view(2), torch.zeros(2))})
    tensor.fill_(9)
    assert copied["a"].tolist() == [1.0, 1.0]
    assert copied["b"][0] is copied["a"]


def test_what_is_no_state_is_named():
    with pytest.raises(TypeError, match=r"a\.b: an object is no state"):
        pack({"a": {"b": object()}})
