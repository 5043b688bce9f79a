"""`prepare --show N`: what is taught, what is given, and who shares a packed row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trainwright.cli.main import app
from trainwright.core.errors import RecipeError
from trainwright.flow.session import Session
from trainwright.flow.showing import ShownPassage, show

TALKS = [
    [{"role": "user", "content": f"cat {n}?"}, {"role": "assistant", "content": f"dog {n}\n"}]
    for n in range(60)
]
MODEL = "{family: causal-lm, vocabulary: 320, max_length: 64}"


def recipe(folder: Path, *, task: str = "instruction-tuning", model: str = MODEL) -> Path:
    key = "messages" if task == "instruction-tuning" else "text"
    rows = [{"messages": talk, "text": f"{talk[0]['content']} a page"} for talk in TALKS]
    (folder / "rows.jsonl").write_text("".join(json.dumps({key: row[key]}) + "\n" for row in rows))
    path = folder / "r.yaml"
    path.write_text(f"task: {task}\ndata: {{source: rows.jsonl}}\nmodel: {model}\n")
    return path


def shown(path: Path, *, rows: int = 3) -> list[ShownPassage]:
    session = Session.open(path, workspace=path.parent / "ws")
    return show(session, session.prepare(), rows=rows)


def test_rows_are_shown_token_by_token_with_what_is_taught(tmp_path: Path) -> None:
    for passage in shown(recipe(tmp_path)):
        talk = TALKS[passage.row]
        told = "".join(token.text for token in passage.tokens if token.taught)
        given = "".join(token.text for token in passage.tokens if not token.taught)
        assert told == talk[1]["content"] + "<|im_end|>"
        assert talk[0]["content"] in given
        assert passage.place == f"rows.jsonl:{passage.row}"
        assert passage.num_taught == sum(token.taught for token in passage.tokens)


def test_who_shares_a_packed_row_is_told(tmp_path: Path) -> None:
    found = shown(recipe(tmp_path), rows=60)
    together = {passage.packed for passage in found}
    assert sorted(place for group in together for place in group) == sorted(
        passage.place for passage in found
    )
    lengths = {passage.place: len(passage.tokens) for passage in found}
    assert all(sum(lengths[place] for place in group) <= 64 for group in together)
    assert max(map(len, together)) > 1
    alone = recipe(tmp_path, model=MODEL.replace("}", ", packing: false}"))
    assert {passage.packed for passage in shown(alone)} == {()}


def test_an_encoder_decoder_shows_what_is_read(tmp_path: Path) -> None:
    rows = [{"asked": talk[0]["content"], "told": talk[1]["content"].strip()} for talk in TALKS]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "r.yaml"
    path.write_text(
        "task: text-to-text\ndata: {source: rows.jsonl, inputs: {text: asked}, target: told}\n"
        "model: {family: seq2seq-lm, vocabulary: 420, max_length: 64}\n"
    )
    for passage in shown(path):
        row = rows[passage.row]
        assert "".join(token.text for token in passage.read) == row["asked"] + "<|end|>"
        assert "".join(token.text for token in passage.tokens) == row["told"] + "<|end|>"
        assert passage.num_taught == len(passage.tokens)


def test_cut_rows_say_so(tmp_path: Path) -> None:
    path = recipe(tmp_path, model="{family: causal-lm, vocabulary: 320, max_length: 16}")
    assert all(passage.lost > 0 for passage in shown(path))


def test_a_recipe_without_a_language_model_has_no_tokens(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{n % 7}.5,{n % 2}\n" for n in range(80)))
    path = tmp_path / "r.yaml"
    path.write_text("data: {source: t.csv, target: y}\nmodel: {family: linear}\n")
    with pytest.raises(RecipeError, match="no candidate reads tokens") as caught:
        shown(path)
    assert "causal-lm" in caught.value.mend


def test_the_command_line_marks_taught_tokens_in_plain_text(tmp_path: Path) -> None:
    path = recipe(tmp_path)
    arguments = ["prepare", str(path), "--show", "2", "--workspace", str(tmp_path / "ws")]
    printed = CliRunner().invoke(app, arguments)
    assert printed.exit_code == 0, printed.output
    lines = printed.stdout.splitlines()
    assert sum(line.startswith("row ") for line in lines) == 2
    taught = [line for line in lines if line.startswith("  TAUGHT")]
    assert len(taught) == 2
    assert all("dog" in line.replace("│", "") and line.endswith("│<|im_end|>│") for line in taught)
    assert all("\\n" in line for line in taught)
    assert "\x1b" not in printed.stdout
    value = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert len(value["rows"]) == 2
    token = value["rows"][0]["tokens"][0]
    assert token == {"id": 4, "text": "<|im_start|>", "taught": False}
