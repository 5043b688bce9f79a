"""Quantities with a unit as a person writes them."""

from __future__ import annotations

import pytest

from trainwright.recipe.quantities import holds, parse_bound, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("2h", 7200),
        ("7d", 604_800),
        ("1w", 604_800),
        ("1.5 h", 5400),
        (30, 30),
    ],
)
def test_durations_are_seconds(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "10", "m", "-5m", "5 minutes", "1e3s", "5m5s", "٥m x", "NaNs"]
)
def test_what_is_no_duration_tells_how_to_write_one(text):
    with pytest.raises(ValueError, match="write 90s, 10m"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("bound", "value", "answer"),
    [
        (">= 0.70", 0.7, True),
        ("> 0.7", 0.7, False),
        ("<=1e-2", 0.01, True),
        ("< -1", -2, True),
        (">=0.7", 0.69, False),
    ],
)
def test_bounds_compare(bound, value, answer):
    assert holds(bound, value) is answer


@pytest.mark.parametrize("text", ["0.7", "=> 0.7", ">= nan", ">= x", "", ">= 0.7 ; rm"])
def test_what_is_no_bound_tells_how_to_write_one(text):
    with pytest.raises(ValueError, match=r'write ">= 0.70"'):
        parse_bound(text)
