from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.evaluation.importance import permutation_importance

NUMBERS = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)


def table(rows=800, seed=0):
    generator = np.random.default_rng(seed)
    frame = pl.DataFrame({name: generator.normal(size=rows) for name in ("strong", "weak", "idle")})
    return frame, 3 * frame["strong"].to_numpy() + frame["weak"].to_numpy()


def predict(frame):
    return Prediction((3 * frame["strong"] + frame["weak"]).to_numpy())


def importance(frame, target, **settings):
    return permutation_importance(
        predict,
        frame,
        target,
        spec=NUMBERS,
        columns=["strong", "weak", "idle"],
        units=np.arange(len(target)),
        seed=1,
        **settings,
    )


def test_the_increase_is_twice_the_variance_that_the_column_brings():
    found = importance(*table())
    for name, expected in {"strong": 18.0, "weak": 2.0}.items():
        increase, error = found[name]
        assert abs(increase - expected) < 4 * error
        assert error > 0
    assert found["idle"] == (0.0, 0.0)


def test_equal_seeds_give_equal_numbers_and_a_sample_is_enough():
    frame, target = table()
    assert importance(frame, target) == importance(frame, target)
    sampled = importance(frame, target, max_rows=200)
    assert abs(sampled["strong"][0] - 18) < 6
    assert importance(frame, target, max_rows=800) == importance(frame, target)


def test_columns_are_permuted_by_streams_of_their_own():
    """Two equal columns dealt alike would still agree with each other."""
    frame, _ = table()
    twins = frame.with_columns(weak=frame["strong"])
    found = importance(twins, 4 * twins["strong"].to_numpy())
    assert found["strong"][0] / 9 != found["weak"][0]


def test_a_column_keeps_its_number_when_others_are_left_out():
    frame, target = table()
    alone = permutation_importance(
        predict,
        frame,
        target,
        spec=NUMBERS,
        columns=["weak"],
        units=np.arange(len(target)),
        seed=1,
    )
    assert alone["weak"] == importance(frame, target)["weak"]
    assert frame.equals(table()[0])
