from __future__ import annotations

import torch
from torch import Tensor, nn

from trainwright.models.sequences.heads import Forecast, Patches, PooledAnswer, last_steps

MASK = torch.tensor([[True, True, True, False], [False, True, False, False]])


class Passing(nn.Module):
    def forward(self, series_BTD: Tensor, mask_BT: Tensor) -> tuple[Tensor, Tensor]:
        return series_BTD, mask_BT


def test_the_last_own_steps_are_taken_and_missing_ones_are_zero() -> None:
    values = torch.arange(1.0, 9.0).reshape(2, 4, 1)
    assert last_steps(values, MASK, 2).flatten(1).tolist() == [[2.0, 3.0], [0.0, 6.0]]
    assert last_steps(values, MASK, 5).flatten(1).tolist() == [
        [0.0, 0.0, 1.0, 2.0, 3.0],
        [0.0, 0.0, 0.0, 0.0, 6.0],
    ]


def test_mean_maximum_and_last_are_of_own_steps_alone() -> None:
    head = PooledAnswer(Passing(), width=1, outputs=3, dropout=0.0)
    with torch.no_grad():
        head.head.weight.copy_(torch.eye(3))
        head.head.bias.zero_()
    values = torch.tensor([[-1.0, -3.0, -2.0, 9.0], [9.0, -4.0, 9.0, 9.0]]).unsqueeze(-1)
    assert head(values, MASK).tolist() == [[-2.0, -1.0, -2.0], [-4.0, -4.0, -4.0]]


def test_a_forecast_begins_as_the_seasonal_naive_one() -> None:
    model = Forecast(Passing(), width=1, tokens=1, context=6, horizon=5, season=3, dropout=0.0)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.zero_()
    values = torch.tensor([[3.0, 1.0, 4.0, 1.0, 5.0, 9.0]]).unsqueeze(-1)
    found = model(values, torch.ones(1, 6, dtype=torch.bool))
    assert torch.allclose(found, torch.tensor([[1.0, 5.0, 9.0, 1.0, 5.0]]), atol=1e-5)


def test_a_patch_with_a_single_own_step_is_a_token() -> None:
    patches = Patches(channels=1, patch=2, width=3)
    states, mask = patches(torch.zeros(2, 4, 1), MASK)
    assert states.shape == (2, 2, 3)
    assert mask.tolist() == [[True, True], [True, False]]
