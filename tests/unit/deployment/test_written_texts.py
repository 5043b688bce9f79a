"""Batch scoring by language models: texts row by row, resumable; documents with what a byte costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl
import pytest

from speaking_model import conversation, speaking_model
from trainwright.core.columns import Task
from trainwright.core.language import GenerationSettings, Message
from trainwright.deployment import batch
from trainwright.deployment.batch import predict_file

SHORT = GenerationSettings(max_new_tokens=6)


@dataclass
class Block:
    frame: pl.DataFrame
    first_row: int


@pytest.fixture(scope="module")
def chat():
    return speaking_model()


@pytest.fixture(scope="module")
def frame():
    rows = [conversation(f"number {n}") for n in range(70)]
    rows[3], rows[5] = None, conversation("the cat sat on the mat " * 60)
    return pl.DataFrame({"messages": rows})


def test_each_row_has_its_text_and_how_it_ended(tmp_path, chat, frame):
    written = predict_file(chat, [Block(frame, 0)], tmp_path / "out.jsonl", settings=SHORT)
    table = pl.read_ndjson(written.output)
    assert table.columns == ["row", "prediction", "finish"]
    assert table["row"].to_list() == list(range(70))
    (wanted,) = chat.generate([(Message("user", "number 7"),)], SHORT)
    assert table.row(7) == (7, wanted.text, wanted.finish)
    assert table.row(3) == (3, None, "empty")
    assert table.row(5) == (5, None, "prompt too long")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_an_interrupted_job_goes_on_to_the_same_bytes(tmp_path, chat, frame, suffix, monkeypatch):
    source = tmp_path / "in"
    source.write_text("the rows")
    whole = predict_file(chat, [Block(frame, 0)], tmp_path / f"whole{suffix}", settings=SHORT)
    monkeypatch.setattr(batch, "NOTE_EVERY_SECONDS", 0.0)
    output, lines = tmp_path / f"out{suffix}", []

    class Stopping:
        def stage(self, name):
            pass

        def advance(self, done, total, note=""):
            lines.append(done)
            if len(lines) == 2:
                raise KeyboardInterrupt

    told = {"source": source, "model_hash": "ab", "settings": SHORT}
    with pytest.raises(KeyboardInterrupt):
        predict_file(chat, [Block(frame, 0)], output, progress=Stopping(), **told)
    assert lines == [32, 64]
    assert not output.exists()
    again = predict_file(chat, [Block(frame, 0)], output, **told)
    assert again.rows == 70
    assert output.read_bytes() == whole.output.read_bytes()


def test_documents_have_their_bits_per_byte_and_their_tokens(tmp_path):
    model = speaking_model(Task.LANGUAGE_MODELLING)
    frame = pl.DataFrame({"text": ["the cat sat", None, "a dog ran over the hill"]})
    written = predict_file(model, [Block(frame, 0)], tmp_path / "out.parquet")
    table = pl.read_parquet(written.output)
    nats, tokens, size = model.predict(frame).values[0]
    assert table.columns == ["row", "prediction", "tokens"]
    assert table.row(0) == (0, pytest.approx(nats / math.log(2) / size), int(tokens))
    assert table["prediction"][1] is None


def test_an_empty_file_has_the_columns_all_the_same(tmp_path, chat):
    frame = pl.DataFrame({"messages": pl.Series([], dtype=pl.String)})
    written = predict_file(chat, [Block(frame, 0)], tmp_path / "out.csv", settings=SHORT)
    assert written.output.read_text() == "row,prediction,finish\n"
