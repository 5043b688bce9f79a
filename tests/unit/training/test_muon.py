"""Muon and AdamW as one optimiser."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trainwright.training.muon import MuonAndAdamW
from trainwright.training.optimizers import Muon, ParameterGroup, scale_rates


def model_with_gradients():
    torch.manual_seed(0)
    model = nn.ModuleDict({"hidden": nn.Linear(6, 4), "head": nn.Linear(4, 3)})
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    return model


def groups_of(model):
    return [
        ParameterGroup("hidden", tuple(model["hidden"].parameters())),
        ParameterGroup("head", tuple(model["head"].parameters()), hidden=False),
    ]


def test_the_pair_does_what_pytorchs_two_do_apart():
    pair, apart = model_with_gradients(), model_with_gradients()
    ours = Muon(learning_rate=0.01, weight_decay=0.0).build(groups_of(pair))
    matrix, *rest = [apart["hidden"].weight, apart["hidden"].bias, *apart["head"].parameters()]
    theirs = [
        torch.optim.Muon([matrix], lr=0.01, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=0.01, weight_decay=0.0, fused=True),
    ]
    for _ in range(3):
        ours.step()
        for one in theirs:
            one.step()
    for one, two in zip(pair.parameters(), apart.parameters(), strict=True):
        assert torch.equal(one, two)


def test_embeddings_and_heads_are_left_to_adamw():
    model = model_with_gradients()
    optimizer = Muon().build(groups_of(model))
    optimizer.step()
    assert "momentum_buffer" in optimizer.state[model["hidden"].weight]
    assert "exp_avg" in optimizer.state[model["head"].weight]


def test_rates_and_loaded_states_reach_both():
    model = model_with_gradients()
    optimizer = Muon(learning_rate=0.01).build(groups_of(model))
    optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    before = [parameter.clone() for parameter in model.parameters()]
    scale_rates(optimizer, 0.0)
    optimizer.step()
    assert all(torch.equal(*both) for both in zip(before, model.parameters(), strict=True))
    scale_rates(optimizer, 1.0)
    optimizer.step()
    assert not any(torch.equal(*both) for both in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize("absent", ["matrices", "rest"])
def test_one_kind_of_parameter_may_be_absent(absent):
    parameter = nn.Parameter(torch.ones(2, 2) if absent == "rest" else torch.ones(2))
    parameter.grad = torch.ones_like(parameter)
    group = [{"params": [parameter], "lr": 0.1, "initial_lr": 0.1, "weight_decay": 0.0}]
    MuonAndAdamW(*(([], group) if absent == "matrices" else (group, []))).step()
    assert (parameter < 1).all()


def test_a_closure_is_evaluated_once():
    model = model_with_gradients()
    calls = []
    loss = Muon().build(groups_of(model)).step(lambda: calls.append(1) or 3.5)
    assert (loss, len(calls)) == (3.5, 1)
