from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Split
from trainwright.data.ledger import LedgerBook, Numbered, reconcile
from trainwright.data.reading import SourceFile


def book() -> LedgerBook:
    files = [
        SourceFile("a.csv", Path("a.csv"), "0", 1, 0, 6),
        SourceFile("b.csv", Path("b.csv"), "0", 1, 6, 4),
    ]
    ledger = LedgerBook(files)
    ledger.drop(np.array([1, 7]), step="target", reason="no target")
    ledger.assign(np.array([0, 2, 3, 4, 5]), Split.TRAIN)
    ledger.assign(np.array([6]), Split.VALIDATION)
    return ledger


SPLITS = {
    Split.TRAIN: np.array([0, 2, 3, 4, 5]),
    Split.VALIDATION: np.array([6]),
    Split.TEST: np.array([8, 9]),
}


def whole() -> pl.DataFrame:
    ledger = book()
    ledger.assign(np.array([8, 9]), Split.TEST)
    return ledger.close()


def failed(
    ledger: pl.DataFrame, splits: dict[Split, np.ndarray] = SPLITS, rows: int = 10
) -> list[str]:
    blocks = {split: [rows[:1], rows[1:]] for split, rows in splits.items()}
    checks = reconcile(ledger.iter_slices(3), blocks, num_rows=rows)
    return [check.name for check in checks if not check.passed]


def test_a_whole_ledger_reconciles_and_knows_each_source() -> None:
    ledger = whole()
    assert failed(ledger) == []
    assert ledger.row(7) == (7, "b.csv", 1, "dropped", "target", "no target")
    assert ledger.row(0) == (0, "a.csv", 0, "train", None, None)


def test_a_dropped_row_missing_from_the_ledger_is_noticed() -> None:
    assert failed(whole().filter(pl.col("row") != 7)) == ["row ledger: every input row once"]


def test_a_row_that_nothing_settled_is_noticed() -> None:
    names = failed(book().close())
    assert names == ["row ledger: every input row once", "row ledger: test"]


def test_a_row_that_stands_twice_is_noticed() -> None:
    ledger = whole()
    assert "row ledger: every input row once" in failed(pl.concat([ledger, ledger[9:]]))
    with pytest.raises(AssertionError, match="settled twice"):
        book().assign(np.array([7, 8, 9]), Split.TEST)


def with_lines() -> pl.DataFrame:
    files = [
        SourceFile("a.csv", None, "0", 1, 0, 1, left_out=((1, "a title"), (4, "a row of totals"))),
        SourceFile("b.csv", None, "0", 1, 1, 1, left_out=((2, "units below the header"),)),
    ]
    ledger = LedgerBook(files)
    ledger.assign(np.array([0, 1]), Split.TRAIN)
    return ledger.close()


def test_lines_that_are_no_rows_stand_behind_all_rows() -> None:
    ledger = with_lines()
    splits = {split: np.arange(2 * (split is Split.TRAIN)) for split in Split}
    assert failed(ledger, splits, rows=5) == []
    assert ledger["row"].to_list() == [0, 1, None, None, None]
    assert ledger.row(3) == (
        None, "a.csv", None, "dropped", "reading", "not a row: a row of totals (line 4)",
    )  # fmt: skip
    name = "row ledger: every input row once"
    assert failed(ledger, splits, rows=2) == [name]
    kept = pl.when(pl.col("row").is_null()).then(pl.lit("train")).otherwise("bucket")
    assert failed(ledger.with_columns(bucket=kept), splits, rows=5) == [name]


def test_a_drop_may_have_a_reason_for_every_row() -> None:
    ledger = LedgerBook([SourceFile("a.csv", Path("a.csv"), "0", 1, 0, 6)])
    ledger.drop(
        np.array([1, 4]), step="duplicates", reason=Numbered("equal to row {}", np.array([0, 3]))
    )
    ledger.drop(np.array([5, 2]), step="filters", reason=["too long", "too short"])
    assert ledger.close()["reason"].to_list() == [
        None, "equal to row 0", "too short", None, "equal to row 3", "too long",
    ]  # fmt: skip


def test_a_row_in_another_file_than_the_ledger_says_is_noticed() -> None:
    moved = {**SPLITS, Split.VALIDATION: np.array([6, 7])}
    assert failed(whole(), moved) == ["row ledger: validation"]


def test_a_drop_without_a_reason_is_noticed() -> None:
    silent = whole().with_columns(reason=pl.lit(None, dtype=pl.String))
    assert failed(silent) == ["row ledger: reasons"]


def test_an_input_of_other_size_is_noticed() -> None:
    assert failed(whole(), rows=11) == ["row ledger: every input row once"]
