"""The column of conversations: bad rows are refused by name, or left out and counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError
from trainwright.data.reading.source import read_source
from trainwright.data.reading.typed import read_typed
from trainwright.data.types.case import Context
from trainwright.data.types.cells import parse_value
from trainwright.data.types.messages import type_messages
from trainwright.recipe.data import DataSettings

GOOD = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]
CANONICAL = '[{"content":"hi","role":"user"},{"content":"yes","role":"assistant"}]'
COLUMN = Column("messages", ColumnType.MESSAGES)


def typed_of(*cells: Any) -> Any:
    texts = [cell if cell is None or isinstance(cell, str) else json.dumps(cell) for cell in cells]
    raw = pl.Series("messages", texts, dtype=pl.String)
    return type_messages(raw, Context(place=lambda row: f"f.jsonl:{row + 1}"))


def test_good_rows_come_in_one_form() -> None:
    typed = typed_of(GOOD, CANONICAL, None, "")
    assert typed.column.type is ColumnType.MESSAGES
    assert typed.values.to_list() == [CANONICAL, CANONICAL, None, None]
    assert typed.findings == ()


@pytest.mark.parametrize(
    ("bad", "severity", "match"),
    [
        ([{"role": "usr", "content": "x"}, GOOD[1]], "error", "unknown role"),
        ("oops", "error", "are no conversations"),
        ({"role": "user"}, "error", "are no conversations"),
        ([GOOD[0]], "warning", "no turn of the assistant"),
        ([], "warning", "no messages"),
        ([{"role": "user", "content": ""}, GOOD[1]], "warning", "without content"),
        ('[{"role": "user", "content": "\\udc00"}]', "warning", "half a character"),
    ],
)
def test_bad_rows_become_null_and_are_counted(bad: Any, severity: str, match: str) -> None:
    typed = typed_of(GOOD, bad, GOOD, bad)
    assert typed.values.is_null().to_list() == [False, True, False, True]
    (found,) = typed.findings
    assert found.severity == severity
    assert match in found.message
    assert "2 rows" in found.message
    assert "the first at f.jsonl:2" in found.message
    assert found.rows == (1, 3)
    assert ("accept: [type:messages]" in found.remedy) is (severity == "error")


def test_other_spellings_and_keys_are_told() -> None:
    shared = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yes"}]
    typed = typed_of(shared, [{**GOOD[0], "name": "Ann"}, GOOD[1]])
    assert typed.values.to_list() == [CANONICAL, CANONICAL]
    told = [found.message for found in typed.findings]
    assert "human is read as user" in told[0]
    assert "not read: 'name' (1)" in told[1]


def write(folder: Path, kind: str) -> Path:
    rows = [{"id": number, "messages": GOOD} for number in range(3)]
    file = folder / f"talk.{kind}"
    if kind == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif kind == "parquet":
        pl.DataFrame(rows).write_parquet(file)
    elif kind == "arrow":
        pl.DataFrame(rows).write_ipc(file)
    else:
        texts = pl.Series("messages", [json.dumps(GOOD)] * 3)
        pl.DataFrame([pl.Series("id", [0, 1, 2]), texts]).write_csv(file)
    return file


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "arrow", "csv"])
def test_every_kind_of_file_brings_conversations(tmp_path: Path, kind: str) -> None:
    file = write(tmp_path, kind)
    settings = DataSettings(source=file.name, target="messages", inputs={"messages": "messages"})
    raw = read_source(settings, base=tmp_path).frame["messages"]
    assert raw.dtype == pl.String
    assert type_messages(raw, Context()).values.to_list() == [CANONICAL] * 3
    (block,) = read_typed(file, [COLUMN])
    assert block.frame["messages"].to_list() == [CANONICAL] * 3


def test_half_a_character_in_a_file_reaches_the_count(tmp_path: Path) -> None:
    file = tmp_path / "talk.jsonl"
    bad = '{"messages": [{"role": "user", "content": "\\ud800"}, {"role": "assistant", "content": "x"}]}'
    file.write_text(json.dumps({"messages": GOOD}) + "\n" + bad + "\n")
    settings = DataSettings(source=file.name, target="messages", inputs={"messages": "messages"})
    typed = type_messages(read_source(settings, base=tmp_path).frame["messages"], Context())
    assert typed.values.to_list() == [CANONICAL, None]
    assert "half a character" in typed.findings[0].message


def test_a_question_alone_is_no_fault_where_an_answer_is_asked_for(tmp_path: Path) -> None:
    assert parse_value(COLUMN, [GOOD[0]]) == '[{"content":"hi","role":"user"}]'
    assert parse_value(COLUMN, json.dumps(GOOD)) == CANONICAL
    assert parse_value(COLUMN, None) is None
    file = tmp_path / "talk.jsonl"
    file.write_text(json.dumps({"messages": [GOOD[0]]}) + "\n")
    (block,) = read_typed(file, [COLUMN])
    assert block.frame["messages"].to_list() == ['[{"content":"hi","role":"user"}]']


def test_what_a_client_or_a_live_file_writes_wrongly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the role 'usr'"):
        parse_value(COLUMN, [{"role": "usr", "content": "x"}])
    file = tmp_path / "talk.jsonl"
    file.write_text(json.dumps({"messages": [{"role": "usr", "content": "x"}]}) + "\n")
    with pytest.raises(DataError, match="is no messages"):
        list(read_typed(file, [COLUMN]))
