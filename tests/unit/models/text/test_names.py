from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.models.text.names import TextNameTagger, _windows

TARGET = Target(
    Column("tags", ColumnType.WORDS), Task.TOKEN_CLASSIFICATION, classes=("B-PER", "I-PER", "O")
)


@dataclass
class Pieces:
    rows: np.ndarray


class Limits:
    """Takes 64 words at once."""

    max_length = 64

    def transform(self, frame: pl.DataFrame) -> Pieces:
        sizes = frame["words"].list.len().cast(pl.Int64).to_numpy()
        return Pieces(np.repeat(np.arange(len(sizes)), np.maximum(1, -(-sizes // 64))))


class NeedsContext:
    """Knows a name where the word before it and the one behind it can be seen."""

    inputs = (Column("words", ColumnType.WORDS),)
    target = TARGET
    preparation = Limits()

    def predict(self, frame: pl.DataFrame) -> Prediction:
        tags = []
        for words in frame["words"].to_list():
            row = [2] * len(words)
            for at, word in enumerate(words):
                if word == "Jane" and at > 0 and at + 2 < len(words) and words[at + 1] == "Doe":
                    row[at : at + 2] = [0, 1]
            tags += row
        return Prediction(np.array(tags, np.int64))


def test_a_name_is_found_wherever_in_a_long_text_it_stands():
    tagger = TextNameTagger(NeedsContext(), "ab")  # type: ignore[arg-type]
    for at in range(1, 150):
        words = [f"w{number}" for number in range(152)]
        words[at : at + 2] = ["Jane", "Doe"]
        text = " ".join(words)
        start = text.index("Jane Doe")
        assert tagger.find(["short text", text, ""]) == [[], [(start, start + 8)], []], at


def test_a_text_that_the_tagger_takes_at_once_is_asked_about_whole():
    asked: list[int] = []

    class Counts(NeedsContext):
        def predict(self, frame: pl.DataFrame) -> Prediction:
            asked.extend(frame["words"].list.len().to_list())
            return super().predict(frame)

    tagger = TextNameTagger(Counts(), "ab")  # type: ignore[arg-type]
    tagger.find([" ".join(["w"] * 64), " ".join(["w"] * 65)])
    assert asked[0] == 64
    assert set(asked[1:]) == {32}


@pytest.mark.parametrize("length", [0, 1, 16, 17, 31, 32, 33, 100, 1_000])
def test_each_word_counts_once_and_not_at_the_edge_of_a_window_inside(length: int):
    windows = _windows(length, 16)
    kept = [at for one in windows for at in range(one.kept_from, one.kept_to)]
    assert kept == list(range(length))
    for one in windows:
        assert one.after - one.first <= 16
        assert one.kept_from == 0 or one.kept_from - one.first >= 3
        assert one.kept_to == length or one.after - one.kept_to >= 3
