from __future__ import annotations

import numpy as np
import polars as pl
from scipy import stats

from trainwright.data.hashing import hash_cells, hash_rows, hash_text, mix, positions

GOLDEN = ["139d576e898daf4f", "2ecaa5b50b2644c1"]


def test_hashes_are_the_same_for_ever() -> None:
    frame = pl.DataFrame({"n": [1.5, None], "w": ["ä", None], "b": [True, None]})
    assert [f"{value:016x}" for value in hash_rows(frame, ["n", "w", "b"])] == GOLDEN
    # The first output of SplitMix64 with seed 0, as its authors publish it.
    assert f"{mix(np.array([0], dtype=np.uint64))[0]:016x}" == "e220a8397b1dcdaf"


def test_minus_zero_is_zero_and_nan_is_null() -> None:
    found = hash_cells(pl.Series([0.0, -0.0, float("nan"), None, 1.0]))
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert len(set(found.tolist())) == 3


def test_equal_cells_in_other_columns_are_other_rows() -> None:
    frame = pl.DataFrame({"a": ["x", "y"], "b": ["y", "x"]})
    assert len(set(hash_rows(frame, ["a", "b"]).tolist())) == 2


def test_an_empty_word_is_not_a_missing_one() -> None:
    assert len(set(hash_cells(pl.Series(["", None, "null"])).tolist())) == 3


def test_date_times_are_told_apart_by_microseconds() -> None:
    times = pl.Series([0, 1, None, 0]).cast(pl.Datetime("us"))
    found = hash_cells(times)
    assert found[0] == found[3]
    assert len(set(found.tolist())) == 3


def test_positions_are_uniform_and_a_seed_gives_others() -> None:
    hashes = hash_rows(pl.DataFrame({"x": np.arange(20_000.0)}), ["x"])
    one, other = positions(hashes, "split", 0), positions(hashes, "split", 1)
    assert stats.kstest(one, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert hash_text("a") != hash_text("b")
