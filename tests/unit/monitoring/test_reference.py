from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.durable import canonical_json
from trainwright.monitoring.reference import PREDICTION, build_reference, cut_blocks, watched


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
def test_blocks_in_time_are_consecutive_and_of_fifty_rows_or_more(count):
    blocks = cut_blocks(count, units=None, by_time=True)
    assert len(blocks) == count
    assert (np.diff(blocks) >= 0).all()
    if count >= 100:
        assert np.bincount(blocks).min() >= 50
        assert blocks.max() == min(30, count // 50) - 1


def test_blocks_of_time_follow_the_time_and_not_the_rows():
    days = np.random.default_rng(4).permutation(np.repeat(np.arange(40), 50))
    blocks = cut_blocks(2000, units=days, by_time=True)
    assert (np.diff(blocks[np.argsort(days, kind="stable")]) >= 0).all()
    assert blocks.max() == 29


def test_rows_of_a_random_split_make_one_block_so_that_a_sorted_file_does_not_hide_drift():
    for units in (None, np.arange(5000)):
        assert set(cut_blocks(5000, units=units, by_time=False)) == {0}


def test_groups_stay_whole_and_are_dealt_whatever_their_order_is():
    groups = np.repeat(np.arange(100), 20)  # sorted, as a file may be
    blocks = cut_blocks(2000, units=groups, by_time=False)
    of_group = blocks[::20]
    assert (blocks == np.repeat(of_group, 20)).all()
    assert np.bincount(blocks).min() >= 40
    assert abs(np.corrcoef(of_group, np.arange(100))[0, 1]) < 0.3


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


def test_tagged_words_are_watched_by_their_texts_and_how_sure_the_tags_are():
    lists = [["the", "cat"], None, ["a"] * 3] * 100
    words = np.array([2, 0, 3] * 100)
    sure = np.tile([0.9, 0.7, 0.6, 0.6, 0.6], 100)
    tags = Prediction(np.zeros(500, np.int64), np.stack([sure, 1 - sure], axis=1), words)
    target = Target(Column("t", ColumnType.WORDS), Task.TOKEN_CLASSIFICATION, ("O", "X"))
    inputs = [Column("w", ColumnType.WORDS)]
    frame = pl.DataFrame({"w": lists})
    reference = build_reference(
        frame,
        inputs,
        prediction=tags,
        target=target,
        quality={"metrics": {}},
        by_time=False,
        units=None,
    )
    assert [entry["kind"] for entry in reference["columns"]] == ["length", "new words", "number"]
    assert (reference["rows"], reference["items"]) == (300, 500)
    (_, _, told) = list(watched(frame, inputs, prediction=tags, target=target))[-1]
    np.testing.assert_allclose(told[:3].to_numpy(), [0.8, np.nan, 0.6])
