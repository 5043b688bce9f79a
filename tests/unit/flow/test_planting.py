from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from trainwright.core.clock import Replay, Unhurried
from trainwright.core.columns import ROW, UNIT, Column, ColumnType, Target, Task
from trainwright.core.features import Examples
from trainwright.core.protocols import Workplace
from trainwright.data.language.fitting import fit_language_preparation
from trainwright.evaluation.canaries import CHANCE
from trainwright.flow.planting import canaries_of, look_for, planted
from trainwright.flow.rows import Rows, as_rows
from trainwright.models.fitted import FittedModel
from trainwright.models.language.ngram import Ngram
from trainwright.recipe.sections import TrainingSettings

TEXT, SHORT = Column("text", ColumnType.TEXT), Column("short", ColumnType.TEXT)
TALK = Column("talk", ColumnType.MESSAGES)
TARGETS = {
    "documents": Target(TEXT, Task.LANGUAGE_MODELLING),
    "pairs": Target(SHORT, Task.TEXT_TO_TEXT),
    "talks": Target(TALK, Task.INSTRUCTION_TUNING),
}


def rows(target: Target) -> Rows:
    talk = json.dumps([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}])
    values = {"text": "some 12 words 345", "short": "a 6789", "talk": talk, "other": 1.5}
    frame = pl.DataFrame([{ROW: n, UNIT: n, **values} for n in range(30)])
    return as_rows(frame, target)


def fitted(learnt: Rows, target: Target, *, order: int) -> FittedModel:
    inputs = [TALK] if target.column == TALK else [TEXT]
    family = Ngram(order=order)
    preparation = fit_language_preparation(
        learnt.frame, inputs, family.needs, base=Path(), target=target
    )
    fit = family.fit(
        Examples(preparation.transform(learnt.frame), learnt.target),
        None,
        target=target,
        training=TrainingSettings(),
        seed=0,
        pacer=Unhurried(),
        workplace=Workplace(Path()),
    )
    return FittedModel(preparation, fit.estimator, target, tuple(inputs))


@pytest.mark.parametrize("name", TARGETS)
def test_canaries_stand_behind_the_rows_as_often_as_they_say(name):
    target = TARGETS[name]
    canaries = canaries_of(6, seed=0)
    found = planted(rows(target), canaries, target=target, inputs=[TEXT])
    assert found.frame.height == 30 + 2 * (1 + 4 + 16)
    assert found.frame[ROW].to_list() == [*range(30), *range(-1, -43, -1)]
    assert found.frame[target.name].str.contains(canaries[2].secret).sum() == 16
    assert found.frame["other"].null_count() == 42
    assert found.target[30:].min() >= 9  # bytes that a canary tells
    assert planted(rows(target), [], target=target, inputs=[TEXT]).frame.height == 30


@pytest.mark.parametrize("name", TARGETS)
def test_a_model_that_remembers_is_told_from_one_that_cannot(name):
    target = TARGETS[name]
    canaries = canaries_of(12, seed=0)
    learnt = planted(rows(target), canaries, target=target, inputs=[TEXT])
    knowing = look_for(fitted(learnt, target, order=6), canaries, pacer=Unhurried(), seed=0)
    assert [one["bits"]["value"] for one in knowing["exposed"]] == [8, 8, 8]
    assert knowing["planted_rows"] == 4 * 21
    unplanted = fitted(rows(target), target, order=6)
    asked = look_for(unplanted, canaries, pacer=Unhurried(), seed=0)
    assert all(one["p_value"] > 0.01 for one in asked["exposed"])
    assert sum(one["bits"] for one in asked["canaries"]) / 12 < CHANCE + 1


def test_where_time_runs_out_those_that_were_asked_about_count():
    target = TARGETS["documents"]
    model = fitted(rows(target), target, order=3)
    found = look_for(model, canaries_of(6, seed=0), pacer=Replay({"canaries": 2}), seed=0)
    assert [one["bits"] is None for one in found["canaries"]] == [False] * 2 + [True] * 4
    assert [one["canaries"] for one in found["exposed"]] == [1, 1]
    none = look_for(model, canaries_of(3, seed=0), pacer=Replay({"canaries": 0}), seed=0)
    assert none["exposed"] == []
