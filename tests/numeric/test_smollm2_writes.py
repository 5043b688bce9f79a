"""A real model of 135 million weights: answered side by side, alone, and by transformers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
import torch

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.language import GenerationSettings, LanguageNeeds, Message
from trainwright.core.pretrained import locate
from trainwright.data.language.fitting import fit_language_preparation
from trainwright.models.language.bases import loaded
from trainwright.models.language.decoding import generate_all, open_decoding

NAME = "smollm2-135m-instruct"
ASKED = [
    "What is the capital of France?",
    "Name three fruits.",
    "Write one sentence about the sea, in the style of an old sailor.",
]
SHORT = GenerationSettings(max_new_tokens=8)


@pytest.mark.slow
def test_smollm2_writes_the_same_side_by_side_alone_and_by_transformers() -> None:
    column = Column("messages", ColumnType.MESSAGES)
    target = Target(column, Task.INSTRUCTION_TUNING)
    frame = pl.DataFrame({"messages": ['[{"role": "user", "content": "hello"}]']})
    preparation = fit_language_preparation(
        frame, [column], LanguageNeeds(pretrained=NAME), base=Path(), target=target
    )
    network, _ = loaded(locate(NAME, base=Path()), "causal-lm", dropout=None)
    network.eval()
    prompts = [(Message("user", text),) for text in ASKED]
    table = open_decoding(SimpleNamespace(module=network), preparation)
    together = generate_all(table, prompts, SHORT)
    assert together[0].text == "The capital of France is Paris."
    assert together[0].finish == "stop"
    for prompt, one in zip(prompts, together, strict=True):
        assert generate_all(table, [prompt], SHORT) == [one]
        ids = torch.tensor([preparation.prompt_ids(prompt)])
        told = network.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=8,
            do_sample=False,
            eos_token_id=preparation.special.end,
            pad_token_id=preparation.special.padding,
        )
        assert preparation.decode(told[0, ids.shape[1] :].tolist()) == one.text
