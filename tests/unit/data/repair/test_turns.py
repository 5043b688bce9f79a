from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.columns import ROW, Column, ColumnType, Repair
from trainwright.core.names import _KNOWN
from trainwright.data.prepare import prepare
from trainwright.data.repair.apply import repair_series
from trainwright.data.repair.texts import Step
from trainwright.data.repair.turns import in_turns, of_turns
from trainwright.data.snapshot import read_repairs, read_split
from trainwright.data.types import parse_value
from trainwright.recipe import parse_recipe

ASKED = "Write to\njane.doe@example.org\nor\n+49 30 901820"
TOKEN = "ghp_AbCd1234EfGh5678" + "IjKl9012MnOp3456QrSt"


def talk(*said: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "content": text} for at, text in enumerate(said)]


def cell(*said: str) -> str:
    turns = [dict(sorted(turn.items())) for turn in talk(*said)]
    return json.dumps(turns, separators=(",", ":"), ensure_ascii=False)


@pytest.fixture
def prepared(tmp_path: Path) -> Callable[..., Snapshot]:
    rows = [talk(f"Where is parcel {number}?", f"On shelf {number % 7}.") for number in range(80)]
    rows[5], rows[6] = talk(ASKED, "We did."), talk("And the key?", f'It is "{TOKEN}".')
    lines = [json.dumps({"messages": row}) for row in rows]
    (tmp_path / "talks.jsonl").write_text("\n".join(lines) + "\n")

    def run(**said: Any) -> Snapshot:
        recipe = parse_recipe(
            {"name": "t", "task": "instruction-tuning", "data": {"source": "talks.jsonl", **said}}
        )
        return prepare(recipe, base=tmp_path, snapshots=tmp_path / "snapshots", probe=None)

    return run


def all_rows(snapshot: Snapshot) -> pl.DataFrame:
    return pl.concat([read_split(snapshot, split) for split in Split]).sort(ROW)


def test_each_turn_is_mended_and_roles_and_line_ends_are_left_alone():
    shouted = in_turns(
        [cell("a\n", "b"), cell("A\n", "B")], lambda texts: [t.upper() for t in texts]
    )
    assert shouted == [cell("A\n", "B"), cell("A\n", "B")]


def test_a_step_that_leaves_nothing_of_a_turn_leaves_it_alone():
    emptied = of_turns(Step("x", lambda text: text.replace("x", "")))
    assert emptied.mend_all([cell("xx", "axa")]) == [cell("xx", "aa")]


def test_personal_data_in_conversations_are_found_behind_a_line_end_too(prepared):
    found = {one.kind: one for one in prepared().findings}
    assert found["personal-data"].rows == (5,)
    assert "e-mail address in 1 row" in found["personal-data"].message
    assert "phone number in 1 row" in found["personal-data"].message
    assert (
        found["personal-data"].remedy
        == "data: {personal_data: {messages: redact}}  # or hash, keep"
    )
    assert found["secret"].rows == (6,)
    assert found["secret"].remedy == "revoke them, and: data: {personal_data: {messages: redact}}"


def test_conversations_are_redacted_turn_by_turn_and_in_the_contract(prepared):
    snapshot = prepared(personal_data={"messages": "redact"})
    rows = all_rows(snapshot)["messages"]
    assert rows[5] == cell("Write to\n[e-mail address]\nor\n[phone number]", "We did.")
    assert rows[6] == cell("And the key?", 'It is "[secret]".')
    (column,) = snapshot.inputs
    assert parse_value(column, talk(ASKED, "We did.")) == rows[5]
    edits = read_repairs(snapshot)
    assert edits["row"].to_list() == [5, 6]
    assert "xxxx.xxx@xxxxxxx.xxx" in edits["before"][0]
    held = b"".join(path.read_bytes() for path in snapshot.folder.iterdir())
    assert b"jane.doe" not in held
    assert TOKEN.encode() not in held


def test_hashed_pieces_of_conversations_stay_equal(prepared, monkeypatch):
    monkeypatch.setenv("TEST_KEY", "sixteen bytes and more")
    snapshot = prepared(personal_data={"messages": "hash"}, hash_key="env:TEST_KEY")
    (column,) = snapshot.inputs
    said = json.loads(all_rows(snapshot)["messages"][5])[0]["content"]
    again = json.loads(str(parse_value(column, talk("jane.doe@example.org", "Yes."))))[0]["content"]
    assert again in said
    assert again.startswith("[e-mail address ")


def test_names_are_taken_out_of_each_turn(monkeypatch):
    class Tagger:
        hash = "ab" * 32

        def find(self, texts):
            at = [text.find("Jane") for text in texts]
            return [[(place, place + 4)] if place >= 0 else [] for place in at]

    monkeypatch.setitem(_KNOWN, Tagger.hash, Tagger())
    monkeypatch.setattr("trainwright.data.privacy.naming._FINDERS", {})
    column = Column(
        "m", ColumnType.MESSAGES, repair=Repair(("redact", f"redact-names:{Tagger.hash}"))
    )
    values = pl.Series("m", [cell("I am Jane", "Hello Jane"), None])
    assert repair_series(column, values).to_list() == [cell("I am [name]", "Hello [name]"), None]
