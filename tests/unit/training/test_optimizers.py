"""Groups, rates and decay of the optimisers."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy

import pytest
import torch
from torch import nn

from trainwright.core.counted import listening
from trainwright.core.parts import optimizers
from trainwright.training.optimizers import (
    SGD,
    Adafactor,
    AdamW,
    Muon,
    ParameterGroup,
    layerwise_groups,
    scale_rates,
)

PARTS = [SGD(), AdamW(), Adafactor(), Muon()]


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 8), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 3))


def whole(model, **settings):
    return [ParameterGroup("all", tuple(model.parameters()), **settings)]


def steps(model, optimizer, *, count, seed=1):
    random = torch.Generator().manual_seed(seed)
    for _ in range(count):
        inputs = torch.randn(16, 5, generator=random)
        target = torch.randn(16, 3, generator=random)
        optimizer.zero_grad()
        ((model(inputs) - target) ** 2).mean().backward()
        optimizer.step()


def decay_of(optimizer, parameter):
    return next(
        group["weight_decay"]
        for group in optimizer.param_groups
        if any(one is parameter for one in group["params"])
    )


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.kind)
def test_every_kind_is_found_by_its_name_and_lowers_a_loss(part):
    assert optimizers.find(part.kind) is type(part)
    model = network()
    optimizer = part.build(whole(model))
    inputs, target = torch.randn(64, 5), torch.randn(64, 3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = ((model(inputs) - target) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("kind", list(optimizers))
def test_only_matrices_of_groups_that_ask_for_it_are_decayed(kind):
    model = network()
    part = optimizers.find(kind)(weight_decay=0.3)
    optimizer = part.build(whole(model))
    for parameter in model.parameters():
        assert decay_of(optimizer, parameter) == (0.3 if parameter.ndim >= 2 else 0.0)
    spared = part.build(whole(model, weight_decay=False))
    assert {group["weight_decay"] for group in spared.param_groups} == {0.0}


@pytest.mark.parametrize("kind", list(optimizers))
def test_a_stated_rate_holds_times_the_factor_of_the_group(kind):
    model = network()
    first, last = model[0], model[3]
    groups = [
        ParameterGroup("first", tuple(first.parameters()), learning_rate_factor=0.5),
        ParameterGroup("last", tuple(last.parameters())),
    ]
    optimizer = optimizers.find(kind)(learning_rate=0.2).build(groups, learning_rate=9.0)
    for group in optimizer.param_groups:
        of_first = any(parameter is p for p in first.parameters() for parameter in group["params"])
        assert group["lr"] == group["initial_lr"] == pytest.approx(0.1 if of_first else 0.2)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.kind)
def test_the_caller_proposes_a_rate_where_the_part_says_none(part):
    optimizer = part.build(whole(network()), learning_rate=7e-4)
    assert {group["lr"] for group in optimizer.param_groups} == {7e-4}


@pytest.mark.parametrize(
    ("part", "rate"), [(AdamW(), 7e-4), (Muon(), 7e-4), (SGD(), None), (Adafactor(), None)]
)
def test_the_rate_of_a_family_goes_to_kinds_on_its_scale(part, rate):
    usual = AdamW(learning_rate=7e-4)
    assert part.or_rate_of(usual).learning_rate == rate
    stated = type(part)(learning_rate=0.5)
    assert stated.or_rate_of(usual) is stated
    assert SGD().or_rate_of(SGD(learning_rate=0.1)).learning_rate == 0.1


def test_taking_the_rate_of_a_family_reads_every_key():
    seen = set()
    with listening(lambda _, name: seen.add(name)):
        part = AdamW(weight_decay=0.2).or_rate_of(AdamW(learning_rate=7e-4))
    assert part == AdamW(weight_decay=0.2, learning_rate=7e-4)
    assert seen >= set(AdamW.model_fields)


def test_a_recipes_parts_are_parsed_without_torch():
    code = """
import sys
from trainwright.core.parts import Part, objectives, optimizers, schedules
for registry in (objectives, optimizers, schedules):
    for kind in registry:
        assert isinstance(registry.parse({"kind": kind}, where="here"), Part)
print("torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def test_a_schedules_factor_is_multiplied_on_the_base_rate_of_each_group():
    model = network()
    groups = layerwise_groups([("first", model[0]), ("last", model[3])], decay=0.5)
    optimizer = AdamW(learning_rate=0.1).build(groups)
    scale_rates(optimizer, 0.25)
    scale_rates(optimizer, 0.5)
    assert sorted({group["lr"] for group in optimizer.param_groups}) == [0.025, 0.05]


def test_groups_that_differ_in_name_alone_cost_one_call():
    model = network()
    groups = [
        ParameterGroup("first", tuple(model[0].parameters())),
        ParameterGroup("last", tuple(model[3].parameters())),
    ]
    assert len(AdamW().build(groups).param_groups) == 2
    assert len(AdamW(weight_decay=0.0).build(groups).param_groups) == 1


def test_rates_fall_geometrically_from_the_output_to_the_input():
    blocks = [("embed", nn.Embedding(4, 5)), ("body", nn.Linear(5, 5)), ("head", nn.Linear(5, 2))]
    groups = layerwise_groups(blocks, decay=0.8)
    assert [group.name for group in groups] == ["embed", "body", "head"]
    assert [group.learning_rate_factor for group in groups] == pytest.approx([0.64, 0.8, 1.0])
    assert [group.hidden for group in groups] == [False, True, False]


def test_a_shared_parameter_is_in_one_group_and_a_frozen_one_in_none():
    tied, frozen = nn.Linear(5, 5), nn.Linear(5, 5)
    frozen.requires_grad_(False)
    blocks = [("first", tied), ("frozen", frozen), ("second", tied), ("head", nn.Linear(5, 1))]
    groups = layerwise_groups(blocks, decay=0.5)
    assert [group.name for group in groups] == ["first", "head"]


def test_a_decay_outside_its_range_is_refused():
    with pytest.raises(ValueError, match=r"not in \(0, 1\]"):
        layerwise_groups([("one", nn.Linear(1, 1))], decay=0.0)


def test_fused_kernels_are_used_where_pytorch_has_them():
    assert all(group["fused"] for group in AdamW().build(whole(network())).param_groups)
    assert all(group["fused"] for group in SGD().build(whole(network())).param_groups)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.kind)
def test_a_saved_state_goes_on_bit_for_bit(part):
    unbroken = network()
    optimizer = part.build(whole(unbroken))
    steps(unbroken, optimizer, count=4)
    weights = {name: value.clone() for name, value in unbroken.state_dict().items()}
    saved = deepcopy(optimizer.state_dict())  # it shares tensors with the optimiser
    restored = network(seed=5)
    restored.load_state_dict(weights)
    other = part.build(whole(restored))
    other.load_state_dict(saved)
    steps(unbroken, optimizer, count=3, seed=2)
    steps(restored, other, count=3, seed=2)
    for one, two in zip(unbroken.parameters(), restored.parameters(), strict=True):
        assert torch.equal(one, two)
