"""`compute: ray`: the same snapshot and the same words, whoever did the work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.compute.ray import RayWorkers

Command = Callable[..., tuple[int, dict[str, Any]]]
FIRST, SECOND, THIRD = 900, 700, 1_200

NODES = """
import sys
from ray.cluster_utils import Cluster
node = {"num_cpus": 1, "object_store_memory": 80_000_000}
cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
cluster.add_node(**node)
print("at", cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A cluster that stays, so that each command need not start one of its own."""
    with RayWorkers(cpus=2, object_store=80_000_000) as workers:
        workers._start()
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two CSV files and a Parquet file of texts, with what makes reading and typing work."""
    folder = tmp_path_factory.mktemp("files")
    frame = orders(FIRST + SECOND + THIRD)
    frame[:FIRST].write_csv(folder / "part-1.csv")
    frame[FIRST : FIRST + SECOND].write_csv(folder / "part-2.csv")
    frame[FIRST + SECOND :].write_parquet(folder / "part-3.parquet")
    (folder / "r.yaml").write_text("data: {source: 'part-*', target: late, budget: 10m}\n")
    return folder


def orders(rows: int) -> pl.DataFrame:
    random = np.random.default_rng(4)
    amount = [f"{value:,.2f}" for value in random.lognormal(6, 2, rows)]
    amount[rows // 2] = "n/a"
    day = [f"{d:02d}/{m:02d}/2024" for d, m in zip(*random.integers(1, 13, (2, rows)), strict=True)]
    day[FIRST - 1] = "25/12/2024"  # this row alone tells that the day comes first
    note = random.choice(["fragile", "to be left, if nobody opens", 'says "urgent"', ""], rows)
    score = random.normal(size=rows)
    frame = pl.DataFrame(
        {
            "amount": amount,
            "day": day,
            "zip": [f"{code:05d}" for code in random.integers(1, 900, rows)],
            "note": note,
            "score": [f"{value:.5f}" for value in score],
            "late": np.where(score + random.normal(size=rows) > 1, "yes", "no"),
        }
    )
    copies = frame[:40]
    return pl.concat([frame[: rows - 41], copies, frame[-1:]])


def prepared(trainwright: Command, recipe: Path, where: Path, *more: str) -> dict[str, Any]:
    status, told = trainwright("prepare", recipe, "--workspace", where, *more)
    assert status == 0, told
    return told


def said(told: dict[str, Any]) -> list[dict[str, Any]]:
    """The findings, wherever their rows are kept."""
    names = ({"rows_path": Path(one["rows_path"] or "").name} for one in told["findings"])
    return [{**one, **name} for one, name in zip(told["findings"], names, strict=True)]


def files_of(where: Path, snapshot: str) -> dict[str, bytes]:
    """The bytes of what the snapshot holds."""
    folder = where / "snapshots" / snapshot
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_the_snapshot_and_the_findings_are_the_same_on_a_cluster(
    trainwright: Command, cluster: None, files: Path, tmp_path: Path
) -> None:
    here = prepared(trainwright, files / "r.yaml", tmp_path / "here")
    there = prepared(trainwright, files / "r.yaml", tmp_path / "there", "--set", "compute=ray")
    assert there["snapshot"] == here["snapshot"]
    assert there["rows"] == here["rows"]
    assert said(there) == said(here)
    assert {"duplicate", "type"} <= {finding["kind"] for finding in here["findings"]}
    one, other = (files_of(tmp_path / w, here["snapshot"]) for w in ("here", "there"))
    assert one.keys() == other.keys()
    for name in one.keys() - {"manifest.json"}:
        assert one[name] == other[name], name
    manifests = [json.loads(found["manifest.json"]) for found in (one, other)]
    assert manifests[0]["sources"] == manifests[1]["sources"]


def test_reading_typing_and_hashing_are_done_by_the_workers(
    trainwright: Command,
    cluster: None,
    files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    mapped = RayWorkers.map

    def noted(self: RayWorkers, work: Any, items: Any, *, folder: Path) -> Iterator[Any]:
        asked.append(getattr(work, "func", work).__name__)
        return mapped(self, work, items, folder=folder)

    monkeypatch.setattr(RayWorkers, "map", noted)
    for name in ("part-1.csv", "part-2.csv"):
        (tmp_path / name).write_bytes((files / name).read_bytes())
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {source: 'part-*', target: late}\ncompute: {kind: ray}\n")
    prepared(trainwright, recipe, tmp_path / "there")
    assert asked[:2] == ["_read_files", "_look"]
    assert set(asked[2:-1]) == {"_read"}
    assert asked[-1] == "_hash"
    asked.clear()
    prepared(trainwright, recipe, tmp_path / "there", "--set", "compute=local")
    assert asked == []  # equal input is not prepared twice, wherever it was


def test_what_was_read_on_a_cluster_is_not_read_again_here(
    trainwright: Command, cluster: None, files: Path, tmp_path: Path
) -> None:
    for name in ("part-1.csv", "part-2.csv"):
        (tmp_path / name).write_bytes((files / name).read_bytes())
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {source: 'part-*', target: late}\n")
    prepared(trainwright, recipe, tmp_path / "w", "--set", "compute=ray")
    assert len(list((tmp_path / "w" / "snapshots" / "staged").iterdir())) == 2
    (tmp_path / "part-3.csv").write_bytes((files / "part-2.csv").read_bytes())
    grown = prepared(trainwright, recipe, tmp_path / "w", "--set", "compute=ray")
    anew = prepared(trainwright, recipe, tmp_path / "new")
    assert grown["snapshot"] == anew["snapshot"]


def test_a_package_says_nothing_of_where_work_ran(
    trainwright: Command, cluster: None, files: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "r.yaml"
    (tmp_path / "t.csv").write_bytes((files / "part-1.csv").read_bytes())
    recipe.write_text(
        "data: {source: t.csv, target: late}\nmodel: {families: [baseline]}\ntracking: {kind: none}\n"
    )
    packages = []
    for where in ("local", "ray"):
        command = ("run", recipe, "--workspace", tmp_path / where, "--set", f"compute={where}")
        status, told = trainwright(*command)
        assert status == 0, told
        package = Path(told["package"])
        named = (path for path in sorted(package.rglob("*")) if path.is_file())
        packages.append({path.relative_to(package): path.read_bytes() for path in named})
    assert packages[0] == packages[1]
    assert "compute" not in json.loads(packages[1][Path("facts.json")])["recipe"]


def test_a_fault_of_a_file_is_told_in_the_same_words(
    trainwright: Command, cluster: None, files: Path, tmp_path: Path
) -> None:
    sound = (files / "part-1.csv").read_text()
    (tmp_path / "a.csv").write_text(sound)
    (tmp_path / "b.csv").write_text(sound.replace("\n", ",surplus\n", 7).replace(",surplus", "", 6))
    (tmp_path / "c.csv").write_text("<html>")
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {source: '*.csv', target: late}\n")
    here = trainwright("prepare", recipe, "--workspace", tmp_path / "here")
    there = trainwright(
        "prepare", recipe, "--workspace", tmp_path / "there", "--set", "compute=ray"
    )
    assert here == there
    status, told = there
    assert status == 3
    assert re.fullmatch(r"b\.csv:7", told["error"]["where"])
    assert list((tmp_path / "there" / "snapshots").glob("[0-9a-f]*")) == []


def test_a_source_that_is_not_there_is_told_as_such(
    trainwright: Command, cluster: None, tmp_path: Path
) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {source: gone.csv, target: y}\ncompute: ray\n")
    status, told = trainwright("prepare", recipe, "--workspace", tmp_path / "w")
    assert status == 3
    assert told["error"]["what"] == "there is no such file"


@pytest.mark.slow  # two nodes start, and interpreters of their own
def test_a_running_cluster_of_two_nodes_gives_the_same_snapshot(
    trainwright: Command, files: Path, tmp_path: Path
) -> None:
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "5" * 64, "RAY_USAGE_STATS_ENABLED": "0"}
    environment = {**os.environ, **token}
    nodes = subprocess.Popen(
        [sys.executable, "-c", NODES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    with nodes:
        assert nodes.stdout is not None
        address = next(line for line in nodes.stdout if line.startswith("at "))[3:].strip()
        compute = f"compute={{kind: ray, address: '{address}'}}"
        command = [sys.executable, "-m", "trainwright", "prepare", files / "r.yaml", "--json"]
        done = subprocess.run(
            [*command, "--workspace", tmp_path / "there", "--set", compute],
            capture_output=True,
            text=True,
            env=environment,
            timeout=300,
        )
    here = prepared(trainwright, files / "r.yaml", tmp_path / "here")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["snapshot"] == here["snapshot"]


def test_a_cluster_that_is_not_there_is_an_environment_fault(
    trainwright: Command, cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    def refused(*_: Any, **__: Any) -> None:
        raise ConnectionError("Could not find any running Ray instance.")

    monkeypatch.setattr(ray, "init", refused)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    (tmp_path / "t.csv").write_text("x,y\n" + "1,a\n2,b\n" * 40)
    recipe = tmp_path / "r.yaml"
    recipe.write_text("data: {source: t.csv, target: y}\ncompute: {kind: ray, address: auto}\n")
    status, told = trainwright("prepare", recipe, "--workspace", tmp_path / "w")
    assert status == 5
    assert "Ray cluster at auto cannot be reached" in told["error"]["what"]
    assert "RAY_AUTH_TOKEN" in told["error"]["mend"]
