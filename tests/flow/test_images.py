"""Images through the verbs: a folder with a sub-folder a class, a table of paths, and bytes in Parquet."""

from __future__ import annotations

import base64
import json

import numpy as np
import polars as pl
import pytest
from PIL import Image

RECIPE = """
data: {DATA}
model: {family: cnn, widths: [8, 16], augmentation: {shift: 0.05, rotation: 0}}
training: {budget: 60s, threads: 1, epochs: 8, batch_size: 16, optimizer: {kind: adamw, learning_rate: 0.01}}
tracking: {kind: none}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Stripes that lie or stand, with noise: 120 images of 8 x 8 in two sub-folders."""
    monkeypatch.setattr("trainwright.flow.selection.is_small", lambda *_, **__: False)  # no folds
    rng = np.random.default_rng(0)
    rows = []
    for row in range(120):
        label = ("lying", "standing")[row % 2]
        stripes = np.tile(np.array([[0], [1]]), (4, 8)) * 120
        pixels = (stripes if label == "lying" else stripes.T) + rng.integers(0, 120, (8, 8))
        path = tmp_path / "stripes" / label / f"{row:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        rows.append({"scan": str(path.relative_to(tmp_path)), "kind": label})
    table = pl.DataFrame(rows)
    table.write_csv(tmp_path / "stripes.csv")
    files = [(tmp_path / path).read_bytes() for path in table["scan"]]
    structs = [{"bytes": data, "path": p} for data, p in zip(files, table["scan"], strict=True)]
    table.with_columns(scan=pl.Series(structs)).write_parquet(tmp_path / "stripes.parquet")
    return tmp_path


def recipe(folder, data):
    path = folder / "stripes.yaml"
    path.write_text(RECIPE.replace("{DATA}", data))
    return path


def test_a_folder_goes_the_whole_way(folder, trainwright):
    status, result = trainwright("run", recipe(folder, "{source: stripes}"))
    assert status == 0
    assert result["validation"]["accuracy"]["value"] > 0.9
    assert [gate for gate in result["gates"] if not gate["passed"]] == []

    status, opened = trainwright("evaluate", result["run"], "--split", "test")
    assert status == 0
    assert opened["metrics"]["accuracy"]["value"] > 0.8

    output = folder / "answers.csv"
    assert trainwright("predict", "stripes", folder / "stripes", "-o", output)[0] == 0
    answers = pl.read_csv(output)
    assert answers.columns[:3] == ["row", "path", "prediction"]
    assert answers["row"].to_list() == list(range(120))
    assert all((folder / "stripes" / path).is_file() for path in answers["path"])
    assert answers["path"].str.starts_with("lying/").to_list() == [True] * 60 + [False] * 60
    assert (answers["prediction"] == pl.Series(["lying"] * 60 + ["standing"] * 60)).mean() > 0.9

    status, watched = trainwright("monitor", "stripes", folder / "stripes")
    assert watched["rows"] == 120

    status, audited = trainwright("audit", result["run"], "--refit")
    assert [check for check in audited["checks"] if not check["passed"]] == []
    assert status == 0
    assert trainwright("reproduce", result["run"])[1]["equal"]


@pytest.mark.parametrize("source", ["stripes.csv", "stripes.parquet"])
def test_a_table_of_paths_or_of_bytes_is_learned_from(source, folder, trainwright):
    data = f"{{source: {source}, target: kind, inputs: {{image: scan}}}}"
    status, result = trainwright("run", recipe(folder, data))
    assert status == 0
    assert result["validation"]["accuracy"]["value"] > 0.9
    output = folder / "answers.parquet"
    assert trainwright("predict", "stripes", folder / source, "-o", output)[0] == 0
    assert (
        pl.read_parquet(output)["prediction"] == pl.read_csv(folder / "stripes.csv")["kind"]
    ).mean() > 0.9


def test_workers_give_the_same_package_as_none(folder, trainwright):
    path = recipe(folder, "{source: stripes}")
    hashes = []
    for workers in (0, 1):
        status, result = trainwright(
            "run",
            path,
            "--new",
            "--set",
            f"training.workers={workers}",
            "--set",
            "training.epochs=1",
        )
        assert status == 0
        weights = folder / result["package"] / "model" / "estimator" / "weights.safetensors"
        hashes.append(weights.read_bytes())
    assert hashes[0] == hashes[1]


def test_a_damaged_image_stops_the_run_by_name(folder, trainwright):
    (folder / "stripes" / "lying" / "000.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    status, said = trainwright("run", recipe(folder, "{source: stripes}"))
    assert status == 3
    assert "stripes/lying/000.png" in json.dumps(said)


def test_single_rows_come_as_base64_and_what_is_none_is_said(folder, trainwright):
    from trainwright.data.types import parse_value
    from trainwright.deployment.package import load_package

    _, result = trainwright("run", recipe(folder, "{source: stripes}"))
    package = load_package(folder / result["package"])
    image = (folder / "stripes" / "lying" / "002.png").read_bytes()
    column = package.model.inputs[0]
    assert parse_value(column, base64.b64encode(image).decode()) == image
    for value in ("?", base64.b64encode(b"no image").decode(), 5):
        with pytest.raises(ValueError, match=r"base64|no image"):
            parse_value(column, value)
    one = package.model.predict_rows([{column.name: image}, {column.name: None}])
    assert one.probabilities is not None
    assert np.isfinite(one.probabilities).all()
    assert package.model.target.classes[int(one.values[0])] == "lying"
