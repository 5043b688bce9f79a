"""A language model leaves through the command line: the Hub's layout, GGUF, ONNX."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest
import torch

from environments import own_environment
from trainwright.cli.main import status_of
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.language import LanguageNeeds
from trainwright.data.fitting import fit_preparation
from trainwright.deployment.package import load_package, write_package
from trainwright.models.fitted import FittedModel

ROWS = [
    [
        {"role": "user", "content": f"What is {n} and {n}?"},
        {"role": "assistant", "content": f"It is {2 * n}, of course."},
    ]
    for n in range(24)
]


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    """Of conversations."""
    column = Column("messages", ColumnType.MESSAGES)
    talks = [json.dumps(row) for row in ROWS]
    return packaged(tmp_path_factory.mktemp("talks"), column, Task.INSTRUCTION_TUNING, talks)


@pytest.fixture(scope="module")
def documents(tmp_path_factory) -> Path:
    """Of documents."""
    texts = [" ".join(turn["content"] for turn in row) for row in ROWS]
    column = Column("text", ColumnType.TEXT)
    return packaged(tmp_path_factory.mktemp("texts"), column, Task.LANGUAGE_MODELLING, texts)


def packaged(folder: Path, column: Column, task: Task, values: list[str]) -> Path:
    """A tiny Llama that was taught nothing yet, with a tokenizer of its own."""
    from trainwright.models.language.architecture import CausalArchitecture
    from trainwright.models.networks.estimator import NetworkEstimator

    target = Target(column, task)
    preparation = fit_preparation(
        pl.DataFrame({column.name: values}),
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
        golden_rows=[{column.name: value} for value in values],
        tolerance=1e-5,
    )
    return folder / "tiny"


def export(package, output, capsys, *arguments):
    capsys.readouterr()
    workspace = str(package.parent / "work")
    status = status_of(
        ["export", str(package), "--workspace", workspace, "-o", str(output), *arguments, "--json"]
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


def test_a_documents_prompt_begins_as_in_the_package_and_does_not_end(documents, tmp_path, capsys):
    from transformers import AutoTokenizer

    status, told = export(documents, tmp_path / "out", capsys, "--to", "safetensors")
    assert status == 0, told
    assert [check["name"] for check in told["checks"]][-2:] == ["tokenizer", "prompt"]
    preparation = load_package(documents).model.preparation
    ids = AutoTokenizer.from_pretrained(tmp_path / "out")("It is 24")["input_ids"]
    assert ids == list(preparation.prompt_ids("It is 24"))
    assert preparation.special.end not in ids


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


LLAMA_CPP = "0.3.36"  # of llama-cpp-python, which is built from its source
ASKED = """
import json, sys
from llama_cpp import Llama
asked = json.load(open(sys.argv[1]))
llama = Llama(asked["file"], n_ctx=128, n_threads=1, verbose=False)
told = {"ids": [llama.tokenize(t.encode(), add_bos=False, special=False) for t in asked["texts"]]}
told["written"] = []
for prompt in asked["prompts"]:
    llama.reset()
    written = []
    for token in llama.generate(prompt, temp=0.0, top_k=1, repeat_penalty=1.0):
        written.append(token)
        if len(written) == 12:
            break
    told["written"].append(written)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def llama() -> Path:
    """An interpreter that has llama-cpp-python."""
    if shutil.which("c++") is None:
        pytest.skip("llama.cpp is built from its source, and there is no C++ compiler")
    source = ("--no-binary", "llama-cpp-python", f"llama-cpp-python=={LLAMA_CPP}")
    return own_environment(f"llama-cpp-{LLAMA_CPP}", *source) / "python"


@pytest.mark.slow
@pytest.mark.parametrize("quantize", [None, "f16"])
def test_llama_cpp_itself_writes_the_same_tokens(package, llama, quantize, tmp_path, capsys):
    file = tmp_path / "model.gguf"
    more = [] if quantize is None else ["--quantize", quantize]
    status, told = export(package, file, capsys, "--to", "gguf", *more)
    assert status == 0, told
    model = load_package(package).model
    network, preparation = model.estimator.module.model, model.preparation
    texts = ["What is 12 and 12?", "It is 24, of course.", "a\n\n5   007 Zwölf €\t?", " x"]
    tokenizer = preparation.alphabet.tokenizer
    prompts = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    written = []
    for prompt in prompts:
        ids = torch.tensor([prompt])
        for _ in range(12):
            with torch.inference_mode():
                token = network(ids).logits[0, -1].argmax()
            ids = torch.cat([ids, token.reshape(1, 1)], dim=1)
        written.append(ids[0, len(prompt) :].tolist())
    asked = {"file": str(file), "texts": texts, "prompts": prompts}
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    done = subprocess.run(
        [llama, "-c", ASKED, str(tmp_path / "asked.json")],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["ids"] == prompts
    assert answer["written"] == written


@pytest.mark.slow
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_the_graph_tells_as_the_package_does(package, quantize, tmp_path, capsys):
    more = [] if quantize is None else ["--quantize", quantize]
    status, told = export(package, tmp_path / "out", capsys, "--to", "onnx", *more)
    assert status == 0, told
    assert (tmp_path / "out" / "tokenizer.json").exists()
