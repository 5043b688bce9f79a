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
