"""An evaluation is the same number for any batch size, and leaves the module as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from training_case import source, trainer
from trainwright.training.evaluation import evaluate
from trainwright.training.feeding.sources import ArraySource
from trainwright.training.objectives.categorical import CrossEntropy


def test_any_batch_size_gives_the_same_loss():
    one = trainer(None)
    data = source(3, 101)
    whole = one.evaluate(data, batch_size=101)
    for size in (1, 7, 100):
        found = one.evaluate(data, batch_size=size)
        assert found.loss == pytest.approx(whole.loss, rel=1e-6)
        assert found.parts == pytest.approx(whole.parts, rel=1e-6)


def test_it_is_the_mean_over_samples_and_not_over_batches():
    one = trainer(None)
    data = source(3, 11)
    model = one._plan.model.eval()
    batch = data.batch(np.arange(11), epoch=0, training=False)
    with torch.no_grad():
        expected = nn.functional.cross_entropy(model(batch["inputs"]), batch["target"]).item()
    assert one.evaluate(data, batch_size=10).loss == pytest.approx(expected, rel=1e-6)


def test_sums_are_of_float64():
    """Ten thousand small losses beside a large one: float32 sums would lose them."""

    class Given:
        couples_rows = False

        def parts(self, model, batch):
            from trainwright.training.protocols import LossPart

            return {"given": LossPart(batch["v"].sum(), torch.tensor(float(len(batch["v"]))))}

        def counts(self, batch):
            return {}

    values = torch.full((10_001,), 1e-4)
    values[0] = 1e4
    data = ArraySource(v=values)
    one = trainer(None, evaluation=Given())
    expected = (1e4 + 10_000 * float(np.float32(1e-4))) / 10_001
    assert one.evaluate(data, batch_size=1).loss == pytest.approx(expected, rel=1e-9)


def test_modes_gradients_and_generators_stay_as_they_were():
    model = nn.Sequential(nn.Linear(4, 2), nn.Dropout(0.5))
    model.train()
    model[1].eval()
    torch.manual_seed(3)
    before = torch.get_rng_state()

    class Drawing(CrossEntropy):
        def parts(self, model, batch):
            torch.rand(1)
            assert not model.training
            assert not torch.is_grad_enabled()
            return CrossEntropy.parts(self, model, batch)

    rows = np.arange(4)
    batches = [(rows, source().batch(rows, epoch=0, training=False))]
    evaluate(model, Drawing(), batches, device=torch.device("cpu"))
    assert (model.training, model[0].training, model[1].training) == (True, True, False)
    assert torch.equal(torch.get_rng_state(), before)
    assert model[0].weight.grad is None


def test_weights_of_parts_make_the_total():
    from trainwright.training.protocols import LossPart

    class Two:
        couples_rows = False

        def parts(self, model, batch):
            ones = batch["v"]
            return {
                "a": LossPart(ones.sum(), torch.tensor(2.0 * len(ones)), 0.5),
                "b": LossPart(ones.sum() * 3, torch.tensor(1.0 * len(ones)), torch.tensor(2.0)),
                "c": LossPart(ones.sum() * 0, torch.tensor(0.0)),
            }

        def counts(self, batch):
            return {}

    found = trainer(None, evaluation=Two()).evaluate(ArraySource(v=torch.ones(9)), batch_size=4)
    assert found.parts == pytest.approx({"a": 0.5, "b": 3.0, "c": 0.0})
    assert found.loss == pytest.approx(0.25 + 6.0)
