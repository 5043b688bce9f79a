from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from trainwright.core.clock import Deadline
from trainwright.data.similarity.find import find, leave_out, together
from trainwright.data.similarity.search import search
from trainwright.recipe.data import DataSettings

WORDS = np.array([f"w{a}{b}" for a in "abcdefghijklmnop" for b in "qrstuvwxyz"])


def texts(number: int, *, copies: int) -> pl.DataFrame:
    """Texts of 40 words; the last `copies` repeat the first ones but for their last word."""
    rng = np.random.default_rng(0)
    plain = [list(rng.choice(WORDS, 40)) for _ in range(number - copies)]
    edited = [[*text[:-1], "another"] for text in plain[:copies]]
    return pl.DataFrame({"t": [" ".join(text) for text in plain + edited]})


def found(view):
    return find(view, deadline=Deadline(100, now=lambda: 0.0))


def test_near_duplicates_are_counted_with_all_their_rows(view_of) -> None:
    (one,) = found(view_of(texts(100, copies=4), texts=("t",), parts=0))
    assert (one.kind, one.severity, one.column, one.count) == ("near-duplicate", "warning", "t", 8)
    assert one.rows == (1000, 1001, 1002, 1003, 1096, 1097, 1098, 1099)
    assert one.remedy == "data: {near_duplicates: drop}"


def test_texts_of_the_test_that_stand_in_train_are_leakage(view_of) -> None:
    parts = [0] * 90 + [2] * 10
    _, leak = found(view_of(texts(100, copies=6), texts=("t",), parts=parts))
    assert (leak.kind, leak.severity, leak.count) == ("leakage", "warning", 6)
    assert leak.rows == tuple(range(1094, 1100))
    assert "near_duplicates: group" in leak.remedy


def test_clean_texts_are_told_nothing_of(view_of) -> None:
    assert found(view_of(texts(100, copies=0), texts=("t",), parts=0)) == []


def test_drop_leaves_out_all_but_the_first_and_says_of_which_row(view_of) -> None:
    view = view_of(texts(100, copies=2), texts=("t",), near_duplicates="drop")
    left = leave_out(view)
    assert left.rows.tolist() == [1098, 1099]
    assert left.reasons[0] == "near-duplicate of row 1000 (Jaccard 0.95)"
    assert found(view) == []


def test_report_leaves_nothing_out(view_of) -> None:
    assert len(leave_out(view_of(texts(100, copies=2), texts=("t",))).rows) == 0


def test_group_gives_a_cluster_the_hash_of_its_first_row(view_of) -> None:
    hashes = np.arange(100, dtype=np.uint64)
    view = view_of(texts(100, copies=2), texts=("t",), near_duplicates="group")
    kept = together(view, hashes)
    assert kept[[98, 99]].tolist() == [0, 1]
    assert kept[:98].tolist() == list(range(98))


def test_blocks_of_a_view_do_not_matter(view_of, monkeypatch) -> None:
    frame, parts = texts(100, copies=6), [0] * 90 + [2] * 10
    view = view_of(frame, texts=("t",), parts=parts)
    grouped = view_of(frame, texts=("t",), near_duplicates="group")
    whole, kept = found(view), together(grouped, np.arange(100, dtype=np.uint64))
    monkeypatch.setattr("trainwright.data.view.BLOCK_ROWS", 7)
    assert [one.rows for one in found(view)] == [one.rows for one in whole]
    assert [one.message for one in found(view)] == [one.message for one in whole]
    assert together(grouped, np.arange(100, dtype=np.uint64)).tolist() == kept.tolist()


@pytest.mark.parametrize(
    "split",
    [
        {"split": {"by": "group", "column": "g"}},
        {"split": {"by": "time", "column": "t"}},
        {"split": {"by": "given", "column": "part"}},
        {"test": "test.csv"},
    ],
)
def test_only_a_random_split_can_keep_a_cluster_together(split: dict) -> None:
    with pytest.raises(ValidationError, match="mend: near_duplicates: drop, or split"):
        DataSettings(source="t.csv", target="y", near_duplicates="group", **split)


def test_a_remedy_is_one_that_the_split_can_take(view_of) -> None:
    given = {"split": {"by": "given", "column": "part"}}
    parts = [0] * 90 + [2] * 10
    _, leak = found(view_of(texts(100, copies=6), texts=("t",), parts=parts, **given))
    assert leak.remedy == "data: {near_duplicates: drop}"


@pytest.mark.parametrize("action", ["off", False])
def test_off_looks_at_nothing(view_of, action) -> None:
    view = view_of(texts(100, copies=6), texts=("t",), parts=0, near_duplicates=action)
    assert found(view) == []


def test_the_threshold_is_the_recipes(view_of) -> None:
    strict = view_of(texts(100, copies=4), texts=("t",), near_duplicates={"threshold": 0.99})
    assert len(search(strict).clusters.row) == 0


def test_short_texts_are_not_judged(view_of) -> None:
    frame = pl.DataFrame({"t": ["a very good thing indeed"] * 20})
    assert found(view_of(frame, texts=("t",), parts=0)) == []


def test_no_time_is_told(view_of) -> None:
    ticks = iter(range(10_000))
    deadline = Deadline(3, now=lambda: float(next(ticks)))
    told = find(view_of(texts(100, copies=4), texts=("t",), parts=0), deadline=deadline)
    assert told[0].kind == "not-run"
