"""Rare classes."""

from __future__ import annotations

import numpy as np
import polars as pl

from detector_view import found, view_of
from trainwright.data.imbalance import find


def table(rare: int, *, name: str = "y") -> pl.DataFrame:
    labels = np.array(["often"] * (1_000 - rare) + ["rare"] * rare)
    return pl.DataFrame({"x": np.arange(1_000.0), name: labels})


def test_a_rare_class_is_information_and_one_of_few_rows_a_warning() -> None:
    everything = np.zeros(1_000, dtype=np.int8)
    (rare,) = found(find, view_of(table(40), parts=everything))
    (few,) = found(find, view_of(table(15), parts=everything))
    assert (rare.severity, few.severity) == ("info", "warning")
    assert few.count == 15
    assert few.rows == tuple(range(985, 1_000))
    assert few.remedy == "data: {balance: class-weights}"


def test_an_even_table_and_a_balanced_one_are_no_finding() -> None:
    assert found(find, view_of(table(300))) == []
    assert found(find, view_of(table(40), balance="class-weights")) == []


def test_a_target_called_count_is_no_trouble() -> None:
    assert len(found(find, view_of(table(40, name="count"), target="count"))) == 1
