"""From conversations to a model that writes: a run, then predict, chat and the server say the same."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from trainwright import load_model
from trainwright.core.language import GenerationSettings, Message
from trainwright.flow.chat import Wishes, converse, open_chat
from trainwright.flow.prediction import predict
from trainwright.flow.run import run

SAID = GenerationSettings(max_new_tokens=7, temperature=0.8, top_k=50, seed=3)


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of `talker` in its workspace."""
    folder = tmp_path_factory.mktemp("talks")
    lines = []
    for number in range(80):
        told = f"{number} has {len(str(number))} digits."
        turns = [("user", f"how long is {number}?"), ("assistant", told)]
        messages = [{"role": role, "content": text} for role, text in turns]
        lines.append(json.dumps({"messages": messages}))
    (folder / "talk.jsonl").write_text("\n".join(lines))
    (folder / "talker.yaml").write_text(
        "task: instruction-tuning\n"
        "data: {source: talk.jsonl}\n"
        "model: {family: causal-lm, hidden: 32, layers: 1, heads: 2, vocabulary: 290, max_length: 64}\n"
        "training: {budget: 60s, threads: 1, epochs: 1}\n"
        "evaluation: {generation: {max_new_tokens: 7, temperature: 0.8, top_k: 50, seed: 3}}\n"
        "tracking: {kind: none}\n"
    )
    result = run(folder / "talker.yaml", workspace=folder / "workspace")
    assert result.passed
    return folder


def test_how_text_is_written_goes_with_the_package_into_predict_and_chat(talker: Path):
    workspace = talker / "workspace"
    (talker / "new.jsonl").write_text(
        json.dumps({"messages": [{"role": "user", "content": "how long is 7?"}]}) + "\n"
    )
    model = load_model("talker@champion", workspace=workspace)
    (wanted,) = model.generate([(Message("user", "how long is 7?"),)], SAID)
    told = predict(
        "talker", talker / "new.jsonl", output=talker / "out.parquet", workspace=workspace
    )
    row = pl.read_parquet(told.output).row(0)
    assert row == (0, wanted.text, wanted.finish)
    shown: list[str] = []
    chat = open_chat("talker", Wishes(), workspace=workspace)
    assert chat.settings == SAID
    converse(chat, ["how long is 7?"], show=shown.append, note=print, patient=False)
    assert "".join(shown) == f"{wanted.text}\n"
