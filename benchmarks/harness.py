"""The lm-evaluation-harness as a client of a model that leaves: its log-likelihoods beside ours.

    python benchmarks/harness.py [--questions N] [--json]

A small decoder is trained here through the command line, leaves by `export --to safetensors`, and is asked
N multiple-choice questions by `lm_eval --model hf` in an environment of its own below benchmarks/.envs (with
this one's torch and transformers), from a task that is written here: nothing is downloaded but the harness.
The same questions go to `evaluate --choices`. Accuracy must be the same by sum and by byte, and each choice's
log-likelihood to the rounding of fp32. Writes docs/benchmarks/harness.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".envs" / "harness"
PAGE = HERE.parent / "docs" / "benchmarks" / "harness.md"
INSTALLED = "lm-eval==0.4.13"
BIGGEST_GAP = 1e-3  # nats of a choice

SUBJECTS = ("The cat", "A dog", "My hen", "One owl", "The old horse", "Our goat")
VERBS = ("sat on", "ran to", "slept in", "looked at", "walked past")
PLACES = ("the mat", "the barn", "a red house", "the green tree", "an old wall", "the wide river")

RECIPE = """name: harness
task: language-modelling
data: {source: documents.jsonl}
model: {family: causal-lm, hidden: 96, layers: 2, heads: 4, vocabulary: 600, max_length: 64}
training: {epochs: 8, batch_size: 16, budget: 240s, optimizer: {kind: adamw, learning_rate: 3.0e-3}}
tracking: {kind: none}
"""

TASK = """task: places
dataset_path: json
dataset_kwargs: {data_files: {test: %s}}
test_split: test
output_type: multiple_choice
doc_to_text: prompt
doc_to_choice: choices
doc_to_target: answer
target_delimiter: ""
metric_list:
  - {metric: acc}
  - {metric: acc_norm}
  - {metric: acc_bytes}
"""


@dataclass(frozen=True)
class Measured:
    """What both came to.

    Attributes:
        questions: How many.
        gap: The largest difference between two log-likelihoods of one choice, in nats.
        scale: The mean log-likelihood of a choice, in nats.
        accuracy: By name: the harness's and ours.
        seconds: Of the two commands, start included.
    """

    questions: int
    gap: float
    scale: float
    accuracy: Mapping[str, tuple[float, float]]
    seconds: tuple[float, float]


def main() -> None:
    """Train, let it leave, ask both, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    python = environment()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder, arguments.questions)
        run = trained(folder)
        measured = compared(folder, run, python)
    same = all(first == second for first, second in measured.accuracy.values())
    if measured.gap > BIGGEST_GAP or not same:
        sys.exit(f"the harness and we differ: {measured}")
    PAGE.write_text("\n".join(page_of(measured)) + "\n")
    told = json.dumps(measured.__dict__) if arguments.json else PAGE.read_text()
    print(told)


def environment() -> Path:
    """The harness's own environment; made on the first call."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "complete").exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        paths = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        packages = Path(
            subprocess.run(paths, check=True, capture_output=True, text=True).stdout.strip()
        )
        (packages / "torch_of_this.pth").write_text(sysconfig.get_path("purelib") + "\n")
        subprocess.run([python, "-m", "pip", "install", "-q", INSTALLED], check=True)
        (ENVIRONMENT / "complete").touch()
    return python


def write_data(folder: Path, questions: int) -> None:
    """Documents, and questions of which one choice is how such a sentence went on."""
    draw = np.random.default_rng(0)

    def sentence() -> tuple[str, str]:
        verb = int(draw.integers(len(VERBS)))  # three times in five it has a place of its own
        place = PLACES[verb] if draw.random() < 0.6 else str(draw.choice(PLACES))
        return f"{draw.choice(SUBJECTS)} {VERBS[verb]}", place

    def page(number: int) -> str:
        told = [f"{start} {place}." for start, place in (sentence() for _ in range(4))]
        return f"{' '.join(told)} {number}"

    documents = [{"text": page(number)} for number in range(600)]
    asked = []
    for _ in range(questions):
        prompt, right = sentence()
        others = [place for place in draw.permutation(PLACES) if place != right][:3]
        choices = [f" {place}." for place in draw.permutation([right, *others])]
        asked.append({"prompt": prompt, "choices": choices, "answer": choices.index(f" {right}.")})
    for name, rows in (("documents", documents), ("questions", asked)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "recipe.yaml").write_text(RECIPE)
    tasks = folder / "tasks"
    tasks.mkdir()
    (tasks / "places.yaml").write_text(TASK % json.dumps(str(folder / "questions.jsonl")))


def trained(folder: Path) -> str:
    """A run of the recipe that has left in the Hub's layout; its id."""
    run: str = command(folder, "run", "recipe.yaml")["run"]
    command(folder, "export", run, "--to", "safetensors", "--output", "left")
    return run


