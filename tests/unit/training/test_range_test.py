"""The range test proposes a rate that trains, and leaves no trace."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training_case import digest, model, source
from trainwright.core.errors import TrainingError
from trainwright.training import ArraySource, CrossEntropy, find_learning_rate
from trainwright.training.optimizers import SGD


def test_the_module_and_the_generators_are_as_they_were():
    net = model()
    net.eval()
    before, state = digest(net), torch.get_rng_state()
    found = find_learning_rate(net, CrossEntropy(), train=source(), batch_size=12)
    assert digest(net) == before
    assert not net.training
    assert torch.equal(torch.get_rng_state(), state)
    again = find_learning_rate(net, CrossEntropy(), train=source(), batch_size=12)
    assert found == again


def test_rates_rise_geometrically_and_the_test_ends_where_the_loss_explodes():
    found = find_learning_rate(
        model(), CrossEntropy(), train=source(), lowest=1e-4, highest=1e6, optimizer=SGD()
    )
    growth = np.diff(np.log(found.rates))
    assert growth == pytest.approx(np.full(len(growth), growth[0]))
    assert len(found.rates) < 100


def test_the_proposal_is_a_tenth_of_the_rate_of_least_loss():
    found = find_learning_rate(model(), CrossEntropy(), train=source())
    least = found.rates[int(np.argmin(found.losses))]
    assert found.proposal == pytest.approx(least / 10)


def test_inputs_that_are_no_numbers_are_told():
    bad = ArraySource(
        inputs=np.full((30, 4), np.nan, np.float32), target=np.zeros(30, dtype=np.int64)
    )
    with pytest.raises(TrainingError, match="look at the inputs"):
        find_learning_rate(model(), CrossEntropy(), train=bad)
