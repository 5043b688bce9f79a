"""The lm-evaluation-harness, a real client in an environment of its own, asks a served model."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import numpy as np
import pytest

from environments import own_environment
from speaking_model import speaking_model, write_speaking_package
from trainwright.core.columns import Task
from trainwright.core.language import NATS, GenerationSettings
from trainwright.flow.question_files import read_choices
from trainwright.flow.questions import continuations, score_choices

pytestmark = pytest.mark.slow

HARNESS = "0.4.13"
SUBJECTS, PLACES = ("the cat", "a dog", "what"), ("the mat", "the hill", "the rain", "every cloud")
TASK = """task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: {kind}
target_delimiter: ""
{more}
"""
CHOICES = """doc_to_text: prompt
doc_to_choice: choices
doc_to_target: answer
metric_list: [{metric: acc}, {metric: acc_bytes}]"""
WRITES = """doc_to_text: prompt
doc_to_target: wanted
generation_kwargs: {until: ["q"], max_gen_toks: 8, temperature: 0}
metric_list: [{metric: exact_match}]"""
WHOLE = """doc_to_text: ""
doc_to_target: text
metric_list: [{metric: bits_per_byte}]"""


@pytest.fixture(scope="module")
def python():
    """An interpreter that has the harness."""
    wanted = (f"lm-eval[api]=={HARNESS}", "transformers==5.23.0")
    return own_environment(f"lm-eval-{HARNESS}", *wanted) / "python"


@pytest.fixture(scope="module")
def speaker():
    return speaking_model(Task.LANGUAGE_MODELLING)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, speaker):
    """A package whose recipe stops texts and searches by beams, what it leaves as, and questions."""
    folder = tmp_path_factory.mktemp("harness")
    own = GenerationSettings(stop=(" ",), beams=3).to_json()
    write_speaking_package(folder / "package", speaker, generation=own)
    leaving = ["export", "package", "--to", "safetensors", "--output", "left", "--workspace", "w"]
    subprocess.run([program("trainwright"), *leaving], cwd=folder, check=True)
    draw = np.random.default_rng(0)
    asked = []
    for number in range(12):
        choices = [f" sat on {place}, and" for place in draw.permutation(PLACES)[:3]]
        prompt = str(draw.choice(SUBJECTS)) + ("  " if number % 4 == 3 else "")
        asked.append({"prompt": prompt, "choices": choices, "answer": number % 3, "wanted": "x"})
    texts = [{"text": f"{subject} saw {place}"} for subject in SUBJECTS for place in PLACES]
    (folder / "tasks").mkdir()
    for name, kind, rows, more in (
        ("choices", "multiple_choice", asked, CHOICES),
        ("writes", "generate_until", asked[:3], WRITES),
        ("whole", "loglikelihood_rolling", texts, WHOLE),
    ):
        file = folder / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        task = TASK.format(name=name, kind=kind, file=json.dumps(str(file)), more=more)
        (folder / "tasks" / f"{name}.yaml").write_text(task)
    return folder


@pytest.fixture(scope="module")
def harness(folder, python):
    """Asks the server of the package: what it wrote of each row of some tasks, in their order."""
    with served(folder) as address, urlopen(f"{address}/v1/models") as answer:
        model = json.load(answer)["data"][0]["id"]

        def ask(*tasks, batch_size=1, **settings):
            out = folder / "-".join((*tasks, str(batch_size)))
            given = {
                "model": model,
                "base_url": f"{address}/v1/completions",
                "tokenizer": folder / "left",
                "max_length": 96,
                **settings,
            }
            arguments = ["run", "--model", "local-completions", "--tasks", ",".join(tasks)]
            arguments += ["--include_path", folder / "tasks", "--log_samples", "--output_path", out]
            arguments += ["--batch_size", batch_size]
            arguments += ["--model_args", ",".join(f"{key}={one}" for key, one in given.items())]
            quiet = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home")}
            done = subprocess.run(
                [python, "-m", "lm_eval", *map(str, arguments)],
                env={**os.environ, **quiet},
                capture_output=True,
                text=True,
                timeout=900,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return [samples(out, task) for task in tasks]

        yield ask


def samples(out: Path, task: str) -> list[dict]:
    (file,) = out.rglob(f"samples_{task}_*.jsonl")
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return sorted(rows, key=lambda row: row["doc_id"])


def program(name: str) -> Path:
    return Path(sys.executable).with_name(name)


@contextmanager
def served(folder: Path):
    """The address of `trainwright serve package`."""
    command = [program("trainwright"), "serve", "package", "--port", "0", "--workspace", "w"]
    with (folder / "server.log").open("w") as log:
        running = subprocess.Popen(
            [*command, "--json"], cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        yield json.loads(running.stdout.readline())["address"]
    finally:
        running.send_signal(signal.SIGTERM)
        running.stdout.close()
        assert running.wait(60) == 0


@pytest.mark.parametrize("together", [{}, {"num_concurrent": 4, "batch_size": 3}])
def test_it_finds_choices_as_likely_as_we_do_and_is_written_the_same_texts(
    harness, folder, speaker, together
):
    chosen, written = harness("choices", "writes", add_bos_token=True, **together)
    theirs = [[float(log) for log, _ in row["filtered_resps"]] for row in chosen]
    questions = read_choices(folder / "choices.jsonl")
    ours = -score_choices(speaker, questions)[:, NATS]
    np.testing.assert_allclose(np.concatenate(theirs), ours, atol=1e-4)
    assert len(set(ours.round(3))) > 10  # and they are not all one number

    settings = GenerationSettings(max_new_tokens=8, stop=("q",), beams=3)
    prompts = [question.prompt for question in questions[:3]]
    texts = [one.text for one in speaker.generate(prompts, settings)]
    assert [row["filtered_resps"][0] for row in written] == texts
    assert all(texts)


def test_it_finds_whole_texts_as_likely_as_we_do(harness, folder, speaker):
    """Without a start token of the tokenizer: the harness puts one before each text by itself."""
    (found,) = harness("whole")
    lines = (folder / "whole.jsonl").read_text().splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    passages = continuations(speaker.preparation, [("", text) for text in texts])
    nats = speaker.estimator.predict(passages)[:, NATS]
    theirs = [float(row["filtered_resps"][0]) for row in found]
    np.testing.assert_allclose(theirs, -nats, atol=1e-4)
    bits = nats.sum() / math.log(2) / sum(len(text.encode()) for text in texts)
    (results,) = (folder / "whole-1").rglob("results_*.json")
    told = json.loads(results.read_text())["results"]["whole"]["bits_per_byte,none"]
    assert told == pytest.approx(bits, abs=1e-5)
