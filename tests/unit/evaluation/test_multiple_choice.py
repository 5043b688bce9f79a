from __future__ import annotations

import numpy as np
import pytest

from trainwright.core.errors import DataError
from trainwright.evaluation.multiple_choice import choose


def test_a_long_answer_is_not_passed_over_for_its_length():
    values = np.array([[10.0, 4, 40], [4.0, 1, 4], [6.0, 3, 6], [3.0, 2, 6]])
    found = choose(values, [2, 2], [0, 1])
    assert found.choices.tolist() == [0, 1]
    assert found.metrics["accuracy"].value == 1
    assert found.metrics["accuracy_per_token"].value == 1
    assert found.metrics["accuracy_in_sum"].value == 0.5
    assert found.chance == 0.5


def test_of_equal_ones_the_first_is_chosen_and_nothing_told_is_no_fault():
    found = choose(np.zeros((3, 3)), [3], [0])
    assert found.choices.tolist() == [0]


def test_questions_may_have_different_numbers_of_choices():
    values = np.array([[3.0, 1, 1], [1.0, 1, 1], [5.0, 1, 1], [4.0, 1, 1], [9.0, 1, 1]])
    found = choose(values, [2, 3], [1, 0])
    assert found.choices.tolist() == [1, 1]
    assert found.chance == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert found.metrics["accuracy"].low < 0.5 < found.metrics["accuracy"].high


def test_no_questions_are_refused():
    with pytest.raises(DataError, match="there are no questions"):
        choose(np.zeros((0, 3)), [], [])
