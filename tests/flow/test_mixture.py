"""A corpus of two sources, learnt from in other shares than it has, and judged by source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

RECIPE = """\
task: language-modelling
data:
  source: corpus
  mixture: {column: label, weights: {letters: 1, code: 3}}
model: {family: causal-lm, hidden: 32, layers: 1, heads: 2, vocabulary: 320, max_length: 48}
training: {epochs: 1, batch_size: 8, threads: 1}
evaluation: {slices: [label]}
tracking: {kind: none}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    for name, text, count in (
        ("letters", "Dear friend, {n} trees.", 180),
        ("code", "x{n} = {n}", 160),
    ):
        (tmp_path / "corpus" / name).mkdir(parents=True)
        for number in range(count):
            told = " ".join([text.format(n=number)] * 3)
            (tmp_path / "corpus" / name / f"{number}.txt").write_text(told)
    path = tmp_path / "r.yaml"
    path.write_text(RECIPE)
    return path


def test_each_source_has_its_share_of_the_tokens_and_its_own_figures(recipe: Path) -> None:
    from trainwright.cli.run import lines_of
    from trainwright.flow.run import run

    result = run(recipe, workspace=recipe.parent / "ws")
    assert result.tokens is not None
    letters, code = result.tokens["sources"]
    assert (letters["name"], letters["share"]) == ("letters", pytest.approx(0.25))
    assert (code["name"], code["share"]) == ("code", pytest.approx(0.75))
    assert letters["tokens"] + code["tokens"] == result.tokens["train"]["taught"]
    assert any("code: 75.0% of the taught tokens" in line for line in lines_of(result))
    assert any("mixture of train rows" in found.message for found in result.findings)
    evaluation = json.loads((result.run_dir / "evaluation.json").read_text())
    assert {one["value"] for one in evaluation["slices"]} == {"letters", "code"}
    assert all("bits_per_byte" in one["metrics"] for one in evaluation["slices"])
    assert json.loads((result.run_dir / "run.json").read_text())["tokens"] == result.tokens
