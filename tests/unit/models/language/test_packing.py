from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.models.language.packing import Layout, packed


def members(layout, epoch=0):
    rows = np.arange(len(layout))
    found, counts = layout.members(rows, epoch=epoch)
    return np.split(found, np.cumsum(counts)[:-1])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(8, 32))
def test_each_passage_is_in_one_row_and_no_row_overflows(lengths, width):
    lengths = np.array(lengths)
    layout = Layout(lengths, width=width)
    rows = members(layout)
    assert sorted(np.concatenate(rows).tolist()) == list(range(len(lengths)))
    for row, room in zip(rows, layout.rows.lengths, strict=True):
        assert lengths[row].sum() == room
        assert room <= width or len(row) == 1


def test_a_passage_goes_where_it_leaves_least_room():
    rows = packed(np.array([6, 7, 3, 4, 2]), width=10)
    taken = [set(one) for one in np.split(rows.slots, rows.ends[:-1])]
    assert taken == [{1, 2}, {0, 3}, {4}]
    assert rows.lengths.tolist() == [10, 10, 2]


def test_rows_that_are_packed_waste_little():
    lengths = np.clip(np.random.default_rng(0).lognormal(4, 0.8, 2_000).astype(int), 4, 512)
    rows = packed(lengths, width=512)
    assert lengths.sum() / (512 * len(rows.ends)) > 0.99


def test_without_a_width_each_sample_is_its_passage():
    rows = members(Layout(np.array([5, 2, 9]), width=None))
    assert [row.tolist() for row in rows] == [[0], [1], [2]]


def test_a_weight_is_how_often_a_passage_comes():
    draw = np.random.default_rng(1)
    lengths, weights = draw.integers(2, 30, 50), np.repeat([0.3, 1.0, 2.5], [20, 20, 10])
    layout = Layout(lengths, width=64, weights=weights, seed=3)
    counts = np.stack(
        [np.bincount(np.concatenate(members(layout, epoch)), minlength=50) for epoch in range(400)]
    )
    assert (counts.min(0) >= np.floor(weights)).all()
    assert (counts.max(0) <= np.ceil(weights)).all()
    assert counts.mean(0) == pytest.approx(weights, abs=0.08)
    assert len({tuple(row) for row in counts}) > 1  # another draw each epoch


def test_an_epoch_s_rows_are_known_before_it_is_drawn():
    draw = np.random.default_rng(1)
    lengths, weights = draw.integers(2, 30, 50), draw.uniform(0.2, 3, 50)
    layout = Layout(lengths, width=64, weights=weights, seed=3)
    for epoch in range(20):
        rows = members(layout, epoch)
        assert len(rows) == len(layout)
        for row, room in zip(rows, layout.rows.lengths, strict=True):
            assert lengths[row].sum() <= room <= 64


def test_a_draw_is_a_function_of_seed_and_epoch():
    lengths, weights = np.arange(2, 42), np.full(40, 0.5)
    first = Layout(lengths, width=64, weights=weights, seed=3)
    again = Layout(lengths, width=64, weights=weights, seed=3)
    members(again, 0)
    other = Layout(lengths, width=64, weights=weights, seed=4)
    wanted = np.concatenate(members(first, 5)).tolist()
    assert np.concatenate(members(again, 5)).tolist() == wanted
    assert np.concatenate(members(other, 5)).tolist() != wanted
