"""A base that is a package of ours is refused where today's test rows taught it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.durable import canonical_json
from trainwright.core.errors import RecipeError, TrustError
from trainwright.flow.run import run

WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
SCRATCH = "model: {family: text-encoder, hidden: 16, layers: 1, heads: 2, vocabulary: 300, max_length: 16}"
TUNED = "model: {pretrained: base, max_length: 16}"
REST = (
    "training: {epochs: 4, batch_size: 8, budget: 120s, threads: 1,"
    " optimizer: {kind: adamw, learning_rate: 1.0e-2}}\ntracking: {kind: none}\n"
)


def texts(path: Path, *, seed: int, rows: int = 150) -> None:
    draw = np.random.default_rng(seed)
    code = draw.integers(0, 2, rows)
    told = [
        " ".join([*draw.choice(WORDS, 6), "good" if one else "bad", str(k)])
        for k, one in enumerate(code)
    ]
    pl.DataFrame({"text": told, "mood": np.where(code, "up", "down")}).write_csv(path)


def recipe(
    folder: Path, model: str, *, name: str, source: str = "texts.csv", split: int = 0
) -> Path:
    path = folder / f"{name}.yaml"
    data = f"data: {{source: {source}, target: mood, inputs: {{text: text}}, split: {{seed: {split}}}}}"
    path.write_text(f"name: {name}\n{data}\n{model}\n{REST}")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a base that was trained on one of its snapshots."""
    folder = tmp_path_factory.mktemp("bases")
    texts(folder / "texts.csv", seed=0)
    texts(folder / "others.csv", seed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainwright.flow.selection.is_small", lambda *_, **__: False)
        found = run(recipe(folder, SCRATCH, name="scratch"), workspace=folder / "w")
    shutil.copytree(found.package, folder / "base")
    return folder


@pytest.fixture(autouse=True)
def without_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainwright.flow.selection.is_small", lambda *_, **__: False)


def test_a_base_of_this_very_snapshot_has_not_seen_its_test_rows(folder: Path) -> None:
    assert run(recipe(folder, TUNED, name="same"), workspace=folder / "w").warnings == ()


def test_a_base_that_learnt_from_other_rows_is_taken(folder: Path) -> None:
    path = recipe(folder, TUNED, name="other", source="others.csv")
    assert run(path, workspace=folder / "w").warnings == ()


@pytest.mark.parametrize("named", ["base", "base/model/estimator"])
def test_a_base_that_learnt_from_the_test_rows_is_refused(folder: Path, named: str) -> None:
    path = recipe(folder, TUNED.replace("base", named), name="leaking", split=1)
    with pytest.raises(RecipeError, match="this very snapshot") as caught:
        run(path, workspace=folder / "w")
    assert caught.value.where == "model.pretrained"
    count, of = (int(word) for word in caught.value.what.split() if word.isdigit())
    assert count > of / 2  # most of this split's test rows were train rows in the other one


def test_where_it_cannot_be_told_the_run_says_so(folder: Path, tmp_path: Path) -> None:
    (warning,) = run(recipe(folder, TUNED, name="elsewhere", split=1), workspace=tmp_path).warnings
    assert "cannot be told" in warning


def test_a_base_that_was_changed_is_not_trusted(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "base", tmp_path / "base")
    facts = tmp_path / "base" / "facts.json"
    facts.write_bytes(canonical_json({**json.loads(facts.read_text()), "snapshot": "0" * 64}))
    shutil.copy(folder / "texts.csv", tmp_path)
    with pytest.raises(TrustError, match="its manifest says"):
        run(recipe(tmp_path, TUNED, name="changed", split=1), workspace=tmp_path / "w")
