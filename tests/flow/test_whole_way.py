"""From a raw file to a served, watched model, and what each verb prints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request

import polars as pl
import pytest

METRIC = {"value", "low", "high"}


def test_a_run_prints_the_contract_and_its_rows_add_up(copied, trainwright):
    folder, _ = copied
    status, result = trainwright("run", folder / "loans.yaml")
    assert status == 0
    assert {
        "run",
        "run_dir",
        "snapshot",
        "task",
        "model",
        "validation",
        "package",
        "seconds",
    } <= set(result)
    assert result["task"] == "classification"
    assert all(set(value) >= METRIC for value in result["validation"].values())
    rows = result["rows"]
    assert (
        rows["input"] == 600 == rows["train"] + rows["validation"] + rows["test"] + rows["dropped"]
    )
    assert result["champion"]
    assert [row["name"] for row in result["candidates"] if row["chosen"]] == [
        result["model"]["candidate"]
    ]


def test_an_audit_of_an_honest_run_is_green(copied, trainwright):
    _, run = copied
    status, result = trainwright("audit", run, "--refit")
    assert [check for check in result["checks"] if not check["passed"]] == []
    assert status == 0
    names = {check["name"] for check in result["checks"]}
    assert {
        "package hashes",
        "golden rows",
        "lockbox ledger",
        "fit scope: preparation",
        "fit scope: model",
    } <= names


def test_a_run_is_reproduced_byte_by_byte(copied, trainwright):
    _, run = copied
    status, result = trainwright("reproduce", run)
    assert status == 0
    assert result["equal"]
    assert any(check["name"] == "package/manifest.json" for check in result["checks"])


def test_validation_metrics_come_out_again_as_the_run_printed_them(copied, trainwright):
    folder, run = copied
    status, result = trainwright("evaluate", run)
    record = json.loads((folder / "workspace" / "runs" / run / "run.json").read_text())
    assert status == 0
    assert result["metrics"] == record["validation"]
    assert result["lockbox"]["opened"] == 0


def test_predictions_come_a_line_a_row_in_order_and_extra_columns_are_ignored(copied, trainwright):
    folder, _ = copied
    status, result = trainwright(
        "predict", "loans@champion", folder / "loans.csv", "-o", folder / "out.csv"
    )
    assert status == 0
    out = pl.read_csv(folder / "out.csv")
    assert out.columns == ["row", "prediction", "probability_no", "probability_yes"]
    assert out["row"].to_list() == list(range(600))
    assert result["rows"] == 600
    assert set(result["ignored"]) >= {"late"}
    assert (out["probability_no"] + out["probability_yes"] - 1).abs().max() < 1e-12


def test_the_server_answers_as_the_batch_does(copied, trainwright):
    folder, _ = copied
    trainwright("predict", "loans@champion", folder / "loans.csv", "-o", folder / "out.parquet")
    batch = pl.read_parquet(folder / "out.parquet").head(40)
    rows = pl.read_csv(folder / "loans.csv").drop("late").head(40).to_dicts()
    command = [
        sys.executable,
        "-m",
        "trainwright",
        "serve",
        "loans@champion",
        "--port",
        "0",
        "--extra",
        "ignore",
        "--json",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as server:
        assert server.stdout is not None
        said = json.loads(server.stdout.readline())
        assert said["model"] == "loans/1"
        address = said["address"]
        request = urllib.request.Request(
            f"{address}/predict",
            data=json.dumps({"instances": rows}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0
    assert answer["model"] == "loans/1"
    served = [row["probability"]["yes"] for row in answer["predictions"]]
    assert served == batch["probability_yes"].to_list()
    assert [row["prediction"] for row in answer["predictions"]] == batch["prediction"].to_list()


def test_monitoring_is_quiet_on_the_same_rows_and_alarms_on_others(copied, trainwright):
    folder, _ = copied
    status, result = trainwright("monitor", "loans@champion", folder / "loans.csv")
    assert (status, result["alarm"]) == (0, False)
    other = pl.read_csv(folder / "loans.csv").with_columns(pl.col("age") + 25)
    other.write_csv(folder / "older.csv")
    status, result = trainwright("monitor", "loans@champion", folder / "older.csv")
    assert (status, result["alarm"]) == (1, True)
    assert "age" in [column["column"] for column in result["columns"] if column["alarm"]]


def test_two_runs_are_compared_pair_by_pair(copied, trainwright):
    folder, run = copied
    _, plain = trainwright("run", folder / "loans.yaml", "--set", "model={family: baseline}")
    status, result = trainwright("compare", run, plain["run"])
    assert status == 0
    pair = result["pairs"][0]
    assert pair["paired"]
    assert pair["high"] < 0  # the first run's loss is lower
    assert pair["p_value"] < 0.05
    assert pair["roc_auc"]["low"] > 0  # the baseline's AUC is 0.5
    assert run in pair["verdict"]


def test_lists_and_lineage_name_what_is_there(copied, trainwright):
    _, run = copied
    assert trainwright("runs")[1]["runs"][0]["run"] == run
    models = trainwright("models")[1]["models"]
    assert models[0]["version"] == "loans/1"
    assert "champion" in models[0]["aliases"]
    status, found = trainwright("lineage", "loans@champion", "--row", "loans.csv:17")
    assert status == 0
    assert found["row"]["position"] == 17
    assert found["row"]["bucket"] in ("train", "validation", "test", "dropped")
    assert trainwright("doctor")[0] == 0


def test_the_recipe_that_init_writes_runs(copied, trainwright, monkeypatch):
    folder, _ = copied
    monkeypatch.chdir(folder)
    status, result = trainwright("init", "loans.csv", "--target", "late", "-o", "fresh.yaml")
    assert (status, result["task"]) == (0, "classification")
    sets = ["--set", "training={budget: 10s, threads: 1}", "--set", "tracking.kind=none"]
    assert trainwright("run", "fresh.yaml", *sets)[0] == 0
    status, refused = trainwright("init", "loans.csv", "-o", "fresh.yaml")
    assert status == 2
    assert "not overwritten" in refused["error"]["what"]


def test_the_same_input_is_not_prepared_twice_and_no_key_counts_as_unread(copied, trainwright):
    folder, run = copied
    first = {
        path.name: path.stat().st_mtime_ns for path in (folder / "workspace/snapshots").glob("*/*")
    }
    status, result = trainwright("run", folder / "loans.yaml", "--set", "training.seed=1")
    again = {
        path.name: path.stat().st_mtime_ns for path in (folder / "workspace/snapshots").glob("*/*")
    }
    assert (status, first) == (0, again)
    assert result["run"] != run


@pytest.mark.parametrize("reference", ["loans@champion", "loans/1", "latest"])
def test_a_model_goes_by_alias_version_or_run(copied, trainwright, reference):
    folder, _ = copied
    status, _ = trainwright("predict", reference, folder / "loans.csv", "-o", folder / "o.jsonl")
    assert status == 0
