"""Measures by group, as the run's report shows them."""

from __future__ import annotations

from trainwright.reports.data_card import add_card
from trainwright.reports.fairness import add_fairness
from trainwright.reports.page import Page

SHARE = {"value": 0.25, "low": 0.2, "high": 0.3}


def test_a_table_a_column_with_the_largest_differences_above() -> None:
    page = Page("t", "r")
    rates = dict.fromkeys(
        ("label_rate", "selection_rate", "false_positive_rate", "calibration_gap"), SHARE
    )
    entry = {
        "column": "sex",
        "groups": [
            {"name": "f", "rows": 40, "classes": {"yes": {**rates, "true_positive_rate": None}}},
            {"name": "m<b>", "rows": 9},
        ],
        "differences": {"yes": {"equalized_odds_difference": 0.125}},
    }
    add_fairness(page, {"fairness": [entry]})
    html = page.render()
    assert "By sex" in html
    assert "equalized odds difference 0.125" in html
    assert html.count("0.25") == 4
    assert "m<b>" not in html
    assert "m&lt;b&gt;" in html


def test_numbers_are_told_by_their_errors() -> None:
    page = Page("t", "r")
    errors = {"mean_error": SHARE, "mean_absolute_error": SHARE}
    groups = [{"name": "f", "rows": 40, "errors": errors}]
    add_fairness(page, {"fairness": [{"column": "sex", "groups": groups, "differences": {}}]})
    assert "mean absolute error" in page.render()


def test_nothing_is_shown_where_nothing_is_protected_or_said() -> None:
    page, empty = Page("t", "r"), Page("t", "r")
    add_fairness(page, {"fairness": []})
    add_card(page, {})
    assert page.render() == empty.render()


def test_the_card_shows_what_was_said_and_who_is_there() -> None:
    page = Page("t", "r")
    group = {"name": "f", "rows": 40, "share": SHARE, "rates": {"yes": SHARE}}
    table = {"columns": ["sex", "age"], "groups": [group]}
    add_card(page, {"said": {"known_gaps": "no <children>"}, "groups": [table]})
    html = page.render()
    assert "known gaps" in html
    assert "no &lt;children&gt;" in html
    assert "Train rows by sex and age" in html
