"""A batch cut into pieces, however ragged, has the gradient of the whole: with counts known upfront."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from trainwright.training.objectives import (
    IGNORED,
    BinaryCrossEntropy,
    CrossEntropy,
    Denoising,
    Distillation,
    Focal,
    Huber,
    ListMLE,
    ListNet,
    MaskedTokens,
    MeanAbsolute,
    MeanSquared,
    MultiTask,
    NextToken,
    NTXent,
    Quantile,
    RankNet,
    SharedTrunk,
)

CLASSES, TOKENS = 4, 5


def numbers(random, *shape):
    return torch.randn(*shape, generator=random, dtype=torch.float64)


def classes(random, *shape):
    """Ids, some of them absent."""
    found = torch.randint(CLASSES, shape, generator=random)
    return found.masked_fill(torch.rand(shape, generator=random) < 0.3, IGNORED)


def missing(random, *shape):
    values = numbers(random, *shape)
    return values.masked_fill(torch.rand(shape, generator=random) < 0.3, math.nan)


def rows(random, count, **columns):
    return {
        "inputs": numbers(random, count, 3),
        "weight": numbers(random, count).abs() + 0.1,
        **columns,
    }


def words(random, count, **columns):
    tokens = torch.randint(CLASSES, (count, TOKENS), generator=random)
    there = torch.rand(count, TOKENS, generator=random) < 0.7
    return {"inputs": tokens, "mask": there.long(), **columns}


def linear(width):
    return lambda: nn.Linear(3, width, dtype=torch.float64)


def language_model():
    return nn.Sequential(nn.Embedding(CLASSES, 3), nn.Linear(3, CLASSES)).double()


def two_heads():
    heads = {"cost": nn.Linear(3, 1), "kind": nn.Linear(3, CLASSES)}
    model = SharedTrunk(nn.Linear(3, 3), heads, uncertainty="doubt").double()
    nn.init.normal_(model.log_variances)
    return model


TASKS = {
    "cost": MeanSquared(target="price", output="cost", weight="weight"),
    "kind": CrossEntropy(output="kind", class_weights=(1.0, 2.0, 0.5, 1.0)),
}
OF_CLASSES = lambda random, count: rows(random, count, target=classes(random, count))  # noqa: E731
OF_NUMBERS = lambda random, count: rows(random, count, target=numbers(random, count, 2))  # noqa: E731

# name -> objective, model, batch of so many rows
CASES = {
    "cross-entropy": (
        CrossEntropy(label_smoothing=0.1, class_weights=(1.0, 2.0, 0.5, 1.0), weight="weight"),
        linear(CLASSES),
        OF_CLASSES,
    ),
    "cross-entropy of soft targets": (
        CrossEntropy(class_weights=(1.0, 2.0, 0.5, 1.0)),
        linear(CLASSES),
        lambda random, count: rows(
            random, count, target=numbers(random, count, CLASSES).softmax(-1)
        ),
    ),
    "focal": (Focal(class_weights=(1.0, 2.0, 0.5, 1.0)), linear(CLASSES), OF_CLASSES),
    "binary": (
        BinaryCrossEntropy(pos_weight=(3.0, 0.5), weight="weight"),
        linear(2),
        lambda random, count: rows(
            random, count, target=torch.randint(2, (count, 2), generator=random)
        ),
    ),
    "mean squared": (MeanSquared(weight="weight"), linear(2), OF_NUMBERS),
    "mean absolute": (MeanAbsolute(), linear(2), OF_NUMBERS),
    "huber": (Huber(delta=0.5), linear(2), OF_NUMBERS),
    "quantile": (
        Quantile(levels=(0.1, 0.9), weight="weight"),
        linear(2),
        lambda random, count: rows(random, count, target=numbers(random, count)),
    ),
    "masked tokens": (
        MaskedTokens(),
        language_model,
        lambda random, count: words(random, count, target=classes(random, count, TOKENS)),
    ),
    "next token": (NextToken(mask="mask"), language_model, words),
    "denoising": (
        Denoising(corrupted="corrupted", kept=0.3),
        linear(2),
        lambda random, count: rows(
            random,
            count,
            target=numbers(random, count, 2),
            corrupted=torch.rand(count, 2, generator=random) < 0.4,
        ),
    ),
    "several tasks": (
        MultiTask(tasks=TASKS, weights={"cost": 0.3}, uncertainty="doubt"),
        two_heads,
        lambda random, count: rows(
            random, count, price=missing(random, count, 1), target=classes(random, count)
        ),
    ),
    "distillation": (
        Distillation(teacher=linear(CLASSES)(), labels=CrossEntropy(weight="weight")),
        linear(CLASSES),
        OF_CLASSES,
    ),
}


def total(parts, counts):
    return sum(
        part.weight * part.sum / counts[name].clamp_min(1e-30) for name, part in parts.items()
    )


def gradients(objective, model, batch, pieces):
    model.zero_grad()
    counts = objective.counts(batch)
    value = 0.0
    for piece in pieces:
        loss = total(objective.parts(model, piece), counts)
        loss.backward()
        value += loss.item()
    return value, [parameter.grad.clone() for parameter in model.parameters()]


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_pieces_of_a_batch_add_up_to_the_whole(name, data):
    objective, make, draw = CASES[name]
    assert not objective.couples_rows
    count = data.draw(st.integers(1, 9), label="rows")
    size = data.draw(st.integers(1, count), label="rows a piece")
    random = torch.Generator().manual_seed(data.draw(st.integers(0, 2**31 - 1), label="seed"))
    torch.manual_seed(0)
    model, batch = make(), draw(random, count)
    pieces = [
        {key: value[start : start + size] for key, value in batch.items()}
        for start in range(0, count, size)
    ]
    whole, of_whole = gradients(objective, model, batch, [batch])
    summed, of_pieces = gradients(objective, model, batch, pieces)
    # float64, but counts are added up in float32: worst seen 3e-7
    assert summed == pytest.approx(whole, rel=1e-6, abs=1e-12)
    for one, two in zip(of_pieces, of_whole, strict=True):
        assert torch.allclose(one, two, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_the_counts_of_pieces_add_up_to_the_batchs(name):
    objective, make, draw = CASES[name]
    batch = draw(torch.Generator().manual_seed(3), 7)
    of_pieces = [
        objective.counts({key: value[start:stop] for key, value in batch.items()})
        for start, stop in ((0, 3), (3, 6), (6, 7))
    ]
    assert {
        part: sum(float(counts[part]) for counts in of_pieces) for part in of_pieces[0]
    } == pytest.approx({part: float(count) for part, count in objective.counts(batch).items()})
    parts = objective.parts(make(), batch)
    assert list(parts) == list(objective.counts(batch))


@pytest.mark.parametrize("kind", [RankNet, ListNet, ListMLE, NTXent])
def test_objectives_whose_rows_see_each_other_say_so(kind):
    assert kind().couples_rows


def test_pieces_divided_by_their_own_counts_would_be_wrong():
    objective, make, draw = CASES["cross-entropy"]
    batch, model = draw(torch.Generator().manual_seed(1), 7), make()
    pieces = [{key: value[s : s + 3] for key, value in batch.items()} for s in (0, 3, 6)]
    whole = total(objective.parts(model, batch), objective.counts(batch))
    naive = sum(total(objective.parts(model, p), objective.counts(p)) / 3 for p in pieces)
    assert abs(naive - whole) > 1e-3
