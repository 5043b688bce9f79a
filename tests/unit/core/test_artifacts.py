"""Artifacts come back from JSON as they went in."""

from __future__ import annotations

import json

import pytest

from trainwright.core.artifacts import (
    CurvePoint,
    Diagnosis,
    Evaluation,
    Finding,
    MetricValue,
    SliceResult,
    Split,
)
from trainwright.core.columns import Column, ColumnType, Target, Task

COLUMN = Column(
    "when", ColumnType.DATETIME, format="%Y", nulls=("NA", "?"), true=("yes",), closed=True
)


def through_json(value):
    return json.loads(json.dumps(value, allow_nan=False))


@pytest.mark.parametrize(
    "value",
    [
        COLUMN,
        Target(COLUMN, Task.CLASSIFICATION, ("0", "1"), "integer"),
        Target(COLUMN, Task.REGRESSION, heavy_tailed=True),
        Finding("leakage", "error", "too good", column="x", count=3, rows=(1, 2), remedy="drop it"),
    ],
)
def test_a_value_is_the_same_after_json(value):
    assert type(value).from_json(through_json(value.to_json())) == value


@pytest.mark.parametrize(
    ("kind", "text", "label"),
    [("integer", "1", 1), ("number", "1.5", 1.5), ("boolean", "true", True), ("text", "1", "1")],
)
def test_a_label_is_written_as_the_user_wrote_it(kind, text, label):
    found = Target(COLUMN, Task.CLASSIFICATION, ("other", text), kind).label(1)
    assert (found, type(found)) == (label, type(label))


def test_a_finding_is_accepted_by_kind_and_column():
    assert Finding("leakage", "error", "", column="x").key == "leakage:x"
    assert Finding("duplicates", "error", "").key == "duplicates"


def test_an_evaluation_is_json_with_its_names():
    value = MetricValue(0.7, 0.6, 0.8)
    evaluation = Evaluation(
        split=Split.VALIDATION,
        rows=10,
        confidence=0.95,
        metrics={"roc_auc": value},
        loss=("log_loss", 0.5),
        slices=(SliceResult("carrier", "AA", 5, {"roc_auc": value}),),
        diagnosis=Diagnosis("balanced", "well"),
        curve=(CurvePoint(1, 0.5, None),),
        importance={"x": (0.1, 0.01)},
    )
    document = through_json(evaluation.to_json())
    assert document["split"] == "validation"
    assert document["metrics"]["roc_auc"] == {"value": 0.7, "low": 0.6, "high": 0.8}
    assert document["loss"] == {"name": "log_loss", "value": 0.5}
    assert document["importance"]["x"] == {"increase": 0.1, "standard_error": 0.01}
    assert document["curve"] == [{"iteration": 1, "train": 0.5, "validation": None}]
