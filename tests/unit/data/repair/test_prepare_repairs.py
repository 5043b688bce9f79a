from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Snapshot, Split
from trainwright.core.columns import ROW
from trainwright.core.errors import EnvironmentFault, RecipeError
from trainwright.data.prepare import prepare
from trainwright.data.snapshot import load_snapshot, read_ledger, read_repairs, read_split
from trainwright.data.types import parse_series, parse_value
from trainwright.recipe import parse_recipe

ROWS = 300


def probe(
    features: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    folds: NDArray[np.int64],
    task: str,
) -> NDArray[np.float64]:
    """Knows nothing."""
    classes = int(target.max()) + 1
    return np.full((len(target), classes), 1 / classes)


def dirty() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    city = rng.choice(["São Paulo", "New York", "Zürich"], ROWS).tolist()
    city[3], city[4], city[5] = "SÃ£o Paulo", "N.Y.", "new york"
    age = rng.integers(18, 90, ROWS).astype(float)
    age[6], age[7] = -4.0, 700.0
    note = [f"a longer note about the row numbered {row}" for row in range(ROWS)]
    note[8] = "write to jane.doe@example.org about <b>it</b>"
    return pl.DataFrame(
        {"city": city, "age": age, "note": note, "y": rng.choice(["up", "down"], ROWS)}
    )


@pytest.fixture
def prepared(tmp_path: Path) -> Callable[..., Snapshot]:
    def run(frame: pl.DataFrame | None = None, **said: Any) -> Snapshot:
        (dirty() if frame is None else frame).write_csv(tmp_path / "rows.csv")
        recipe = parse_recipe({"name": "t", "data": {"source": "rows.csv", "target": "y", **said}})
        return prepare(recipe, base=tmp_path, snapshots=tmp_path / "snapshots", probe=probe)

    return run


def all_rows(snapshot: Snapshot) -> pl.DataFrame:
    return pl.concat([read_split(snapshot, split) for split in Split]).sort(ROW)


def of_kind(snapshot: Snapshot, kind: str) -> list[Finding]:
    return [finding for finding in snapshot.findings if finding.kind == kind]


def test_without_a_word_in_the_recipe_nothing_is_mended_and_all_is_proposed(prepared):
    snapshot = prepared()
    assert all_rows(snapshot)["city"][3] == "SÃ£o Paulo"
    assert read_repairs(snapshot).height == 0
    assert not (snapshot.folder / "repairs.parquet").exists()
    assert {finding.column for finding in of_kind(snapshot, "encoding")} == {"city", "note"}
    (variants,) = of_kind(snapshot, "category-variant")
    assert 'repair: {variants: {city: {"New York": ["N.Y.", "new york"]' in variants.remedy
    (outlier,) = of_kind(snapshot, "outlier")
    assert outlier.rows == (6, 7)
    assert outlier.remedy.startswith("data: {repair: {limits: {age: [0, 89]}, beyond: missing}}")
    (personal,) = of_kind(snapshot, "personal-data")
    assert personal.rows == (8,)
    assert "jane" not in personal.message


def test_what_the_recipe_names_is_mended_and_recorded_with_before_and_after(prepared):
    snapshot = prepared(
        repair={
            "text": ["mojibake", "html"],
            "variants": {"city": {"New York": ["N.Y.", "new york"]}},
            "limits": {"age": {"low": 0, "high": 130, "beyond": "clip"}},
        }
    )
    rows = all_rows(snapshot)
    assert rows["city"][3:6].to_list() == ["São Paulo", "New York", "New York"]
    assert rows["age"][6:8].to_list() == [0.0, 130.0]
    told = read_repairs(load_snapshot(snapshot.folder)).sort("row").rows()
    assert told == [
        (3, "city", "mojibake", "SÃ£o Paulo", "São Paulo"),
        (4, "city", "variants", "N.Y.", "New York"),
        (5, "city", "variants", "new york", "New York"),
        (6, "age", "limits", "-4", "0"),
        (7, "age", "limits", "700", "130"),
        (8, "note", "html", "write to xxxx.xxx@xxxxxxx.xxx about <b>it</b>",
         "write to xxxx.xxx@xxxxxxx.xxx about it"),
    ]  # fmt: skip


