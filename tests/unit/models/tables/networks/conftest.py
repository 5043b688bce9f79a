"""Networks for tables that are small, and quick to train."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainwright.core.clock import Unhurried
from trainwright.core.protocols import Workplace
from trainwright.models.tables.networks.families import MLP, TabM
from trainwright.recipe.sections import TrainingSettings

SMALL = {
    "mlp": MLP(hidden=16, layers=2, number_dim=3, frequencies=4, category_dim=3, text_dim=5),
    "resnet": MLP(blocks="resnet", hidden=8, layers=2, drop_path=0.2, frequencies=0),
    "tabm": TabM(hidden=8, members=4, number_dim=3, frequencies=4, category_dim=3, text_dim=5),
}


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=SMALL)
def small(request):
    """Each kind of network."""
    return SMALL[request.param]


@pytest.fixture
def plan_of():
    def plan(family, train, target, *, validation=None, seed=0, **training):
        return family.plan(
            train,
            validation,
            target=target,
            training=TrainingSettings(**training),
            seed=seed,
            base=Path(),
        )

    return plan


@pytest.fixture
def fit_of():
    def fit(family, train, validation, target, *, seed=0, epochs=3):
        return family.fit(
            train,
            validation,
            target=target,
            training=TrainingSettings(epochs=epochs, threads=1),
            seed=seed,
            pacer=Unhurried(),
            workplace=Workplace(Path()),
        )

    return fit
