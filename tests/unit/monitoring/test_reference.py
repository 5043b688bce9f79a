from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Column, ColumnType, Prediction, Target, Task
from trainwright.core.durable import canonical_json
from trainwright.monitoring.reference import PREDICTION, build_reference, consecutive_blocks


def test_a_reference_holds_the_counts_of_every_watched_column(world):
    reference = world.reference(world.rows(1000, seed=1))
    kinds = [(entry["column"], entry["kind"]) for entry in reference["columns"]]
    assert kinds == [
        ("number", "number"),
        ("kind", "category"),
        ("flag", "category"),
        ("text", "length"),
        ("text", "new words"),
        (PREDICTION, "number"),
    ]
    for entry in reference["columns"]:
        assert np.sum(entry["blocks"]) == (500 if entry["halved"] else 1000)


def test_no_text_of_a_single_row_is_in_it(world):
    frame = world.rows(400, seed=2).with_columns(
        text=pl.Series([f"secret{row} ship" for row in range(400)]),
        kind=pl.Series(["a"] * 396 + [f"Jane {row}" for row in range(4)]),
    )
    written = json.dumps(world.reference(frame))
    assert "secret" not in written
    assert "Jane" not in written
    assert "ship" in written


def test_equal_rows_give_equal_bytes(world):
    first, second = (world.reference(world.rows(300, seed=3)) for _ in range(2))
    assert canonical_json(first) == canonical_json(second)


@pytest.mark.parametrize("count", [0, 1, 49, 99, 100, 5000])
def test_blocks_are_consecutive_and_of_fifty_rows_or_more(count):
    blocks = consecutive_blocks(count, units=None, by_time=False)
    assert len(blocks) == count
    assert (np.diff(blocks) >= 0).all()
    if count >= 100:
        assert np.bincount(blocks).min() >= 50
        assert blocks.max() == min(20, count // 50) - 1


def test_groups_stay_whole_and_blocks_of_time_follow_the_time():
    random = np.random.default_rng(4)
    groups = random.integers(0, 60, 1000)
    blocks = consecutive_blocks(1000, units=groups, by_time=False)
    assert all(len(set(blocks[groups == group])) == 1 for group in set(groups))
    days = random.permutation(np.repeat(np.arange(40), 25))
    blocks = consecutive_blocks(1000, units=days, by_time=True)
    assert (np.diff(blocks[np.argsort(days, kind="stable")]) >= 0).all()
    assert blocks.max() == 19


@pytest.mark.parametrize(
    ("task", "classes", "kind"),
    [
        (Task.CLASSIFICATION, ("a", "b", "c"), "category"),
        (Task.CLASSIFICATION, ("a", "b"), "number"),
        (Task.REGRESSION, (), "number"),
    ],
)
def test_what_the_model_says_is_watched_like_a_column(task, classes, kind):
    codes = np.arange(300) % max(2, len(classes))
    probabilities = np.eye(len(classes))[codes] if classes else None
    reference = build_reference(
        pl.DataFrame({"x": np.arange(300.0)}),
        [Column("x", ColumnType.NUMBER)],
        prediction=Prediction(codes.astype(np.float64), probabilities),
        target=Target(Column("y", ColumnType.CATEGORY), task, classes),
        quality={"metrics": {}},
        by_time=False,
        units=np.arange(300),
    )
    assert reference["columns"][-1]["column"] == PREDICTION
    assert reference["columns"][-1]["kind"] == kind
