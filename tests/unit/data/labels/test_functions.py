"""Labelling functions: rules of the recipe and code beside it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from trainwright.core.errors import Interrupted, RecipeError
from trainwright.data.labels.functions import ask_functions
from trainwright.data.labels.tables import function_table
from trainwright.recipe.labels import LabelSettings, Rule

FRAME = pl.DataFrame(
    {
        "text": ["Free MONEY now", "see you at noon", None, "the a+b patch"],
        "links": [9.0, 0.0, None, 2.0],
        "from": ["x", "boss", "list", "list"],
    }
)
CLASSES = ("ham", "spam")


def ask(*functions: object, base: Path = Path()) -> list[list[int]]:
    settings = LabelSettings.model_validate({"functions": list(functions)})
    return ask_functions(FRAME, settings.functions, classes=CLASSES, base=base).table().tolist()


def column(*functions: object) -> list[int]:
    return [row[0] for row in ask(*functions)]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"column": "text", "contains": "money"}, [1, -1, -1, -1]),
        ({"column": "text", "contains": "a+b"}, [-1, -1, -1, 1]),
        ({"column": "text", "matches": "(?i)free|noon"}, [1, 1, -1, -1]),
        ({"column": "links", ">": 2}, [1, -1, -1, -1]),
        ({"column": "links", "<": 2}, [-1, 1, -1, -1]),
        ({"column": "links", "equals": 2}, [-1, -1, -1, 1]),
        ({"column": "from", "in": ["boss", "list"]}, [-1, 1, 1, 1]),
        ([{"column": "from", "equals": "list"}, {"column": "links", ">": 1}], [-1, -1, -1, 1]),
    ],
)
def test_a_rule_votes_where_its_conditions_hold_and_never_on_a_missing_value(
    condition: object, expected: list[int]
) -> None:
    assert column({"if": condition, "label": "spam"}) == expected


def test_code_beside_the_recipe_gets_the_row_and_may_abstain(tmp_path: Path) -> None:
    (tmp_path / "votes_of_mine.py").write_text(
        "def short(row):\n    text = row['text']\n    return None if text is None else"
        " 'ham' if len(text) > 13 else 'spam'\n"
    )
    assert ask("votes_of_mine:short", base=tmp_path) == [[0], [0], [-1], [1]]


def test_a_pattern_takes_linear_time() -> None:
    hard = pl.DataFrame({"text": ["a" * 5_000 + "!"]})
    rule = Rule.model_validate({"if": {"column": "text", "matches": "^(a+)+$"}, "label": "spam"})
    votes = ask_functions(hard, [rule], classes=CLASSES, base=Path())
    assert votes.table().tolist() == [[-1]]


@pytest.mark.parametrize(
    ("function", "mend"),
    [
        ({"if": {"column": "txt", "contains": "a"}, "label": "spam"}, "column: text"),
        ({"if": {"column": "text", "contains": "a"}, "label": "spma"}, "label: spam"),
        ({"if": {"column": "text", "matches": "(?=a)"}, "label": "spam"}, "RE2's syntax"),
        (
            {"if": {"column": "text", "matches": "(a"}, "label": "spam"},
            r"no RE2 pattern: missing \)",
        ),
        ({"if": {"column": "text", ">": 1}, "label": "spam"}, "columns: {text: number}"),
        ("no_such_module_here:f", "write .*no_such_module_here.py"),
        ("json:dump_it", "use json:dump"),
    ],
)
def test_a_wrong_function_says_how_to_mend_it(function: object, mend: str) -> None:
    with pytest.raises(RecipeError, match=mend):
        ask(function)


def test_a_function_that_fails_names_the_row(tmp_path: Path) -> None:
    (tmp_path / "fails.py").write_text("def f(row):\n    return row['text'].lower() and None\n")
    with pytest.raises(RecipeError, match="failed on row 2: AttributeError"):
        ask("fails:f", base=tmp_path)


def test_a_function_that_would_go_on_for_hours_is_refused_after_a_few_rows(tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    (tmp_path / "slow_one.py").write_text(
        f"def f(row):\n    with open({str(told)!r}, 'a') as file:\n        file.write('x')\n"
    )
    frame = pl.DataFrame({"text": ["a"] * 2_000})
    clock = iter(range(0, 1_000_000, 15))  # 15 s from one look to the next
    with pytest.raises(RecipeError, match=r"takes 3 s a row: 1.7 hours for 2,000 rows") as caught:
        ask_functions(
            frame, ["slow_one:f"], classes=["x"], base=tmp_path, now=lambda: float(next(clock))
        )
    assert "slow_one:f faster" in caught.value.mend
    assert told.read_text() == "x" * 5
    still = iter([0.0] * 100)
    ask_functions(frame, ["slow_one:f"], classes=["x"], base=tmp_path, now=lambda: next(still))


def test_a_signal_is_not_taken_for_a_fault_of_the_function(tmp_path: Path) -> None:
    (tmp_path / "signalled.py").write_text(
        "from trainwright.core.errors import Interrupted\n"
        "def f(row):\n    raise Interrupted('stopped by a signal', where='here', mend='again')\n"
    )
    with pytest.raises(Interrupted, match="stopped by a signal"):
        ask("signalled:f", base=tmp_path)


def test_a_module_that_fails_to_load_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "broken_one.py").write_text("1 / 0\n")
    with pytest.raises(RecipeError, match="ZeroDivisionError"):
        ask("broken_one:f", base=tmp_path)


def test_a_condition_that_asks_nothing_and_a_lone_annotator_are_refused() -> None:
    with pytest.raises(ValidationError, match="nothing is asked"):
        Rule.model_validate({"if": {"column": "text"}, "label": "spam"})
    with pytest.raises(ValidationError, match="one annotator is no several"):
        LabelSettings(annotators=("a",))
    with pytest.raises(ValidationError, match="nothing to combine"):
        LabelSettings(combine="mace")


def test_the_table_counts_coverage_overlap_and_conflict() -> None:
    votes = ask_functions(
        FRAME,
        LabelSettings.model_validate(
            {
                "functions": [
                    {
                        "name": "money",
                        "if": {"column": "text", "contains": "money"},
                        "label": "spam",
                    },
                    {
                        "name": "known",
                        "if": {"column": "from", "in": ["x", "boss"]},
                        "label": "ham",
                    },
                ]
            }
        ).functions,
        classes=CLASSES,
        base=Path(),
    )
    import numpy as np

    table = function_table(votes, precision=np.array([0.8, 0.7]), known=np.array([1, 0, -1, -1]))
    money, known = table.to_dicts()
    assert (money["coverage"], money["overlap"], money["conflict"]) == (0.25, 0.25, 0.25)
    assert (known["coverage"], known["known_rows"], known["known_precision"]) == (0.5, 2, 0.5)
    assert money["votes_for"] == "spam"
