"""Several labels a row, from a file to predictions, by the commands."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

RECIPE = """
task: multi-label
data: {source: SOURCE, target: tags, labels: {errors: off}}
model: {family: linear}
training: {budget: 20s, threads: 1}
tracking: {kind: none}
"""


def table(rows: int = 500) -> pl.DataFrame:
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, rows))
    there = np.column_stack([x > 0, x + y > 0.5, y > 1])
    there ^= generator.random(there.shape) < 0.05
    lists = [
        [n for n, has in zip(("red", "green", "blue"), row, strict=True) if has] for row in there
    ]
    return pl.DataFrame({"x": x, "y": y, "tags": lists})


@pytest.fixture
def folder(tmp_path):
    table().write_ndjson(tmp_path / "rows.jsonl")
    (tmp_path / "tags.yaml").write_text(RECIPE.replace("SOURCE", "rows.jsonl"))
    return tmp_path


def test_the_whole_way(folder, trainwright):
    status, result = trainwright("run", folder / "tags.yaml")
    assert status == 0
    assert result["task"] == "multi-label"
    assert next(iter(result["validation"])) == "micro_f1"
    assert result["validation"]["micro_f1"]["value"] > 0.8
    assert len(result["model"]["threshold"]) == 3
    status, audit = trainwright("audit", result["run"], "--refit")
    assert [one for one in audit["checks"] if not one["passed"]] == []
    status, again = trainwright("evaluate", result["run"])
    assert again["metrics"] == result["validation"]
    status, test = trainwright("evaluate", result["run"], "--split", "test")
    assert (status, set(test["metrics"])) == (0, set(result["validation"]))
    out = folder / "out.jsonl"
    status, _ = trainwright("predict", "tags", folder / "rows.jsonl", "-o", out)
    told = [set(json.loads(line)["prediction"]) for line in out.read_text().splitlines()]
    right = [one == set(wanted) for one, wanted in zip(told, table()["tags"], strict=True)]
    assert np.mean(right) > 0.7
    status, watched = trainwright("monitor", "tags", folder / "rows.jsonl")
    assert status == 0
    assert set(watched["quality"]["metrics"]) == {"subset_accuracy", "jaccard", "hamming_loss"}
    status, other = trainwright("run", folder / "tags.yaml", "--set", "model.family=baseline")
    status, compared = trainwright("compare", result["run"], other["run"])
    assert compared["pairs"][0]["verdict"] == f"{result['run']} is better"


def test_calibrated_labels_are_predicted_audited_and_served_alike(folder, trainwright):
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(2, 1_000)).round(3)
    lists = [
        [n for n, has in (("up", a > 0), ("right", b > 0)) if has]
        for a, b in zip(x, y, strict=True)
    ]
    pl.DataFrame({"x": x, "y": y, "tags": lists}).write_ndjson(folder / "rows.jsonl")
    recipe = folder / "tags.yaml"
    recipe.write_text(recipe.read_text().replace("linear", "linear, strengths: [0.01]"))
    status, result = trainwright("run", recipe)
    assert (status, result["model"]["calibrated"]) == (0, True)
    status, audit = trainwright("audit", result["run"], "--refit")
    assert [one for one in audit["checks"] if not one["passed"]] == []
    assert "fit scope: calibrator" in [one["name"] for one in audit["checks"]]
    out = folder / "out.jsonl"
    trainwright("predict", "tags", folder / "rows.jsonl", "-o", out)
    told = [json.loads(line) for line in out.read_text().splitlines()]
    likely = np.array([one["probability_up"] for one in told])
    assert np.minimum(likely, 1 - likely).mean() < 0.02  # which so strong a penalty leaves doubted
    right = [("up" in one["prediction"]) == (a > 0) for one, a in zip(told, x, strict=True)]
    assert np.mean(right) > 0.97


def test_text_cells_give_what_lists_give(folder, trainwright):
    joined = table().with_columns(pl.col("tags").list.join("|"))
    joined.write_csv(folder / "rows.csv")
    text = RECIPE.replace("SOURCE", "rows.csv").replace(
        "target: tags", "target: tags, columns: {tags: {nulls: []}}"
    )
    (folder / "cells.yaml").write_text(text)
    lists = trainwright("prepare", folder / "tags.yaml")[1]
    cells = trainwright("prepare", folder / "cells.yaml")[1]
    assert cells["rows"] == lists["rows"]


def test_every_label_is_in_every_part_in_its_share(folder, trainwright):
    from trainwright.core.artifacts import Split
    from trainwright.data.snapshot import load_snapshot, read_split

    _, result = trainwright("prepare", folder / "tags.yaml")
    snapshot = load_snapshot(folder / "workspace" / "snapshots" / result["snapshot"])
    whole = table()["tags"].explode().value_counts(normalize=True).sort("tags")["proportion"]
    for split in Split:
        part = read_split(snapshot, split)["tags"].explode().value_counts(normalize=True)
        assert np.abs(part.sort("tags")["proportion"] - whole).max() < 0.06


def test_the_task_of_lists_is_inferred_and_init_writes_it(folder, trainwright):
    status, found = trainwright(
        "init", folder / "rows.jsonl", "--target", "tags", "-o", folder / "i.yaml"
    )
    assert (status, found["task"]) == (0, "multi-label")
    path = folder / "tags.yaml"
    path.write_text(path.read_text().replace("task: multi-label\n", ""))
    status, found = trainwright("prepare", path)
    assert status == 0


@pytest.mark.parametrize(
    "setting",
    [
        "model.family=tabm",
        "data.protected=[x]",
        "data.balance=class-weights",
        "data.labels={errors: drop}",
        "data.further_targets=[x]",
        "evaluation.cross_validation=3",
        "evaluation.metric=roc_auc",
        "training={objective: {kind: focal}, threads: 1}",
    ],
)
def test_what_is_of_one_answer_a_row_is_refused_in_words(folder, trainwright, setting):
    status, _ = trainwright("run", folder / "tags.yaml", "--set", setting)
    assert status == 2


def test_labelling_by_the_page_is_refused(folder, trainwright):
    status, _ = trainwright("label", folder / "tags.yaml", "--export", folder / "out.csv")
    assert status == 2
