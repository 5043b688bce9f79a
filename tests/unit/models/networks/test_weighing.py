"""Weights of rows in a network's batches and in its loss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.models.networks.weighing import weighted
from trainwright.models.tables.networks.families import MLP, TabM
from trainwright.recipe.sections import TrainingSettings

FAMILIES = {"mlp": MLP(hidden=8, layers=1), "tabm": TabM(hidden=8, members=3)}


def plan_of(family, train, target, *, validation=None):
    return family.planned(
        train,
        validation,
        target=target,
        training=TrainingSettings(),
        seed=0,
        base=Path(),
    )


def loss(plan, rows):
    batch = plan.train.batch(np.asarray(rows), epoch=0, training=True)
    module = plan.module.eval()
    with torch.no_grad():
        return list(plan.objective.parts(module, batch).values())


@pytest.mark.parametrize("num_classes", [2, 3, 0])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_loss_is_that_of_copies(family, num_classes, examples_of, target_of):
    train, target = examples_of(40, num_classes), target_of(num_classes)
    counts = np.random.default_rng(0).integers(1, 4, 40)
    heavy = plan_of(FAMILIES[family], replace(train, weights=counts.astype(float)), target)
    plain = plan_of(FAMILIES[family], train, target)
    plain.module.load_state_dict(heavy.module.state_dict())
    rows = [3, 7, 20, 21]
    (mine,), (copies,) = loss(heavy, rows), loss(plain, np.repeat(rows, counts[rows]))
    assert float(mine.count) == float(copies.count) == counts[rows].sum()
    assert float(mine.sum) == pytest.approx(float(copies.sum), rel=1e-5)


def test_further_targets_are_weighed_too(examples_of, target_of):
    train, target = examples_of(40, 2), target_of(2)
    other = Target(Column("z", ColumnType.NUMBER), Task.REGRESSION)
    further = ((other, np.arange(40.0)),)
    weights = np.linspace(0.5, 2, 40)
    plan = plan_of(
        MLP(hidden=8, layers=1), replace(train, further=further, weights=weights), target
    )
    counted = [float(part.count) for part in loss(plan, range(40))]
    assert counted[:2] == pytest.approx([weights.sum()] * 2)


def test_validation_is_judged_without_weights(examples_of, target_of):
    train = replace(examples_of(40, 2), weights=np.full(40, 3.0))
    plan = plan_of(MLP(hidden=8, layers=1), train, target_of(2), validation=examples_of(20, 2))
    batch = plan.validation.batch(np.arange(20), epoch=0, training=False)
    assert "row_weight" not in batch
    assert plan.judge.weight is None
    assert float(plan.judge.count(batch)) == 20


def test_weights_the_source_had_already_are_multiplied(examples_of, target_of):
    plan = plan_of(MLP(hidden=8, layers=1), examples_of(10, 2), target_of(2))

    class Halves:
        def __len__(self):
            return 10

        def batch(self, rows, *, epoch, training):
            made = plan.train.batch(rows, epoch=epoch, training=training)
            return {**made, "half": torch.full((len(rows),), 0.5)}

    halved = replace(plan, train=Halves(), objective=replace(plan.objective, weight="half"))
    (part,) = loss(weighted(halved, np.arange(1.0, 11.0), mixing=False), range(10))
    assert float(part.count) == pytest.approx(55 / 2)


def test_what_cannot_be_weighed_is_refused(examples_of, target_of):
    plan = plan_of(MLP(hidden=8, layers=1), examples_of(10, 2), target_of(2))
    with pytest.raises(RecipeError, match="over_long: truncate"):
        weighted(plan, np.ones(9), mixing=False)
    with pytest.raises(RecipeError, match="mixing: null"):
        weighted(replace(plan, mixes=True), np.ones(10), mixing=True)
