"""Activations computed again change no number, and are truly not kept."""

from __future__ import annotations

import copy

import torch
from torch import nn

from training_case import digest, numbers, trainer
from trainwright.training.activations import blocks, recomputed


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.4)) for _ in range(3)
        )
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


def run(net: nn.Module, *, again: bool) -> tuple[torch.Tensor, int]:
    """The gradients, and how many bytes are kept for the backward pass."""
    kept = 0

    def pack(tensor):
        nonlocal kept
        kept += tensor.numel()
        return tensor

    torch.manual_seed(0)
    x = torch.randn(64, 4)
    if again:
        with recomputed(net) as count:
            assert count == 3
            with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
                loss = net(x).square().sum()
            loss.backward()
    else:
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = net(x).square().sum()
        loss.backward()
    return torch.cat([p.grad.flatten() for p in net.parameters()]), kept


def test_gradients_and_running_statistics_are_the_same_and_less_is_kept():
    net = Net()
    twin = copy.deepcopy(net)
    expected, much = run(net, again=False)
    found, little = run(twin, again=True)
    assert torch.equal(found, expected)
    assert digest(net) == digest(twin)  # statistics moved once
    assert little < much / 2


def test_afterwards_a_block_is_what_it_was():
    net = Net()
    with recomputed(net):
        assert "forward" in vars(net.layers[0])
    assert "forward" not in vars(net.layers[0])


def test_blocks_are_entries_of_the_outermost_lists():
    net = nn.Module()
    net.stem = nn.Linear(1, 1)
    net.body = nn.Module()
    net.body.stages = nn.Sequential(nn.Sequential(nn.Linear(1, 1)), nn.ReLU(), nn.Linear(1, 1))
    found = list(blocks(net))
    assert found == [net.body.stages[0], net.body.stages[2]]


def test_a_training_gives_the_same_numbers():
    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.Sequential(nn.Linear(4, 6), nn.Dropout(0.3), nn.Linear(6, 2))

        def forward(self, x):
            return self.blocks(x)

    def weights(*, again: bool):
        torch.manual_seed(0)
        from trainwright.training import Trainer

        plan = trainer(None)._plan
        one = Trainer(
            Deep(), plan.objective, train=plan.train, epochs=3, activation_checkpointing=again
        )
        outcome = one.fit()
        return digest(one._plan.model), numbers(outcome)

    assert weights(again=True) == weights(again=False)
