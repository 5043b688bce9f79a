"""A trained network leaves through the command line, and stays where it would not answer alike."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.cli.main import status_of
from trainwright.core.clock import Replay
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.durable import read_json
from trainwright.core.features import Examples
from trainwright.core.parts import families
from trainwright.core.protocols import Workplace
from trainwright.data.fitting import fit_preparation
from trainwright.deployment.package import write_package
from trainwright.models.fitted import FittedModel
from trainwright.recipe.sections import TrainingSettings


def packaged(folder: Path, family: str, **settings) -> Path:
    """A package of a small table's model."""
    rng = np.random.default_rng(0)
    size, shape = rng.normal(size=120), rng.choice(["round", "long"], 120)
    target = (size + (shape == "round") > 0.5).astype(np.float64)
    frame = pl.DataFrame({"size": size, "shape": shape})
    inputs = (Column("size", ColumnType.NUMBER), Column("shape", ColumnType.CATEGORY))
    spec = Target(Column("answer", ColumnType.CATEGORY), Task.CLASSIFICATION, ("no", "yes"))
    part = families.find(family)(**settings)
    preparation = fit_preparation(frame, inputs, part.needs, base=folder)
    examples = Examples(preparation.transform(frame), target)
    fit = part.fit(
        examples,
        examples,
        target=spec,
        training=TrainingSettings(epochs=8, batch_size=16, threads=1)
        if family == "mlp"
        else TrainingSettings(),
        seed=0,
        pacer=Replay({}),
        workplace=Workplace(folder),
    )
    write_package(
        folder / family,
        model=FittedModel(preparation, fit.estimator, spec, inputs),
        card="# card\n",
        facts={"family": family},
        reference=None,
        golden_rows=[{"size": 0.3 * n - 2, "shape": "round" if n % 2 else None} for n in range(16)],
        tolerance=1e-5,
    )
    return folder / family


def packaged_column(folder: Path, family: str, column: Column, values: list, **settings) -> Path:
    """A package of a network that reads one column; it learnt for one epoch."""
    frame = pl.DataFrame({column.name: values})
    target = (np.arange(len(values)) % 2).astype(np.float64)
    spec = Target(Column("answer", ColumnType.CATEGORY), Task.CLASSIFICATION, ("no", "yes"))
    part = families.find(family)(**settings)
    preparation = fit_preparation(frame, (column,), part.needs, base=folder)
    fit = part.fit(
        Examples(preparation.transform(frame), target),
        None,
        target=spec,
        training=TrainingSettings(epochs=1, batch_size=8, threads=1),
        seed=0,
        pacer=Replay({}),
        workplace=Workplace(folder),
    )
    model = FittedModel(preparation, fit.estimator, spec, (column,))
    folder.mkdir(exist_ok=True)
    rows = [{column.name: value} for value in values if isinstance(value, str)]
    rows = rows or [{column.name: None}, {column.name: None}]
    write_package(
        folder / family,
        model=model,
        card="# card\n",
        facts={"family": family},
        reference=None,
        golden_rows=rows,
        tolerance=1e-5,
    )
    return folder / family


@pytest.mark.slow
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_a_network_for_texts_leaves_as_a_graph_of_any_length(tmp_path, capsys, quantize):
    texts = [f"{'many ' * (n % 7)}words of number {n}" for n in range(24)]
    column = Column("text", ColumnType.TEXT)
    size = {"layers": 1, "hidden": 32, "heads": 2}
    package = packaged_column(tmp_path / "p", "text-encoder", column, texts, **size)
    more = [] if quantize is None else ["--quantize", quantize]
    status, told = export(package, tmp_path / "out", capsys, "--to", "onnx", *more)
    assert status == 0, told


@pytest.mark.slow
def test_a_network_for_images_leaves_as_a_graph(tmp_path, capsys):
    import io

    from PIL import Image

    rng = np.random.default_rng(0)
    images = []
    for _ in range(16):
        held = io.BytesIO()
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(held, "PNG")
        images.append(held.getvalue())
    column = Column("image", ColumnType.IMAGE)
    package = packaged_column(tmp_path / "p", "cnn", column, images)
    status, told = export(package, tmp_path / "out", capsys, "--to", "onnx")
    assert status == 0, told


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return packaged(tmp_path_factory.mktemp("network"), "mlp", hidden=16, layers=1)


def export(package, output, capsys, *arguments):
    capsys.readouterr()
    workspace = str(package.parent / "work")
    status = status_of(
        ["export", str(package), "--workspace", workspace, "-o", str(output), *arguments, "--json"]
    )
    return status, json.loads(capsys.readouterr().out)


def test_the_graph_answers_as_the_package_does(network, tmp_path, capsys):
    import onnxruntime

    output = tmp_path / "out"
    status, told = export(network, output, capsys, "--to", "onnx")
    assert status == 0, told
    assert [check["name"] for check in told["checks"]] == ["label agreement", "probabilities"]
    assert read_json(output / "export.json")["checks"] == told["checks"]
    session = onnxruntime.InferenceSession(str(output / "model.onnx"))
    assert session.get_inputs()[0].shape[0] == "rows"


def test_weights_with_their_architecture_load_again(network, tmp_path, capsys):
    output = tmp_path / "out"
    status, told = export(network, output, capsys, "--to", "safetensors")
    assert status == 0
    written = [path for path in output.iterdir() if path.name != "export.json"]
    assert told["bytes"] == sum(path.stat().st_size for path in written)


def test_a_graph_of_other_weights_is_refused_and_nothing_is_left(
    network, tmp_path, capsys, monkeypatch
):
    import torch

    from trainwright.models.export import onnx

    write = onnx.write_network_onnx

    def planted(estimator, features, path):
        weights = next(iter(estimator.module.parameters()))
        before = weights.detach().clone()
        with torch.no_grad():
            weights.neg_()
            write(estimator, features, path)
            weights.copy_(before)

    monkeypatch.setattr(onnx, "write_network_onnx", planted)
    status, told = export(network, tmp_path / "out", capsys, "--to", "onnx")
    assert status == 1
    assert not told["passed"]
    assert list(tmp_path.iterdir()) == []


def test_gguf_is_of_language_models_alone(network, tmp_path, capsys):
    status, told = export(network, tmp_path / "out", capsys, "--to", "gguf")
    assert status == 2
    assert "--to onnx" in told["error"]["mend"]


def test_what_is_no_network_stays(tmp_path, capsys):
    package = packaged(tmp_path, "linear")
    status, told = export(package, tmp_path / "out", capsys, "--to", "onnx")
    assert status == 2
    assert "only networks" in told["error"]["what"]
    assert not (tmp_path / "out").exists()
