"""One class, however a hand writes it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.data.labels.settle import FUNCTIONS, Settled, settle
from trainwright.data.labels.spellings import Spellings, look_of
from trainwright.recipe.labels import LabelSettings


def settled(frame: pl.DataFrame, base: Path = Path(), **labels: object) -> Settled:
    found = settle(frame, LabelSettings.model_validate(labels), target="y", base=base)
    assert found is not None
    return found


def frame_of(*labels: str | None) -> pl.DataFrame:
    size = len(labels)
    return pl.DataFrame({ROW: np.arange(size), "x": np.arange(size) % 2, "y": pl.Series(labels)})


def rules(odd: str, even: str) -> list[object]:
    return [
        {"name": "odd", "if": {"column": "x", "equals": 1}, "label": odd},
        {"name": "even", "if": {"column": "x", "equals": 0}, "label": even},
    ]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("1", "1.0", True),
        ("-2", "-2.00", True),
        ("+1", "1", True),
        ("Spam ", "spam", True),
        ("True", "true", True),
        ("1", "1.5", False),
        ("123456789012345678", "123456789012345679", False),
        ("10", "1", False),
        ("1e3", "1000", True),
        ("1.2.3", "1.2.3", True),
        ("-", "+", False),
        ("1e9999999", "1e9999998", False),
    ],
)
def test_looks(one: str, other: str, alike: bool):
    assert (look_of(one) == look_of(other)) is alike


def test_what_labelled_rows_know_as_two_classes_is_two():
    spellings = Spellings(["Pos", "pos", "neg"])
    assert [spellings.meant(one) for one in ("pos", "Pos", "POS", "NEG")] == [
        "pos",
        "Pos",
        None,
        "neg",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("0.0", "1.0"), ("0", "1")),
        (("Ham", "Spam"), ("ham", "spam ")),
        (("false", "true"), ("False", "True")),
    ],
)
def test_a_function_votes_for_the_class_that_the_source_writes_otherwise(given, said):
    frame = frame_of(*(given * 10), None, None)
    found = settled(frame, functions=rules(said[1], said[0]))
    assert found.labels.to_list()[-2:] == list(given)
    taught = found.taught(np.ones(frame.height, dtype=bool))
    assert taught.tables[FUNCTIONS]["known_precision"].to_list() == [1.0, 1.0]
    assert "right on 100% of 10 known rows" in taught.findings[-1].message


def test_a_function_in_python_may_give_a_number_or_a_truth(tmp_path: Path):
    (tmp_path / "spelling_rules.py").write_text("def f(row):\n    return float(row['x'])\n")
    found = settled(frame_of("0", "1", None, None), tmp_path, functions=["spelling_rules:f"])
    assert found.labels.to_list() == ["0", "1", "0", "1"]


def test_a_rule_asks_a_column_of_truths_in_the_words_of_the_file():
    frame = frame_of("a", "b", None, None).with_columns(x=pl.Series([True, False, True, False]))
    said = [
        {"if": {"column": "x", "equals": "Yes"}, "label": "a"},
        {"if": {"column": "x", "in": ["no"]}, "label": "b"},
    ]
    assert settled(frame, functions=said).labels.to_list() == ["a", "b", "a", "b"]


def test_annotators_who_write_a_class_in_several_ways_agree():
    frame = frame_of(*[None] * 6).with_columns(
        anna=pl.Series(["Ham", "Spam"] * 3),
        ben=pl.Series(["ham ", "spam"] * 3),
        cy=pl.Series(["ham", "spam"] * 3),
    )
    found = settled(frame, annotators=["anna", "ben", "cy"])
    assert sorted(set(found.labels)) == ["Ham", "spam"]
    told = [one for one in found.findings if one.kind == "category-variant"]
    assert [(one.count, len(one.rows)) for one in told] == [(9, 6)]
    assert "alpha 1.000" in found.findings[1].message


def test_functions_and_a_target_that_is_a_number_are_refused():
    found = settled(frame_of("1.5", "2.5", None, None), functions=rules("1", "2"))
    price = Target(Column("y", ColumnType.NUMBER, required=True), Task.REGRESSION)
    with pytest.raises(RecipeError, match="is a number"):
        found.taught(np.ones(4, dtype=bool), of=price)


def test_a_correction_is_the_class_that_the_source_writes_otherwise_but_may_rename_a_word(
    tmp_path: Path,
):
    (tmp_path / "m.csv").write_text("row,label\n0,1\n")
    found = settled(
        frame_of("0.0", "1.0", "0.0", None),
        tmp_path,
        corrections="m.csv",
        functions=rules("1", "0"),
    )
    assert found.labels.to_list() == ["1.0", "1.0", "0.0", "1.0"]
    (tmp_path / "m.csv").write_text("row,label\n0,Ham\n")
    assert settled(frame_of("ham", "spam"), tmp_path, corrections="m.csv").labels.to_list() == [
        "Ham",
        "spam",
    ]
