"""A fit owns the generators: begun from its seed, saved whole, given back as they were."""

from __future__ import annotations

import random

import numpy as np
import torch

from trainwright.training.generators import Generators, own_generators

CPU = torch.device("cpu")


def draw() -> tuple[float, float, float, float]:
    return torch.rand(1).item(), random.random(), np.random.rand(), np.random.randn()


def test_a_seed_gives_the_same_draws_and_the_outside_is_not_moved():
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    expected = draw()
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    with own_generators(CPU, seed=5):
        first = draw()
    with own_generators(CPU, seed=5):
        assert draw() == first
    with own_generators(CPU, seed=6):
        assert draw() != first
    assert draw() == expected


def test_a_saved_state_goes_on_where_it_was():
    with own_generators(CPU, seed=5) as generators:
        draw()
        state = generators.state_dict()
        expected = draw()
        generators.load_state_dict(state)
        assert draw() == expected


def test_an_accelerators_generator_is_saved_too(monkeypatch):
    class Module:
        state = torch.arange(4, dtype=torch.uint8)

        def get_rng_state(self, device):
            return self.state

        def set_rng_state(self, state, device):
            self.state = state + 1

    generators = Generators(CPU)
    generators._module = Module()
    generators.load_state_dict(generators.state_dict())
    assert generators._module.state.tolist() == [1, 2, 3, 4]
