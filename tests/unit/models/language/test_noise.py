from __future__ import annotations

import pytest
import torch

from trainwright.models.language.noise import with_noise
from trainwright.training.objectives import IGNORED

WIDTH = 64


def noise_of(positions, labels, seeds):
    zeros = torch.zeros(*labels.shape, WIDTH)
    return with_noise(zeros, positions, labels, torch.tensor(seeds), alpha=5.0)


def test_it_is_as_strong_as_the_paper_says():
    labels = torch.zeros(1, 100, dtype=torch.int64)
    noise = noise_of(torch.arange(100)[None], labels, [7])
    bound = 5.0 / (100 * WIDTH) ** 0.5
    assert float(noise.abs().max()) == pytest.approx(bound, rel=0.01)
    assert float(noise.std()) == pytest.approx(bound / 3**0.5, rel=0.02)


def test_padding_and_packing_change_nothing_of_it():
    alone = torch.zeros(1, 4, dtype=torch.int64)
    wanted = noise_of(torch.arange(4)[None], alone, [7])
    padded = torch.tensor([[0, 0, 0, 0, IGNORED, IGNORED]])
    found = noise_of(torch.arange(6)[None], padded, [7])
    assert torch.equal(found[:, :4], wanted)
    assert not found[:, 4:].any()
    two = torch.zeros(1, 8, dtype=torch.int64)
    packed = noise_of(torch.tensor([[0, 1, 2, 3, 0, 1, 2, 3]]), two, [7])
    assert torch.equal(packed[:, :4], wanted)


def test_each_row_has_its_own_and_seed_0_none():
    labels = torch.zeros(3, 4, dtype=torch.int64)
    noise = noise_of(torch.arange(4).expand(3, 4), labels, [7, 0, 8])
    assert not noise[1].any()
    assert not torch.equal(noise[0], noise[2])
