"""Running statistics of averaged weights are those of the data under these weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from training_case import digest, source
from trainwright.recipe.sections import Averaging
from trainwright.training import CrossEntropy, Trainer
from trainwright.training.feed import Feed
from trainwright.training.modes import training_mode
from trainwright.training.statistics import refresh_statistics


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 2))


def batches(size: int = 29):
    feed = Feed(
        source(), seed=0, batch_size=size, tokens_per_batch=None, device=torch.device("cpu")
    )
    return feed.epoch(0)


def test_the_mean_is_that_of_the_data():
    net = network()
    training_mode(net)
    net[1].running_mean.fill_(77)
    refresh_statistics(net, CrossEntropy(), batches())
    inputs = source().batch(np.arange(58), epoch=0, training=False)["inputs"]
    expected = net[0](inputs).mean(dim=0)
    torch.testing.assert_close(net[1].running_mean, expected, rtol=1e-5, atol=1e-6)
    assert net[1].momentum == 0.1
    assert all(module.training for module in net.modules())


def test_frozen_norms_and_modules_without_norms_are_left_alone():
    net = network()
    net[1].requires_grad_(False)
    training_mode(net)
    before = digest(net)
    refresh_statistics(net, CrossEntropy(), iter(pytest.fail, None))
    assert digest(net) == before


def test_a_module_that_ends_with_swa_has_statistics_of_these_weights():
    net = network()
    one = Trainer(
        net,
        CrossEntropy(),
        train=source(),
        validation=source(1, 20),
        epochs=6,
        batch_size=12,
        averaging=Averaging(kind="swa", start=0.5),
        restore_best=False,
    )
    one.fit()
    kept = net[1].running_mean.clone()
    training_mode(net)
    refresh_statistics(net, CrossEntropy(), batches(12))
    assert torch.equal(net[1].running_mean, kept)
