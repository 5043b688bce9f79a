from __future__ import annotations

import polars as pl
import pytest

from trainwright.data.repair.variants import Group, is_one_slip, normal_form, propose


def counted(**values: int) -> pl.DataFrame:
    return table(values)


def table(values: dict[str, int]) -> pl.DataFrame:
    return pl.DataFrame({"value": list(values), "count": list(values.values())})


@pytest.mark.parametrize(
    ("one", "other"),
    [("N.Y.", "NY"), ("New York", "new-york"), ("São Paulo", "SAO PAULO"), ("St. Louis", "St Louis"),
     ("O'Brien", "OBrien"), ("self_employed", "Self employed")],
)  # fmt: skip
def test_case_accents_blanks_and_dots_of_abbreviations_do_not_count(one, other):
    assert normal_form(one) == normal_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("C", "C++"), ("C", "C#"), ("A", "A-"), ("A+", "A-"), ("1.0", "10"), ("1 2", "12"), ("5-10", "510"),
     ("<=50K", ">50K"), ("-5", "5"), ("B-1", "B1"), ("O+", "O-"), ("1/2", "12")],
)  # fmt: skip
def test_signs_and_what_stands_between_digits_count(one, other):
    assert normal_form(one) != normal_form(other)


def test_the_commonest_spelling_names_its_group():
    found = propose(table({"New York": 90, "NY": 40, "N.Y.": 3, "new york": 4, "Texas": 50}))
    assert found == [Group("New York", ("NY", "new york", "N.Y."), 47)]
    assert found[0].pairs[0] == ("NY", "New York")


def test_initials_of_two_values_are_nobodys():
    assert propose(table({"New York": 90, "North Yorkshire": 30, "NY": 40})) == []


def test_a_slip_of_the_pen_is_one_where_the_right_word_is_far_commoner():
    assert propose(counted(California=100, Califronia=2))[0].others == ("Califronia",)
    assert propose(counted(California=15, Califronia=5)) == []
    assert propose(counted(Boeing=1600, Boieng=3))[0].known == "Boeing"
    assert propose(counted(Boeing=160, Boieng=3)) == []


@pytest.mark.parametrize(
    "values",
    [{"CITATION II": 400, "CITATION VI": 2}, {"Coffee Lake": 400, "Coffee Lake-S": 2},
     {"Gambia": 900, "Zambia": 2},
     {"model 1234567": 400, "model 1234568": 1}, {"K": 100, "k": 90}, {"Austria": 500, "Australia": 2}],
)  # fmt: skip
def test_values_that_look_alike_and_are_not_stay_apart(values):
    assert propose(table(values)) == []


def test_a_rare_single_letter_in_the_other_case_is_a_spelling():
    assert propose(counted(F=300, f=4, M=250)) == [Group("F", ("f",), 4)]


def test_a_slip_that_is_near_two_values_is_proposed_for_none():
    assert propose(counted(Martinas=400, Marlinas=400, Marinas=2)) == []


@pytest.mark.parametrize(
    ("other", "so"),
    [("abdcefg", True), ("abcdeg", True), ("abcdefgh", True), ("abcxefg", True), ("abcdegf", True),
     ("abxdxfg", False), ("xbcdefg", False), ("abcdefg", False), ("abcgefd", False)],
)  # fmt: skip
def test_one_slip_is_one_insertion_deletion_change_or_swap(other, so):
    assert is_one_slip("abcdefg", other) is so
