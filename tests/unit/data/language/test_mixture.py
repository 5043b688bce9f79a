"""Mixtures: each source has its share, an epoch keeps its length, and what it came to is counted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.data.language.counting import Mixture, mixture_of
from trainwright.data.language.mixture import told_mixture, weigh
from trainwright.data.view import PART, TableView
from trainwright.data.weights import Weights
from trainwright.recipe.data import DataSettings
from trainwright.recipe.mixture import MixtureSettings

TEXT = Column("text", ColumnType.TEXT)
SOURCES = ["wiki"] * 6 + ["code"] * 3 + ["wiki"] * 3


def view_of(mixture: dict[str, object], *, sources: list[str | None] | None = None) -> TableView:
    sources = sources or SOURCES  # type: ignore[assignment]
    texts = [f"{source} text {number} " * (number + 1) for number, source in enumerate(sources)]
    frame = pl.DataFrame(
        {
            ROW: np.arange(len(texts)) * 2,
            PART: pl.Series(
                [1 if number == 5 else 0 for number in range(len(texts))], dtype=pl.Int8
            ),
            "text": texts,
            "label": sources,
        }
    )
    settings = DataSettings(source=("a.txt", "b"), target="text", mixture=mixture)
    columns = (Column("label", ColumnType.CATEGORY),)
    target = Target(TEXT, Task.LANGUAGE_MODELLING)
    view = TableView.of_frame(
        frame, columns, frozenset(), target, settings, probe=None, base=Path()
    )  # type: ignore[arg-type]
    return dataclasses.replace(
        view, place=lambda row: f"a.txt:{row}" if row < 12 else f"b/code/{row}.txt"
    )


def bytes_by(view: TableView, weights: Weights) -> dict[str, float]:
    train = pl.concat(view.blocks(["text", "label"])).filter(pl.col(PART) == 0)
    weighed = weights.of(train[ROW].to_numpy()) * train["text"].str.len_bytes().to_numpy()
    frame = pl.DataFrame({"label": train["label"], "bytes": weighed})
    return dict(frame.group_by("label").sum().iter_rows())


def test_each_source_has_its_share_of_the_bytes_of_an_epoch() -> None:
    view = view_of({"column": "label", "weights": {"wiki": 3, "code": 1}})
    weights = weigh(view)
    assert weights is not None
    found = bytes_by(view, weights)
    whole = sum(found.values())
    assert found["wiki"] / whole == pytest.approx(0.75)
    train = pl.concat(view.blocks(["text"])).filter(pl.col(PART) == 0)
    assert whole == pytest.approx(train["text"].str.len_bytes().sum())
    assert weights.rows.tolist() == train[ROW].to_list()  # a validation row counts as it is
    assert "'wiki' 75.0% of the text" in weights.findings[0].message


def test_files_and_folders_of_a_list_are_sources_too() -> None:
    view = view_of({"weights": {"a.txt": 1, "b": 1}})
    weights = weigh(view)
    assert weights is not None
    train = pl.concat(view.blocks(["text"])).filter(pl.col(PART) == 0)
    weighed = weights.of(train[ROW].to_numpy()) * train["text"].str.len_bytes().to_numpy()
    first = weighed[train[ROW].to_numpy() < 12].sum()
    assert first == pytest.approx(weighed.sum() / 2)


def test_without_a_mixture_rows_count_alike() -> None:
    view = view_of({"column": "label", "weights": {"wiki": 1, "code": 1}})
    plain = dataclasses.replace(view, settings=DataSettings(source="f.csv", target="text"))
    assert weigh(plain) is None


def test_what_is_passed_through_too_often_is_a_warning() -> None:
    view = view_of({"column": "label", "weights": {"wiki": 1, "code": 99}})
    found = weigh(view)
    assert found is not None
    assert [one.severity for one in found.findings] == ["info"]
    sources = ["wiki"] * 30 + ["code"]
    rare = weigh(view_of({"column": "label", "weights": {"wiki": 1, "code": 99}}, sources=sources))
    assert rare is not None
    assert rare.findings[1].severity == "warning"
    assert "more than 4 times an epoch" in rare.findings[1].message


@pytest.mark.parametrize(
    ("mixture", "what", "mend"),
    [
        ({"column": "labl", "weights": {"wiki": 1}}, "there is no column 'labl'", "use 'label'"),
        (
            {"column": "label", "weights": {"wiki": 1}},
            "1 sources have no share: 'code'",
            "code: 0.1",
        ),
        (
            {"column": "label", "weights": {"wiki": 1, "code": 1, "news": 1}},
            "no train row with any text is of the source 'news'",
            "remove news",
        ),
        ({"weights": {"a.txt": 1}}, "the source of 'b/code/", "add it"),
    ],
)
def test_sources_that_do_not_fit_are_refused(
    mixture: dict[str, object], what: str, mend: str
) -> None:
    with pytest.raises(RecipeError) as caught:
        weigh(view_of(mixture))
    assert what in caught.value.what
    assert mend in caught.value.mend
    assert caught.value.where.startswith("data.mixture")


def test_missing_values_are_a_source_of_their_own() -> None:
    sources: list[str | None] = ["wiki", None, "wiki", None]
    found = weigh(
        view_of({"column": "label", "weights": {"wiki": 1, "(missing)": 1}}, sources=sources)
    )
    assert found is not None
    with pytest.raises(RecipeError, match=r"\(missing\)"):
        weigh(view_of({"column": "label", "weights": {"wiki": 1}}, sources=sources))


def test_the_card_of_a_snapshot_tells_the_mixture() -> None:
    settings = MixtureSettings(column="label", weights={"a": 1})
    assert mixture_of(told_mixture(settings)) == Mixture("label", {"a": 1})
    assert mixture_of(told_mixture(None)) is None
    assert told_mixture(MixtureSettings(weights={"a.txt": 1})) == {}
