from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import RecipeError
from trainwright.core.features import PromptNeeds
from trainwright.data.prompts import fit_prompts

COLUMNS = (
    Column("text", ColumnType.TEXT),
    Column("size", ColumnType.NUMBER),
    Column("seen", ColumnType.BOOLEAN),
    Column("at", ColumnType.DATETIME),
)
FRAME = pl.DataFrame(
    {
        "text": ["a {size} trap {}", None],
        "size": [3.0, 2.5],
        "seen": [True, None],
        "at": [datetime(2024, 5, 6, 7, 8, 9), None],
        "other": [1, 2],
    }
)


def test_names_in_braces_are_replaced_once_and_nothing_else_is():
    needs = PromptNeeds("{{{text}}} is {size}, {seen}: {at}")
    told = fit_prompts(COLUMNS, needs).transform(FRAME)
    assert told.texts == (
        "{a {size} trap {}} is 3, true: 2024-05-06T07:08:09",
        "{(missing)} is 2.5, (missing): (missing)",
    )


def test_without_a_template_every_column_has_a_line():
    told = fit_prompts(COLUMNS[:2], PromptNeeds()).transform(FRAME)
    assert told.texts[1] == "text: (missing)\nsize: 2.5"


def test_a_row_alone_is_told_as_in_a_frame():
    preparation = fit_prompts(COLUMNS, PromptNeeds())
    row = {"text": "x", "size": 1.5, "seen": False, "at": 1_000_000}
    frame = pl.DataFrame({**row, "at": [datetime(1970, 1, 1, 0, 0, 1)]})
    assert preparation.transform_rows([row]) == preparation.transform(frame)


def test_it_comes_back_from_a_folder(tmp_path):
    made = fit_prompts(COLUMNS, PromptNeeds("{text}"))
    made.save(tmp_path)
    assert type(made).load(tmp_path) == made


@pytest.mark.parametrize("template", ["{text.__class__}", "{txt}", "no column", "{}"])
def test_what_names_no_column_is_refused(template):
    with pytest.raises(RecipeError, match="column"):
        fit_prompts(COLUMNS, PromptNeeds(template))
