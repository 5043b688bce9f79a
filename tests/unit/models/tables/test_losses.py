from __future__ import annotations

import math

import numpy as np
import pytest

from trainwright.models.tables.losses import proper_loss


def test_log_loss_is_finite_even_where_the_right_class_got_nothing(examples_of, target_of):
    rows = examples_of(2, 2)
    rows.target[:] = [0, 1]
    sure = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert proper_loss(sure, rows, target_of(2)) == pytest.approx(-math.log(1e-12) / 2)
    even = np.full((2, 2), 0.5)
    assert proper_loss(even, rows, target_of(2)) == pytest.approx(math.log(2))


def test_errors_are_squared_unless_the_target_is_heavy_tailed(examples_of, target_of):
    rows = examples_of(2, 0)
    rows.target[:] = [0, 0]
    wrong = np.array([1.0, -3.0])
    assert proper_loss(wrong, rows, target_of(0)) == 5
    assert proper_loss(wrong, rows, target_of(0, heavy_tailed=True)) == 2
