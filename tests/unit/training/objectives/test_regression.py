"""How objectives of regression are written in a recipe."""

from __future__ import annotations

import pytest

from trainwright.core.errors import RecipeError
from trainwright.core.parts import Part, objectives
from trainwright.training.objectives import Huber, MeanAbsolute, MeanSquared, Quantile


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"kind": "mse"}, MeanSquared(inputs=("x",), target="y")),
        ({"kind": "mae"}, MeanAbsolute(inputs=("x",), target="y")),
        ({"kind": "huber", "delta": 2.0}, Huber(inputs=("x",), target="y", delta=2.0)),
        ({"kind": "quantile", "q": 0.9}, Quantile(inputs=("x",), target="y", levels=(0.9,))),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_each_kind_builds_its_objective_and_refuses_classes(value, expected):
    part = objectives.parse(value, where="training.objective")
    assert isinstance(part, Part)
    assert part.build(inputs=("x",), target="y") == expected
    with pytest.raises(RecipeError, match="needs numbers") as refusal:
        part.build(num_classes=3)
    assert "cross-entropy" in refusal.value.mend


@pytest.mark.parametrize("value", [{"kind": "huber", "delta": 0.0}, {"kind": "quantile", "q": 1.0}])
def test_values_out_of_range_are_faults(value):
    assert isinstance(objectives.parse(value, where="training.objective"), list)
