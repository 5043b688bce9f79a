"""Settings that do not fit together are refused before data are touched, all at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from trainwright.core.artifacts import Snapshot
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.flow.check import check_recipe, check_with_snapshot
from trainwright.recipe import parse_recipe

DATA = {"source": "absent.csv", "target": "y"}
TARGET = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b"))


def test_metrics_that_do_not_exist_are_all_named_with_the_nearest_ones():
    recipe = parse_recipe(
        {
            "data": DATA,
            "evaluation": {"metric": "roc_acu"},
            "deployment": {"gate": {"accuracyy": ">= 0.5", "log_loss": "<= 1"}},
        }
    )
    with pytest.raises(RecipeError, match="roc_acu") as caught:
        check_recipe(recipe)
    assert [fault.mend for fault in caught.value.faults] == ["use 'roc_auc'", "use 'accuracy'"]
    assert caught.value.faults[1].where == "deployment.gate.accuracyy"


def test_a_metric_of_the_other_task_is_refused_where_the_task_is_said():
    recipe = parse_recipe({"data": DATA, "task": "regression", "evaluation": {"metric": "roc_auc"}})
    with pytest.raises(RecipeError, match="for regression"):
        check_recipe(recipe)
    check_recipe(parse_recipe({"data": DATA, "evaluation": {"metric": "roc_auc"}}))


@pytest.mark.parametrize(
    ("sections", "what", "where"),
    [
        ({"model": {"family": "linear"}, "training": {"optimizer": {"kind": "adamw"}}},
         "cannot use this setting", "training.optimizer"),
        ({"task": "forecasting"}, "needs a horizon", "data.horizon"),
        ({"task": "forecasting"}, "needs series", "data.series"),
        ({"task": "token-classification"}, "column of texts", "data.inputs"),
        ({"task": "token-classification", "evaluation": {"cross_validation": 5}},
         "not compared by folds", "evaluation.cross_validation"),
        ({"evaluation": {"cross_validation": 5}, "training": {"distillation": {"teacher": "t"}}},
         "its teacher has learnt", "evaluation.cross_validation"),
        ({"model": {"family": "mlp"}, "training": {"tokens_per_batch": 300}},
         "it is of networks for texts and series", "training.tokens_per_batch"),
        ({"model": {"family": "gru"}, "training": {"tokens_per_batch": 300, "batch_size": "auto"}},
         "tokens_per_batch stands in its place", "training.batch_size"),
        ({"model": {"family": "gru"}, "training": {"mixing": "mixup"}},
         "it is of networks for images", "training.mixing"),
        ({"data": {**DATA, "balance": "oversample"}, "model": {"family": "mlp"},
          "training": {"objective": {"kind": "cross-entropy", "class_weights": "balanced"}}},
         "classes are weighed twice", "training.objective.class_weights"),
        ({"model": {"family": "cnn"},
          "training": {"mixing": "mixup", "distillation": {"teacher": "t@champion"}}},
         "the teacher 't@champion' speaks of rows as they are", "training.mixing"),
        ({"model": {"family": "tabm", "task_weights": "uncertainty"}},
         "there is one target alone", "model.task_weights"),
    ],
)  # fmt: skip
def test_what_a_task_or_a_family_cannot_use_is_refused_before_data_are_read(sections, what, where):
    with pytest.raises(RecipeError) as caught:
        check_recipe(parse_recipe({"data": DATA, **sections}))
    assert any(what in fault.what and fault.where == where for fault in caught.value.faults)


def snapshot_of(column: Column) -> Snapshot:
    return Snapshot(Path(), "", TARGET, (column,), {}, {}, {"by": "random"}, (), "")


@pytest.mark.parametrize(
    ("sections", "kind", "what"),
    [
        ({"model": {"family": "cnn"}}, ColumnType.NUMBER, "family 'cnn'"),
        ({"model": {"family": "lightgbm"}}, ColumnType.IMAGE, "family 'lightgbm'"),
        ({"data": {**DATA, "further_targets": ["z"]}, "model": {"family": "linear"}},
         ColumnType.NUMBER, "no candidate learns further targets"),
    ],
)  # fmt: skip
def test_a_family_that_cannot_learn_from_these_columns_is_refused(sections, kind, what):
    recipe = parse_recipe({"data": DATA, **sections})
    with pytest.raises(RecipeError, match=what):
        check_with_snapshot(recipe, snapshot_of(Column("x", kind)))


@pytest.mark.parametrize(
    ("kind", "classes", "what"),
    [
        ("mse", ("a", "b"), "needs numbers"),
        ("focal", (), "needs classes"),
        ("masked", ("a", "b"), "is of language models"),
        ("causal", (), "is of language models"),
        ("span", ("a", "b"), "is of language models"),
    ],
)
def test_an_objective_of_another_task_is_refused_before_the_first_fit(kind, classes, what):
    task = Task.CLASSIFICATION if classes else Task.REGRESSION
    snapshot = replace(
        snapshot_of(Column("x", ColumnType.NUMBER)),
        target=replace(TARGET, task=task, classes=classes),
    )
    recipe = parse_recipe({"data": DATA, "training": {"objective": kind}})
    with pytest.raises(RecipeError, match=what) as caught:
        check_with_snapshot(recipe, snapshot)
    assert caught.value.faults[0].where == "training.objective.kind"
    usual = parse_recipe({"data": DATA, "training": {"objective": "focal" if classes else "mse"}})
    check_with_snapshot(usual, snapshot)


def test_how_text_is_written_is_refused_where_none_is():
    said = {"data": DATA, "evaluation": {"generation": {"max_new_tokens": 9}}}
    with pytest.raises(RecipeError, match="nothing is written") as caught:
        check_recipe(parse_recipe(said))
    assert caught.value.faults[0].where == "evaluation.generation"
    data = {"source": "absent.jsonl"}
    model = {"family": "causal-lm"}
    check_recipe(parse_recipe({**said, "data": data, "model": model, "task": "language-modelling"}))


def test_a_beam_search_with_a_temperature_is_refused():
    generation = {"beams": 3, "temperature": 0.5}
    with pytest.raises(RecipeError, match="draws nothing"):
        parse_recipe({"data": DATA, "evaluation": {"generation": generation}})


def test_a_cluster_that_would_have_no_work_is_refused():
    series = {"source": "absent.csv", "target": "y", "series": {"id": "a", "time": "b"}}
    recipe = parse_recipe({"data": series, "task": "forecasting", "horizon": 3, "compute": "ray"})
    with pytest.raises(RecipeError, match="has no work") as caught:
        check_recipe(recipe)
    assert "compute: local" in [fault.mend for fault in caught.value.faults]
    check_recipe(parse_recipe({"data": DATA, "compute": "ray"}))
