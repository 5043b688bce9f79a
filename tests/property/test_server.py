"""Whatever bytes are sent, the server answers or refuses; it never fails."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples
from trainwright.core.protocols import Workplace
from trainwright.data.preparation import fit_table_preparation
from trainwright.data.types import parse_value
from trainwright.deployment.server.body import decode
from trainwright.deployment.server.instances import Contract
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.metrics import Metrics
from trainwright.deployment.server.predicting import Predicting
from trainwright.deployment.server.refusal import Refusal, pointer
from trainwright.models.fitted import FittedModel
from trainwright.models.tables.linear import Linear
from trainwright.recipe.sections import TrainingSettings

INPUTS = (
    Column("n", ColumnType.NUMBER),
    Column("c", ColumnType.CATEGORY),
    Column("b", ColumnType.BOOLEAN, true=("yes",)),
    Column("d", ColumnType.DATETIME, format="%Y-%m-%d"),
    Column("t", ColumnType.TEXT),
)


@pytest.fixture(scope="module")
def predicting():
    frame = pl.DataFrame(
        {
            "n": np.linspace(-1, 1, 60),
            "c": ["red", "blue", "green"] * 20,
            "b": [True, False] * 30,
            "d": pl.Series([0, 86_400_000_000] * 30).cast(pl.Datetime("us")),
            "t": ["good words here", "bad words there"] * 30,
        }
    )
    family = Linear()
    preparation = fit_table_preparation(frame, INPUTS, family.needs)
    target = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("no", "yes"))
    examples = Examples(preparation.transform(frame), (frame["n"] > 0).cast(pl.Float64).to_numpy())
    fit = family.fit(
        examples,
        None,
        target=target,
        training=TrainingSettings(threads=1),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(Path()),
    )
    model = FittedModel(preparation, fit.estimator, target, INPUTS)
    limits = Limits()
    contract = Contract(model, parse=parse_value, extra="refuse", limits=limits)
    metrics = Metrics(model="m", package="p")
    return Predicting(model, name="m/1", contract=contract, limits=limits, metrics=metrics)


TEXTS = st.text(st.characters(), max_size=8)  # lone surrogates among them
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    TEXTS,
    st.sampled_from(
        ["red", "2020-02-31", "2020-03-01", "9999-12-31", "0000-01-01", "yes", "", " "]
    ),
)
VALUES = st.recursive(
    SCALARS, lambda some: st.lists(some, max_size=3) | st.dictionaries(TEXTS, some, max_size=3)
)
ROWS = st.fixed_dictionaries(dict.fromkeys("ncbdt", SCALARS))
SOUND = st.fixed_dictionaries(
    {
        "n": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "c": st.none() | st.text(max_size=8),
        "b": st.none() | st.booleans(),
        "d": st.none() | st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)).map(str),
        "t": st.none() | st.text(max_size=8),
    }
)


def status_of(predicting, body):
    """The status of the answer to a body; any other exception than a refusal fails the test."""
    try:
        answer = json.loads(predicting.answer(body).body)
    except Refusal as refusal:
        json.loads(refusal.body())
        return refusal.status
    for one in answer["predictions"]:
        assert abs(sum(one["probability"].values()) - 1) < 1e-9
    return 200


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_refused(predicting, body):
    assert status_of(predicting, body) in (400, 422)


@settings(max_examples=150, deadline=None)
@given(document=VALUES | st.fixed_dictionaries({"instances": VALUES}))
def test_any_json_is_answered_or_refused(predicting, document):
    assert status_of(predicting, json.dumps(document).encode()) in (200, 400, 422)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(ROWS, max_size=3))
def test_any_rows_are_answered_or_refused(predicting, rows):
    assert status_of(predicting, json.dumps({"instances": rows}).encode()) in (200, 422)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(SOUND, max_size=3))
def test_sound_rows_are_answered(predicting, rows):
    assert status_of(predicting, json.dumps({"instances": rows}).encode()) == 200


@given(value=VALUES)
def test_what_json_can_say_is_read_as_json_says_it(value):
    text = json.dumps(value)
    if "NaN" not in text and "Infinity" not in text:
        assert decode(text.encode()) == json.loads(text)


@given(names=st.lists(st.text(min_size=1), min_size=1))
def test_a_pointer_can_be_read_back(names):
    steps = pointer(*names).split("/")[1:]
    assert [step.replace("~1", "/").replace("~0", "~") for step in steps] == names
