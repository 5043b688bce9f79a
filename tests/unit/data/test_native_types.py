"""Columns that come with a type: decimals, lengths of time, and moments that no calendar writes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import feather, parquet

from trainwright.core.artifacts import Snapshot
from trainwright.core.columns import ColumnType
from trainwright.core.errors import DataError
from trainwright.data.prepare import prepare
from trainwright.recipe import parse_recipe

ROWS = 120
FAR = 2**62


def probe(
    features: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    folds: NDArray[np.int64],
    task: str,
) -> NDArray[np.float64]:
    """Knows nothing."""
    return np.full((len(target), int(target.max()) + 1), 1 / (int(target.max()) + 1))


def prepared(folder: Path, values: pa.Array, *, ending: str = "parquet", **said: Any) -> Snapshot:
    rng = np.random.default_rng(0)
    table = pa.table({"n": values, "a": rng.normal(size=ROWS), "y": rng.choice(["u", "v"], ROWS)})
    write: Callable[..., None] = (
        parquet.write_table if ending == "parquet" else feather.write_feather
    )
    write(table, folder / f"t.{ending}")
    recipe = parse_recipe({"name": "t", "data": {"source": f"t.{ending}", "target": "y", **said}})
    return prepare(recipe, base=folder, snapshots=folder / "snapshots", probe=probe)


def test_decimals_that_a_float_would_change_are_kept_as_text_and_said_to_be(tmp_path: Path) -> None:
    values = pa.array([Decimal(10**30 + row) for row in range(ROWS)], pa.decimal128(38, 0))
    snapshot = prepared(tmp_path, values)
    assert snapshot.left_out == {"n": "identifier"}
    assert any("would lose precision" in finding.message for finding in snapshot.findings)


def test_decimals_that_a_float_keeps_are_numbers(tmp_path: Path) -> None:
    values = pa.array([Decimal(f"{row * 7 % 13}.25") for row in range(ROWS)], pa.decimal128(10, 2))
    (column,) = [c for c in prepared(tmp_path, values).inputs if c.name == "n"]
    assert column.type is ColumnType.NUMBER


@pytest.mark.parametrize("unit", ["ms", "us"])
def test_lengths_of_time_are_numbers_however_long(tmp_path: Path, unit: str) -> None:
    values = pa.array([row * 2**55 for row in range(ROWS)], pa.duration(unit))
    (column,) = [c for c in prepared(tmp_path, values).inputs if c.name == "n"]
    assert column.type is ColumnType.NUMBER


@pytest.mark.parametrize("ending", ["parquet", "feather"])
@pytest.mark.parametrize(
    ("kind", "far"),
    [(pa.timestamp("ms"), FAR), (pa.timestamp("us"), -FAR), (pa.date32(), 2**30)],
    ids=str,
)
def test_a_moment_beyond_the_calendar_is_refused_with_its_row(
    tmp_path: Path, ending: str, kind: pa.DataType, far: int
) -> None:
    values = pa.array([far if row == 7 else row for row in range(ROWS)], kind)
    with pytest.raises(DataError, match="1 moments are beyond the years 1 to 9999") as caught:
        prepared(tmp_path, values, ending=ending)
    assert caught.value.where == f"t.{ending} row 7"
    assert 'data: {drop: ["n"]}' in caught.value.mend
    assert prepared(tmp_path, values, ending=ending, drop=["n"]).rows["input"] == ROWS


@pytest.mark.parametrize("day", [-719_162, 2_932_896])
def test_the_first_day_of_the_year_1_and_the_last_of_9999_are_days(
    tmp_path: Path, day: int
) -> None:
    values = pa.array([day if row == 7 else row for row in range(ROWS)], pa.date32())
    assert prepared(tmp_path, values).rows["input"] == ROWS


def test_a_secret_in_the_card_is_not_written(tmp_path: Path) -> None:
    key = "AKIAIOSFODNN7EXAMPLQ"
    values = pa.array(range(ROWS), pa.int64())
    snapshot = prepared(tmp_path, values, card={"source": f"our bucket, {key}"})
    assert snapshot.card["said"] == {"source": "our bucket, [redacted]"}
    files = [path for path in snapshot.folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if key.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "text", ['[{"a": 1, "y": "u"}]', '{"a": 1, "y": "u"}\n{"a": 2, "y": "v"}', "\ufeff[[1]]"]
)
def test_json_under_another_name_is_called_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text)
    recipe = parse_recipe({"name": "t", "data": {"source": "t.json", "target": "y"}})
    with pytest.raises(DataError, match="looks like JSON") as caught:
        prepare(recipe, base=tmp_path, snapshots=tmp_path / "snapshots", probe=probe)
    assert ".jsonl" in caught.value.mend


def test_a_link_to_itself_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").symlink_to("t.csv")
    recipe = parse_recipe({"name": "t", "data": {"source": "t.csv", "target": "y"}})
    with pytest.raises(DataError, match="round in a circle") as caught:
        prepare(recipe, base=tmp_path, snapshots=tmp_path / "snapshots", probe=probe)
    assert caught.value.where == "t.csv"
