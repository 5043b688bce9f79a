"""Series through the verbs: whole ones to classes, windows to forecasts; batch, server, monitor, audit."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from fastapi.testclient import TestClient

from trainwright.core.errors import EnvironmentFault
from trainwright.data.types import parse_value
from trainwright.deployment.package import load_package
from trainwright.deployment.server.app import create_app

WAVES = """
task: classification
data: {source: waves.csv, target: label, series: {id: id, time: day, values: [x, y]}}
model: {family: FAMILY, hidden: 8}
training: {budget: 60s, threads: 1, epochs: 6}
tracking: {kind: none}
"""
SHOPS = """
task: forecasting
data: {source: shops.csv, target: sales, horizon: 6, series: {id: shop, time: t, values: [rain]}}
model: {family: FAMILY}
training: {budget: 60s, threads: 1MORE}
tracking: {kind: none}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr("trainwright.flow.selection.is_small", lambda *_, **__: False)  # no folds
    rng = np.random.default_rng(0)
    waves = [
        {
            "id": number,
            "day": f"2024-01-{step + 1:02d}",
            "x": round(np.sin(step * (0.5 + number % 2)) + 0.1 * rng.normal(), 4),
            "y": round(rng.normal(), 4),
            "label": "ab"[number % 2],
        }
        for number in range(120)
        for step in range(8 + number % 5)
    ]
    pl.DataFrame(waves).sample(fraction=1.0, shuffle=True, seed=0).write_csv(tmp_path / "waves.csv")
    steps = np.arange(300)
    shops = [
        pl.DataFrame(
            {
                "shop": [shop] * 300,
                "t": steps,
                "sales": 10 + 3 * np.sin(steps * np.pi / 6) + 0.3 * rng.normal(size=300) + level,
                "rain": rng.normal(size=300),
            }
        )
        for level, shop in ((0, "A"), (5, "B"))
    ]
    pl.concat(shops).write_csv(tmp_path / "shops.csv")
    return tmp_path


def served(run_dir, instances):
    """What the server answers, in this process."""
    package = load_package(run_dir / "package")
    app = create_app(package, model_name="m/1", parse=parse_value)
    with TestClient(app, base_url="http://localhost") as client:
        return client.post("/predict", json={"instances": instances})


def whole_way(trainwright, recipe, data):
    """Run, audit, reproduce, look at the test rows, predict to each format, monitor."""
    status, result = trainwright("run", recipe)
    assert status == 0
    rows = result["rows"]
    assert rows["input"] == rows["train"] + rows["validation"] + rows["test"] + rows["dropped"]
    status, audited = trainwright("audit", result["run"], "--refit")
    assert [check for check in audited["checks"] if not check["passed"]] == []
    assert status == 0
    assert trainwright("reproduce", result["run"])[1]["equal"]
    assert trainwright("evaluate", result["run"], "--split", "test")[0] == 0
    for ending in ("csv", "jsonl", "parquet"):
        assert (
            trainwright("predict", result["run"], data, "-o", data.with_name(f"p.{ending}"))[0] == 0
        )
    status, watched = trainwright("monitor", result["run"], data)
    assert status == 0
    return result, watched


@pytest.mark.parametrize("family", ["gru", "tcn"])
def test_whole_series_become_classes(family, folder, trainwright):
    recipe = folder / "waves.yaml"
    recipe.write_text(WAVES.replace("FAMILY", family))
    result, _ = whole_way(trainwright, recipe, folder / "waves.csv")
    losses = {row["name"]: row["loss"] for row in result["candidates"]}
    assert losses[family] < losses["baseline"]

    out = pl.read_csv(folder / "p.csv")
    assert out.columns == ["row", "id", "prediction", "probability_a", "probability_b"]
    assert out["id"].to_list() == list(range(120))
    long = pl.read_csv(folder / "waves.csv").sort("id", "day")
    own = long.group_by("id", maintain_order=True).agg("x", "y")
    answer = served(folder / result["run_dir"], own.drop("id").head(5).to_dicts())
    assert answer.status_code == 200
    for row, wanted in zip(answer.json()["predictions"], out.iter_rows(named=True), strict=False):
        assert row["prediction"] == wanted["prediction"]
        assert row["probability"]["a"] == pytest.approx(wanted["probability_a"], abs=1e-6)


