"""Networks for tables against the formulas of their sources, in plain numpy and by separate networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainwright.models.links import Link
from trainwright.models.tables.networks.columns import TableColumns
from trainwright.models.tables.networks.embeddings import Periodic
from trainwright.models.tables.networks.tabm import MemberHeads, SharedLinear, TabMArchitecture


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_periodic_embeddings_are_the_papers_formula():
    """v = (2 pi c_1 x ... 2 pi c_f x); the embedding is ReLU(linear(cos v, sin v)), column by column.

    The worst difference seen is 2e-7, float32's rounding of sines of small angles.
    """
    layer = Periodic(3, frequencies=4, dim=5, spread=0.5)
    numbers = torch.randn(6, 3)
    frequencies, weight, bias = (
        parameter.detach().double().numpy()
        for parameter in (layer.frequencies, layer.weight, layer.bias)
    )
    expected = np.empty((6, 3, 5))
    for row in range(6):
        for column in range(3):
            angles = 2 * np.pi * frequencies[column] * float(numbers[row, column])
            waves = np.concatenate([np.cos(angles), np.sin(angles)])
            expected[row, column] = np.maximum(waves @ weight[column] + bias[column], 0)
    np.testing.assert_allclose(layer(numbers).detach().numpy(), expected, atol=1e-6)


def test_an_ensemble_is_as_many_separate_networks_with_the_effective_weights():
    """Member m is a plain perceptron with weights diag(r_m) W diag(s_m) and bias b_m, its own head.

    Both in float64, so that only the order of additions differs: 1e-12.
    """
    architecture = TabMArchitecture(
        columns=TableColumns((0, 1), (2,), (3,), (4,), 6),
        num_classes=3,
        link=Link(),
        layers=3,
        hidden=7,
        dropout=0.2,
        frequencies=4,
        number_dim=3,
        frequency_spread=0.3,
        category_dim=2,
        text_dim=5,
        members=4,
    )
    network = architecture.build().double().eval()
    with torch.no_grad():
        for parameter in network.parameters():  # away from the ones that scalings begin with
            parameter += 0.3 * torch.randn_like(parameter)
    inputs = (
        torch.randn(9, 3).double(),
        torch.randint(0, 5, (9, 1)),
        torch.randint(0, 6, (9, 2)),
        torch.rand(9, 2).double(),
    )
    together = network(*inputs)
    embedded = network.body.embedding(*inputs)
    for member in range(4):
        torch.testing.assert_close(
            together[:, member], _separate(network, member)(embedded), rtol=0, atol=1e-12
        )
    assert together.std(dim=1).min() > 1e-3  # members do differ


def _separate(network, member):
    """The perceptron that a member is."""
    layers = []
    for shared in network.body.trunk:
        if isinstance(shared, SharedLinear):
            plain = torch.nn.Linear(shared.weight.shape[1], shared.weight.shape[0]).double()
            # y = ((x * r) W^T) * s + b, so row i, column j of the effective matrix is s_i W_ij r_j
            plain.weight.data = shared.s[member][:, None] * shared.weight * shared.r[member]
            plain.bias.data = shared.bias[member].detach()
            layers += [plain, torch.nn.ReLU()]
    assert isinstance(network.head, MemberHeads)
    head = torch.nn.Linear(network.head.weight.shape[1], network.head.weight.shape[2]).double()
    head.weight.data = network.head.weight[member].T.detach()
    head.bias.data = network.head.bias[member].detach()
    return torch.nn.Sequential(*layers, head)
