from __future__ import annotations

import math

import numpy as np
import pytest

from trainwright.models.api.answers import Answer
from trainwright.models.api.reading import SURE, ClassReading, NumberReading

CLASSES = ClassReading(("new", "new york", "Ham", "10"), (0.1, 0.2, 0.3, 0.4))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("ham", "Ham"),
        (" **Ham.**\n", "Ham"),
        ("New York", "new york"),
        ("new york, I think", "new york"),
        ("new", "new"),
        ("newer", None),
        ("I would say: ham", "Ham"),
        ("ham or 10", "Ham"),
        ("either ham or 10", None),
        ("100", None),
        ("", None),
        ("I cannot tell", None),
    ],
)
def test_a_text_names_one_class_or_none(text, label):
    code = CLASSES.code(text)
    assert (None if code is None else CLASSES.classes[code]) == label


def test_without_log_probabilities_the_named_class_is_rather_sure():
    found = CLASSES.read(Answer("ham"))
    assert found[2] == pytest.approx(SURE)
    assert found.sum() == pytest.approx(1)


def test_tokens_that_begin_one_class_alone_share_the_mass():
    spam = ClassReading(("ham", "spam"), (0.5, 0.5))
    top = (("Sp", math.log(0.7)), (" ham", math.log(0.2)), ("The", math.log(0.05)))
    np.testing.assert_allclose(spam.read(Answer("Spam", top=top)), [0.25, 0.75])


def test_where_tokens_and_text_disagree_the_text_counts():
    spam = ClassReading(("ham", "spam"), (0.5, 0.5))
    top = (("sp", math.log(0.9)), ("ham", math.log(0.1)))
    np.testing.assert_allclose(spam.read(Answer("ham", top=top)), [SURE, 1 - SURE])


def test_an_unreadable_answer_is_as_good_as_none():
    assert CLASSES.read(Answer("?")) is None
    np.testing.assert_allclose(CLASSES.unknown(), CLASSES.shares)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42.0),
        ("about -1,234.5 dollars", -1234.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("−3", -3.0),
        ("3,5", None),
        ("none", None),
        ("1e999", None),
    ],
)
def test_the_first_number_counts_and_what_may_be_two_is_not_guessed(text, value):
    found = NumberReading(7.0).read(Answer(text))
    assert (None if found is None else float(found)) == value
