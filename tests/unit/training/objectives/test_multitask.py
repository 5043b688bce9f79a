"""Tasks over a shared trunk."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from trainwright.core.errors import RecipeError
from trainwright.training.objectives import (
    BinaryCrossEntropy,
    CrossEntropy,
    MeanSquared,
    MultiTask,
    SharedTrunk,
)


class Counted(nn.Linear):
    calls = 0

    def forward(self, inputs):
        type(self).calls += 1
        return super().forward(inputs)


def test_the_model_is_called_once_for_all_tasks():
    Counted.calls = 0
    model = SharedTrunk(Counted(3, 4), {"a": nn.Linear(4, 1), "b": nn.Linear(4, 2)})
    tasks = {"a": MeanSquared(output="a", target="price"), "b": CrossEntropy(output="b")}
    batch = {
        "inputs": torch.randn(5, 3),
        "price": torch.randn(5),
        "target": torch.tensor([0, 1, 1, 0, 1]),
    }
    parts = MultiTask(tasks=tasks).parts(model, batch)
    assert list(parts) == ["a", "b"]
    assert Counted.calls == 1


def test_missing_targets_have_no_gradient_and_leave_the_batch_as_it_was():
    values = torch.randn(4, requires_grad=True)
    target = torch.tensor([1.0, math.nan, 2.0, math.nan])
    batch = {"inputs": values, "target": target}
    task = MultiTask(tasks={"a": MeanSquared(output="a")})

    class One(nn.Module):
        def forward(self, inputs):
            return {"a": inputs}

    task.parts(One(), batch)["a"].sum.backward()
    assert (values.grad == 0).tolist() == [False, True, False, True]
    assert batch["target"].isnan().sum() == 2


def test_missing_labels_of_several_do_not_count():
    class One(nn.Module):
        def forward(self, inputs):
            return {"a": inputs}

    batch = {"inputs": torch.zeros(2, 2), "target": torch.tensor([[1, -100], [0, 1]])}
    part = MultiTask(tasks={"a": BinaryCrossEntropy(output="a")}).parts(One(), batch)["a"]
    assert part.count == 3
    assert part.sum.item() == pytest.approx(3 * math.log(2))


def test_uncertainty_is_a_parameter_of_the_model_and_is_learnt():
    torch.manual_seed(0)
    heads = {"noisy": nn.Linear(2, 1), "exact": nn.Linear(2, 1)}
    model = SharedTrunk(nn.Linear(2, 2), heads, uncertainty="doubt")
    assert "log_variances" in dict(model.named_parameters())
    tasks = {name: MeanSquared(output=name, target=name) for name in heads}
    objective = MultiTask(tasks=tasks, uncertainty="doubt")
    inputs = torch.randn(256, 2)
    batch = {
        "inputs": inputs,
        "exact": inputs[:, :1].squeeze(1),
        "noisy": inputs[:, 1] + 2 * torch.randn(256),
    }
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.0, fused=True)
    for _ in range(150):
        optimizer.zero_grad()
        parts = objective.parts(model, batch)
        sum(part.weight * part.sum / part.count for part in parts.values()).backward()
        optimizer.step()
    noisy, exact = model.log_variances.exp().tolist()
    assert noisy == pytest.approx(4, rel=0.25)  # the variance of its noise
    assert exact < 0.05


@pytest.mark.parametrize(
    "settings",
    [
        {"tasks": {}},
        {"tasks": {"a": MeanSquared()}, "weights": {"b": 1.0}},
        {"tasks": {"log_deviations": MeanSquared()}},
    ],
)
def test_tasks_and_weights_must_fit(settings):
    with pytest.raises(RecipeError) as refusal:
        MultiTask(**settings)
    assert "weigh only tasks" in refusal.value.mend
