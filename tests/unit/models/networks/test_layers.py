"""Layers that several families share."""

import pytest
import torch

from trainwright.models.networks.layers import DropPath


def test_a_row_of_the_branch_goes_or_stays_as_a_whole():
    torch.manual_seed(0)
    dropped = DropPath(0.5).train()(torch.ones(200, 3, 2)).flatten(1)
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(dropped.amin(1), dropped.amax(1))
    assert 0.8 < dropped.mean().item() < 1.2


@pytest.mark.parametrize(("rate", "training"), [(0.5, False), (0.0, True)])
def test_nothing_goes_in_evaluation_or_at_rate_zero(rate, training):
    branch = torch.randn(4, 3)
    assert DropPath(rate).train(training)(branch) is branch


def test_a_rate_of_one_is_refused():
    with pytest.raises(ValueError, match="not in"):
        DropPath(1.0)
