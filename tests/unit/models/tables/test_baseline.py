from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainwright.core.clock import Unhurried
from trainwright.core.protocols import Workplace
from trainwright.models.tables.baseline import Baseline
from trainwright.recipe.sections import TrainingSettings


def fit(rows, target):
    return Baseline().fit(
        rows,
        rows,
        target=target,
        training=TrainingSettings(threads=1),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(Path()),
    )


def test_classes_get_their_shares_with_one_row_spread_evenly(examples_of, target_of):
    rows = examples_of(9, 3)
    rows.target[:] = [0, 0, 0, 0, 0, 0, 1, 1, 1]
    answer = fit(rows, target_of(3)).estimator.answer
    assert answer.tolist() == pytest.approx([(6 + 1 / 3) / 10, (3 + 1 / 3) / 10, (1 / 3) / 10])


def test_regression_gets_the_mean_and_heavy_tails_the_median(examples_of, target_of):
    rows = examples_of(5, 0)
    rows.target[:] = [1, 2, 3, 4, 90]
    assert fit(rows, target_of(0)).estimator.answer == 20
    assert fit(rows, target_of(0, heavy_tailed=True)).estimator.answer == 3


def test_the_curve_holds_the_loss_that_choices_are_made_by(examples_of, target_of):
    rows = examples_of(5, 0)
    rows.target[:] = [1, 2, 3, 4, 90]
    assert fit(rows, target_of(0)).curve[0].validation == np.var(rows.target)
    assert fit(rows, target_of(0, heavy_tailed=True)).curve[0].validation == (2 + 1 + 1 + 87) / 5
