from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.data import levels
from trainwright.data.levels import Levels, count_classes


def counted(frame: pl.DataFrame, names: list[str], *, rows: int = 40, **said) -> Levels:
    return Levels(lambda some: frame.select(some).iter_slices(rows), names, **said)


@pytest.mark.parametrize("held", [5, 80_000])
def test_values_are_counted_over_all_blocks_and_missing_ones_are_none(monkeypatch, held):
    monkeypatch.setattr(levels, "_HELD", held)
    values = np.random.default_rng(0).choice(["a", "b", "c", None], 200).tolist()
    found = counted(pl.DataFrame({"x": values}), ["x"]).of("x")
    assert dict(found.rows()) == {letter: values.count(letter) for letter in "abc"}


def test_a_column_of_more_values_than_are_counted_is_given_up(monkeypatch):
    monkeypatch.setattr(levels, "MOST_LEVELS", 10)
    frame = pl.DataFrame({"many": range(100), "few": [number % 10 for number in range(100)]})
    both = counted(frame, ["many", "few"], rows=9)
    assert both.of("many") is None
    assert both.of("few").height == 10


def test_a_rough_column_that_hardly_repeats_is_given_up_at_once(monkeypatch):
    monkeypatch.setattr(levels, "_FIRST", 8)
    monkeypatch.setattr(levels, "_FEW", 4)
    frame = pl.DataFrame({"x": np.arange(100.0), "z": np.arange(100.0) // 50})
    both = counted(frame, ["x", "z"], rough=["x", "z"])
    assert both.of("x") is None
    assert both.of("z").height == 2


def test_columns_are_counted_in_one_pass_and_others_not_at_all():
    passes = []
    frame = pl.DataFrame({"x": ["a"], "y": ["b"], "z": ["c"]})

    def blocks(names):
        passes.append(list(names))
        return frame.select(names).iter_slices()

    both = Levels(blocks, ["x", "y"])
    assert both.of("z") is None
    assert both.of("x").rows() == [("a", 1)]
    assert both.of("y").rows() == [("b", 1)]
    assert passes == [["x", "y"]]


def test_classes_are_counted_in_each_part():
    random = np.random.default_rng(1)
    frame = pl.DataFrame({"y": random.choice(["no", "yes", None], 300).tolist()}).with_columns(
        pl.Series("part", random.integers(-1, 3, 300).astype(np.int8))
    )
    found = count_classes(frame.iter_slices(70), "y", ["no", "yes"], "part")
    for code, label in enumerate(["no", "yes"]):
        for part in range(3):
            assert found[code, part] == frame.filter(y=label, part=part).height
