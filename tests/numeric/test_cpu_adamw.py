"""AdamW without the compiler is PyTorch's, bit for bit, in weights and in state."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.optim import AdamW

from trainwright.training.cpu_adamw import CpuAdamW, suits


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(7, 33), nn.Tanh(), nn.LayerNorm(33), nn.Linear(33, 3))


def groups(model: nn.Module) -> list[dict]:
    parameters = list(model.parameters())
    return [
        {"params": parameters[::2], "lr": 0.03, "weight_decay": 0.1},
        {"params": parameters[1::2], "lr": 0.01, "weight_decay": 0.0},
    ]


def stepped(model: nn.Module, optimizer: torch.optim.Optimizer, *, steps: int, first: int = 0):
    for number in range(first, first + steps):
        drawn = torch.Generator().manual_seed(number)
        model.zero_grad()
        model(torch.randn(5, 7, generator=drawn)).square().mean().backward()
        if number % 3 == 0:  # a parameter that is frozen now and then
            model[3].bias.grad = None
        optimizer.step()


def settings() -> dict:
    return {"betas": (0.8, 0.95), "eps": 1e-6, "fused": True}


def test_twenty_steps_are_pytorchs_to_the_bit():
    models = network(), network()
    for model, kind in zip(models, (CpuAdamW, AdamW), strict=True):
        stepped(model, kind(groups(model), **settings()), steps=20)
    for ours, theirs in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(("before", "after"), [(CpuAdamW, AdamW), (AdamW, CpuAdamW)])
def test_each_goes_on_from_the_others_state(before, after):
    whole, parted = network(), network()
    stepped(whole, AdamW(groups(whole), **settings()), steps=9)
    first = before(groups(parted), **settings())
    stepped(parted, first, steps=4)
    second = after(groups(parted), **settings())
    second.load_state_dict(first.state_dict())
    stepped(parted, second, steps=5, first=4)
    for one, other in zip(whole.parameters(), parted.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_closure_computes_the_loss_with_gradients():
    model = network()

    def loss() -> float:
        value = model(torch.ones(2, 7)).square().mean()
        value.backward()
        return value.item()

    before = [parameter.clone() for parameter in model.parameters()]
    assert CpuAdamW(groups(model), **settings()).step(loss) > 0
    assert not any(
        torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True) if a.ndim == 2
    )


def test_it_is_for_one_floating_point_type_on_the_cpu():
    single, double = nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(2).double())
    elsewhere = nn.Parameter(torch.zeros(2, device="meta"))
    assert suits([single, single])
    assert not suits([single, double])
    assert not suits([elsewhere])


def test_neither_a_step_nor_its_state_imports_the_compiler():
    program = """
import sys, torch
from torch import nn
from trainwright.training.optimizers import AdamW, ParameterGroup
layer = nn.Linear(3, 2)
optimizer = AdamW().build([ParameterGroup("all", tuple(layer.parameters()))])
layer(torch.ones(4, 3)).sum().backward()
optimizer.step()
optimizer.load_state_dict(optimizer.state_dict())
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=120, check=False).returncode == 0
