"""The example of pre-training, scaled down: its own recipe on the documentation of the standard library."""

from __future__ import annotations

import importlib
import inspect
import json
import shutil
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "pretraining"
MODULES = (
    "argparse", "array", "ast", "asyncio", "bz2", "calendar", "codecs", "collections", "csv", "ctypes",
    "datetime", "decimal", "difflib", "email", "enum", "fractions", "functools", "gzip", "heapq", "inspect",
    "io", "itertools", "json", "logging", "math", "os", "pathlib", "pickle", "random", "re", "shutil",
    "socket", "sqlite3", "statistics", "string", "struct", "subprocess", "tarfile", "threading", "typing",
    "unittest", "urllib", "xml", "zipfile", "zlib",
)  # fmt: skip
SMALLER = {
    "model": {"hidden": 48, "layers": 2, "heads": 2, "vocabulary": 512, "max_length": 64},
    "training": {
        "tokens": 120_000,
        "batch_size": 8,
        "precision": "fp32",
        "budget": "600s",
        "threads": 1,
    },
}


def documents() -> list[str]:
    """What modules and their functions say of themselves, each text once."""
    texts: dict[str, None] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        for part in [module, *(getattr(module, one) for one in sorted(dir(module)))]:
            text = inspect.getdoc(part) or ""
            if len(text) >= 200:
                texts.setdefault(text)
    return list(texts)


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict:
    from trainwright.flow.run import run

    folder = tmp_path_factory.mktemp("pretraining")
    shutil.copy(EXAMPLE / "2-llama.yaml", folder)
    with (folder / "documents.jsonl").open("w") as file:
        file.writelines(
            json.dumps({"text": text, "manual": "python"}) + "\n" for text in documents()
        )
    overrides = [
        f"{section}.{key}={value}"
        for section, keys in SMALLER.items()
        for key, value in keys.items()
    ]
    return run(
        folder / "2-llama.yaml", workspace=folder / "workspace", overrides=overrides
    ).to_json()


def test_it_tells_held_out_documents_in_fewer_bits_than_bytes_alone(told):
    losses = {one["name"]: one["loss"] for one in told["candidates"]}
    assert losses["causal-lm"] < 0.8 * losses["unigram"]
    assert told["validation"]["bits_per_byte"]["value"] == pytest.approx(
        losses["causal-lm"], rel=0.01
    )


def test_it_learns_from_as_many_tokens_as_it_was_given(told):
    (found,) = [one for one in told["candidates"] if one["name"] == "causal-lm"]
    assert found["stopped"] == "limit"
    assert 0.9 * 120_000 / (8 * 64) < found["iterations"] < 1.3 * 120_000 / (8 * 64)