def test_a_forecast_goes_the_whole_way(folder, trainwright):
    recipe = folder / "shops.yaml"
    recipe.write_text(SHOPS.replace("FAMILY", "gru, hidden: 8").replace("MORE", ", epochs: 4"))
    result, watched = whole_way(trainwright, recipe, folder / "shops.csv")
    assert {row["name"] for row in result["candidates"]} == {"seasonal-naive", "gru"}
    assert set(result["validation"]) == {"rmse", "mae", "mase", "r2"}
    evaluation = json.loads((folder / result["run_dir"] / "evaluation.json").read_text())
    assert len(evaluation["plots"]["forecast"]["step"]) == 14 * 6
    assert "Forecasts beside the truth" in (folder / result["run_dir"] / "report.html").read_text()
    assert watched["rows"] == 2 * (300 - 24) // 6

    out = pl.read_csv(folder / "p.csv")
    assert out.columns == ["row", "id", *(f"prediction_{step}" for step in range(1, 7))]
    assert out["id"].to_list() == ["A", "B"]
    lines = [json.loads(line) for line in (folder / "p.jsonl").read_text().splitlines()]
    assert lines[1]["prediction"] == pytest.approx(list(out.row(1)[2:]))
    assert np.mean(lines[1]["prediction"]) > np.mean(lines[0]["prediction"]) + 3

    long = pl.read_csv(folder / "shops.csv").filter(pl.col("shop") == "A").tail(24)
    instance = {"sales": long["sales"].to_list(), "rain": long["rain"].to_list()}
    answer = served(folder / result["run_dir"], [instance])
    even = answer.json()["predictions"][0]
    assert even["prediction"] == pytest.approx(lines[0]["prediction"], rel=1e-5)
    assert even["warnings"] == []

    known, none = [*instance["rain"][4:]], [None] * 4
    answer = served(
        folder / result["run_dir"],
        [{**instance, "rain": known}, {**instance, "rain": [*none, *known]}],
    )
    short, padded = answer.json()["predictions"]
    assert short["prediction"] == padded["prediction"]
    assert short["warnings"] == [
        "the channels have not the same number of steps ('sales' 24, 'rain' 20): they are taken to"
        " end together, the beginning of the shorter ones missing"
    ]
    assert padded["warnings"] == []


@pytest.mark.parametrize(
    ("value", "told"),
    [("12", "is no list of numbers"), ([1, "x"], "is no number"), ([True], "is no number")],
)
def test_the_server_refuses_what_is_no_series(value, told, folder, trainwright):
    recipe = folder / "shops.yaml"
    recipe.write_text(SHOPS.replace("FAMILY", "naive").replace("MORE", ""))
    _, result = trainwright("run", recipe)
    answer = served(folder / result["run_dir"], [{"sales": value, "rain": None}])
    assert answer.status_code == 422
    assert told in answer.text
    lenient = served(folder / result["run_dir"], [{"sales": [1.0, None, 3], "rain": None}])
    assert lenient.json()["predictions"][0]["prediction"] == pytest.approx([3.0] * 6)


def test_naive_forecasts_need_no_networks(folder, trainwright, monkeypatch):
    def missing(extra, *, what):
        raise EnvironmentFault(f"{what} needs {extra}")

    monkeypatch.setattr("trainwright.models.networks.family.require", missing)
    monkeypatch.setattr("trainwright.models.auto.is_installed", lambda extra: False)
    recipe = folder / "shops.yaml"
    recipe.write_text(SHOPS.replace("FAMILY", "auto").replace("MORE", ""))
    status, result = trainwright("run", recipe)
    assert status == 0
    assert {row["name"] for row in result["candidates"]} == {"seasonal-naive", "naive"}
    assert result["model"]["family"] == "seasonal-naive"


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        (("horizon: 6, ", ""), 2, "data: {horizon: 24}"),
        (("horizon: 6", "horizon: 100"), 3, "data: {horizon: 22}"),
        (("time: t", "time: tt"), 2, "use 't'"),
        (("series:", "split: {by: random}, series:"), 2, "split: {by: time, column: t}"),
    ],
)
def test_a_fault_is_told_with_its_mend(change, status, told, folder, trainwright):
    recipe = folder / "shops.yaml"
    recipe.write_text(SHOPS.replace("FAMILY", "naive").replace("MORE", "").replace(*change))
    found, result = trainwright("run", recipe)
    assert found == status
    assert told in json.dumps(result)
