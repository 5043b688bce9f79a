"""Odd live data through the command: a defined answer, and the exit status of the contract."""

from __future__ import annotations

import json

import polars as pl
import pytest


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (lambda rows: rows.head(0), 0, "insufficient data: 0 of"),
        (lambda rows: rows.head(1), 0, "insufficient data: 1 of"),
        (lambda rows: rows, 0, "no drift"),
        (lambda rows: rows.drop("late"), 0, "no drift"),
        (lambda rows: rows.with_columns(age=pl.lit(44)), 1, "age (PSI "),
        (lambda rows: rows.with_columns(age=pl.lit(None, dtype=pl.Int64)), 1, "age (PSI "),
        (lambda rows: rows.with_columns(region=pl.lit("mars")), 1, "region (PSI "),
        (
            lambda rows: rows.with_columns(late=pl.col("late").replace({"no": "yes", "yes": "no"})),
            1,
            "quality: worse than on the reference: accuracy 0.",
        ),
        (
            lambda rows: rows.with_columns(late=pl.col("late").replace({"no": "perhaps"})),
            1,
            "are of a class that the model does not know",
        ),
    ],
    ids=[
        "no rows",
        "one row",
        "same",
        "no target",
        "constant",
        "all null",
        "new",
        "wrong",
        "other",
    ],
)
def test_monitor_answers_odd_rows(copied, trainwright, change, status, words):
    folder, _ = copied
    change(pl.read_csv(folder / "loans.csv")).write_csv(folder / "live.csv")
    found, result = trainwright("monitor", "loans@champion", folder / "live.csv")
    assert found == status
    assert result["alarm"] is bool(status)
    assert words in result["verdict"]
    assert isinstance(result["columns"], list)
    assert {"known", "alarm", "message", "metrics"} <= set(result["quality"])
    json.dumps(result, allow_nan=False)


def test_a_missing_column_is_refused(copied, trainwright):
    folder, _ = copied
    pl.read_csv(folder / "loans.csv").drop("age").write_csv(folder / "live.csv")
    status, result = trainwright("monitor", "loans@champion", folder / "live.csv")
    assert status == 3
    assert "age" in result["error"]["what"]
