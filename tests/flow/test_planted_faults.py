"""Each promise has a planted fault that makes its check say no."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Split
from trainwright.core.durable import write_json
from trainwright.core.features import FeatureNeeds
from trainwright.flow.resuming import ResumeWarning


def failed(result: dict) -> list[str]:
    return [check["name"] for check in result["checks"] if not check["passed"]]


def write(folder: Path, frame: pl.DataFrame, recipe: str, *, name: str = "planted") -> Path:
    frame.write_csv(folder / f"{name}.csv")
    path = folder / f"{name}.yaml"
    path.write_text(recipe + "training: {budget: 15s, threads: 1}\ntracking: {kind: none}\n")
    return path


def test_a_leaking_column_is_refused_and_its_remedy_mends_it(copied, trainwright):
    folder, _ = copied
    frame = pl.read_csv(folder / "loans.csv")
    noise = np.random.default_rng(1).normal(0, 0.05, frame.height)
    leaking = frame.with_columns(
        days_overdue=(pl.col("late") == "yes").cast(pl.Float64) * 30 + pl.Series(noise)
    )
    recipe = write(folder, leaking, "data: {source: planted.csv, target: late}\n")
    status, refused = trainwright("run", recipe)
    assert status == 3
    errors = [finding for finding in refused["findings"] if finding["severity"] == "error"]
    assert [finding["column"] for finding in errors] == ["days_overdue"]
    assert "known_after: [days_overdue]" in errors[0]["remedy"]
    assert not list((folder / "workspace" / "snapshots").glob(".*tmp*"))
    status, mended = trainwright("run", recipe, "--set", "data.known_after=[days_overdue]")
    assert status == 0
    status, accepted = trainwright("run", recipe, "--set", 'data.accept=["leakage:days_overdue"]')
    assert status == 0
    assert (
        accepted["validation"]["roc_auc"]["value"]
        > 0.999
        > mended["validation"]["roc_auc"]["value"]
    )


def test_duplicates_across_a_given_split_are_refused(copied, trainwright):
    folder, _ = copied
    frame = pl.read_csv(folder / "loans.csv")
    frame[:400].write_csv(folder / "planted.csv")
    frame[400:500].write_csv(folder / "validation.csv")
    pl.concat([frame[500:], frame[:20]]).write_csv(folder / "test.csv")
    text = "data: {source: planted.csv, target: late, validation: validation.csv, test: test.csv}\n"
    recipe = folder / "planted.yaml"
    recipe.write_text(text + "tracking: {kind: none}\ntraining: {budget: 15s}\n")
    status, refused = trainwright("prepare", recipe)
    assert status == 3
    assert "leakage" in [f["kind"] for f in refused["findings"] if f["severity"] == "error"]
    frame[500:].write_csv(folder / "test.csv")
    assert trainwright("prepare", recipe)[0] == 0


def test_an_imputer_fitted_before_the_split_turns_the_audit_red(copied, trainwright):
    from trainwright.core.columns import ROW
    from trainwright.data.preparation import fit_table_preparation
    from trainwright.data.snapshot import load_snapshot, read_split

    folder, run = copied
    package = folder / "workspace" / "runs" / run / "package"
    record = json.loads((package.parent / "run.json").read_text())
    snapshot = load_snapshot(folder / "workspace" / "snapshots" / record["snapshot"])
    everything = pl.concat([read_split(snapshot, split) for split in Split]).sort(ROW)
    scale = record["model"]["family"] == "linear"
    needs = FeatureNeeds(scale=scale, one_hot=scale)
    target = package / "model" / "preparation"
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    shutil.rmtree(target)
    target.mkdir()
    fit_table_preparation(everything, snapshot.inputs, needs).save(target)
    assert {path.name: path.read_bytes() for path in target.iterdir()} != before
    seal(package)
    status, result = trainwright("audit", run)
    assert status == 1
    assert "fit scope: preparation" in failed(result)


def seal(package: Path) -> None:
    """Give a forged package golden rows and a manifest that fit it, as a forger would."""
    from trainwright.core.parts import load
    from trainwright.deployment import manifest as manifests
    from trainwright.deployment.golden import draw_golden

    golden = json.loads((package / "golden.json").read_text())
    model = load("fitted-model", package / "model")
    drawn = draw_golden(model, golden["rows"], tolerance=golden["tolerance"])
    write_json(package / "golden.json", drawn.to_json())
    (package / "manifest.json").unlink()
    write_json(package / "manifest.json", manifests.manifest_of(package, kind="fitted-model"))


def test_a_key_that_nothing_reads_keeps_the_package_from_being_champion(copied, trainwright):
    folder, _ = copied
    pl.read_csv(folder / "loans.csv").write_parquet(folder / "loans.parquet")
    recipe = folder / "dead.yaml"
    recipe.write_text(
        'data: {source: loans.parquet, target: late, delimiter: ";"}\n'
        "training: {budget: 15s, threads: 1}\ntracking: {kind: none}\n"
    )
    status, result = trainwright("run", recipe)
    assert status == 1
    assert not result["champion"]
    assert Path(result["package"], "manifest.json").exists()
    gate = next(gate for gate in result["gates"] if not gate["passed"])
    assert "data.delimiter" in gate["detail"]
    assert (
        trainwright("predict", "dead@champion", folder / "loans.csv", "-o", folder / "o.csv")[0]
        == 2
    )
    assert "recipe" in failed(trainwright("audit", result["run"])[1])


def test_a_row_missing_from_the_ledger_turns_the_audit_red(copied, trainwright):
    folder, run = copied
    ledger = next((folder / "workspace" / "snapshots").glob("*/rows.parquet"))
    frame = pl.read_parquet(ledger)
    frame.filter(pl.col("row") != 5).write_parquet(ledger)
    reseal_snapshot(ledger.parent)
    status, result = trainwright("audit", run)
    assert status == 1
    assert any("row ledger" in name for name in failed(result)), failed(result)


def reseal_snapshot(folder: Path) -> None:
    """Write the hashes of a forged snapshot's files into its manifest."""
    from trainwright.core.durable import sha256_file

    manifest = json.loads((folder / "manifest.json").read_text())
    for name, entry in manifest["files"].items():
        path = folder / name
        if isinstance(entry, dict):
            entry.update(sha256=sha256_file(path))
            if "bytes" in entry:
                entry["bytes"] = path.stat().st_size
        else:
            manifest["files"][name] = sha256_file(path)
    from trainwright.data.manifest import seal_of

    write_json(folder / "manifest.json", {**manifest, "seal": seal_of(manifest)})


