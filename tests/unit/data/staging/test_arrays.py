from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.grouping import grouped
from trainwright.data.staging.order import at_place, next_above


@pytest.fixture(params=["in memory", "on disk"])
def arrays(request: pytest.FixtureRequest, tmp_path: Path) -> Arrays:
    if request.param == "in memory":
        return Arrays()
    return Arrays(tmp_path, in_memory=50, span_rows=70, sorted_rows=64)


def test_a_long_array_is_a_file_without_a_name_that_goes_with_it(tmp_path: Path) -> None:
    arrays = Arrays(tmp_path, in_memory=10)
    found = arrays.full(1_000, 7, np.int64)
    assert (found == 7).all()
    assert list(tmp_path.iterdir()) == []
    arrays.release()
    assert found.sum() == 7_000
    del found
    gc.collect()
    assert not list(arrays._maps)


def test_spans_are_all_rows_in_order(arrays: Arrays) -> None:
    rows = np.concatenate([np.arange(300)[span] for span in arrays.spans(300)])
    assert rows.tolist() == list(range(300))


def test_entries_are_left_out_by_position_or_by_mask(arrays: Arrays) -> None:
    values = arrays.empty(300, np.int64)
    values[:] = np.arange(300)
    gone = np.array([0, 69, 70, 71, 299])
    mask = np.isin(np.arange(300), gone)
    wanted = [row for row in range(300) if row not in gone]
    assert arrays.without(values, gone).tolist() == wanted
    assert arrays.without(values, mask).tolist() == wanted


def test_equal_hashes_are_found_in_parts_as_they_are_at_once(arrays: Arrays) -> None:
    random = np.random.default_rng(0)
    hashes = arrays.empty(2_000, np.uint64)
    hashes[:] = random.integers(0, 2**64, 700, dtype=np.uint64)[random.integers(0, 700, 2_000)]
    _, first, inverse, sizes = np.unique(
        np.asarray(hashes), return_index=True, return_inverse=True, return_counts=True
    )
    firsts, counts, keys = np.full(2_000, -1), np.full(2_000, -1), []
    for part in grouped(hashes, arrays):
        assert (np.diff(part.at) > 0).all()
        firsts[part.at], counts[part.at] = part.first, part.sizes
        keys += part.groups.keys.tolist()
    assert (firsts == first[inverse]).all()
    assert (counts == sizes[inverse]).all()
    assert keys == sorted(keys)


def test_a_value_at_a_place_is_that_of_the_sorted_order(arrays: Arrays) -> None:
    random = np.random.default_rng(1)
    values = arrays.empty(900, np.float64)
    values[:] = np.concatenate(
        [random.normal(size=400).round(1), random.normal(size=400) * 1e200, [np.nan] * 50,
         [0.0, -0.0] * 20, [np.inf, -np.inf] * 5]
    )  # fmt: skip
    ordered = np.sort(values[~np.isnan(values)])
    for place in (0, 1, 17, 424, 425, 800, len(ordered) - 1):
        assert at_place(values, place, arrays) == ordered[place]
    assert next_above(values, ordered[300], arrays) == ordered[ordered > ordered[300]].min()
    assert next_above(values, np.inf, arrays) == np.inf
