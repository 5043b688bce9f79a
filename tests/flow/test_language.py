"""Language all the way: documents, pairs and conversations; run, test, predict, monitor, audit."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Split
from trainwright.core.columns import Task
from trainwright.core.errors import RecipeError
from trainwright.recipe import load_recipe

TINY = "hidden: 32, layers: 1, heads: 2, vocabulary: 320, max_length: 48"
TRAINING = (
    "training: {epochs: 3, batch_size: 8, budget: 600s, threads: 1,"
    " optimizer: {kind: adamw, learning_rate: 1.0e-2}}\ntracking: {kind: none}\n"
)
COLOURS, ANIMALS = ("red", "green", "blue", "white"), ("cat", "dog", "bird", "fish", "horse")


def sources(folder: Path, rows: int = 120) -> None:
    """Documents, pairs and conversations about animals."""
    draw = np.random.default_rng(0)
    made: dict[str, list[dict]] = {"pages": [], "pairs": [], "talks": []}
    for number in range(rows):
        words = [str(draw.choice(kind)) for kind in (COLOURS, ANIMALS) for _ in range(2)]
        asked, told = f"{' '.join(words)} {number}", words[0].upper()
        made["pages"].append({"text": " ".join([asked] * 3), "kind": words[2]})
        made["pairs"].append({"asked": asked, "told": told})
        talk = [{"role": "user", "content": asked}, {"role": "assistant", "content": told}]
        made["talks"].append({"messages": talk})
    made["pages"][3]["text"] = None
    for name, found in made.items():
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, found)))


def recipe_of(folder: Path, name: str, *, more: str = "") -> Path:
    task, data, model = {
        "pages": ("language-modelling", "{source: pages.jsonl}", f"causal-lm, {TINY}"),
        "pairs": (
            "text-to-text",
            "{source: pairs.jsonl, inputs: {text: asked}, target: told}",
            f"causal-lm, {TINY}",
        ),
        "talks": ("instruction-tuning", "{source: talks.jsonl}", f"causal-lm, {TINY}"),
    }[name]
    path = folder / f"{name}.yaml"
    path.write_text(f"task: {task}\ndata: {data}\nmodel: {{family: {model}}}\n{TRAINING}{more}")
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A folder in which the three were run, and what came of each."""
    from trainwright.flow.run import run

    folder = tmp_path_factory.mktemp("language")
    sources(folder)
    gate = 'deployment: {gate: {chrf: ">= 0"}}\n'
    return folder, {
        name: run(
            recipe_of(folder, name, more="" if name == "pages" else gate), workspace=folder / "w"
        )
        for name in ("pages", "pairs", "talks")
    }


@pytest.mark.parametrize("name", ["pages", "pairs", "talks"])
def test_each_learns_and_beats_the_byte_frequencies(told, name):
    result = told[1][name]
    losses = {row["name"]: row["loss"] for row in result.candidates}
    assert result.model["family"] == "causal-lm"
    assert losses["causal-lm"] < 0.8 * losses["unigram"]
    assert result.validation["bits_per_byte"].low > 0


def test_bits_per_byte_is_the_loss_of_the_choice(told):
    result = told[1]["pages"]
    chosen = next(row for row in result.candidates if row["name"] == "causal-lm")
    assert result.validation["bits_per_byte"].value == pytest.approx(chosen["loss"], rel=1e-9)


def test_how_texts_are_written_is_no_idle_key_where_the_baseline_is_chosen(tmp_path):
    from trainwright.flow.run import run

    recipe = recipe_of(tmp_path, "pairs", more="evaluation: {generation: {max_new_tokens: 4}}\n")
    draw = np.random.default_rng(0)
    told = [{"asked": f"{n} of 60", "told": str(draw.integers(1e7, 1e8))} for n in range(60)]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, told)))
    slow = recipe.read_text().replace("epochs: 3", "epochs: 1").replace("1.0e-2", "1.0e-9")
    recipe.write_text(slow)
    result = run(recipe, workspace=tmp_path / "workspace")
    assert result.model["family"] == "unigram"
    assert {gate.name: gate.passed for gate in result.gates}["every recipe key was read"]


def test_a_document_without_text_is_in_the_ledger(told):
    rows = told[1]["pages"].rows
    assert rows["dropped"] == 1
    assert rows["input"] == 120 == sum(rows[part] for part in ("train", "validation", "test")) + 1


def test_the_tokens_of_a_row_stand_in_its_life_and_add_up_to_those_of_the_run(told):
    from trainwright.flow.lineage import lineage

    folder, results = told
    result = results["talks"]
    counted = pl.read_parquet(result.run_dir / "tokens.parquet")
    train = counted.filter(pl.col("split") == "train")
    assert train["taught"].sum() == result.tokens["train"]["taught"]
    first = counted.row(0, named=True)
    life = lineage(result.run, row=str(first.pop("row")), workspace=folder / "w")["row"]
    assert life["tokens"] == first


def test_what_is_written_is_measured_and_a_gate_can_ask_for_it(told):
    for name in ("pairs", "talks"):
        result = told[1][name]
        assert {"chrf", "rouge_l", "exact_match", "token_f1"} & set(result.validation)
        assert result.gates[0].name == "gate chrf >= 0"
        assert result.gates[0].passed
    assert "rouge_l" not in told[1]["pages"].validation