def test_accepted_spellings_become_part_of_the_contract(prepared):
    snapshot = prepared(repair={"variants": {"city": "accept"}})
    (city,) = [column for column in snapshot.inputs if column.name == "city"]
    assert city.repair is not None
    assert dict(city.repair.variants)["new york"] == "New York"
    assert parse_value(city, " N.Y. ") == "New York"
    assert parse_series(city, pl.Series(["N.Y.", None])).values.to_list() == ["New York", None]


def test_rows_beyond_their_limits_are_left_out_with_the_value_as_the_reason(prepared):
    snapshot = prepared(repair={"limits": {"age": [0, None]}, "beyond": "drop"})
    ledger = read_ledger(snapshot).filter(pl.col("bucket") == "dropped")
    assert ledger.select("row", "step", "reason").rows() == [
        (6, "limits", "age is -4, beyond its limits")
    ]


def test_redacted_texts_keep_no_address_anywhere_in_the_snapshot(prepared):
    snapshot = prepared(personal_data={"note": "redact"})
    assert all_rows(snapshot)["note"][8] == "write to [e-mail address] about <b>it</b>"
    for path in snapshot.folder.iterdir():
        assert b"jane.doe" not in path.read_bytes()
        if path.suffix == ".parquet":
            cells = (cell for row in pl.read_parquet(path).rows() for cell in row)
            assert not any("jane.doe" in str(cell) for cell in cells)


def test_a_hash_needs_its_key_and_joins_equal_values(prepared, monkeypatch):
    frame = dirty().with_columns(
        pl.Series("mail", [f"u{row % 7}@example.org" for row in range(ROWS)])
    )
    said = {"personal_data": {"mail": "hash"}, "hash_key": "env:TEST_KEY"}
    with pytest.raises(EnvironmentFault, match="export TEST_KEY="):
        prepared(frame, **said)
    monkeypatch.setenv("TEST_KEY", "sixteen bytes and more")
    snapshot = prepared(frame, **said)
    mails = all_rows(snapshot)["mail"]
    assert mails.n_unique() == 7
    assert not mails.str.contains("@").any()
    (mail,) = [column for column in snapshot.inputs if column.name == "mail"]
    assert parse_value(mail, "u3@example.org") == mails[3]
    assert "sixteen" not in (snapshot.folder / "manifest.json").read_text()


def test_another_key_is_refused_when_predicting(prepared, monkeypatch):
    frame = dirty().with_columns(
        pl.Series("mail", [f"u{row % 7}@example.org" for row in range(ROWS)])
    )
    monkeypatch.setenv("TEST_KEY_2", "sixteen bytes and more")
    snapshot = prepared(frame, personal_data={"mail": "hash"}, hash_key="env:TEST_KEY_2")
    (mail,) = [column for column in snapshot.inputs if column.name == "mail"]
    from trainwright.data.repair import texts

    texts._private.cache_clear()  # as in another process
    monkeypatch.setenv("TEST_KEY_2", "another key of sixteen bytes")
    with pytest.raises(EnvironmentFault, match="with the key of the training"):
        parse_value(mail, "u3@example.org")


def test_a_dropped_column_of_personal_data_is_left_out(prepared):
    snapshot = prepared(personal_data={"note": "drop"})
    assert snapshot.left_out["note"] == "personal data"


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ({"repair": {"limits": {"aeg": [0, 1]}}}, "use 'age'"),
        ({"repair": {"limits": {"city": [0, 1]}}}, "data: {columns: {city: number}}"),
        ({"repair": {"variants": {"age": "accept"}}}, "data: {columns: {age: category}}"),
        ({"personal_data": {"age": "redact"}}, "data: {columns: {age: category}}"),
        ({"repair": {"variants": {"y": "accept"}}}, "not the target"),
    ],
)
def test_a_column_that_cannot_be_mended_so_is_refused(prepared, said, mend):
    with pytest.raises(RecipeError, match=mend.replace("{", r"\{").replace("}", r"\}")):
        prepared(**said)
