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


def test_entries_are_taken_and_put_at_positions_in_any_order(arrays: Arrays) -> None:
    values = arrays.empty(300, np.int64)
    values[:] = np.arange(300) * 10
    rising = np.array([0, 3, 69, 70, 71, 140, 299])
    mixed = np.array([299, 5, 70, 5, 139])
    assert arrays.take(values, rising).tolist() == (rising * 10).tolist()
    assert arrays.take(values, mixed).tolist() == (mixed * 10).tolist()
    assert arrays.take(values, rising[:0]).tolist() == []
    arrays.put(values, rising, -rising)
    arrays.put(values, np.array([250, 7]), np.array([1, 2]))
    wanted = np.arange(300) * 10
    wanted[rising] = -rising
    wanted[[250, 7]] = [1, 2]
    assert values.tolist() == wanted.tolist()


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells what is mapped")
def test_scattered_positions_keep_no_more_than_a_span_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = Arrays(tmp_path, in_memory=10, span_rows=1 << 15)
    values = arrays.full(1 << 20, 3, np.int64)  # 8 MiB
    at = np.arange(0, len(values), 500)
    resident = []
    release = Arrays.release

    def seen(self: Arrays) -> None:
        resident.append(_resident_bytes(tmp_path))
        release(self)

    monkeypatch.setattr(Arrays, "release", seen)
    assert (arrays.take(values, at) == 3).all()
    arrays.put(values, at[::-1], at)
    assert max(resident) < 1 << 20
    assert _resident_bytes(tmp_path) == 0


def _resident_bytes(folder: Path) -> int:
    """Of all mapped files of a folder."""
    found, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(":")[0]:
            inside = str(folder) in line
        elif inside and line.startswith("Rss:"):
            found += int(line.split()[1]) * 1024
    return found


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
