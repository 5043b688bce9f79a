"""A small real model, and its package: LightGBM on typed rows of every kind of column."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples
from trainwright.core.protocols import Workplace
from trainwright.data.preparation import fit_table_preparation
from trainwright.deployment.package import load_package, write_package
from trainwright.models.fitted import FittedModel
from trainwright.models.tables.lightgbm import LightGBM
from trainwright.models.tables.linear import Linear
from trainwright.recipe.sections import TrainingSettings

INPUTS = (
    Column("age", ColumnType.NUMBER),
    Column("city", ColumnType.CATEGORY),
    Column("member", ColumnType.BOOLEAN, true=("true",)),
    Column("joined", ColumnType.DATETIME, format="%Y-%m-%d"),
)
CHURN = Target(Column("churn", ColumnType.CATEGORY), Task.CLASSIFICATION, ("=no", "yes"))
SPEND = Target(Column("spend", ColumnType.NUMBER), Task.REGRESSION)
GOLDEN = [
    {"age": 31.5, "city": "Bern", "member": True, "joined": 1_600_000_000_000_000},
    {"age": None, "city": None, "member": None, "joined": None},
    {"age": 64.0, "city": "never seen", "member": False, "joined": 1_500_000_000_000_000},
]


def make_frame(num_rows, *, seed=0):
    random = np.random.default_rng(seed)
    day = dt.datetime(2020, 1, 1)
    return pl.DataFrame(
        {
            "age": random.normal(40, 10, num_rows),
            "city": random.choice(["Bern", "Oslo", "Rome"], num_rows),
            "member": random.random(num_rows) < 0.5,
            "joined": [day + dt.timedelta(days=int(n)) for n in random.integers(0, 900, num_rows)],
        },
        schema_overrides={"joined": pl.Datetime("us")},
    )


def make_model(family, target, *, inputs=INPUTS):
    frame = make_frame(300)
    preparation = fit_table_preparation(frame, inputs, family.needs)
    random = np.random.default_rng(1)
    signal = (frame["age"].to_numpy() - 40) / 10 + (frame["city"] == "Oslo").to_numpy()
    noisy = signal + random.normal(size=300) * 0.3
    wanted = noisy if target.task is Task.REGRESSION else (noisy > 0.5).astype(np.float64)
    examples = Examples(preparation.transform(frame), wanted)
    fit = family.fit(
        examples,
        None,
        target=target,
        training=TrainingSettings(threads=1),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(Path()),
    )
    return FittedModel(preparation, fit.estimator, target, tuple(inputs))


@pytest.fixture(scope="session")
def model():
    return make_model(LightGBM(num_iterations=12), CHURN)


@pytest.fixture(scope="session")
def regression_model():
    return make_model(LightGBM(num_iterations=12), SPEND)


@pytest.fixture(scope="session")
def linear_model():
    return make_model(Linear(), CHURN)


@pytest.fixture(scope="session")
def write():
    """Write a package with everything but the model standing in for itself."""

    def write(folder, model, *, tolerance=0.0, golden_rows=GOLDEN, facts=None):
        write_package(
            folder,
            model=model,
            card="# Churn\n",
            facts={"snapshot": "ab" * 32} if facts is None else facts,
            reference={"columns": []},
            golden_rows=golden_rows,
            tolerance=tolerance,
        )
        return folder

    return write


@pytest.fixture
def folder(tmp_path, model, write):
    return write(tmp_path / "package", model)


@pytest.fixture(scope="session")
def package(tmp_path_factory, model, write):
    return load_package(write(tmp_path_factory.mktemp("served") / "package", model))


@pytest.fixture(scope="session")
def frame_of():
    return make_frame


@pytest.fixture(scope="session")
def model_of():
    return make_model
