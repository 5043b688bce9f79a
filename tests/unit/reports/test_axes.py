from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.reports.axes import axis, nice_step, tick_label


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=6))
def test_an_axis_holds_every_finite_value_and_few_ticks(values):
    drawn = axis(values, start=0.0, end=100.0)
    assert math.isfinite(drawn.low)
    assert drawn.low < drawn.high
    assert 1 <= len(drawn.ticks) <= 12
    for value in values:
        if math.isfinite(value):
            assert -1e-6 <= drawn.at(value) <= 100 + 1e-6


@given(st.floats(1e-200, 1e200), st.integers(2, 9))
def test_a_step_is_round_and_yields_at_most_the_ticks_asked_for(span, num_ticks):
    step = nice_step(span, num_ticks)
    assert step * num_ticks >= span * (1 - 1e-6)
    digits = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(digits - round_) for round_ in (1, 2, 2.5, 5, 10)) < 1e-6


@pytest.mark.parametrize(
    ("tick", "step", "written"),
    [
        (0.25, 0.05, "0.25"),
        (0.025, 0.025, "0.025"),
        (40.0, 10.0, "40"),
        (2000.0, 1000.0, "2k"),
        (-1.5, 0.5, "\N{MINUS SIGN}1.5"),
        (2.5e6, 5e5, "2500k"),
        (0.0, 1e-7, "0"),
        (3e-4, 1e-4, "3e\N{MINUS SIGN}4"),
        (2.5e-5, 2.5e-5, "2.5e\N{MINUS SIGN}5"),
        (1.25e-3, 5e-5, "1.25e\N{MINUS SIGN}3"),
        (0.003, 0.001, "0.003"),
        (-2e12, 1e12, "\N{MINUS SIGN}2e12"),
    ],
)
def test_ticks_have_as_many_decimals_as_they_need_to_differ(tick, step, written):
    assert tick_label(tick, step) == written
