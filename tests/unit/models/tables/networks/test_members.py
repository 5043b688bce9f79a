"""Objectives over an ensemble's members."""

import pytest
import torch
from torch.nn import functional

from trainwright.models.tables.networks.members import EachMember, MeanOfMembers
from trainwright.training.objectives.categorical import CrossEntropy
from trainwright.training.objectives.deviation import MeanAbsolute, MeanSquared, Quantile


class Answers(torch.nn.Module):
    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, _):
        return self.output


def mean_of(objective, output, target, **more):
    batch = {"inputs": torch.zeros(len(target)), "target": target, **more}
    (part,) = objective.parts(Answers(output), batch).values()
    (count,) = objective.counts(batch).values()
    assert part.count == count
    return (part.sum / part.count).item()


@pytest.fixture
def scores():
    return torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(0))


TARGET = torch.tensor([0, 3, 1, 2, 3])


def test_each_member_is_judged_by_itself(scores):
    separate = [functional.cross_entropy(scores[:, member], TARGET) for member in range(3)]
    found = mean_of(EachMember(of=CrossEntropy()), scores, TARGET)
    assert found == pytest.approx(torch.stack(separate).mean().item(), rel=1e-6)


def test_the_mean_is_that_of_probabilities_not_of_scores(scores):
    mean = scores.softmax(-1).mean(1)
    expected = -mean[torch.arange(5), TARGET].log().mean().item()
    assert mean_of(MeanOfMembers(of=CrossEntropy()), scores, TARGET) == pytest.approx(
        expected, rel=1e-6
    )


def test_values_are_averaged_as_they_are():
    values = torch.tensor([[[1.0], [3.0]], [[0.0], [4.0]]])
    target = torch.tensor([2.0, 3.0])
    assert mean_of(MeanOfMembers(of=MeanSquared()), values, target) == pytest.approx(0.5)
    assert mean_of(EachMember(of=MeanSquared()), values, target) == pytest.approx(
        (1 + 1 + 9 + 1) / 4
    )
    assert mean_of(EachMember(of=MeanAbsolute()), values, target) == pytest.approx(6 / 4)
    assert mean_of(EachMember(of=Quantile(levels=(0.9,))), values, target) == pytest.approx(
        (0.9 + 0.1 + 2.7 + 0.1) / 4
    )


def test_weights_of_classes_and_of_rows_count_once_a_row(scores):
    weighted = CrossEntropy(class_weights=(1.0, 2.0, 3.0, 4.0))
    separate = [
        functional.cross_entropy(scores[:, m], TARGET, weight=torch.tensor([1.0, 2.0, 3.0, 4.0]))
        for m in range(3)
    ]
    found = mean_of(EachMember(of=weighted), scores, TARGET)
    assert found == pytest.approx(torch.stack(separate).mean().item(), rel=1e-6)
    rows = torch.tensor([1.0, 0.0, 0.0, 0.0, 0.0])
    first = mean_of(EachMember(of=CrossEntropy()), scores[:1], TARGET[:1])
    assert mean_of(
        EachMember(of=CrossEntropy(), weight="w"), scores, TARGET, w=rows
    ) == pytest.approx(first)


def test_uncertainty_takes_the_factor_of_the_members_own_loss():
    assert EachMember(of=MeanSquared()).likelihood_factor == 0.5
    assert EachMember(of=CrossEntropy()).likelihood_factor == 1.0
