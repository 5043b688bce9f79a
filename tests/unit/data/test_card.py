"""The data card."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from detector_view import view_of, yes_no
from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.data.card import NOT_SAID, card_of, write_card
from trainwright.data.prepare import prepare
from trainwright.data.snapshot import load_snapshot, verify_snapshot
from trainwright.models.tables.probe import probe
from trainwright.recipe import parse_recipe
from trainwright.recipe.governance import CardSettings

TARGET = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("no", "yes"))


def written(folder: Path, **said: str) -> tuple[dict[str, object], str]:
    write_card(
        folder,
        card_of(CardSettings(**said)),
        target=TARGET,
        inputs=[Column("a|b", ColumnType.NUMBER)],
        left_out={"id": "identifier"},
        rows={"input": 10, "train": 7},
        sources=[{"name": "t.csv", "sha256": "ab" * 32, "bytes": 1, "rows": 10}],
        findings=[Finding("bias", "warning", "look"), Finding("constant", "info", "no matter")],
    )
    return json.loads((folder / "card.json").read_text()), (folder / "card.md").read_text()


def test_what_is_not_said_stands_there_as_such(tmp_path: Path) -> None:
    card, text = written(tmp_path, licence="CC-BY-4.0")
    assert card["said"]["licence"] == "CC-BY-4.0"
    assert card["said"]["consent"] == NOT_SAID
    assert "| Consent | not said |" in text
    assert "| train | 7 |" in text


def test_texts_of_the_users_cannot_break_a_table(tmp_path: Path) -> None:
    _, text = written(tmp_path, source="one | two\n<script>`x`")
    assert "one \\| two &lt;script>'x'" in text
    assert "| a\\|b | number |" in text


def test_warnings_are_in_it_and_information_is_not(tmp_path: Path) -> None:
    card, _ = written(tmp_path)
    assert [one["message"] for one in card["findings"]] == ["look"]


def test_groups_are_counted_where_columns_are_protected() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"sex": rng.choice(["f", "m"], 400), "x": rng.normal(size=400)})
    view = view_of(frame.with_columns(yes_no(rng.random(400) < 0.5)), protected=["sex"])
    (table,) = card_of(CardSettings(), view)["groups"]
    assert table["columns"] == ["sex"]
    assert {group["name"] for group in table["groups"]} == {"f", "m"}
    assert card_of(CardSettings()) == {}


def test_the_snapshot_holds_it_and_its_hash_covers_what_was_said(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"x": rng.normal(size=200), "z": rng.normal(size=200)})
    frame.with_columns(yes_no(frame["x"].to_numpy() > 0.2)).write_csv(tmp_path / "t.csv")
    made = {}
    for licence in ("MIT", "GPL-3"):
        said = {"source": "t.csv", "target": "y", "card": {"licence": licence}}
        recipe = parse_recipe({"data": {**said, "accept": ["leakage:x"]}})
        made[licence] = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=probe)
    assert made["MIT"].hash != made["GPL-3"].hash
    again = load_snapshot(made["MIT"].folder)
    assert again.card == {"said": {"licence": "MIT"}}
    assert "MIT" in (again.folder / "card.md").read_text()
    assert all(check.passed for check in verify_snapshot(again.folder))
