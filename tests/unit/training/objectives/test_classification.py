"""How objectives of classification are written in a recipe."""

from __future__ import annotations

import pytest

from trainwright.core.errors import RecipeError
from trainwright.core.parts import Part, objectives
from trainwright.training.objectives import CrossEntropy, Focal


def parsed(**value):
    part = objectives.parse(value, where="training.objective")
    assert isinstance(part, Part), part
    return part


def test_cross_entropy_is_built_over_the_named_tensors():
    built = parsed(kind="cross-entropy", label_smoothing=0.1).build(
        inputs=("tokens", "mask"), target="label", num_classes=3
    )
    assert built == CrossEntropy(
        inputs=("tokens", "mask"), target="label", num_classes=3, label_smoothing=0.1
    )


def test_focal_loss_takes_its_gamma_and_balanced_weights():
    built = parsed(kind="focal", gamma=1.0, class_weights="balanced").build(
        num_classes=2, class_counts=(30, 10)
    )
    assert built == Focal(num_classes=2, gamma=1.0, class_weights=(40 / 60, 2.0))


def test_a_class_without_rows_weighs_as_if_it_had_one():
    built = parsed(kind="cross-entropy", class_weights="balanced").build(
        num_classes=2, class_counts=(4, 0)
    )
    assert built.class_weights == (0.5, 2.0)


@pytest.mark.parametrize("kind", ["cross-entropy", "focal"])
def test_a_regression_is_refused_with_what_fits(kind):
    with pytest.raises(RecipeError, match="needs classes") as refusal:
        parsed(kind=kind).build(num_classes=0)
    assert "mse" in refusal.value.mend


def test_balanced_weights_without_counts_are_refused():
    with pytest.raises(RecipeError) as refusal:
        parsed(kind="cross-entropy", class_weights="balanced").build(num_classes=2)
    assert refusal.value.mend == "class_weights: null"


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "cross-entropy", "label_smoothing": 1.0},
        {"kind": "cross-entropy", "class_weights": [1, 2]},
        {"kind": "focal", "gamma": -1},
        {"kind": "focal", "delta": 1},
    ],
)
def test_values_out_of_range_are_faults(value):
    assert isinstance(objectives.parse(value, where="training.objective"), list)
