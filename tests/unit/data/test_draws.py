from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.data import draws
from trainwright.data.draws import Draws
from trainwright.data.hashing import mix
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.rows import FrameRows


def table(rows: int) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    random = np.random.default_rng(rows)
    row = np.sort(random.choice(3 * rows, rows, replace=False)).astype(np.int64)
    parts = random.choice([0, 0, 0, 0, 1, 2, -1], rows).astype(np.int8)
    return pl.DataFrame({"x": random.random(rows), "t": row.astype(str)}), row, parts


def lowest(row: np.ndarray, parts: np.ndarray, size: int, part: int | None) -> np.ndarray:
    """By sorting all of them."""
    at = np.arange(len(row)) if part is None else np.flatnonzero(parts == part)
    hashes = mix(row[at].astype(np.uint64))
    return np.sort(at[np.argsort(hashes)[:size]])


@pytest.mark.parametrize("part", [None, 0, 1, 2])
@pytest.mark.parametrize("held", [10, 200, 5_000])
def test_the_rows_of_a_sample_are_those_whose_positions_hash_lowest(monkeypatch, held, part):
    monkeypatch.setattr(draws, "HELD_ROWS", held)
    frame, row, parts = table(2_000)
    drawn = Draws(FrameRows(frame), row, parts, Arrays(span_rows=300), short=["x"])
    for size in (0, 1, 7, 150, 1_000, 3_000):
        np.testing.assert_array_equal(drawn.places(size, part), lowest(row, parts, size, part))


def test_where_a_share_of_the_hashes_is_too_small_all_are_looked_at(monkeypatch):
    monkeypatch.setattr(draws, "HELD_ROWS", 50)
    monkeypatch.setattr(draws, "_limit", lambda share: np.uint64(0))
    frame, row, parts = table(500)
    drawn = Draws(FrameRows(frame), row, parts, Arrays(), short=[])
    np.testing.assert_array_equal(drawn.places(50, 0), lowest(row, parts, 50, 0))


@pytest.mark.parametrize("short_rows", [10, 100])
def test_cells_that_are_kept_are_those_of_the_rows(monkeypatch, short_rows):
    monkeypatch.setattr(draws, "SHORT_ROWS", short_rows)
    frame, row, parts = table(1_000)
    drawn = Draws(FrameRows(frame), row, parts, Arrays(), short=["x"])
    for part in (None, 0, 2):
        for size in (5, 60):
            found = drawn.cells(["t", "x"], size, part)
            assert found.equals(frame[["t", "x"]][lowest(row, parts, size, part)])


def test_short_cells_are_read_once(monkeypatch):
    frame, row, parts = table(1_000)
    asked = []
    gather = FrameRows.gather

    def counted(self, names, at):
        asked.append(list(names))
        return gather(self, names, at)

    monkeypatch.setattr(FrameRows, "gather", counted)
    drawn = Draws(FrameRows(frame), row, parts, Arrays(), short=["x"])
    for part in (0, 1, None):
        drawn.cells(["x"], 20, part)
    assert asked == [["x"]]
