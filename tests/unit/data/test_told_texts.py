"""Where text is told, what is predicted is what is read: it is redacted and filtered, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.prepare import prepare
from trainwright.data.snapshot import read_split
from trainwright.recipe import parse_recipe

MAIL = "jane.doe@example.org"


def prepared(folder: Path, texts: list[str], **said: Any) -> Snapshot:
    pl.DataFrame({"text": texts}).write_ndjson(folder / "t.jsonl")
    data = {"source": "t.jsonl", "target": "text", "near_duplicates": "off", **said}
    recipe = parse_recipe({"name": "t", "task": "language-modelling", "data": data})
    unused: Any = None
    return prepare(recipe, base=folder, snapshots=folder / "snapshots", probe=unused)


def corpus() -> list[str]:
    texts = [f"the river and the house were old in the year {1500 + row}" for row in range(80)]
    texts[3] += f", write to {MAIL}"
    return texts


def test_what_the_report_says_to_paste_takes_personal_data_out_of_a_corpus(tmp_path: Path) -> None:
    (found,) = [f for f in prepared(tmp_path, corpus()).findings if f.kind == "personal-data"]
    assert found.remedy == "data: {personal_data: {text: redact}}  # or hash, keep"
    snapshot = prepared(tmp_path, corpus(), personal_data={"text": "redact"})
    kept = pl.concat([read_split(snapshot, split) for split in Split])["text"]
    assert not kept.str.contains(MAIL, literal=True).any()
    assert kept.str.contains("[e-mail address]", literal=True).sum() == 1
    assert snapshot.target.column.repair == snapshot.inputs[0].repair is not None


def test_filters_that_leave_no_text_say_which_and_why(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"no row is left: filters .*last 80 .*c4: under … sentences"
    ) as caught:
        prepared(tmp_path, corpus(), filters={"rules": ["c4"]})
    assert caught.value.where == "data.filters"
    assert "ask less of a row" in caught.value.mend


def test_a_contract_file_that_is_not_there_is_called_one(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="there is no such contract file") as caught:
        prepared(tmp_path, corpus(), contract="nowhere.yaml")
    assert "--contract-out" in caught.value.mend


def answered(folder: Path, **said: Any) -> Snapshot:
    texts = [f"where is parcel {row}" for row in range(60)]
    answers = [f"it was sent on day {row}" for row in range(60)]
    answers[7] += f", {MAIL} knows, with password=correct7horse"
    pl.DataFrame({"text": texts, "answer": answers}).write_ndjson(folder / "t.jsonl")
    data = {"source": "t.jsonl", "target": "answer", "inputs": {"text": "text"}, **said}
    recipe = parse_recipe({"name": "t", "task": "text-to-text", "data": data})
    unused: Any = None
    return prepare(recipe, base=folder, snapshots=folder / "snapshots", probe=unused)


def test_an_answer_is_looked_at_and_redacted_as_the_question_is(tmp_path: Path) -> None:
    found = {f.kind: f for f in answered(tmp_path).findings if f.column == "answer"}
    assert found["personal-data"].rows == found["secret"].rows == (7,)
    assert (
        found["personal-data"].remedy == "data: {personal_data: {answer: redact}}  # or hash, keep"
    )
    snapshot = answered(tmp_path, personal_data={"answer": "redact"})
    kept = pl.concat([read_split(snapshot, split) for split in Split])["answer"]
    assert not kept.str.contains("jane.doe|correct7horse").any()
    assert (
        kept.str.contains(r"day 7, \[e-mail address\] knows, with password=\[secret\]").sum() == 1
    )
    assert snapshot.target.column.repair is not None  # so that answers to compare with are, too


def test_an_answer_cannot_be_left_out(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="is what is told, and cannot be left out") as caught:
        answered(tmp_path, personal_data={"answer": "drop"})
    assert caught.value.mend == "data: {personal_data: {answer: redact}}"


def test_a_row_that_breaks_the_contract_of_a_told_text_counts_once(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("columns: {text: {pattern: 'the river.*[0-9]'}}\n")
    with pytest.raises(DataError) as caught:
        prepared(tmp_path, corpus(), contract="c.yaml")
    (broken,) = [f for f in caught.value.findings if f.kind == "schema" and f.severity == "error"]
    assert (broken.count, broken.rows) == (1, (3,))
