"""What every objective over one output refuses, and what it makes of outputs."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trainwright.core.errors import RecipeError
from trainwright.training.objectives import CrossEntropy, MeanSquared, Quantile


class Mapping(nn.Module):
    def forward(self, inputs):
        return {"logits": inputs, "hidden": inputs * 0}


def loss(objective, model=None, **batch):
    (part,) = objective.parts(model or nn.Identity(), batch).values()
    return part


def test_one_column_is_compared_row_by_row():
    values = torch.tensor([[1.0], [2.0], [4.0]])
    assert loss(MeanSquared(), inputs=values, target=torch.tensor([1.0, 2.0, 3.0])).sum == 1.0


@pytest.mark.parametrize("shape", [(3, 2), (3, 1, 1), (4,)])
def test_shapes_that_would_be_broadcast_are_refused(shape):
    with pytest.raises(RecipeError, match="the target is") as refusal:
        loss(MeanSquared(), inputs=torch.ones(shape), target=torch.ones(3))
    assert "as many units" in refusal.value.mend


def test_quantiles_need_a_unit_a_level():
    objective = Quantile(levels=(0.1, 0.5, 0.9))
    with pytest.raises(RecipeError, match="3 quantiles") as refusal:
        loss(objective, inputs=torch.ones(4, 2), target=torch.ones(4))
    assert "3 units" in refusal.value.mend


def test_an_entry_of_a_mapping_is_judged_when_named():
    batch = {"inputs": torch.ones(2), "target": torch.zeros(2)}
    assert loss(MeanSquared(output="logits"), Mapping(), **batch).sum == 2
    assert loss(MeanSquared(output="hidden"), Mapping(), **batch).sum == 0
    with pytest.raises(RecipeError, match="logits, hidden") as refusal:
        loss(MeanSquared(), Mapping(), **batch)
    assert refusal.value.mend == "output='logits'"


def test_an_output_that_is_no_tensor_is_refused():
    class Pair(nn.Module):
        def forward(self, inputs):
            return inputs, inputs

    with pytest.raises(RecipeError, match="gives a tuple") as refusal:
        loss(MeanSquared(), Pair(), inputs=torch.ones(2), target=torch.ones(2))
    assert "output=NAME" in refusal.value.mend


def test_the_model_is_called_with_the_inputs_in_order():
    class Difference(nn.Module):
        def forward(self, first, second):
            return first - second

    objective = MeanSquared(inputs=("b", "a"))
    batch = {"a": torch.ones(2), "b": torch.full((2,), 4.0), "target": torch.zeros(2)}
    assert loss(objective, Difference(), **batch).sum == 18


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_losses_of_half_precision_outputs_are_computed_in_full(dtype):
    logits = torch.randn(4, 3).to(dtype)
    target = torch.tensor([0, 1, 2, 0])
    found = loss(CrossEntropy(), inputs=logits, target=target).sum
    assert found.dtype == torch.float32
    assert found == loss(CrossEntropy(), inputs=logits.float(), target=target).sum


def test_padded_tokens_have_a_weight_a_row():
    logits, weight = torch.randn(2, 3, 4), torch.tensor([1.0, 0.5])
    target = torch.tensor([[0, 1, -100], [2, -100, -100]])
    part = loss(CrossEntropy(weight="w"), inputs=logits, target=target, w=weight)
    assert part.count == 2.5


def test_weights_with_more_dimensions_than_losses_are_refused():
    batch = {"inputs": torch.ones(3, 2), "target": torch.tensor([0, 1, 0])}
    with pytest.raises(RecipeError, match="weights") as refusal:
        loss(CrossEntropy(weight="w"), **batch, w=torch.ones(3, 2))
    assert refusal.value.mend == "give one weight a row"


def test_a_batch_in_which_nothing_counts_costs_nothing_and_has_no_gradient():
    logits = torch.randn(2, 3, requires_grad=True)
    part = loss(CrossEntropy(), inputs=logits, target=torch.tensor([-100, -100]))
    part.sum.backward()
    assert (part.sum, part.count) == (0, 0)
    assert not logits.grad.any()


def test_weights_first_asked_for_in_inference_mode_can_be_trained_with():
    objective = CrossEntropy(class_weights=(0.123, 4.567, 8.9))
    batch = {"inputs": torch.randn(4, 3, requires_grad=True), "target": torch.tensor([0, 1, 2, 0])}
    with torch.inference_mode():
        loss(objective, **batch)
    loss(objective, **batch).sum.backward()
    assert batch["inputs"].grad.any()


@pytest.mark.parametrize(
    "objective", [MeanSquared(target="targets"), MeanSquared(inputs=("targets",))]
)
def test_a_name_that_the_batch_does_not_have_is_told_with_the_nearest_one(objective):
    with pytest.raises(RecipeError, match="holds inputs, target, not 'targets'") as refusal:
        loss(objective, inputs=torch.ones(2), target=torch.ones(2))
    assert refusal.value.mend.startswith("name 'target' in the objective")
