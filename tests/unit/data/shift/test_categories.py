"""Categories that came with the test rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from detector_view import found, view_of, yes_no
from trainwright.data.shift.categories import find

PARTS = np.repeat([0, 1, 2], (600, 200, 200)).astype(np.int8)


def shops(new: float, seed: int = 0) -> pl.DataFrame:
    """A share of the test rows is of a shop that no other part has."""
    rng = np.random.default_rng(seed)
    shop = rng.choice(["Ulm", "Trier", "Jena"], 1000).astype(object)
    shop[(PARTS == 2) & (rng.random(1000) < new)] = "Bonn"
    return pl.DataFrame({"shop": shop.tolist()}).with_columns(yes_no(rng.random(1000) > 0.5))


def test_a_shop_that_only_test_rows_have_is_named_with_its_rows() -> None:
    frame = shops(0.1)
    (one,) = found(find, view_of(frame, parts=PARTS))
    assert (one.kind, one.severity, one.column) == ("shift", "warning", "shop")
    assert one.all_rows.tolist() == frame["shop"].eq("Bonn").arg_true().to_list()
    assert "'Bonn'" in one.message


def test_a_few_rows_of_a_rare_value_may_all_be_test_rows_by_chance() -> None:
    frame = shops(0.0)
    for number in range(5):
        frame[999 - number, "shop"] = f"rare {number}"
        frame[900 + number, "shop"] = "rare"
    assert found(find, view_of(frame, parts=PARTS)) == []


def test_under_a_split_by_time_new_values_are_information() -> None:
    frame = shops(0.1).with_columns(week=pl.Series(np.arange(1000)))
    (one,) = found(find, view_of(frame, parts=PARTS, split={"by": "time", "column": "week"}))
    assert one.severity == "info"


@pytest.mark.parametrize("seed", range(3))
def test_a_random_split_of_many_rare_values_is_no_finding(seed: int) -> None:
    rng = np.random.default_rng(seed)
    town = [f"t{number}" for number in rng.integers(0, 300, 1000)]
    frame = shops(0.0, seed).with_columns(town=pl.Series(town))
    assert found(find, view_of(frame, parts=rng.permutation(PARTS))) == []


def test_a_remedy_is_another_split_than_the_one_that_is_there() -> None:
    frame = shops(0.1).with_columns(part=pl.Series(np.array(["a", "b", "c"])[PARTS]))
    of_column = {"split": {"by": "given", "column": "part"}}
    remedies = [
        found(find, view_of(frame, parts=PARTS, left_out=["part"], **said))[0].remedy
        for said in ({}, of_column, {"validation": "v.csv", "test": "t.csv"})
    ]
    assert remedies[0].startswith("add such rows to train")
    assert remedies[1].startswith("data: {split: {by: random}, drop: [part]}")
    assert "with the rows of validation and test" in remedies[2]
