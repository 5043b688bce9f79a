"""Every error tells what, where and the mend, and carries its exit status."""

from __future__ import annotations

import pytest

from trainwright.core import errors
from trainwright.core.errors import (
    Fault,
    TrainwrightError,
    counted,
    nearest,
    shorten,
    with_article,
)

STATUS = {
    "TrainwrightError": 70,
    "RecipeError": 2,
    "CommandError": 2,
    "DataError": 3,
    "TrustError": 4,
    "EnvironmentFault": 5,
    "TrainingError": 6,
    "Interrupted": 75,
}


@pytest.mark.parametrize(("name", "status"), STATUS.items())
def test_each_kind_prints_its_three_parts_and_has_its_status(name, status):
    error = getattr(errors, name)("it broke", where="file:3", mend="glue it")
    assert error.status == status
    assert str(error) == "it broke\n  where: file:3\n  mend:  glue it"


def test_no_kind_is_forgotten_here():
    kinds = {
        n
        for n, v in vars(errors).items()
        if isinstance(v, type) and issubclass(v, TrainwrightError)
    }
    assert kinds == set(STATUS)


def test_several_faults_are_told_at_once():
    error = errors.DataError.of([Fault("one", mend="a"), Fault("two", "here")])
    assert isinstance(error, ValueError)
    assert error.faults == (Fault("one", mend="a"), Fault("two", "here"))
    assert str(error) == "one\n  mend:  a\ntwo\n  where: here"


def test_the_nearest_name_is_found_or_none():
    assert nearest("lightgmb", ["linear", "lightgbm"]) == "lightgbm"
    assert nearest("zzz", ["linear", "lightgbm"]) is None


def test_of_names_those_that_differ_by_case_or_blanks_alone_are_nearest():
    assert nearest("Y", ["x", "y"]) == "y"
    assert nearest("total ", ["totals", "Total"]) == "Total"


def test_values_of_others_are_bounded_and_escaped():
    assert shorten("a\nb\x1b[31m") == r"'a\nb\x1b[31m'"
    assert len(shorten("x" * 1000)) == 80


def test_an_article_goes_by_the_first_letter():
    assert [with_article(noun) for noun in ("image", "list", "Embedding")] == [
        "an image",
        "a list",
        "an Embedding",
    ]


@pytest.mark.parametrize(
    ("number", "things", "told"),
    [
        (1, "rows have", "1 row has"),
        (2, "rows have", "2 rows have"),
        (0, "rows", "0 rows"),
        (1, "classes stand", "1 class stands"),
        (1, "values do", "1 value does"),
        (1, "moments are", "1 moment is"),
        (21, "rows break", "21 rows break"),
    ],
)
def test_one_thing_is_told_in_the_singular(number: int, things: str, told: str) -> None:
    assert counted(number, things) == told
