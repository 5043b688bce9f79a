"""Rows with several answers each: one line a row in files, one list a row from the server."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, TrustError
from trainwright.data.preparation import TablePreparation
from trainwright.data.types import parse_value
from trainwright.deployment.batch import predict_file
from trainwright.deployment.golden import check_golden, draw_golden
from trainwright.deployment.server.instances import Contract, schema_of
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.metrics import Metrics
from trainwright.deployment.server.predicting import Predicting
from trainwright.deployment.server.refusal import Refusal
from trainwright.models.fitted import FittedModel
from trainwright.models.tables.baseline import BaselineEstimator

WORDS = Column("words", ColumnType.WORDS)
TAGS = Target(Column("tags", ColumnType.WORDS), Task.TOKEN_CLASSIFICATION, ("B-X", "O"))
LISTS = [["a", "b", "c"], None, [], ["d"]]


@dataclass
class Block:
    frame: pl.DataFrame
    first_row: int


def made(target=TAGS):
    return FittedModel(
        TablePreparation((WORDS,), ()), BaselineEstimator(np.array([0.25, 0.75])), target, (WORDS,)
    )


def frame():
    return pl.DataFrame({"words": LISTS})


def serving(model):
    contract = Contract(model, parse=parse_value, extra="refuse", limits=Limits())
    metrics = Metrics(model="m", package="")
    return Predicting(model, name="m", contract=contract, limits=Limits(), metrics=metrics)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_row_s_tags_are_one_list_on_its_line(tmp_path, suffix):
    blocks = [Block(frame()[:2], 0), Block(frame()[2:], 2)]
    result = predict_file(made(), blocks, tmp_path / f"out{suffix}")
    assert result.rows == 4
    if suffix == ".parquet":
        told = pl.read_parquet(result.output)
        assert told["prediction"].to_list() == [["O"] * 3, [], [], ["O"]]
        assert told["probability"].to_list()[3] == [0.75]
    elif suffix == ".jsonl":
        told = [json.loads(line) for line in result.output.read_text().splitlines()]
        assert [line["prediction"] for line in told] == [["O"] * 3, [], [], ["O"]]
    else:
        told = pl.read_csv(result.output)
        assert told.columns == ["row", "prediction", "probability"]
        assert [json.loads(text) for text in told["prediction"]] == [["O"] * 3, [], [], ["O"]]


def test_the_bytes_do_not_depend_on_the_blocks(tmp_path):
    for suffix in (".csv", ".jsonl", ".parquet"):
        whole = predict_file(made(), [Block(frame(), 0)], tmp_path / f"a{suffix}")
        parts = [Block(frame()[row : row + 1], row) for row in range(4)]
        cut = predict_file(made(), parts, tmp_path / f"b{suffix}")
        assert whole.output.read_bytes() == cut.output.read_bytes()


def test_tags_that_are_numbers_come_as_numbers(tmp_path):
    numbers = replace(TAGS, classes=("0", "1"), class_kind="integer")
    result = predict_file(made(numbers), [Block(frame(), 0)], tmp_path / "out.jsonl")
    assert json.loads(result.output.read_text().splitlines()[0])["prediction"] == [1, 1, 1]


def test_golden_rows_hold_an_answer_a_word():
    model = made()
    golden = draw_golden(model, [{"words": words} for words in LISTS], tolerance=0.0)
    document = json.loads(json.dumps(golden.to_json()))
    assert len(document["values"]) == 4
    assert "4 rows replayed" in check_golden(model, document, where="golden.json")
    document["probabilities"][3] = [0.5, 0.5]
    with pytest.raises(TrustError, match="golden row 3"):
        check_golden(model, document, where="golden.json")
    document["probabilities"].pop()
    with pytest.raises(TrustError, match=r"not ours|fit together"):
        check_golden(model, document, where="golden.json")


def test_the_server_answers_each_row_by_its_lists():
    server = serving(made())
    body = {"instances": [{"words": ["a", "b"]}, {"words": None}, {"words": "c d"}]}
    answers = json.loads(server.answer(json.dumps(body).encode()).body)["predictions"]
    assert [answer["prediction"] for answer in answers] == [["O", "O"], [], ["O", "O"]]
    assert answers[0]["probability"] == [0.75, 0.75]
    assert answers[1]["warnings"]


def test_what_is_no_list_of_words_is_refused_by_its_place():
    with pytest.raises(Refusal, match="no list of words") as caught:
        serving(made()).answer(b'{"instances": [{"words": [1]}]}')
    assert caught.value.status == 422


def test_rows_that_the_preparation_refuses_are_the_caller_s_fault():
    @dataclass(frozen=True)
    class Strict:
        target: Target = TAGS
        inputs: tuple[Column, ...] = (WORDS,)

        def predict_rows(self, rows):
            raise DataError("1 texts have more than 8 tokens", mend="send shorter ones")

        def predict(self, frame):
            return Prediction(np.empty(0))

        def unseen(self, rows):
            return [[] for _ in rows]

    with pytest.raises(Refusal, match="more than 8 tokens") as caught:
        serving(Strict()).answer(b'{"instances": [{"words": ["a"]}]}')
    assert caught.value.status == 422


def test_the_schema_says_what_a_list_holds():
    schema = schema_of([WORDS])["properties"]["words"]
    assert schema == {"type": ["array", "null"], "items": {"type": "string"}}
