"""The detector of label errors: names planted ones, is silent on clean rows, drops train rows alone."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_iris

from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.data.labels.errors import find, leave_out, rank
from trainwright.data.view import PART, TableView
from trainwright.models.tables.probe import probe
from trainwright.recipe.data import DataSettings

ROWS = 900


class TwoFamilies:
    """Out-of-fold answers of a model that is nearly always right, with a little spread."""

    families = ("near", "far")

    def __init__(self, truth: np.ndarray, num_classes: int) -> None:
        self.truth, self.num_classes = truth, num_classes

    def predict(self, family: str, values: np.ndarray, **more: object) -> np.ndarray:
        generator = np.random.default_rng(len(family))
        right = 1 - generator.beta(0.3, 6, len(values))
        found = np.repeat(((1 - right) / (self.num_classes - 1))[:, None], self.num_classes, axis=1)
        found[np.arange(len(values)), self.truth] = right
        return found


def view_of(*, flips: int, labels: dict[str, object] | None = None) -> tuple[TableView, np.ndarray]:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 3, ROWS)
    codes = truth.copy()
    wrong = np.zeros(ROWS, dtype=bool)
    wrong[generator.choice(ROWS, flips, replace=False)] = True
    codes[wrong] = (codes[wrong] + 1) % 3
    parts = np.zeros(ROWS, dtype=np.int8)
    parts[-100:] = 2
    classes = ("ant", "bee", "cow")
    frame = pl.DataFrame(
        {
            ROW: np.arange(ROWS) * 2,
            PART: parts,
            "x": generator.normal(size=ROWS) + truth,
            "y": np.array(classes, dtype=object)[codes].tolist(),
        }
    )
    column = Column("x", ColumnType.NUMBER)
    target = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, classes)
    settings = DataSettings(source="f.csv", target="y", labels=labels or {})

    def models(rows: pl.DataFrame, inputs: object, *, target: Target) -> TwoFamilies:
        return TwoFamilies(truth[rows[ROW].to_numpy() // 2], 3)

    view = TableView.of_frame(
        frame, (column,), frozenset("x"), target, settings, probe, Path(), out_of_fold=models
    )
    return view, wrong


def test_planted_errors_are_named_with_their_expected_share() -> None:
    view, wrong = view_of(flips=45)
    (found,) = find(view, deadline=Deadline(60))
    rows = np.asarray(found.all_rows) // 2
    assert (found.kind, found.severity, found.column) == ("label-error", "warning", "y")
    assert wrong[rows].mean() >= 0.75
    assert wrong[rows].sum() >= 0.7 * wrong[:800].sum()
    said = re.search(r"about (\d+)% are expected .* \(at most (\d+)%, in 19 cases", found.message)
    share, at_most = map(int, said.groups())
    assert share <= at_most <= 20
    assert 100 * (~wrong[rows]).mean() <= at_most
    assert "errors: drop" in found.remedy


def test_test_rows_are_never_judged() -> None:
    view, _ = view_of(flips=45)
    (found,) = find(view, deadline=Deadline(60))
    assert max(found.all_rows) < 1_600


def test_clean_labels_bring_no_word() -> None:
    assert find(view_of(flips=0)[0], deadline=Deadline(60)) == []


def test_off_does_not_look_and_no_time_is_said() -> None:
    assert find(view_of(flips=45, labels={"errors": "off"})[0], deadline=Deadline(60)) == []
    (found,) = find(view_of(flips=45)[0], deadline=Deadline(0))
    assert found.kind == "not-run"


def test_drop_leaves_out_train_rows_with_a_reason_each() -> None:
    view, wrong = view_of(flips=45, labels={"errors": "drop"})
    left = leave_out(view)
    assert len(left.rows) == len(left.reasons) > 20
    assert wrong[left.rows // 2].mean() >= 0.75
    assert left.rows.max() < 1_600
    assert "looks wrong: rather" in left.reasons[0]
    assert left.findings[0].severity == "info"
    assert "left out of train" in left.findings[0].message
    assert find(view, deadline=Deadline(60)) == []
    assert len(leave_out(view_of(flips=45)[0]).rows) == 0


def test_the_ranking_puts_planted_errors_first() -> None:
    view, wrong = view_of(flips=45)
    ranking = rank(view)
    assert ranking.columns == ["row", "label", "told", "score", "wrong"]
    assert wrong[ranking["row"].to_numpy()[:30] // 2].all()
    assert (ranking["label"] != ranking["told"]).head(30).all()


@pytest.mark.parametrize("flips", [0, 12])
def test_the_probe_alone_serves_where_no_families_are_handed_over(flips: int) -> None:
    pixels, codes = load_iris(return_X_y=True)
    generator = np.random.default_rng(1)
    rows = generator.choice(len(codes), 600)  # with spread, so that no row is a copy
    values = pixels[rows] + generator.normal(size=(600, 4)) * 0.05
    labels = codes[rows].copy()
    labels[:flips] = (labels[:flips] + 1) % 3
    names = ["a", "b", "c", "d"]
    frame = pl.DataFrame(values, schema=names).with_columns(
        pl.Series("y", labels.astype(str)), pl.Series(ROW, np.arange(600)), pl.lit(0).alias(PART)
    )
    columns = tuple(Column(name, ColumnType.NUMBER) for name in names)
    target = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("0", "1", "2"))
    settings = DataSettings(source="f.csv", target="y")
    view = TableView.of_frame(frame, columns, frozenset(names), target, settings, probe)
    ranking = rank(view)
    if flips:
        assert len(set(ranking["row"].to_list()[:20]) & set(range(flips))) >= 9
    else:
        assert find(view, deadline=Deadline(60)) == []


def test_wrong_numbers_are_named_too() -> None:
    generator = np.random.default_rng(3)
    x = generator.normal(size=800)
    y = 3 * x + generator.normal(size=800) * 0.3
    y[:15] += 40
    frame = pl.DataFrame({ROW: np.arange(800), PART: np.zeros(800, np.int8), "x": x, "y": y})
    target = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)
    view = TableView.of_frame(
        frame,
        (Column("x", ColumnType.NUMBER),),
        frozenset("x"),
        target,
        DataSettings(source="f.csv", target="y"),
        probe,
    )
    (found,) = find(view, deadline=Deadline(60))
    named = set(found.rows)
    assert len(named & set(range(15))) >= 12
    assert len(named - set(range(15))) <= 4


@pytest.mark.parametrize("errors", ["find", "drop"])
def test_the_whole_ranking_is_left_for_the_snapshot(errors: str) -> None:
    view, wrong = view_of(flips=40, labels={"errors": errors})
    if errors == "find":
        find(view, deadline=Deadline(600))
    else:
        leave_out(view)
    ranking = view.tables["labels"]
    assert ranking.columns == ["row", "given", "proposed", "probability", "rank"]
    assert ranking["rank"].to_list() == list(range(1, ROWS - 100 + 1))
    flipped = {2 * row for row in np.flatnonzero(wrong[:-100]).tolist()}
    first = ranking.head(len(flipped))
    assert len(flipped & set(first["row"].to_list())) > 0.9 * len(flipped)
    assert (first["given"] != first["proposed"]).mean() > 0.9


def test_labels_that_are_not_judged_leave_no_ranking() -> None:
    view, _ = view_of(flips=40, labels={"errors": "off"})
    find(view, deadline=Deadline(600))
    assert view.tables == {}


@pytest.mark.parametrize("distinct", [2, 19])
def test_rows_that_are_nearly_all_copies_are_not_judged(distinct: int) -> None:
    """Copies share a fold: all of them may be in one, and then there is none to learn from."""

    class NeverAsked(TwoFamilies):
        def predict(self, family: str, values: np.ndarray, **more: object) -> np.ndarray:
            raise AssertionError("asked for answers")

    numbers = np.arange(ROWS) % distinct
    frame = pl.DataFrame(
        {ROW: np.arange(ROWS), PART: np.zeros(ROWS, np.int8), "x": numbers, "y": numbers * 1.5}
    )
    target = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)
    view = TableView.of_frame(
        frame,
        (Column("x", ColumnType.NUMBER),),
        frozenset("x"),
        target,
        DataSettings(source="f.csv", target="y"),
        probe,
        Path(),
        out_of_fold=lambda rows, inputs, *, target: NeverAsked(numbers, 1),
    )
    assert find(view, deadline=Deadline(60)) == []


def several(**labels: object) -> TableView:
    """Two labels a row, told by two numbers, and 100 wrong ones of the second."""
    generator = np.random.default_rng(4)
    truth = generator.random((2000, 2)) > 0.5
    x = 4.0 * truth + generator.normal(size=(2000, 2))
    second = truth[:, 1] ^ (np.arange(2000) < 100)
    frame = pl.DataFrame(
        {
            ROW: np.arange(2000), PART: np.zeros(2000, np.int8), "a": x[:, 0], "b": x[:, 1],
            "copy": truth[:, 1], "sport": truth[:, 0].astype(str), "news": second,
        }
    ).with_columns(news=pl.when(pl.col(ROW) > 1950).then(None).otherwise(pl.col("news")))  # fmt: skip
    columns = (
        Column("a", ColumnType.NUMBER),
        Column("b", ColumnType.NUMBER),
        Column("copy", ColumnType.BOOLEAN),
        Column("news", ColumnType.BOOLEAN),
    )
    target = Target(Column("sport", ColumnType.CATEGORY), Task.CLASSIFICATION, ("False", "True"))
    settings = DataSettings(source="f.csv", target="sport", labels=labels)
    inputs = frozenset(("a", "b", "news"))

    def models(rows: pl.DataFrame, inputs: object, *, target: Target) -> TwoFamilies:
        assert [column.name for column in inputs] == (["a", "b"] if labels else ["a", "b", "news"])
        known = truth[rows[ROW].to_numpy(), 1 if target.name == "news" else 0]
        return TwoFamilies(known.astype(int), 2)

    return TableView.of_frame(frame, columns, inputs, target, settings, probe, out_of_fold=models)


@pytest.mark.parametrize("errors", ["find", "drop"])
def test_of_several_labels_a_row_each_is_judged(errors: str) -> None:
    view = several(errors=errors, also=["news"])
    (found,) = find(view, deadline=Deadline(600))
    assert (found.column, found.severity) == ("news", "warning")
    assert len(set(found.rows) & set(range(100))) >= 70
    assert len(set(found.rows) - set(range(100))) <= 20
    assert found.remedy.startswith("data: {labels: {corrections: FILE}}")
    ranking = view.tables["labels_also"]
    assert ranking.columns == ["row", "column", "given", "proposed", "probability", "rank"]
    assert set(ranking["column"]) == {"news"}
    assert len(set(ranking["row"].head(70)) & set(range(100))) >= 60
    assert find(several(), deadline=Deadline(600)) == []


@pytest.mark.parametrize(("name", "what"), [("nobody", "no column"), ("a", "of type number")])
def test_a_label_column_that_is_none_is_refused(name: str, what: str) -> None:
    with pytest.raises(RecipeError, match=f"{what}(.|\n)*also: "):
        find(several(also=[name]), deadline=Deadline(600))


def test_a_class_that_the_models_do_not_know_is_not_called_wrong_as_a_whole() -> None:
    codes = np.arange(ROWS) % 2
    rare = np.arange(0, 700, 40)
    codes[rare] = 2
    frame = pl.DataFrame(
        {
            ROW: np.arange(ROWS) * 2,
            PART: np.zeros(ROWS, dtype=np.int8),
            "x": np.random.default_rng(0).normal(size=ROWS),
            "y": np.array(("ant", "bee", "cow"), dtype=object)[codes].tolist(),
        }
    )
    target = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("ant", "bee", "cow"))

    def models(rows: pl.DataFrame, inputs: object, *, target: Target) -> TwoFamilies:
        return TwoFamilies(rows[ROW].to_numpy() // 2 % 2, 3)

    for labels in ({}, {"errors": "drop"}):
        view = TableView.of_frame(
            frame, (Column("x", ColumnType.NUMBER),), frozenset("x"), target,
            DataSettings(source="f.csv", target="y", labels=labels), probe, Path(), out_of_fold=models,
        )  # fmt: skip
        assert find(view, deadline=Deadline(60)) == []
        assert len(leave_out(view).rows) == 0