def command(folder: Path, *arguments: str) -> Any:
    """What a command of ours says."""
    said = subprocess.run(
        [Path(sys.executable).with_name("trainwright"), *arguments, "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if said.returncode:
        sys.exit(said.stderr)
    return json.loads(said.stdout)


def compared(folder: Path, run: str, python: Path) -> Measured:
    """Ask both."""
    began = os.times().elapsed
    ours = command(folder, "evaluate", run, "--choices", "questions.jsonl")
    between = os.times().elapsed
    theirs, lines = harness(folder, python)
    ended = os.times().elapsed
    sums = likelihoods(folder, run)
    found = [float(one[0]) for line in lines for one in line["filtered_resps"]]
    gap = float(np.abs(np.array(found) - sums).max())
    metrics = ours["metrics"]
    return Measured(
        questions=len(lines),
        gap=gap,
        scale=float(np.mean(sums)),
        accuracy={
            "in sum": (theirs["acc,none"], metrics["accuracy_in_sum"]["value"]),
            "per byte": (theirs["acc_bytes,none"], metrics["accuracy"]["value"]),
        },
        seconds=(ended - between, between - began),
    )


def harness(folder: Path, python: Path) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Its metrics, and what it wrote of each question, in the order of the file."""
    arguments = [
        *("run", "--model", "hf", "--tasks", "places", "--include_path", folder / "tasks"),
        *("--model_args", f"pretrained={folder / 'left'},dtype=float32,add_bos_token=True"),
        *("--device", "cpu", "--batch_size", "8", "--log_samples", "--output_path", folder / "out"),
    ]
    quiet = {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "home"),
        "TOKENIZERS_PARALLELISM": "false",
    }
    said = subprocess.run(
        [python, "-m", "lm_eval", *map(str, arguments)],
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
    )
    if said.returncode:
        sys.exit(said.stdout + said.stderr)
    (results,) = (folder / "out").rglob("results_*.json")
    (samples,) = (folder / "out").rglob("samples_*.jsonl")
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    return (
        json.loads(results.read_text())["results"]["places"],
        sorted(lines, key=lambda line: line["doc_id"]),
    )


def likelihoods(folder: Path, run: str) -> np.ndarray:
    """Ours of every choice, in nats."""
    from trainwright.core.language import NATS
    from trainwright.flow.question_files import read_choices
    from trainwright.flow.questions import score_choices
    from trainwright.flow.resolving import fitted_model_of
    from trainwright.runs.workspace import Workspace

    found = Workspace.open(folder / ".trainwright").find_run(run)
    values = score_choices(fitted_model_of(found), read_choices(folder / "questions.jsonl"))
    return -values[:, NATS]


def page_of(measured: Measured) -> Iterator[str]:
    """The page of the docs."""
    yield "# The lm-evaluation-harness on a model that leaves"
    yield ""
    yield (
        f"`python benchmarks/harness.py`: a small decoder leaves by `export --to safetensors`;"
        f" {INSTALLED} loads it with `--model hf` in an environment of its own and answers"
        f" {measured.questions} questions of four choices each. `trainwright evaluate --choices`"
        " answers the same file."
    )
    yield ""
    yield "| accuracy by log-likelihood | lm-evaluation-harness | trainwright |"
    yield "| --- | --- | --- |"
    for name, (theirs, ours) in measured.accuracy.items():
        yield f"| {name} | {theirs:.4f} | {ours:.4f} |"
    yield ""
    yield (
        f"The largest difference between the two log-likelihoods of one choice is"
        f" {measured.gap:.1e} nats (a choice has {measured.scale:.1f} on average): the rounding of"
        f" fp32. The commands took {measured.seconds[0]:.0f} s and {measured.seconds[1]:.0f} s of"
        f" the clock, imports included, on a shared machine ({platform.machine()},"
        f" {os.cpu_count()} cores)."
    )


if __name__ == "__main__":
    main()
