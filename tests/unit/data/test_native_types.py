"""Columns that come with a type: decimals, lengths of time, and moments that no calendar writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from pyarrow import feather, parquet

from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.columns import ROW, ColumnType
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
    if ending == "arrow":
        with pa.ipc.new_file(str(folder / "t.arrow"), table.schema) as writer:
            writer.write_table(table)
    else:
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


def test_decimals_in_thousands_are_the_numbers_that_they_are(tmp_path: Path) -> None:
    values = [Decimal(1000 * (row * 7 % 13)) for row in range(ROWS)]
    snapshot = prepared(tmp_path, pa.array(values, pa.decimal128(10, -3)), ending="feather")
    rows = pl.concat([pl.read_parquet(snapshot.path(part)) for part in Split]).sort(ROW)
    assert rows["n"].to_list() == [float(value) for value in values]


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_decimals_of_more_than_38_digits_are_read_as_their_texts(
    tmp_path: Path, ending: str
) -> None:
    values = pa.array([Decimal(10**45 + row) for row in range(ROWS)], pa.decimal256(50, 0))
    snapshot = prepared(tmp_path, values, ending=ending)
    assert snapshot.left_out == {"n": "identifier"}
    assert any("would lose precision" in finding.message for finding in snapshot.findings)


@pytest.mark.parametrize("ending", ["parquet", "feather"])
def test_moments_in_nanoseconds_are_moments(tmp_path: Path, ending: str) -> None:
    values = pa.array([row * 10**15 for row in range(ROWS)], pa.timestamp("ns"))
    (column,) = [c for c in prepared(tmp_path, values, ending=ending).inputs if c.name == "n"]
    assert column.type is ColumnType.DATETIME


def test_a_column_of_one_moment_is_told_with_its_text(tmp_path: Path) -> None:
    values = pa.array([10**18] * ROWS, pa.timestamp("ns"))
    told = [finding.message for finding in prepared(tmp_path, values).findings]
    assert "column 'n' is always '2001-09-09 01:46:40'" in told


@pytest.mark.parametrize("kind", [pa.time32("s"), pa.time64("us"), pa.time64("ns")], ids=str)
def test_times_of_day_are_read_as_their_texts_in_a_csv_file_are(
    tmp_path: Path, kind: pa.DataType
) -> None:
    values = pa.array([time(row % 24, 30) for row in range(ROWS)], kind)
    snapshot = prepared(tmp_path, values)
    (column,) = [c for c in snapshot.inputs if c.name == "n"]
    assert column.type is ColumnType.NUMBER
    assert pl.read_parquet(snapshot.path(Split.TRAIN))["n"].max() == 23.5


def test_runs_of_one_value_are_read_as_the_values(tmp_path: Path) -> None:
    values = pa.RunEndEncodedArray.from_arrays(pa.array([50, ROWS], pa.int32()), pa.array([1, 2]))
    (column,) = [c for c in prepared(tmp_path, values, ending="arrow").inputs if c.name == "n"]
    assert column.type is ColumnType.NUMBER


def test_texts_of_a_parquet_file_that_are_no_utf_8_are_refused_by_their_column(
    tmp_path: Path,
) -> None:
    ends = b"".join((2 * row).to_bytes(4, "little") for row in range(ROWS + 1))
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"\xff\xfe" * ROWS)]
    values = pa.Array.from_buffers(pa.string(), ROWS, buffers)
    with pytest.raises(DataError, match="column 'n': Invalid UTF8"):
        prepared(tmp_path, values)


def test_infinite_numbers_are_refused_with_what_to_paste(tmp_path: Path) -> None:
    values = pa.array([float("inf") if row == 7 else row / 3 for row in range(ROWS)])
    with pytest.raises(DataError) as caught:
        prepared(tmp_path, values)
    remedies = [finding.remedy for finding in caught.value.findings if finding.column == "n"]
    assert remedies == ['data: {accept: ["type:n"]} reads them as missing']
    accepted = prepared(tmp_path, values, accept=["type:n"])
    assert pl.read_parquet(accepted.path(Split.TRAIN))["n"].drop_nulls().is_finite().all()


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
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
    with pytest.raises(DataError, match="1 moment is beyond the years 1 to 9999") as caught:
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


@pytest.mark.parametrize(("least", "is_told"), [(10**17, True), (10**9, False), (10**25, False)])
def test_long_ids_that_came_as_floats_are_warned_of(
    tmp_path: Path, least: int, is_told: bool
) -> None:
    values = pa.array([None if row == 7 else float(least + 99_991 * row**3) for row in range(ROWS)])
    told = [one.message for one in prepared(tmp_path, values).findings if one.column == "n"]
    assert any("do not keep their last digits" in one for one in told) == is_told


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pa.array([7] * ROWS, pa.int32()), pa.array([2**60 + 1] * ROWS, pa.int64())),
        (pa.array([2**53 + 1] * ROWS, pa.int64()), pa.array([2**64 - 1] * ROWS, pa.uint64())),
        (pa.array(["a"] * ROWS).dictionary_encode(), pa.array(["b"] * ROWS, pa.large_string())),
    ],
    ids=["widths", "signs", "dictionaries"],
)
def test_a_column_of_kin_types_in_two_files_keeps_every_cell(
    tmp_path: Path, first: pa.Array, second: pa.Array
) -> None:
    rng = np.random.default_rng(0)
    for name, cells in (("a", first), ("b", second)):
        others = {"a": rng.normal(size=ROWS), "y": rng.choice(["u", "v"], ROWS)}
        parquet.write_table(pa.table({"n": cells, **others}), tmp_path / f"{name}.parquet")
    said = {"source": "*.parquet", "target": "y", "columns": {"n": "category"}}
    recipe = parse_recipe({"name": "t", "data": said})
    made = prepare(recipe, base=tmp_path, snapshots=tmp_path / "snapshots", probe=probe)
    rows = pl.concat([pl.read_parquet(made.path(part)) for part in Split])
    read = rows.sort(ROW)["n"].to_list()
    assert read == [str(cell) for cell in (*first.to_pylist(), *second.to_pylist())]
