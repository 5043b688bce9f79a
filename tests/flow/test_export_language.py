"""A language model leaves through the command line: the Hub's layout, GGUF, ONNX."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import torch

from trainwright.cli.main import status_of
from trainwright.core.artifacts import Column, ColumnType, Target, Task
from trainwright.core.language import LanguageNeeds
from trainwright.data.fitting import fit_preparation
from trainwright.deployment.package import write_package
from trainwright.models.fitted import FittedModel

ROWS = [
    [{"role": "user", "content": f"What is {n} and {n}?"}]
    + [{"role": "assistant", "content": f"It is {2 * n}, of course."}]
    for n in range(24)
]


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    """A tiny Llama that was taught nothing yet, with a tokenizer of its own."""
    from trainwright.models.language.architecture import CausalArchitecture
    from trainwright.models.networks.estimator import NetworkEstimator

    folder = tmp_path_factory.mktemp("language")
    column = Column("messages", ColumnType.MESSAGES)
    target = Target(column, Task.INSTRUCTION_TUNING)
    talks = [json.dumps(row) for row in ROWS]
    preparation = fit_preparation(
        pl.DataFrame({"messages": talks}),
        (column,),
        LanguageNeeds(vocabulary=300, max_length=96),
        base=folder,
        target=target,
    )
    special = preparation.special
    config = {
        "model_type": "llama",
        "vocab_size": preparation.vocabulary,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 128,
        "initializer_range": 0.12,
        "tie_word_embeddings": True,
        "bos_token_id": special.start,
        "eos_token_id": special.end,
        "pad_token_id": special.padding,
    }
    architecture = CausalArchitecture(config)
    torch.manual_seed(0)
    model = FittedModel(
        preparation, NetworkEstimator(architecture, architecture.build().eval()), target, (column,)
    )
    write_package(
        folder / "tiny",
        model=model,
        card="# card\n",
        facts={"family": "causal-lm"},
        reference=None,
        golden_rows=[{"messages": talk} for talk in talks],
        tolerance=1e-5,
    )
    return folder / "tiny"


def export(package, output, capsys, *arguments):
    capsys.readouterr()
    status = status_of(
        ["export", str(package), "--workspace", str(package.parent / "work"), "-o", str(output)]
        + [*arguments, "--json"]
    )
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("to", ["safetensors", "gguf"])
def test_it_answers_alike_in_the_formats_of_others(package, to, tmp_path, capsys):
    status, told = export(package, tmp_path / "out", capsys, "--to", to)
    assert status == 0, told
    assert [check["name"] for check in told["checks"]] == [
        "token agreement",
        "perplexity",
        "greedy tokens",
        "tokenizer",
        "chat template",
    ]
    assert (tmp_path / "out").exists()


def test_a_template_that_says_something_else_is_refused(package, tmp_path, capsys, monkeypatch):
    from dataclasses import replace

    from trainwright.flow import leaving

    right = leaving.codec_of

    def planted(preparation, config):
        codec = right(preparation, config)
        return replace(codec, template=codec.template.replace("assistant", "robot"))

    monkeypatch.setattr(leaving, "codec_of", planted)
    status, told = export(package, tmp_path / "out", capsys, "--to", "safetensors")
    assert status == 1
    assert [check["name"] for check in told["checks"] if not check["passed"]] == ["chat template"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_the_graph_tells_as_the_package_does(package, quantize, tmp_path, capsys):
    more = [] if quantize is None else ["--quantize", quantize]
    status, told = export(package, tmp_path / "out", capsys, "--to", "onnx", *more)
    assert status == 0, told
    assert (tmp_path / "out" / "tokenizer.json").exists()
