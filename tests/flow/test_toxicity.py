"""A corpus is filtered by a classifier that was trained here, on real newsgroup posts."""

from __future__ import annotations

import json
import zipfile
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from trainwright.core.errors import RecipeError
from trainwright.flow.preparation import prepare
from trainwright.flow.run import run

TEACH, COLLECTED = 300, 100  # posts of each group


def posts(group: str) -> list[str]:
    """Bodies of a newsgroup's posts, without headers, in the order of their numbers."""
    spec = find_spec("dmba")
    assert spec is not None
    assert spec.origin is not None
    archive = Path(spec.origin).parent / "csvFiles" / "AutoAndElectronics.zip"
    with zipfile.ZipFile(archive) as packed:
        names = sorted(
            name for name in packed.namelist() if f"/{group}/" in name and name[-1] != "/"
        )
        raw = [packed.read(name).decode("latin-1") for name in names[: TEACH + COLLECTED]]
    return [text.partition("\n\n")[2] for text in raw]


def lines(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that tells cars from electronics, and a corpus of both that it did not see."""
    folder = tmp_path_factory.mktemp("toxicity")
    cars, electronics = posts("rec.autos"), posts("sci.electronics")
    taught = [
        {"text": text, "group": group}
        for pair in zip(cars[:TEACH], electronics[:TEACH], strict=True)
        for text, group in zip(pair, ("cars", "electronics"), strict=True)
    ]
    lines(folder / "taught.jsonl", taught)
    lines(
        folder / "corpus.jsonl",
        [
            {"post": text, "mood": "ab"[number % 2]}
            for number, text in enumerate([*cars[TEACH:], *electronics[TEACH:]])
        ],
    )
    (folder / "judge.yaml").write_text(
        "name: judge\ndata: {source: taught.jsonl, target: group, inputs: {text: text}}\n"
        "model: {families: [baseline, linear]}\n"
        "training: {budget: 30s, threads: 1}\ntracking: {kind: none}\n"
    )
    run(folder / "judge.yaml", workspace=folder / "w")
    return folder


def written(folder: Path, toxicity: str) -> Path:
    recipe = folder / "corpus.yaml"
    recipe.write_text(
        "data: {source: corpus.jsonl, target: mood, inputs: {text: post}, near_duplicates: off,"
        f" filters: {{min_words: 1, toxicity: {toxicity}}}}}\n"
    )
    return recipe


def package_of(folder: Path) -> str:
    (made,) = (folder / "w" / "runs").iterdir()
    return str((made / "package").relative_to(folder))


@pytest.mark.parametrize("named", ["package", "run", "registry"])
def test_what_the_classifier_refuses_is_left_out_with_its_reason(folder: Path, named: str):
    package = package_of(folder)
    model = {"package": package, "run": str(Path(package).parent), "registry": "judge/1"}[named]
    asked = f"{{model: {model}, class: cars, threshold: 0.6}}"
    snapshot, _ = prepare(written(folder, asked), workspace=folder / "w")
    ledger = pl.read_parquet(snapshot.folder / "rows.parquet").sort("row")
    gone = ledger.filter(pl.col("reason") == f"cars over 0.6 by {model}")["row"]
    cars = int((gone < COLLECTED).sum())
    assert cars > 0.75 * COLLECTED
    assert len(gone) - cars < 0.1 * COLLECTED
    (told,) = [f for f in snapshot.findings if "filters left out" in f.message]
    assert f"cars over 0.6 by {model} {len(gone)} (" in told.message


def test_another_model_of_the_same_name_is_asked_anew(folder: Path, tmp_path: Path):
    from trainwright.flow.classifying import PackagedClassifiers
    from trainwright.runs.workspace import Workspace

    known = PackagedClassifiers(folder, Workspace.open(folder / "w"))
    (tmp_path / "other").mkdir()
    manifest = (folder / package_of(folder) / "manifest.json").read_text()
    (tmp_path / "other" / "manifest.json").write_text(manifest + " ")
    other = PackagedClassifiers(tmp_path, known.workspace).hash("other")
    assert known.hash("judge/1") == known.hash(package_of(folder)) != other


@pytest.mark.parametrize(
    ("asked", "what", "mend"),
    [
        ("{model: judge/1, class: car}", "knows no class 'car'", "class: cars"),
        ("{model: jugde/1, class: cars}", "jugde", "judge"),
    ],
)
def test_a_classifier_that_cannot_be_asked_is_refused(
    folder: Path, asked: str, what: str, mend: str
):
    with pytest.raises(RecipeError, match=what) as caught:
        prepare(written(folder, asked), workspace=folder / "w")
    assert mend in caught.value.mend
    assert caught.value.where.startswith("data.filters.toxicity")


def test_a_model_that_reads_a_table_cannot_judge_texts(
    folder: Path, finished: tuple[Path, str], tmp_path: Path
):
    loans, made = finished
    (tmp_path / "corpus.jsonl").write_bytes((folder / "corpus.jsonl").read_bytes())
    asked = f"{{model: {loans / 'workspace' / 'runs' / made}, class: 'yes'}}"
    with pytest.raises(RecipeError, match=r"reads 'age' \(number\)"):
        prepare(written(tmp_path, asked), workspace=tmp_path / "w")
