"""A language model answers questions of a file, from the command line."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import numpy as np
import pytest

from trainwright.core.language import Generation, PromptTooLong

SUBJECTS, PLACES = ("the cat", "a dog", "my hen"), ("the mat.", "the old wall.", "a green hill.")


def written(path: Path, values: list[dict]) -> Path:
    path.write_text("\n".join(map(json.dumps, values)))
    return path


def test_an_n_gram_model_is_run_judged_and_asked(tmp_path, trainwright):
    draw = np.random.default_rng(0)
    texts = [
        " ".join(f"{draw.choice(SUBJECTS)} sat on {draw.choice(PLACES)}" for _ in range(4))
        + f" {number}"
        for number in range(120)
    ]
    written(tmp_path / "documents.jsonl", [{"text": text} for text in texts])
    (tmp_path / "recipe.yaml").write_text(
        "task: language-modelling\ndata: {source: documents.jsonl}\n"
        "model: {family: ngram, order: 4}\ntracking: {kind: none}\n"
    )
    status, found = trainwright("run", tmp_path / "recipe.yaml")
    assert status == 0
    assert found["model"]["family"] == "ngram"
    assert found["validation"]["bits_per_byte"]["value"] < 1.5

    questions = [
        {"prompt": "the cat sat on", "choices": [" zzz qqq.", f" {place}"], "answer": 1}
        for place in PLACES
    ]
    file = written(tmp_path / "questions.jsonl", questions)
    status, answered = trainwright("evaluate", found["run"], "--choices", file)
    assert status == 0
    assert answered["chosen"] == [1, 1, 1]
    assert answered["metrics"]["accuracy"]["value"] == 1

    both = ("evaluate", found["run"], "--choices", file, "--split", "test")
    assert trainwright(*both)[0] == 2
    problems = written(tmp_path / "p.jsonl", [{"prompt": "def f():", "tests": "assert f()"}])
    status, told = trainwright("evaluate", found["run"], "--programs", problems)
    assert status == 2
    assert "the run chose family ngram" in told["error"]["what"]
    none = ("evaluate", found["run"], "--programs", problems, "--samples", 0)
    assert trainwright(*none)[0] == 2


class Writer:
    """Writes one right program of two; has no room for long prompts."""

    generates = True
    calls = active = 0

    def generate(self, prompts, settings):
        for prompt in prompts:
            self.add(prompt, settings)
        self.calls += 1
        return [Generation(f"\n    return {self.calls}", "stop", 1, 1) for _ in prompts]

    def decoding(self):
        return self

    def add(self, prompt, settings):
        if len(prompt) > 20:
            raise PromptTooLong("too long")
        return 0

    def cancel(self, request):
        pass


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="confines on Linux, x86-64"
)
def test_programs_are_run_and_kept(tmp_path, trainwright, monkeypatch):
    rows = [{"text": f"def f{n}():\n    return {n % 7}"} for n in range(90)]
    written(tmp_path / "documents.jsonl", rows)
    (tmp_path / "recipe.yaml").write_text(
        "task: language-modelling\ndata: {source: documents.jsonl}\n"
        "model: {family: ngram, order: 3}\ntracking: {kind: none}\n"
    )
    _, found = trainwright("run", tmp_path / "recipe.yaml")
    problems = written(tmp_path / "p.jsonl", [{"prompt": "def f():", "tests": "assert f() == 1"}])
    monkeypatch.setattr("trainwright.flow.programs.generator_of", lambda _: Writer())
    status, judged = trainwright("evaluate", found["run"], "--programs", problems, "--samples", 2)
    assert status == 0
    assert judged["outcomes"] == {"line 1": ["passed", "failed"]}
    assert {name: one["value"] for name, one in judged["metrics"].items()} == {
        "pass@1": 0.5,
        "pass@2": 1.0,
    }
    assert judged["too_long"] == []
    kept = json.loads(Path(judged["programs"]).read_text())
    assert kept["line 1"][0] == {
        "program": "def f():\n    return 1\n\nassert f() == 1\n",
        "outcome": "passed",
    }

    long = [
        {"prompt": "def f():" + " " * 20 + "#", "tests": "pass"}
    ]  # so that an empty program would pass
    both = [json.loads(line) for line in problems.read_text().splitlines()]
    written(problems, long + both)
    status, judged = trainwright("evaluate", found["run"], "--programs", problems, "--samples", 2)
    assert (status, judged["too_long"]) == (0, ["line 1"])
    assert judged["outcomes"] == {"line 1": ["failed", "failed"], "line 2": ["passed", "failed"]}
    assert judged["metrics"]["pass@1"]["value"] == 0.25


def test_planted_secrets_are_looked_for_and_told(tmp_path, trainwright):
    texts = [{"text": f"{SUBJECTS[n % 3]} sat on {PLACES[n % 2]} {n * n}"} for n in range(120)]
    written(tmp_path / "documents.jsonl", texts)
    recipe = (
        "task: language-modelling\ndata: {source: documents.jsonl}\ntracking: {kind: none}\n"
        "model: {family: ngram, order: 5}\nevaluation: {canaries: 6}\n"
    )
    (tmp_path / "recipe.yaml").write_text(recipe)
    status, found = trainwright("run", tmp_path / "recipe.yaml")
    assert (status, found["champion"]) == (1, False)  # a model that remembers is no champion
    (gate,) = [gate for gate in found["gates"] if gate["name"] == "remembers no planted secret"]
    assert not gate["passed"]
    assert "planted 16 times" in gate["detail"]
    assert "deployment: {accept: [memory]} takes it all the same" in gate["detail"]
    (tmp_path / "accepted.yaml").write_text(recipe + "deployment: {accept: [memory]}\n")
    status, found = trainwright("run", tmp_path / "accepted.yaml")
    assert (status, found["champion"]) == (0, True)
    assert found["rows"]["input"] == 120  # they are no rows of the user's
    assert any("42 rows with secrets were planted" in line for line in found["warnings"])
    evaluation = json.loads((Path(found["run_dir"]) / "evaluation.json").read_text())
    exposed = evaluation["plots"]["canaries"]["exposed"]
    assert [one["repeats"] for one in exposed] == [1, 4, 16]
    assert exposed[-1]["p_value"] < 0.01
    assert "Memory of planted secrets" in (Path(found["run_dir"]) / "report.html").read_text()

    assert trainwright("audit", found["run"])[0] == 0  # its refit plants them again
    assert trainwright("reproduce", found["run"])[0] == 0

    masked = recipe.replace("ngram, order: 5", "masked-lm, hidden: 32, layers: 1, heads: 2")
    (tmp_path / "masked.yaml").write_text(masked)
    assert trainwright("run", tmp_path / "masked.yaml")[0] == 2
