from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.core.columns import ColumnType
from trainwright.monitoring.binning import Binning, fit_binnings, quantile_edges

numbers = st.lists(
    st.one_of(st.none(), st.floats(), st.sampled_from([0.0, 1.0, 2.0])), max_size=200
)


@given(numbers)
def test_every_row_falls_into_one_bin(values):
    series = pl.Series(values, dtype=pl.Float64)
    (binning,) = fit_binnings("a", ColumnType.NUMBER, series)
    counts = binning.count(series)
    assert counts.sum() == len(values)
    assert counts[-1] == sum(value is None or math.isnan(value) for value in values)
    assert list(binning.edges) == sorted(set(binning.edges))


@given(numbers)
def test_no_bin_of_numbers_holds_only_a_few_rows_of_the_reference(values):
    series = pl.Series(values, dtype=pl.Float64)
    (binning,) = fit_binnings("a", ColumnType.NUMBER, series)
    held = [count for count in binning.count(series)[:-1] if count]
    assert len(held) <= 1 or min(held) >= 5


def test_ten_bins_hold_equal_counts():
    values = np.random.default_rng(1).normal(size=1000)
    (binning,) = fit_binnings("a", ColumnType.NUMBER, pl.Series(values))
    assert binning.count(pl.Series(values)).tolist() == [100] * 10 + [0]


@pytest.mark.parametrize(("rows", "bins"), [(60, 2), (200, 5), (399, 9), (5_000, 10)])
def test_bins_of_a_small_reference_are_fewer_and_hold_forty_rows_each(rows, bins):
    values = np.random.default_rng(1).normal(size=rows)
    (binning,) = fit_binnings("a", ColumnType.NUMBER, pl.Series(values))
    counts = binning.count(pl.Series(values))[:-1]
    assert len(counts) == bins
    assert min(counts) >= min(40, rows // 2)


def test_no_edge_is_the_value_of_a_single_row():
    values = np.random.default_rng(2).normal(size=500)
    assert not set(quantile_edges(values)) & set(values)


@pytest.mark.parametrize("other", [6.999, 7.001, -1e308, math.inf])
def test_a_constant_column_notices_any_other_value(other):
    (binning,) = fit_binnings("a", ColumnType.NUMBER, pl.Series([7.0] * 50))
    same, moved = binning.assign(pl.Series([7.0, other]))
    assert same != moved


def test_whole_numbers_get_a_bin_each_where_they_are_few():
    values = pl.Series([0.0, 1.0, 2.0] * 50)
    (binning,) = fit_binnings("a", ColumnType.NUMBER, values)
    assert sorted(count for count in binning.count(values) if count) == [50, 50, 50]


def test_a_rare_name_is_not_written_down():
    (binning,) = fit_binnings("a", ColumnType.CATEGORY, pl.Series(["x"] * 40 + ["Jane Doe"] * 4))
    assert binning.names == ("x",)
    assert binning.count(pl.Series(["x", "Jane Doe", None, "new"])).tolist() == [1, 2, 1]


def test_names_are_picked_from_other_rows_than_those_that_are_counted_where_some_are_rare():
    rare = pl.Series([f"k{row % 60}" for row in range(300)] + ["common"] * 100)
    (binning,) = fit_binnings("a", ColumnType.CATEGORY, rare)
    assert binning.halved
    (whole,) = fit_binnings("a", ColumnType.CATEGORY, pl.Series(["x", "y"] * 50))
    assert not whole.halved


def test_of_many_names_only_the_commonest_are_kept():
    values = pl.Series([f"k{place:02d}" for place in range(50) for _ in range(20 + place)])
    (binning,) = fit_binnings("a", ColumnType.CATEGORY, values)
    assert len(binning.names) == 30
    assert binning.names[0] == "k49"


def test_booleans_are_two_names():
    (binning,) = fit_binnings("a", ColumnType.BOOLEAN, pl.Series([True, False] * 20))
    assert binning.count(pl.Series([True, True, None])).tolist() == [0, 2, 0, 1]


def test_text_is_watched_by_its_length_and_its_new_words():
    known = pl.Series(["red green blue"] * 40)
    length, words = fit_binnings("a", ColumnType.TEXT, known)
    assert length.numbers(pl.Series(["abc", None])).tolist()[0] == 3
    shares = words.numbers(pl.Series(["red green", "red mauve", "", None]))
    assert shares[:2].tolist() == [0.0, 0.5]
    assert np.isnan(shares[2:]).all()


@pytest.mark.parametrize("type_", [ColumnType.DATETIME, ColumnType.IDENTIFIER])
def test_what_never_stands_still_is_not_watched(type_):
    assert fit_binnings("a", type_, pl.Series(["x"])) == []


@pytest.mark.parametrize("values", [[], [None, None]])
def test_an_empty_or_all_null_column_has_bins_too(values):
    for type_ in (ColumnType.NUMBER, ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.BOOLEAN):
        dtype = pl.Float64 if type_ is ColumnType.NUMBER else pl.String
        series = pl.Series(values, dtype=pl.Boolean if type_ is ColumnType.BOOLEAN else dtype)
        for binning in fit_binnings("a", type_, series):
            assert binning.count(series)[-1] == len(values)
            assert len(binning.labels) == len(binning.count(series))


def test_a_binning_survives_json():
    for binning in fit_binnings("a", ColumnType.TEXT, pl.Series(["red green"] * 30)):
        assert Binning.from_json(binning.to_json()) == binning
