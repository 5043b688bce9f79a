"""Errors among several labels a row: planted ones are named by row and label, clean ones are left alone."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.data.labels.errors import find
from trainwright.data.view import PART, TableView
from trainwright.models.tables.probe import probe
from trainwright.recipe.data import DataSettings

ROWS = 900
NAMES = ("ant", "bee", "cow")


class NearlyRight:
    """Out-of-fold answers that are nearly always right, of whichever label is asked about."""

    families = ("near", "far")

    def __init__(self, truth: np.ndarray) -> None:
        self.truth = truth

    def predict(self, family: str, values: np.ndarray, **more: object) -> np.ndarray:
        label = int(np.argmax((self.truth == values[:, None]).mean(axis=0)))
        right = 1 - np.random.default_rng(len(family) + label).beta(0.3, 6, len(values))
        found = np.column_stack([1 - right, right])
        return np.where(self.truth[:, [label]] == 1, found, found[:, ::-1])


def view_of(*, flips: int, labels: dict[str, object] | None = None):
    generator = np.random.default_rng(0)
    truth = (generator.random((ROWS, 3)) < [0.5, 0.4, 0.3]).astype(np.int64)
    wrong = np.zeros((ROWS, 3), dtype=bool)
    for k in range(3):
        wrong[generator.choice(ROWS, flips, replace=False), k] = True
    given = np.where(wrong, 1 - truth, truth)
    parts = np.zeros(ROWS, dtype=np.int8)
    parts[-100:] = 2
    frame = pl.DataFrame(
        {
            ROW: np.arange(ROWS) * 2,
            PART: parts,
            "x": generator.normal(size=ROWS),
            "tags": [[n for n, there in zip(NAMES, row, strict=True) if there] for row in given],
        }
    )
    target = Target(Column("tags", ColumnType.LABELS), Task.MULTI_LABEL, NAMES)
    settings = DataSettings(source="f.csv", target="tags", labels=labels or {})

    def models(rows: pl.DataFrame, inputs: object, *, target: Target) -> NearlyRight:
        return NearlyRight(truth[rows[ROW].to_numpy() // 2])

    column = Column("x", ColumnType.NUMBER)
    view = TableView.of_frame(
        frame, (column,), frozenset("x"), target, settings, probe, out_of_fold=models
    )
    return view, wrong


def test_planted_errors_are_named_by_row_and_label():
    view, wrong = view_of(flips=45)
    (found,) = find(view, deadline=Deadline(60))
    assert (found.kind, found.severity, found.column) == ("label-error", "warning", "tags")
    named = view.tables["labels"].head(found.count)
    hits = [wrong[row // 2, NAMES.index(label)] for row, label in named["row", "label"].iter_rows()]
    assert np.mean(hits) >= 0.75
    assert np.sum(hits) >= 0.7 * wrong[:800].sum()
    share, most = map(int, re.search(r"about (\d+)% .* \(at most (\d+)%", found.message).groups())
    assert share <= most <= 20
    assert set(np.asarray(found.all_rows)) == set(named["row"].to_list())


def test_what_is_named_says_which_way_it_is_wrong():
    view, _ = view_of(flips=45)
    find(view, deadline=Deadline(60))
    table = view.tables["labels"]
    assert set(table.head(50).select("given", "proposed").unique().rows()) == {
        ("absent", "present"),
        ("present", "absent"),
    }
    assert table["rank"].to_list() == list(range(1, table.height + 1))


def test_a_rows_chance_is_that_of_one_wrong_label_at_least():
    view, _ = view_of(flips=45)
    find(view, deadline=Deadline(60))
    for one in view.tables["labels"].head(20).iter_rows(named=True):
        assert one["row_probability"] >= one["probability"] - 1e-12


def test_clean_labels_are_left_alone():
    view, _ = view_of(flips=0)
    assert find(view, deadline=Deadline(60)) == []


def test_nothing_is_looked_for_where_the_recipe_says_so():
    view, _ = view_of(flips=45, labels={"errors": "off"})
    assert find(view, deadline=Deadline(60)) == []
    assert "labels" not in view.tables


def test_labels_that_no_time_was_left_for_are_named():
    view, _ = view_of(flips=45)
    (found,) = find(view, deadline=Deadline(0))
    assert found.kind == "not-run"
    assert "3 labels" in found.message


def test_rows_outside_train_are_never_named():
    view, _ = view_of(flips=45)
    find(view, deadline=Deadline(60))
    assert view.tables["labels"]["row"].max() < 1600
