"""Rows with several labels: a list a line in files, a list a row from the server, golden rows of both."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import TrustError
from trainwright.data.preparation import TablePreparation
from trainwright.data.types import parse_value
from trainwright.deployment.batch import predict_file
from trainwright.deployment.golden import check_golden, draw_golden
from trainwright.deployment.server.instances import Contract
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.metrics import Metrics
from trainwright.deployment.server.predicting import Predicting
from trainwright.models.fitted import FittedModel
from trainwright.models.label_by_label import LabelEstimator
from trainwright.models.tables.baseline import BaselineEstimator

COLUMN = Column("x", ColumnType.TEXT)
TAGS = Target(Column("tags", ColumnType.LABELS), Task.MULTI_LABEL, ("a", "b", "c"))
SHARES = (0.9, 0.4, 0.2)


@dataclass
class Block:
    frame: pl.DataFrame
    first_row: int


def made(target=TAGS, thresholds=(0.5, 0.3, 0.5)):
    estimators = tuple(BaselineEstimator(np.array([1 - share, share])) for share in SHARES)
    return FittedModel(
        TablePreparation((COLUMN,), ()),
        LabelEstimator(estimators),
        target,
        (COLUMN,),
        threshold=thresholds,
    )


FRAME = pl.DataFrame({"x": ["one", "two"]})


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_line_holds_the_list_of_labels_and_how_likely_each_is(tmp_path, suffix):
    result = predict_file(made(), [Block(FRAME, 0)], tmp_path / f"out{suffix}")
    read = {".csv": pl.read_csv, ".jsonl": pl.read_ndjson, ".parquet": pl.read_parquet}
    told = read[suffix](result.output)
    assert told.columns == ["row", "prediction", *(f"probability_{label}" for label in "abc")]
    lists = [json.loads(one) if isinstance(one, str) else one for one in told["prediction"]]
    assert [list(one) for one in lists] == [["a", "b"]] * 2
    assert told["probability_c"].to_list() == [0.2, 0.2]


def test_a_file_without_rows_has_the_same_columns(tmp_path):
    full = predict_file(made(), [Block(FRAME, 0)], tmp_path / "a.parquet")
    none = predict_file(made(), [Block(FRAME[:0], 0)], tmp_path / "b.parquet")
    assert pl.read_parquet_schema(full.output) == pl.read_parquet_schema(none.output)


def test_labels_that_are_numbers_come_as_numbers(tmp_path):
    numbers = replace(TAGS, classes=("0", "1", "10"), class_kind="integer")
    result = predict_file(made(numbers), [Block(FRAME, 0)], tmp_path / "out.jsonl")
    assert json.loads(result.output.read_text().splitlines()[0])["prediction"] == [0, 1]


def test_the_server_tells_a_list_a_row():
    model = made(thresholds=(0.95, 0.95, 0.95))
    contract = Contract(model, parse=parse_value, extra="refuse", limits=Limits())
    serving = Predicting(
        model, name="m", contract=contract, limits=Limits(), metrics=Metrics(model="m", package="")
    )
    (row,) = json.loads(serving.answer(b'{"instances": [{"x": "one"}]}').body)["predictions"]
    assert row["prediction"] == []
    assert row["probability"] == {"a": 0.9, "b": 0.4, "c": 0.2}


def test_golden_rows_hold_both_and_another_label_is_refused():
    model = made()
    golden = draw_golden(model, [{"x": "one"}, {"x": None}], tolerance=1e-9)
    document = json.loads(json.dumps(golden.to_json()))
    assert document["values"] == [[1, 1, 0]] * 2
    assert "2 rows replayed" in check_golden(model, document, where="p")
    with pytest.raises(TrustError, match="golden row 0"):
        check_golden(made(thresholds=(0.5, 0.5, 0.5)), document, where="p")


def test_a_model_keeps_its_thresholds(tmp_path):
    model = made()
    model.save(tmp_path)
    assert FittedModel.load(tmp_path).threshold == (0.5, 0.3, 0.5)


def test_no_rows_are_no_labels():
    assert made().predict_rows([]).values.shape == (0, 3)
