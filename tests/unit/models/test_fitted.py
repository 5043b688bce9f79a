from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import TrustError
from trainwright.core.features import Examples, FeatureNeeds
from trainwright.core.parts import families, load
from trainwright.core.protocols import Model, Workplace
from trainwright.data.preparation import fit_table_preparation
from trainwright.models import fitted
from trainwright.models.fitted import FittedModel, normalised
from trainwright.recipe.sections import TrainingSettings

INPUTS = (
    Column("size [m²]", ColumnType.NUMBER),
    Column("colour", ColumnType.CATEGORY),
    Column("note", ColumnType.TEXT),
)


def make_frame(num_rows, seed=0):
    random = np.random.default_rng(seed)
    sizes = [None if value > 2 else float(value) for value in random.normal(size=num_rows)]
    words = np.array(["old house", "new flat by the sea", "no garden", "sea view and garden"])
    return pl.DataFrame(
        {
            "size [m²]": pl.Series(sizes, dtype=pl.Float64),
            "colour": [["red", "green", None][code] for code in random.integers(0, 3, num_rows)],
            "note": words[random.integers(0, 4, num_rows)].tolist(),
        }
    )


def make_model(family, num_classes, **parts):
    frame = make_frame(300)
    signal = (
        frame["size [m²]"].fill_null(0).to_numpy() + frame["note"].str.contains("sea").to_numpy()
    )
    values = np.digitize(signal, [0.4, 1.2][: num_classes - 1]) if num_classes else signal
    part = families.find(family)()
    preparation = fit_table_preparation(frame, INPUTS, part.needs)
    rows = Examples(preparation.transform(frame), values.astype(np.float64))
    task = Task.CLASSIFICATION if num_classes else Task.REGRESSION
    target = Target(Column("y", ColumnType.CATEGORY), task, tuple("abc"[:num_classes]))
    fit = part.fit(
        rows,
        rows,
        target=target,
        training=TrainingSettings(threads=1),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(Path()),
    )
    return FittedModel(preparation, fit.estimator, target, INPUTS, **parts)


@dataclass(frozen=True)
class Squaring:
    """A calibrator whose doing shows."""

    kind = "temperature"

    def apply(self, probabilities):
        return normalised(probabilities**2)


@pytest.mark.parametrize("family", ["baseline", "linear", "lightgbm"])
@pytest.mark.parametrize("num_classes", [0, 2, 3])
def test_frame_and_rows_agree_bit_for_bit_and_come_back_from_disk(family, num_classes, tmp_path):
    model = make_model(family, num_classes)
    assert isinstance(model, Model)
    frame = make_frame(40, seed=1)
    whole = model.predict(frame)
    model.save(tmp_path)
    again = load("fitted-model", tmp_path)
    assert again.target == model.target
    assert again.inputs == model.inputs
    for found in (model.predict_rows(frame.to_dicts()), again.predict(frame)):
        np.testing.assert_array_equal(found.values, whole.values)
        if num_classes:
            np.testing.assert_array_equal(found.probabilities, whole.probabilities)
    alone = [again.predict_rows([row]).values[0] for row in frame.to_dicts()]
    np.testing.assert_array_equal(alone, whole.values)


def test_blocks_do_not_show(monkeypatch):
    model = make_model("linear", 3)
    frame = make_frame(50, seed=1)
    whole = model.predict(frame).probabilities
    monkeypatch.setattr(fitted, "BLOCK_ROWS", 7)
    np.testing.assert_array_equal(model.predict(frame).probabilities, whole)


def test_no_rows_are_no_predictions():
    found = make_model("lightgbm", 3).predict(make_frame(0))
    assert found.values.shape == (0,)
    assert found.probabilities.shape == (0, 3)


def test_the_threshold_decides_two_classes_and_argmax_the_others():
    model = make_model("linear", 2)
    frame = make_frame(60, seed=1)
    positive = model.predict(frame).probabilities[:, 1]
    np.testing.assert_array_equal(model.predict(frame).values, positive > 0.5)
    strict = replace(model, threshold=float(positive[5]))
    np.testing.assert_array_equal(strict.predict(frame).values, positive >= positive[5])
    many = make_model("linear", 3).predict(frame)
    np.testing.assert_array_equal(many.values, many.probabilities.argmax(axis=1))


def test_the_calibrator_comes_between():
    model = make_model("linear", 2)
    frame = make_frame(10, seed=1)
    plain = model.predict(frame).probabilities
    sharper = replace(model, calibrator=Squaring()).predict(frame).probabilities
    np.testing.assert_allclose(sharper, normalised(plain**2))


def test_no_class_is_called_impossible_and_rows_sum_to_one():
    found = normalised(np.array([[0.0, 1.0], [0.3, 0.9]]))
    assert found.min() > 1e-10
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_a_missing_or_unknown_part_is_not_loaded(tmp_path):
    model = make_model("baseline", 2)
    model.save(tmp_path)
    text = (tmp_path / "model.json").read_text()
    (tmp_path / "model.json").write_text(text.replace('"baseline"', '"pickle"'))
    with pytest.raises(TrustError, match="newer version or was changed"):
        FittedModel.load(tmp_path)
    (tmp_path / "model.json").unlink()
    with pytest.raises(TrustError, match="missing"):
        FittedModel.load(tmp_path)


def test_each_family_says_what_preparation_it_needs():
    needs = {name: families.find(name)().needs for name in ("baseline", "linear", "lightgbm")}
    assert needs["linear"] == FeatureNeeds(scale=True, one_hot=True, text=True)
    assert needs["lightgbm"] == FeatureNeeds(scale=False, one_hot=False, text=True)
    assert not needs["baseline"].text


class LastSteps:
    """A preparation and an estimator: the forecast is how many steps came, and their sum."""

    kind = "last-steps"

    def transform(self, frame):
        return frame["x"].to_list()

    def transform_rows(self, rows):
        return [row["x"] for row in rows]

    def predict(self, features):
        return np.array([[len(steps), sum(steps)] for steps in features], dtype=np.float64)


def test_of_a_history_that_is_too_long_the_last_steps_count_alone():
    column = Column("x", ColumnType.SERIES)
    target = Target(column, Task.FORECASTING, horizon=2, context=3)
    model = FittedModel(LastSteps(), LastSteps(), target, (column,))
    rows = [{"x": [9.0, 1.0, 2.0, 3.0]}, {"x": [4.0]}, {"x": [5.0, 6.0, 7.0]}]
    expected = [[3, 6], [1, 4], [3, 18]]
    np.testing.assert_array_equal(model.predict_rows(rows).values, expected)
    np.testing.assert_array_equal(model.predict(pl.DataFrame(rows)).values, expected)
    assert len(rows[0]["x"]) == 4


def test_a_series_is_looked_at_whole_where_no_context_is_said():
    column = Column("x", ColumnType.SERIES)
    model = FittedModel(
        LastSteps(), LastSteps(), Target(column, Task.FORECASTING, horizon=2), (column,)
    )
    np.testing.assert_array_equal(model.predict_rows([{"x": [1.0] * 50}]).values, [[50, 50]])
