"""Batch scoring writes one line a row, in order, and an interruption changes no byte."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl
import pyarrow.parquet
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import lock
from trainwright.core.errors import CommandError, DataError, EnvironmentFault
from trainwright.deployment import batch
from trainwright.deployment.batch import predict_file

SUFFIXES = (".csv", ".jsonl", ".parquet")


@dataclass
class Block:
    frame: pl.DataFrame
    first_row: int


def blocks_of(frame, *cuts):
    edges = [0, *cuts, frame.height]
    return [Block(frame[a:b], a) for a, b in pairwise(edges)]


def read(path):
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    if path.suffix == ".csv":
        return pl.read_csv(path)
    return pl.read_ndjson(path)


@pytest.fixture
def frame(frame_of):
    return frame_of(400, seed=3)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("the rows\n")
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_row_gets_its_line_in_order_and_every_digit(tmp_path, model, frame, suffix):
    result = predict_file(model, blocks_of(frame, 1, 130), tmp_path / f"out{suffix}")
    wanted = model.predict(frame)
    written = read(result.output)
    assert written.columns == ["row", "prediction", "probability_=no", "probability_yes"]
    assert written["row"].to_list() == list(range(400))
    np.testing.assert_array_equal(written["probability_yes"].to_numpy(), wanted.probabilities[:, 1])
    labels = [str(model.target.label(code)) for code in wanted.values]
    assert [text.lstrip("'") for text in written["prediction"]] == labels
    assert result.rows == 400
    assert result.rows_per_second > 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_bytes_do_not_depend_on_how_the_input_was_cut(
    tmp_path, model, frame, suffix, monkeypatch
):
    monkeypatch.setattr("trainwright.deployment.writers.ROW_GROUP_ROWS", 64)
    one, many = tmp_path / f"one{suffix}", tmp_path / f"many{suffix}"
    predict_file(model, blocks_of(frame), one)
    predict_file(model, blocks_of(frame, 1, 63, 64, 65, 200, 399), many)
    assert one.read_bytes() == many.read_bytes()


def test_parquet_is_typed_and_in_row_groups(tmp_path, model, frame, monkeypatch):
    monkeypatch.setattr("trainwright.deployment.writers.ROW_GROUP_ROWS", 150)
    predict_file(model, blocks_of(frame, 90), tmp_path / "out.parquet")
    file = pyarrow.parquet.ParquetFile(tmp_path / "out.parquet")
    groups = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    assert groups == [150, 150, 100]
    assert [str(field.type) for field in file.schema_arrow] == [
        "int64",
        "string",
        "double",
        "double",
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_regression_writes_numbers_without_probabilities(tmp_path, regression_model, frame, suffix):
    predict_file(regression_model, blocks_of(frame), tmp_path / f"out{suffix}")
    written = read(tmp_path / f"out{suffix}")
    assert written.columns == ["row", "prediction"]
    np.testing.assert_array_equal(
        written["prediction"].to_numpy(), regression_model.predict(frame).values
    )


@pytest.mark.parametrize(
    ("classes", "kind", "dtype"),
    [
        (("-1", "1"), "integer", pl.Int64),
        (("0.5", "1.5"), "number", pl.Float64),
        (("false", "true"), "boolean", pl.Boolean),
    ],
)
def test_labels_are_written_as_the_user_wrote_them(tmp_path, model, frame, classes, kind, dtype):
    other = replace(model, target=replace(model.target, classes=classes, class_kind=kind))
    for suffix in SUFFIXES:
        predict_file(other, blocks_of(frame), tmp_path / f"out{suffix}")
        assert read(tmp_path / f"out{suffix}")["prediction"].dtype == dtype


@pytest.mark.parametrize(
    "label", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\0x", 'a"=,\n', "ok"]
)
def test_no_spreadsheet_runs_a_label_of_a_csv_file(tmp_path, model, frame, label):
    other = replace(model, target=replace(model.target, classes=(label, "yes")))
    predict_file(other, blocks_of(frame[:50]), tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        written = {row["prediction"] for row in csv.DictReader(file)} - {"yes"}
    risky = label[0] in "=+-@\t\r\0"
    assert written == {"'" + label if risky else label}
    predict_file(other, blocks_of(frame[:50]), tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert {json.loads(line)["prediction"] for line in lines} == {label, "yes"}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_rows_make_a_file_without_rows(tmp_path, model, frame, suffix):
    output = tmp_path / f"out{suffix}"
    for blocks in ([], blocks_of(frame[:0])):
        assert predict_file(model, blocks, output).rows == 0
        if suffix == ".jsonl":
            assert output.read_bytes() == b""
        else:
            assert read(output).shape == (0, 4)


class Stopped(BaseException):
    """As KeyboardInterrupt: nothing of ours catches it."""


def stop_after(blocks, count):
    yield from blocks[:count]
    raise Stopped


class Counting:
    """A model that counts the rows it is asked for."""

    def __init__(self, model):
        self._model, self.rows = model, 0

    def __getattr__(self, name):
        return getattr(self._model, name)

    def predict(self, frame):
        self.rows += frame.height
        return self._model.predict(frame)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_interrupted_job_goes_on_and_ends_with_the_same_bytes(
    tmp_path, model, frame, source, suffix
):
    output = tmp_path / f"out{suffix}"
    blocks = blocks_of(frame, 100, 200, 300)
    with pytest.raises(Stopped):
        predict_file(model, stop_after(blocks, 2), output, source=source, model_hash="m")
    assert not output.exists()
    with (tmp_path / f".out{suffix}.part").open("ab") as torn:
        torn.write(b"a torn line" * 10_000)  # more than what is left to write
    counting = Counting(model)
    other_cuts = blocks_of(frame, 150, 290)
    result = predict_file(counting, other_cuts, output, source=source, model_hash="m")
    assert counting.rows == 200
    assert result.rows == 400
    predict_file(model, blocks, tmp_path / f"whole{suffix}")
    assert output.read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["in.csv", f"out{suffix}", f"whole{suffix}"]
    )


@pytest.mark.parametrize(
    "change", ["model", "source", "no hash", "told not to", "note lost", "part cut"]
)
def test_a_job_that_is_not_the_same_starts_over(tmp_path, model, frame, source, change):
    output = tmp_path / "out.csv"
    blocks = blocks_of(frame, 100, 200)
    with pytest.raises(Stopped):
        predict_file(model, stop_after(blocks, 1), output, source=source, model_hash="m")
    if change == "source":
        source.write_text("other rows\n")
    if change == "note lost":
        (tmp_path / ".out.csv.part.json").write_text("torn")
    if change == "part cut":
        (tmp_path / ".out.csv.part").write_bytes(b"row")
    model_hash = {"model": "other", "no hash": None}.get(change, "m")
    counting = Counting(model)
    predict_file(
        counting,
        blocks,
        output,
        source=source,
        model_hash=model_hash,
        resume=change != "told not to",
    )
    assert counting.rows == 400
    assert len(output.read_text().splitlines()) == 401


def test_the_note_speaks_only_of_what_is_on_the_disk(tmp_path, model, frame, source, monkeypatch):
    monkeypatch.setattr(batch, "NOTE_EVERY_SECONDS", 0.0)
    output = tmp_path / "out.csv"

    def watched():
        for block in blocks_of(frame, 100, 200, 300):
            if block.first_row:
                note = json.loads((tmp_path / ".out.csv.part.json").read_text())
                part = (tmp_path / ".out.csv.part").read_bytes()
                assert note["rows"] == block.first_row
                assert part[: note["bytes"]].count(b"\n") == note["rows"] + 1
            yield block

    predict_file(model, watched(), output, source=source, model_hash="m")


def test_a_failed_job_leaves_the_old_output_as_it_was(tmp_path, model, frame):
    output = tmp_path / "out.csv"
    output.write_text("old")
    with pytest.raises(DataError, match="'city' is missing"):
        predict_file(model, [Block(frame.drop("city"), 0)], output)
    assert output.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


def test_missing_columns_are_told_all_at_once(tmp_path, model, frame):
    with pytest.raises(DataError) as caught:
        predict_file(model, [Block(frame.drop("city", "age"), 0)], tmp_path / "out.csv")
    assert [fault.what.split("'")[1] for fault in caught.value.faults] == ["age", "city"]
    assert "add the column" in caught.value.mend


def test_nulls_and_unseen_categories_are_refused_where_the_contract_says_so(
    tmp_path, model_of, model, frame
):
    strict = replace(
        model,
        inputs=(
            Column("age", ColumnType.NUMBER, required=True),
            Column("city", ColumnType.CATEGORY, closed=True),
            *model.inputs[2:],
        ),
    )
    odd = frame.with_columns(
        pl.when(pl.int_range(400) == 350).then(None).otherwise("age").alias("age"),
        pl.when(pl.int_range(400) >= 397).then(pl.lit("Atlantis")).otherwise("city").alias("city"),
    )
    assert predict_file(model, blocks_of(odd, 300), tmp_path / "out.csv").rows == 400
    with pytest.raises(DataError) as caught:
        predict_file(strict, blocks_of(odd, 300), tmp_path / "refused.csv")
    first, second = caught.value.faults
    assert (first.where, second.where) == ("column 'age', row 350", "column 'city', row 397")
    assert "Atlantis" in second.what
    assert not (tmp_path / "refused.csv").exists()


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.CSV"])
def test_an_ending_that_no_format_has_is_refused_with_the_known_ones(tmp_path, model, name):
    with pytest.raises(CommandError, match="no output format") as caught:
        predict_file(model, [], tmp_path / name)
    assert "out.csv, .parquet or .jsonl" in caught.value.mend


def test_a_folder_as_output_is_refused(tmp_path, model):
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(CommandError, match="is a folder"):
        predict_file(model, [], tmp_path / "out.csv")


def test_two_jobs_cannot_write_one_output(tmp_path, model, frame):
    with (
        lock(tmp_path / ".out.csv.lock"),
        pytest.raises(EnvironmentFault, match="another process"),
    ):
        predict_file(model, blocks_of(frame), tmp_path / "out.csv")


def test_a_full_disk_is_a_fault_of_the_environment(tmp_path, model, frame, monkeypatch):
    def full(self, file, data, *, rows):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(batch._Job, "_write", full)
    with pytest.raises(EnvironmentFault, match="No space left") as caught:
        predict_file(model, blocks_of(frame), tmp_path / "out.csv")
    assert "make room" in caught.value.mend
