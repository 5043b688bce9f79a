"""Columns as numbers, for quick models."""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.data.leakage.bench import encode


def test_words_are_codes_in_their_order_and_missing_is_not_a_number() -> None:
    found = encode(pl.Series(["b", None, "a", "b"]))
    np.testing.assert_array_equal(found, [1.0, np.nan, 0.0, 1.0])


def test_words_of_which_train_holds_none_are_numbers_all_the_same() -> None:
    found = encode(pl.Series([None, None], dtype=pl.String))
    assert found.dtype == np.float64
    assert np.isnan(found).all()
