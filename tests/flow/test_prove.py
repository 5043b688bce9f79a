"""`prove` through the command line: a sound recipe, one that does not fit, and one without a network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.flow.conftest import QUIET, loans

NETWORK = """
data: {source: loans.csv, target: late}
model: {family: mlp, hidden: 16, layers: 1}
training: {budget: 60s, threads: 1MEMORY}
tracking: {kind: none}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    loans(200).write_csv(tmp_path / "loans.csv")
    return tmp_path


def recipe(folder: Path, text: str) -> Path:
    path = folder / "loans.yaml"
    path.write_text(text)
    return path


def test_a_sound_network_is_proven_also_when_it_is_killed(folder, trainwright):
    path = recipe(folder, NETWORK.replace("MEMORY", ", memory_limit: 64GiB"))
    status, told = trainwright("prove", path, "--kills", 2)
    assert status == 0, told
    names = [check["name"].removeprefix("mlp: ") for check in told["checks"]]
    assert names == [
        "accumulation", "padding", "gradients", "overfit", "batch size", "resume", "memory", "kills",
    ]  # fmt: skip


def test_a_batch_that_does_not_fit_is_told(folder, trainwright):
    path = recipe(folder, NETWORK.replace("MEMORY", ", memory_limit: 1MB"))
    status, told = trainwright("prove", path)
    assert status == 1
    failed = [check["name"] for check in told["checks"] if not check["passed"]]
    assert failed == ["mlp: memory"]


def test_trees_have_no_loop_to_prove(folder, trainwright):
    path = recipe(
        folder, "data: {source: loans.csv, target: late}\nmodel: {family: linear}\n" + QUIET
    )
    status, told = trainwright("prove", path)
    assert (status, len(told["checks"])) == (0, 1)


def test_a_language_model_is_proven_by_more_than_its_loop(folder, trainwright):
    talks = [
        [
            {"role": "user", "content": f"What comes after the number {n:02}?"},
            {"role": "assistant", "content": f"After it comes {n + 1}."},
        ]
        for n in range(80)
    ]
    lines = "\n".join(json.dumps({"messages": talk}) for talk in talks)
    (folder / "talks.jsonl").write_text(lines)
    path = recipe(
        folder,
        "task: instruction-tuning\ndata: {source: talks.jsonl}\n"
        "model: {family: causal-lm, hidden: 32, layers: 2, heads: 2, vocabulary: 400, max_length: 96}\n"
        "training: {budget: 60s, threads: 1}\n",
    )
    status, told = trainwright("prove", path)
    assert status == 0, told
    names = [check["name"].removeprefix("causal-lm: ") for check in told["checks"]]
    assert names == [
        "accumulation", "padding", "gradients", "overfit", "batch size", "resume",
        "isolation", "told tokens", "round trip", "loss", "generation",
    ]  # fmt: skip
    details = {check["name"]: check["detail"] for check in told["checks"]}
    assert "byte for byte" in details["causal-lm: round trip"]
    found = re.search(r"6 prompts of (\d+) to (\d+) tokens", details["causal-lm: generation"])
    assert int(found[1]) < int(found[2])  # though the rows ask questions of one length
