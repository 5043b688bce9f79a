"""MLflow's own client reads back what was mirrored, from a local store and from a real server, once each."""

from __future__ import annotations

import math
import shutil
import sqlite3
from pathlib import Path

import pytest
from mlflow import MlflowClient

from trainwright.core.protocols import Tracker
from trainwright.runs.history import History
from trainwright.runs.mlflow import RUN_TAG, MLflowTracker
from trainwright.runs.workspace import Workspace


def mirror_all(workspace: Workspace, uri: str) -> tuple[int, int]:
    tracker: Tracker = MLflowTracker(uri, root=workspace.root)
    runs = sum(tracker.mirror_run(run.path) for run in reversed(workspace.list_runs()))
    return runs, tracker.mirror_versions(workspace.registry.path)


def runs_at(uri: str, name: str) -> list:
    client = MlflowClient(uri, uri)
    experiment = client.get_experiment_by_name(name)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


def check_the_run(uri: str, run) -> str:
    client = MlflowClient(uri, uri)
    [found] = [r for r in runs_at(uri, run.name) if r.data.tags.get(RUN_TAG) == run.id]
    assert found.info.status == "FINISHED"
    assert found.info.run_name == run.id
    assert found.data.metrics["validation/roc_auc"] == 0.7
    assert found.data.metrics["validation/roc_auc.low"] == pytest.approx(0.6)
    assert found.data.metrics["candidate/baseline.loss"] == 0.6
    assert found.data.params["training.seed"] == "7"
    assert found.data.params["data.target"] == "late"
    assert found.data.tags["trainwright.snapshot"] == "ab12"
    assert found.data.tags["trainwright.family"] == "linear"
    history = client.get_metric_history(found.info.run_id, "curve/validation")
    assert [(point.step, point.value) for point in history] == [(1, 2), (2, 1), (3, 2 / 3)]
    names = {artifact.path for artifact in client.list_artifacts(found.info.run_id)}
    assert {"report.html", "evaluation.json", "recipe.yaml"} <= names
    text = Path(client.download_artifacts(found.info.run_id, "recipe.yaml")).read_text()
    assert "hunter2" not in text + str(found.data.params)
    return found.info.run_id


@pytest.fixture
def local(workspace, empty_store) -> str:
    shutil.copy(empty_store, workspace.mlflow_db)
    return f"sqlite:///{workspace.mlflow_db}"


def test_a_run_and_its_version_are_in_the_local_store(workspace, local):
    assert mirror_all(workspace, local) == (1, 2)
    run = workspace.find_run("latest")
    mlflow_id = check_the_run(local, run)
    client = MlflowClient(local, local)
    version = client.get_model_version_by_alias("late-flights", "champion")
    assert (str(version.version), version.run_id) == ("1", mlflow_id)
    assert version.source == str(run.package)
    assert version.tags["trainwright.package_hash"] == run.id


def test_mirroring_again_changes_not_one_row(workspace, local):
    mirror_all(workspace, local)

    def rows() -> dict[str, list]:
        with sqlite3.connect(workspace.mlflow_db) as store:
            names = [
                n for (n,) in store.execute("select name from sqlite_master where type='table'")
            ]
            return {n: store.execute(f"select * from {n}").fetchall() for n in names}

    before = rows()
    assert mirror_all(workspace, local) == (0, 0)
    assert rows() == before


