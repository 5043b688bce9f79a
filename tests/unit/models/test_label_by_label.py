from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.durable import make_folder
from trainwright.core.features import Examples, Features
from trainwright.core.parts import load
from trainwright.core.protocols import Workplace
from trainwright.models.auto import Auto, candidates
from trainwright.models.label_by_label import LabelByLabel
from trainwright.models.tables.baseline import Baseline
from trainwright.models.tables.lightgbm import LightGBM
from trainwright.models.tables.linear import Linear
from trainwright.recipe.sections import TrainingSettings

TARGET = Target(Column("tags", ColumnType.LABELS), Task.MULTI_LABEL, ("a", "b", "never"))


def examples(rows: int = 200, seed: int = 0) -> Examples:
    generator = np.random.default_rng(seed)
    dense = generator.normal(size=(rows, 2))
    target = np.column_stack([dense[:, 0] > 0, dense[:, 1] > 0.5, np.zeros(rows)])
    return Examples(Features(dense, ("x", "y")), target.astype(np.float64))


def fitted(part, train: Examples):
    return LabelByLabel(part).fit(
        train,
        examples(seed=1),
        target=TARGET,
        training=TrainingSettings(),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(base=Path()),
    )


@pytest.mark.parametrize("part", [Linear(), LightGBM(num_iterations=30)])
def test_each_label_is_learned_from_its_own_column(part):
    rows = examples(seed=2)
    told = fitted(part, examples()).estimator.predict(rows.features)
    assert told.shape == (200, 3)
    assert ((told[:, :2] > 0.5) == (rows.target[:, :2] == 1)).mean() > 0.9
    assert not np.allclose(told.sum(axis=1), 1)


def test_a_label_that_no_row_has_gets_its_share():
    fit = fitted(Linear(), examples())
    assert fit.estimator.labels[2].kind == "baseline"
    assert (fit.estimator.predict(examples().features)[:, 2] < 0.01).all()


def test_the_baseline_tells_the_share_of_each_label():
    train = examples()
    told = fitted(Baseline(), train).estimator.predict(train.features)[0]
    assert told == pytest.approx(train.target.mean(axis=0), abs=0.01)


def test_what_is_saved_answers_alike(tmp_path):
    estimator = fitted(Linear(), examples()).estimator
    make_folder(tmp_path / "e")
    estimator.save(tmp_path / "e")
    again = load(estimator.kind, tmp_path / "e")
    rows = examples(seed=3).features
    assert np.array_equal(again.predict(rows), estimator.predict(rows))


def test_only_some_families_learn_several_labels():
    inputs = [Column("x", ColumnType.NUMBER)]
    found = candidates(Auto(), inputs=inputs, target=TARGET)
    assert [one.family for one in found] == ["baseline", "linear", "lightgbm", "mlp"]
    texts = [Column("x", ColumnType.TEXT)]
    found = candidates(Auto(), inputs=texts, target=TARGET)
    assert [one.family for one in found] == ["baseline", "linear", "lightgbm", "text-encoder"]
    (_, ensemble) = candidates(Auto(families=("tabm",)), inputs=inputs, target=TARGET)
    assert ensemble.unfit(inputs, TARGET) == "it cannot learn multi-label"


def test_a_family_still_says_what_columns_it_cannot_read():
    images = [Column("x", ColumnType.IMAGE)]
    assert "image" in LabelByLabel(Linear()).unfit(images, TARGET)
