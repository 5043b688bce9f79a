"""Small tables with a known signal, made by hand: no preparation is needed to test a family."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples, Features


def make_target(num_classes, *, heavy_tailed=False):
    classes = tuple(f"class {code}" for code in range(num_classes))
    task = Task.CLASSIFICATION if num_classes else Task.REGRESSION
    kind = ColumnType.CATEGORY if num_classes else ColumnType.NUMBER
    return Target(Column("y", kind), task, classes, heavy_tailed=heavy_tailed)


def make_examples(
    num_rows, num_classes, *, seed=0, num_features=4, num_terms=0, missing=0.0, heavy_tailed=False
):
    """Column 0 tells most; the last one, where there are several, is a category code."""
    random = np.random.default_rng(seed)
    dense = random.normal(size=(num_rows, num_features))
    categorical = ()
    if num_features > 2:
        dense[:, -1] = random.integers(0, 5, num_rows)
        categorical = (num_features - 1,)
    terms = random.poisson(0.3, size=(num_rows, num_terms)).astype(np.float64)
    signal = dense[:, :1].sum(axis=1) * 2 + terms[:, :1].sum(axis=1)
    noisy = signal + random.normal(size=num_rows) * 0.5
    if heavy_tailed:
        target = np.exp(3 + 2 * noisy)
    elif num_classes:
        target = np.digitize(noisy, np.linspace(-1.5, 2.0, num_classes + 1)[1:-1])
    else:
        target = noisy
    dense[random.random(dense.shape) < missing] = np.nan
    names = ("a[0]", 'b{"x": 1}', "c,d", "e:f g", *(f"n{n}" for n in range(num_features)))
    features = Features(
        dense,
        names[:num_features],
        categorical,
        csr_matrix(terms) if num_terms else None,
        tuple(f"term {n}" for n in range(num_terms)),
    )
    return Examples(features, target.astype(np.float64))


def take_rows(features, rows):
    sparse = None if features.sparse is None else features.sparse[rows]
    return Features(
        features.dense[rows], features.names, features.categorical, sparse, features.sparse_names
    )


@pytest.fixture
def target_of():
    return make_target


@pytest.fixture
def examples_of():
    return make_examples


@pytest.fixture
def rows_of():
    return take_rows