def test_one_flipped_byte_anywhere_in_a_package_is_noticed(copied, trainwright):
    folder, run = copied
    package = folder / "workspace" / "runs" / run / "package"
    for victim in sorted(path for path in package.rglob("*") if path.is_file()):
        sound = victim.read_bytes()
        broken = bytearray(sound)
        broken[len(broken) // 2] ^= 1
        victim.write_bytes(bytes(broken))
        status, result = trainwright("audit", run)
        assert status == 1, victim
        assert failed(result), victim
        assert trainwright("predict", run, folder / "loans.csv", "-o", folder / "o.csv")[0] == 4
        assert not (folder / "o.csv").exists()
        victim.write_bytes(sound)
    assert trainwright("audit", run)[0] == 0


def test_a_shuffled_target_is_no_signal(copied, trainwright):
    folder, _ = copied
    frame = pl.read_csv(folder / "loans.csv")
    shuffled = frame.with_columns(frame["late"].shuffle(seed=3))
    recipe = write(folder, shuffled, "data: {source: planted.csv, target: late}\n")
    status, result = trainwright("run", recipe)
    assert (status, result["model"]["verdict"], result["model"]["family"]) == (
        0,
        "no signal",
        "baseline",
    )
    status, result = trainwright("run", recipe, "--set", "evaluation.must_beat_baseline=true")
    assert (status, result["champion"]) == (1, False)


def test_a_gate_compares_the_worse_bound(copied, trainwright):
    folder, _ = copied
    status, result = trainwright(
        "run", folder / "loans.yaml", "--set", 'deployment.gate={roc_auc: ">= 0.99"}'
    )
    assert (status, result["champion"]) == (1, False)
    assert Path(result["package"], "manifest.json").exists()


def test_a_second_look_into_the_lockbox_is_counted_and_widens_the_intervals(copied, trainwright):
    folder, run = copied
    first = trainwright("evaluate", run, "--split", "test")[1]
    second = trainwright("evaluate", run, "--split", "test")[1]
    assert (first["lockbox"]["opened"], second["lockbox"]["opened"]) == (1, 2)
    assert (first["confidence"], second["confidence"]) == (0.95, 1 - 0.05 / 4)
    a, b = first["metrics"]["roc_auc"], second["metrics"]["roc_auc"]
    assert a["value"] == b["value"]
    assert b["high"] - b["low"] > a["high"] - a["low"]
    # a new split of the same rows inherits the count
    other = trainwright("run", folder / "loans.yaml", "--set", "data.split.seed=9")[1]
    assert trainwright("evaluate", other["run"], "--split", "test")[1]["lockbox"]["opened"] == 3


def test_a_lockbox_ledger_with_its_tail_cut_is_noticed(copied, trainwright):
    folder, run = copied
    trainwright("evaluate", run, "--split", "test")
    ledger = folder / "workspace" / "lockbox.jsonl"
    whole = ledger.read_bytes()
    ledger.write_bytes(b"")
    status, refused = trainwright("evaluate", run, "--split", "test")
    assert status == 4
    assert "restore" in refused["error"]["mend"]
    assert "lockbox ledger" in failed(trainwright("audit", run)[1])
    ledger.write_bytes(
        whole.replace(b'"number"', b'"nomber"') if b'"number"' in whole else whole[:-20] + b"}\n"
    )
    assert trainwright("evaluate", run, "--split", "test")[0] == 4


def test_what_is_fitted_after_the_split_does_not_see_the_test_rows(copied, trainwright):
    folder, _ = copied
    frame = pl.read_csv(folder / "loans.csv")
    frame[:400].write_csv(folder / "train.csv")
    frame[400:500].write_csv(folder / "validation.csv")
    recipe = folder / "scope.yaml"
    recipe.write_text(
        "data: {source: train.csv, target: late, validation: validation.csv, test: test.csv}\n"
        "model: {families: [baseline, linear, lightgbm]}\n"  # no clock decides between so few
        "training: {budget: 60s, threads: 1}\ntracking: {kind: none}\n"
    )
    packages = []
    rng = np.random.default_rng(7)
    noise = frame[500:].with_columns(
        pl.Series("age", rng.integers(18, 80, 100)),
        pl.Series("income", np.round(rng.lognormal(14, 2, 100), 2)),
        pl.Series("late", rng.choice(["yes", "no"], 100)),
    )
    for test in (frame[500:], noise):
        test.write_csv(folder / "test.csv")
        result = trainwright("run", recipe, "--new")[1]
        model = Path(result["package"], "model")
        packages.append(
            {str(p.relative_to(model)): p.read_bytes() for p in model.rglob("*") if p.is_file()}
        )
    assert packages[0] == packages[1]


def test_neither_words_nor_dates_nor_targets_of_the_test_rows_reach_a_regression(
    tmp_path, trainwright
):
    rng = np.random.default_rng(11)

    def table(rows: int, words: list[str], year: int, spread: float) -> pl.DataFrame:
        size = np.round(rng.normal(0, spread, rows), 3)
        return pl.DataFrame(
            {
                "size": size,
                "note": [" ".join(rng.choice(words, 6)) for _ in range(rows)],
                "day": [f"{year}-{1 + i % 12:02}-{1 + i % 27:02}" for i in range(rows)],
                "price": np.round(2 * size + rng.normal(0, spread, rows), 3),
            }
        )

    words = ["oak", "elm", "ash", "fir", "yew", "box", "bay"]
    table(300, words, 2021, 1.0).write_csv(tmp_path / "train.csv")
    table(100, words, 2022, 1.0).write_csv(tmp_path / "validation.csv")
    recipe = tmp_path / "scope.yaml"
    recipe.write_text(
        "data: {source: train.csv, target: price, validation: validation.csv, test: test.csv,"
        " columns: {note: text}}\nmodel: {family: linear}\n"
        "training: {budget: 60s, threads: 1}\ntracking: {kind: none}\n"
    )
    models = []
    for test in (table(100, words, 2023, 1.0), table(100, ["xx", "yy"], 1971, 1e6)):
        test.write_csv(tmp_path / "test.csv")
        model = Path(trainwright("run", recipe, "--new")[1]["package"], "model")
        files = (path for path in model.rglob("*") if path.is_file())
        models.append({str(path.relative_to(model)): path.read_bytes() for path in files})
    assert models[0] == models[1]


def test_a_killed_run_goes_on_under_its_id_and_comes_to_the_same_package(
    copied, trainwright, tmp_path
):
    folder, _ = copied
    seeded = ("--set", "training.seed=5", "--set", "training.budget=600s")  # no clock decides
    command = [sys.executable, "-m", "trainwright", "run", str(folder / "loans.yaml"), *seeded]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        killed = wait_for_candidate(folder / "workspace" / "runs", process)
        os.kill(process.pid, signal.SIGKILL)
    assert {r["run"]: r["state"] for r in trainwright("runs")[1]["runs"]}[killed] == "interrupted"
    with pytest.warns(ResumeWarning, match=f"without a word: killed.*; run {killed} goes on"):
        status, result = trainwright("run", folder / "loans.yaml", *seeded)
    assert (status, result["run"]) == (0, killed)
    other = trainwright("run", folder / "loans.yaml", *seeded, "--new")[1]
    assert other["run"] != killed
    assert (Path(result["package"]) / "manifest.json").read_bytes() == (
        Path(other["package"]) / "manifest.json"
    ).read_bytes()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_run_stopped_by_a_signal_says_so_and_can_go_on(copied, trainwright, stop):
    folder, _ = copied
    order = ["run", folder / "loans.yaml", "--set", "training.seed=6"]
    command = [sys.executable, "-m", "trainwright", *map(str, order), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        stopped = wait_for_candidate(folder / "workspace" / "runs", process)
        process.send_signal(stop)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 75
    assert json.loads(output)["error"]["status"] == 75
    listed = {run["run"]: run["state"] for run in trainwright("runs")[1]["runs"]}
    assert listed[stopped] == "interrupted"
    status, result = trainwright(*order)
    assert (status, result["run"]) == (0, stopped)


def wait_for_candidate(runs: Path, process: subprocess.Popen) -> str:
    """The id of the run that appears, once it has finished a candidate."""
    before = set(runs.iterdir())
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        for path in set(runs.iterdir()) - before:
            if (path / "events.jsonl").exists() and b'"candidate"' in (
                path / "events.jsonl"
            ).read_bytes():
                return path.name
        time.sleep(0.01)
    pytest.fail("no candidate was finished in time")


def test_no_signal_does_not_replace_a_champion(copied, trainwright):
    folder, _ = copied
    frame = pl.read_csv(folder / "loans.csv")
    shuffled = frame.with_columns(frame["late"].shuffle(seed=3))
    recipe = write(folder, shuffled, "name: loans\ndata: {source: planted.csv, target: late}\n")
    status, result = trainwright("run", recipe)
    assert (status, result["model"]["verdict"], result["champion"]) == (0, "no signal", False)
    listed = {row["version"]: row["aliases"] for row in trainwright("models")[1]["models"]}
    assert listed == {"loans/2": [], "loans/1": ["champion"]}
