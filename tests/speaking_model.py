"""Tiny language models with drawn weights, whole: a preparation of real texts, a network of transformers."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import torch

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.language import LanguageNeeds
from trainwright.data.language.fitting import fit_language_preparation
from trainwright.deployment.package import write_package
from trainwright.models.fitted import FittedModel
from trainwright.models.language.architecture import ARCHITECTURES
from trainwright.models.language.families import CausalLM, Seq2SeqLM
from trainwright.models.networks.estimator import NetworkEstimator

TEXTS = [
    "the cat sat on the mat and looked at the rain",
    "a dog ran over the hill, barking at every cloud",
    "what is the capital of France? It is Paris.",
    "how many days has a week? Seven, as ever.",
]


def conversation(*turns):
    roles = ["user", "assistant"] * len(turns)
    return json.dumps(
        [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    )


def speaking_model(task=Task.INSTRUCTION_TUNING, *, family="causal-lm", max_length=96):
    """A model that writes nonsense, always the same."""
    told = None
    if task is Task.INSTRUCTION_TUNING:
        column = Column("messages", ColumnType.MESSAGES)
        frame = {"messages": [conversation("hello", text) for text in TEXTS]}
    else:
        column = Column("text", ColumnType.TEXT)
        frame = {"text": TEXTS}
        if task is Task.TEXT_TO_TEXT:
            told, frame = Column("answer", ColumnType.TEXT), frame | {"answer": TEXTS[::-1]}
    target = Target(told or column, task)
    form = "causal" if family == "causal-lm" else "span"
    needs = LanguageNeeds(form=form, vocabulary=400, max_length=max_length)
    preparation = fit_language_preparation(
        pl.DataFrame(frame), (column,), needs, base=Path(), target=target
    )
    size = {"hidden": 32, "layers": 2, "heads": 4, "max_length": max_length}
    kind = CausalLM if family == "causal-lm" else Seq2SeqLM
    passages = preparation.transform(pl.DataFrame(frame))
    architecture = ARCHITECTURES[family]
    config = architecture.small(kind(**size), passages)
    spread = "initializer_range" if family == "causal-lm" else "initializer_factor"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        made = architecture({**config, spread: 0.6 if family == "causal-lm" else 3.0})
        network = made.build().eval()
    estimator = NetworkEstimator(made, network)
    return FittedModel(preparation, estimator, target, (column,))


def write_speaking_package(folder, model, *, generation=None):
    """A package of it; golden rows are its own texts."""
    column = model.inputs[0]
    rows = [
        {column.name: conversation("hello", text) if column.name == "messages" else text}
        for text in TEXTS[:2]
    ]
    write_package(
        folder,
        model=model,
        card="# Speaks\n",
        facts={"snapshot": "ab" * 32, **({"generation": generation} if generation else {})},
        reference=None,
        golden_rows=rows,
        tolerance=1e-4,
    )
    return folder
