from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.corpus.filters import leave_out
from trainwright.data.view import PART, TableView
from trainwright.recipe import parse_recipe
from trainwright.recipe.corpus import FilterSettings
from trainwright.recipe.data import DataSettings, Inputs

TEXTS = [
    "The dog is in the house and that is where it has to be.",
    "Der Hund ist nicht in dem Haus, und die Katze sitzt auf der Mauer.",
    "the thing",
    "the damn dog is in the damn house",
]


def view_of(base: Path = Path(), *, inputs: bool = True, **said: object) -> TableView:
    frame = pl.DataFrame({ROW: [10, 11, 12, 13], PART: [-1] * 4, "text": TEXTS, "y": ["a"] * 4})
    settings = DataSettings(
        source="t.csv",
        target="y",
        inputs=Inputs(text="text") if inputs else None,
        filters=FilterSettings(**said),  # type: ignore[arg-type]
    )
    return TableView.of_frame(
        frame,
        (Column("text", ColumnType.TEXT),),
        frozenset({"text"}),
        Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION),
        settings,
        probe=None,  # type: ignore[arg-type]
        base=base,
    )


def test_a_text_goes_by_the_first_rule_that_refuses_it_and_each_rule_is_counted_alone(
    tmp_path: Path,
):
    (tmp_path / "words.txt").write_text("damn\n\n")
    left = leave_out(
        view_of(tmp_path, min_words=4, languages=("en",), words="words.txt", words_share=0.1)
    )
    assert dict(zip(left.rows.tolist(), left.reasons, strict=True)) == {
        11: "not in en",
        12: "under 4 words",
        13: "over 10.0% listed words",
    }
    (told,) = left.findings
    assert "left out 3 of 4 texts" in told.message
    assert "not in en 1 (2 alone)" in told.message


@pytest.mark.parametrize(
    ("listed", "share", "gone"),
    [
        ("damn house\n", 0.0, [13]),  # a phrase, and not its words elsewhere
        ("damn house\n", 0.25, []),  # two of eight words
        ("damn house\ndog\n", 0.25, [13]),
        ("the house\nMAUER\n", 0.0, [10, 11]),
    ],
)
def test_listed_phrases_count_by_their_words(tmp_path: Path, listed, share, gone):
    (tmp_path / "words.txt").write_text(listed)
    left = leave_out(view_of(tmp_path, words="words.txt", words_share=share))
    assert left.rows.tolist() == gone


def test_without_filters_nothing_is_left_out():
    assert leave_out(view_of()).rows.tolist() == []


@pytest.mark.parametrize(
    ("said", "error", "what"),
    [
        ({"languages": ("xx",)}, RecipeError, "language 'xx'"),
        ({"words": "gone.txt"}, DataError, "cannot be read"),
        ({"inputs": False}, RecipeError, "no column of texts"),
    ],
)
def test_a_filter_that_cannot_work_is_refused(said: dict, error: type[Exception], what: str):
    with pytest.raises(error, match=what):
        leave_out(view_of(**said))


class Says:
    """A classifier by which a text is rude as often as it says so."""

    def hash(self, model: str) -> str:
        return model

    def probabilities(
        self, texts: Iterable[pl.Series], *, model: str, label: str
    ) -> Iterator[np.ndarray]:
        assert (model, label) == ("judge", "rude")
        for block in texts:
            yield np.array([(text or "").count("damn") * 0.3 for text in block])


def test_a_recipe_with_a_classifier_is_read_again_as_it_was_resolved():
    toxicity = {"model": "judge", "class": "rude"}
    data = {"source": "t.csv", "target": "y", "filters": {"toxicity": toxicity}}
    recipe = parse_recipe({"data": data})
    assert parse_recipe(recipe.resolved()) == recipe


@pytest.mark.parametrize(("threshold", "gone"), [(0.5, [13]), (0.65, [])])
def test_texts_that_a_classifier_refuses_go_above_the_threshold(threshold: float, gone: list[int]):
    asked = {"model": "judge", "class": "rude", "threshold": threshold}
    left = leave_out(replace(view_of(toxicity=asked), classifier=Says()))
    assert left.rows.tolist() == gone
    assert left.reasons == ["rude over 0.5 by judge"] * len(gone)