def test_the_report_shows_what_was_written_beside_what_should_have_been(told):
    result = told[1]["talks"]
    page = (result.run_dir / "report.html").read_text()
    kept = json.loads((result.run_dir / "evaluation.json").read_text())["plots"]["generated"]
    sample = kept["samples"][0]
    assert "less loss than the baseline" in page
    assert sample["reference"] in page
    assert sample["prompt"].split("user: ")[-1] in page


@pytest.mark.parametrize("name", ["pages", "pairs", "talks"])
def test_the_run_is_reproduced_byte_by_byte(told, name):
    from trainwright.flow.reproduction import reproduce

    folder, results = told
    checks = reproduce(results[name].run, workspace=folder / "w").checks
    assert [check for check in checks if not check.passed] == []


def test_the_audit_is_green_with_the_model_fitted_again(told):
    from trainwright.flow.audit import audit

    folder, results = told
    found = audit(results["talks"].run, workspace=folder / "w", refit=True)
    assert [check for check in found.checks if not check.passed] == []


def test_the_test_split_is_measured_once_with_what_is_written(told):
    from trainwright.flow.evaluation import evaluate

    folder, results = told
    found = evaluate(results["pairs"].run, split=Split.TEST, workspace=folder / "w")
    assert found.opened == 1
    assert {"bits_per_byte", "chrf"} <= set(found.metrics)
    again = evaluate(results["pairs"].run, split=Split.VALIDATION, workspace=folder / "w")
    assert again.metrics == results["pairs"].validation


@pytest.mark.parametrize(("name", "kind"), [("pages", float), ("pairs", str), ("talks", str)])
def test_predict_writes_bits_of_documents_and_texts_of_the_others(told, tmp_path, name, kind):
    from trainwright.flow.prediction import predict

    folder, _ = told
    output = tmp_path / "out.parquet"
    found = predict(
        f"{name}@champion", folder / f"{name}.jsonl", output=output, workspace=folder / "w"
    )
    table = pl.read_parquet(output)
    assert found.rows == table.height == 120
    assert {type(value) for value in table["prediction"].drop_nulls()} == {kind}


@pytest.mark.parametrize("name", ["pages", "pairs", "talks"])
def test_live_rows_are_watched_with_quality_where_they_tell_it(told, name):
    from trainwright.flow.monitoring import monitor

    folder, _ = told
    found = monitor(f"{name}@champion", folder / f"{name}.jsonl", workspace=folder / "w")
    assert set(found.to_json()["quality"]["metrics"]) <= {"bits_per_byte"}


def test_what_stands_beside_the_task_and_what_need_not_be_said(tmp_path):
    sources(tmp_path)
    path = tmp_path / "r.yaml"
    path.write_text(
        "task: language-modelling\nobjective: causal\ndata: {source: pages.jsonl}\n"
        "model: {family: causal-lm}\n"
    )
    recipe = load_recipe(path)
    assert recipe.task is Task.LANGUAGE_MODELLING
    assert (recipe.data.inputs.text, recipe.data.target) == ("text", "text")
    assert recipe.training.objective.kind == "causal"


def test_a_folder_of_texts_is_read_as_documents(tmp_path):
    for number in range(3):
        (tmp_path / "corpus" / f"part{number}").mkdir(parents=True)
        (tmp_path / "corpus" / f"part{number}" / "a.txt").write_text("some words")
    path = tmp_path / "r.yaml"
    path.write_text("task: language-modelling\ndata: {source: corpus}\n")
    recipe = load_recipe(path)
    assert (recipe.data.read, recipe.data.target) == ("documents", "text")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("evaluation: {metric: accuracy}\n", "there is no metric 'accuracy'"),
        ("evaluation: {cross_validation: 3}\n", "text-to-text is not compared by folds"),
    ],
)
def test_what_language_cannot_use_is_refused_before_data_are_touched(tmp_path, change, told):
    from trainwright.flow.run import run

    sources(tmp_path)
    path = recipe_of(tmp_path, "pairs", more=change)
    with pytest.raises(RecipeError, match=told):
        run(path, workspace=tmp_path / "w")


def test_balance_is_for_classes(tmp_path):
    from trainwright.flow.run import run

    sources(tmp_path)
    path = recipe_of(tmp_path, "pairs")
    with pytest.raises(RecipeError, match="text-to-text cannot use balance"):
        run(path, overrides=["data.balance=oversample"], workspace=tmp_path / "w")


def test_bits_per_byte_from_its_definition(told):
    """Of the package's own answers: nats to bits, over the bytes of the documents themselves."""
    from trainwright.data.snapshot import load_snapshot
    from trainwright.deployment.package import load_package
    from trainwright.flow.rows import load_rows

    folder, results = told
    result = results["pages"]
    rows = load_rows(load_snapshot(folder / "w" / "snapshots" / result.snapshot), Split.VALIDATION)
    values = load_package(result.package).model.predict(rows.frame).values
    texts = rows.frame["text"].to_list()
    whole = sum(len(text.encode()) for text in texts)
    assert values[:, 2].sum() <= whole
    bits = values[:, 0].sum() / math.log(2) / values[:, 2].sum()
    assert result.validation["bits_per_byte"].value == pytest.approx(bits, rel=0.1)
