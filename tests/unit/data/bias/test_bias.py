"""Groups, their labels, and what gives them away."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from detector_view import found, view_of, yes_no
from trainwright.core.errors import RecipeError
from trainwright.data.bias import groups, proxies
from trainwright.data.bias.reweighing import weigh
from trainwright.summaries.groups import MISSING, OTHERS, Grouping
from trainwright.summaries.intervals import wilson

ROWS = 2_000


def people(*, rates: tuple[float, float] = (0.3, 0.3), proxy: float = 0.0) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    male = rng.random(ROWS) < 0.4
    hired = rng.random(ROWS) < np.where(male, rates[1], rates[0])
    return pl.DataFrame(
        {
            "sex": np.where(male, "m", "f"),
            "age": rng.integers(18, 70, ROWS),
            "height": rng.normal(size=ROWS) + proxy * male,
            "x": rng.normal(size=ROWS),
        }
    ).with_columns(yes_no(hired))


def test_shares_and_rates_are_counted_with_wilsons_intervals() -> None:
    view = view_of(people(), protected=["sex"])
    (table,) = groups.count_groups(view).values()
    train = view.rows.frame.filter(pl.col("__part__") == 0)
    women = train.filter(pl.col("sex") == "f")
    first = table[0]
    assert (first.name, first.rows) == ("f", women.height)
    assert first.share == wilson(women.height / train.height, train.height, confidence=0.95)
    share = float((women["y"] == "yes").mean())
    assert first.rates["yes"] == wilson(share, women.height, confidence=0.95)


def test_equal_rates_are_information_and_unequal_ones_a_warning_with_a_remedy() -> None:
    (calm,) = found(groups.find, view_of(people(), protected=["sex"]))
    assert (calm.kind, calm.severity) == ("bias", "info")
    (loud,) = found(groups.find, view_of(people(rates=(0.2, 0.5)), protected=["sex"]))
    assert loud.severity == "warning"
    assert "m has it" in loud.message
    assert loud.remedy.startswith("data: {balance: reweighing}")


def test_pairs_of_groups_are_judged_where_they_have_rows() -> None:
    frame = people()
    unlucky = (frame["sex"] == "m") & (frame["age"] < 30)
    frame = frame.with_columns(y=pl.when(unlucky).then(pl.lit("no")).otherwise(pl.col("y")))
    said = found(groups.find, view_of(frame, protected=["sex", "age"]))
    both = [one for one in said if one.column == "sex and age"]
    assert len(both) == 1
    assert both[0].severity == "warning"


def test_without_protected_columns_a_name_is_only_pointed_out() -> None:
    (one,) = found(groups.find, view_of(people()))
    assert one.severity == "info"
    assert one.remedy == 'data: {protected: ["sex", "age"]}'
    assert found(groups.find, view_of(people().drop("sex", "age"))) == []


def test_a_column_that_is_not_there_is_refused_with_the_nearest() -> None:
    view = view_of(people(), protected=["sexe"])
    with pytest.raises(RecipeError, match=r"protected: \[sex\]"):
        groups.check_protected(view.settings, ["sex", "age", "y"])
    with pytest.raises(RecipeError, match="cannot be protected"):
        groups.check_protected(view_of(people(), protected=["y"]).settings, ["sex", "y"])


def test_a_proxy_is_named_and_noise_is_not() -> None:
    (one,) = found(proxies.find, view_of(people(proxy=2.0), protected=["sex"]))
    assert (one.kind, one.severity, one.column) == ("bias", "info", "height")
    assert "'x'" not in one.message
    assert found(proxies.find, view_of(people(), protected=["sex"])) == []


def test_reweighing_makes_the_label_independent_of_the_group() -> None:
    view = view_of(people(rates=(0.2, 0.5)), protected=["sex"], balance="reweighing")
    weights = weigh(view)
    assert weights is not None
    train = view.rows.frame.filter(pl.col("__part__") == 0).with_columns(w=weights.values)
    rates = train.group_by("sex").agg(
        pl.col("w").filter(pl.col("y") == "yes").sum() / pl.col("w").sum()
    )["w"]
    assert rates[0] == pytest.approx(rates[1])
    assert weights.values.mean() == pytest.approx(1)
    plain = float((train["y"] == "yes").mean())  # and the share of the label stays
    assert rates[0] == pytest.approx(plain)


def test_a_grouping_reads_new_values_as_train_did() -> None:
    ages = Grouping.of(pl.Series("age", [20.0, 30.0, 40.0, 50.0, 25.0, 35.0, 45.0, 55.0]))
    codes = ages.codes(pl.Series("age", [1.0, 99.0, None]))
    assert [ages.names[code] for code in codes][2] == MISSING
    assert ages.names[codes[0]].startswith("under")
    assert ages.names[codes[1]].endswith("and more")
    kinds = Grouping.of(pl.Series("sex", ["f", "m", "f"]))
    told = [kinds.names[code] for code in kinds.codes(pl.Series("sex", ["m", "x", None]))]
    assert told == ["m", OTHERS, MISSING]
    assert Grouping.from_json(ages.to_json()) == ages


def test_whole_numbers_written_as_decimals_are_named_without_them() -> None:
    assert Grouping.of(pl.Series("k", [1.0, 2.0, 1.0])).values == ("1", "2")
