"""The ensemble whose members share their matrices."""

import numpy as np
import torch

from trainwright.models.tables.networks.families import TabM
from trainwright.models.tables.networks.tabm import (
    MemberHeads,
    Members,
    SharedLinear,
    TabMArchitecture,
)
from trainwright.models.tables.scores import probabilities


def test_members_see_the_same_row_without_a_copy():
    rows = torch.randn(3, 5)
    seen = Members(4)(rows)
    assert seen.shape == (3, 4, 5)
    assert seen.stride(1) == 0


def test_members_differ_by_one_first_scaling_a_column():
    torch.manual_seed(0)
    first = SharedLinear(5, 7, members=4, random_chunks=(2, 3))
    assert torch.equal(first.r[:, 0], first.r[:, 1])
    assert torch.equal(first.r[:, 2], first.r[:, 4])
    assert len(first.r[:, 0].unique()) == 4
    assert not torch.equal(first.r[:, 0], first.r[:, 2])


def test_only_the_first_scalings_of_the_network_are_random(plan_of, examples_of, target_of):
    family = TabM(members=3, hidden=8, layers=3)
    network = plan_of(family, examples_of(20, 2), target_of(2)).module
    first, *later = [layer for layer in network.body.trunk if isinstance(layer, SharedLinear)]
    assert len(first.r[:, 0].unique()) == 3
    assert all(torch.equal(layer.r, torch.ones_like(layer.r)) for layer in later)
    assert len(later) == 2


def test_later_layers_begin_the_same_for_all_members():
    later = SharedLinear(5, 7, members=4)
    assert torch.equal(later.r, torch.ones(4, 5))
    assert torch.equal(later.s, torch.ones(4, 7))
    assert torch.equal(later.bias, later.bias[:1].expand(4, 7))


def test_heads_are_separate():
    heads = MemberHeads(5, 2, members=3)
    hidden = torch.randn(1, 1, 5).expand(1, 3, 5)
    scores = heads(hidden)
    assert scores.shape == (1, 3, 2)
    assert len(scores[0, :, 0].unique()) == 3


def test_the_answer_is_the_mean_of_the_members_probabilities(plan_of, examples_of, target_of):
    plan = plan_of(TabM(members=4, hidden=4), examples_of(20, 3), target_of(3))
    scores = np.random.default_rng(0).normal(size=(6, 4, 3))
    each = np.stack([probabilities(scores[:, member]) for member in range(4)])
    found = plan.architecture.scores_to_answer(scores)
    np.testing.assert_allclose(found, each.mean(0), atol=1e-15)


def test_it_comes_back_from_json(plan_of, examples_of, target_of):
    made = plan_of(TabM(members=3), examples_of(20, 3, num_terms=4), target_of(3)).architecture
    assert TabMArchitecture.from_json(made.to_json()) == made