def test_a_mirror_that_broke_off_is_completed_and_not_doubled(workspace, local, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise ConnectionError("the server went away")

    for step in ("log_batch", "log_artifact", "set_terminated", "set_tag"):
        with monkeypatch.context() as patch:
            patch.setattr(MlflowClient, step, broken)
            with pytest.raises(ConnectionError):
                mirror_all(workspace, local)
    assert mirror_all(workspace, local) == (1, 2)
    check_the_run(local, workspace.find_run("latest"))


def test_a_resumed_run_is_brought_up_to_date_in_place(workspace, local):
    run = workspace.new_run("late-flights")
    run.event("started")
    assert mirror_all(workspace, local)[0] == 2
    run.event("done")
    assert mirror_all(workspace, local)[0] == 1
    states = {r.data.tags[RUN_TAG]: r.info.status for r in runs_at(local, "late-flights")}
    assert states[run.id] == "FINISHED"
    assert len(states) == 2


def test_a_run_at_work_is_left_for_later(workspace, local):
    run = workspace.new_run("late-flights")
    with run.hold():
        run.event("started")
        assert mirror_all(workspace, local)[0] == 1
    assert mirror_all(workspace, local)[0] == 1


def test_an_alias_that_moved_moves_there_too(workspace, local, finish_run):
    mirror_all(workspace, local)
    finish_run(workspace, auc=0.8)
    assert mirror_all(workspace, local) == (1, 2)
    client = MlflowClient(local, local)
    assert str(client.get_model_version_by_alias("late-flights", "champion").version) == "2"


def learned(run, *, records=12, losses=None) -> None:
    """Leave a history as a training does."""
    with History(run.history) as history:
        for place in range(1, records + 1):
            loss = (losses or {}).get(place, 1 / place)
            history.append("mlp", {"step": 10 * place, "epoch": 0, "loss": loss})
        history.append("mlp", {"step": 10 * records, "epoch": 1, "validation_loss": 0.25})


def points(uri: str, run, name: str) -> list[tuple[int, float]]:
    client = MlflowClient(uri, uri)
    [found] = [r for r in runs_at(uri, run.name) if r.data.tags.get(RUN_TAG) == run.id]
    return [(p.step, p.value) for p in client.get_metric_history(found.info.run_id, name)]


def test_what_a_training_recorded_is_there_step_by_step_and_once(workspace, local):
    run = workspace.find_run("latest")
    learned(run, losses={3: math.nan, 4: math.inf})
    assert mirror_all(workspace, local) == (1, 2)
    found = points(local, run, "training/mlp/loss")
    assert [step for step, _ in found] == list(range(10, 130, 10))
    assert found[1] == (20, 0.5)
    assert math.isnan(found[2][1])
    assert found[3][1] > 1e300, "SQL stores keep infinity as the largest number"
    assert points(local, run, "training/mlp/validation_loss") == [(120, 0.25)]
    assert mirror_all(workspace, local) == (0, 0)


def test_a_history_that_grew_by_a_resume_is_brought_up_to_date_without_doubling(workspace, local):
    run = workspace.new_run("late-flights")
    run.event("started")
    learned(run, records=6)
    mirror_all(workspace, local)
    learned(run, records=12)
    run.event("done")
    assert mirror_all(workspace, local)[0] == 1
    found = points(local, run, "training/mlp/loss")
    assert [step for step, _ in found] == list(range(10, 130, 10))


def test_a_long_history_is_thinned_and_best_and_last_stay(workspace, local):
    run = workspace.new_run("late-flights")
    run.event("started")
    best = {"name": "mlp", "iterations": 12_350, "loss": 0.5}
    run.write_json("run.json", {"candidates": [best]})
    learned(run, records=2_500)
    run.event("done")
    mirror_all(workspace, local)
    steps = [step for step, _ in points(local, run, "training/mlp/loss")]
    assert 900 <= len(steps) <= 1_000
    assert {10, 12_350, 25_000} <= set(steps)


def test_a_real_server_has_all_of_it_too(workspace, server):
    learned(workspace.find_run("latest"), losses={3: math.nan})
    assert mirror_all(workspace, server) == (1, 2)
    assert mirror_all(workspace, server) == (0, 0)
    mlflow_id = check_the_run(server, workspace.find_run("latest"))
    assert len(points(server, workspace.find_run("latest"), "training/mlp/loss")) == 12
    client = MlflowClient(server, server)
    version = client.get_model_version_by_alias("late-flights", "champion")
    assert version.source == f"runs:/{mlflow_id}/package"
    assert [a.path for a in client.list_artifacts(mlflow_id, "package")] == [
        "package/manifest.json"
    ]
