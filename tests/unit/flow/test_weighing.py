"""Which side the numbers are on, and when they are on none."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from trainwright.flow.weighing import UNDECIDED, Sides, weigh
from trainwright.summaries.reckoning import Reckoned, exact

SIDES = Sides(
    once=Reckoned(100, 80, 120),
    here=exact(0.0),
    elsewhere=Reckoned(0.001, 0.0008, 0.0012),
    rows=10_000_000,
    trained=Reckoned(0.30, 0.28, 0.32),
    asked=Reckoned(0.31, 0.25, 0.37),
)


def test_above_the_break_even_it_is_training():
    found = weigh(SIDES, seed=0)
    assert found.verdict == "train"
    assert found.break_even.value == pytest.approx(100_000)
    assert any("above that interval" in reason for reason in found.reasons)


def test_below_it_is_the_endpoint():
    assert weigh(replace(SIDES, rows=1_000), seed=0).verdict == "use the API"


def test_within_the_interval_nothing_is_decided():
    found = weigh(replace(SIDES, rows=100_000), seed=0)
    assert found.verdict == UNDECIDED
    assert any("within" in reason for reason in found.reasons)


def test_the_cheaper_one_that_is_clearly_worse_is_no_verdict():
    found = weigh(replace(SIDES, asked=Reckoned(0.1, 0.08, 0.12)), seed=0)
    assert found.verdict == UNDECIDED
    assert "not the better one" in found.reasons[-1]


def test_the_cheaper_one_that_is_better_too_is_one():
    assert weigh(replace(SIDES, asked=Reckoned(0.6, 0.5, 0.7)), seed=0).verdict == "train"


def test_a_row_that_is_as_dear_here_is_never_earned_back():
    found = weigh(replace(SIDES, here=exact(0.01)), seed=0)
    assert found.break_even.low == math.inf
    assert found.reasons[0].startswith("training is never earned back")
    assert found.reasons[1] == "the recipe names 10,000,000 rows"
    assert found.verdict == "use the API"


@pytest.mark.parametrize(
    ("change", "mend"),
    [
        ({"elsewhere": None}, "prices:"),
        ({"once": None}, "compute_per_hour"),
        ({"rows": None}, "rows_per_month"),
        ({"asked": None}, "sample: 100"),
        ({"trained": None}, "probe: 5m"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_decided(change, mend):
    found = weigh(replace(SIDES, **change), seed=0)
    assert found.verdict == UNDECIDED
    assert any(mend in reason for reason in found.reasons)


def test_labels_without_a_price_are_named_and_decide_nothing_by_themselves():
    assert not any("labels" in reason for reason in weigh(SIDES, seed=0).reasons)
    found = weigh(replace(SIDES, unpriced=1_200), seed=0)
    assert found.verdict == "train"
    assert any(
        "1,200 labels are reckoned as free" in reason and "estimate: {label: 0.05}" in reason
        for reason in found.reasons
    )
