"""What a run warns of."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trainwright.flow.run_result import warnings_of
from trainwright.recipe import parse_recipe


def told(**training) -> tuple[str, ...]:
    recipe = parse_recipe({"data": {"source": "a.csv", "target": "y"}, "training": training})
    selection = SimpleNamespace(left_out=(), folds=None)
    trained = SimpleNamespace(evaluation=SimpleNamespace(plots={}), selection=selection)
    return warnings_of(SimpleNamespace(recipe=recipe), trained)


@pytest.mark.parametrize("kind", ["mse", "mae", "quantile"])
def test_objectives_that_aim_at_the_middle_are_compared_without_a_word(kind):
    assert told(objective={"kind": kind}) == ()


def test_a_quantile_that_the_comparison_does_not_aim_at_is_warned_of():
    (warning,) = told(objective={"kind": "quantile", "q": 0.9})
    assert "quantile 0.9" in warning
    assert "squared" in warning
