"""A contract file: written from the data, edited by a person, enforced by prepare."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from numpy.typing import NDArray

from trainwright.core.artifacts import Snapshot
from trainwright.core.errors import DataError, RecipeError
from trainwright.data.contract import _limit, contract_of, to_yaml
from trainwright.data.prepare import prepare
from trainwright.data.snapshot import load_snapshot
from trainwright.recipe import parse_recipe
from trainwright.recipe.contract import read_contract

ROWS = 120
CONTRACT = """
columns:
  age: {type: number, required: true, range: [0, 120]}
  kind: {categories: [red, green]}
  code: {unique: true, pattern: "[A-Z]{2}[0-9]{3}"}
rules: ["end >= start", "age != 50"]
"""


def probe(
    features: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    folds: NDArray[np.int64],
    task: str,
) -> NDArray[np.float64]:
    """Knows nothing."""
    return np.full((len(target), int(target.max()) + 1), 0.5)


def table() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    start = rng.normal(size=ROWS)
    return pl.DataFrame(
        {
            "age": rng.integers(51, 90, ROWS).astype(float) + 0.5,
            "kind": rng.choice(["red", "green"], ROWS),
            "code": [f"AB{row:03d}" for row in range(ROWS)],
            "start": start,
            "end": start + rng.random(ROWS),
            "y": rng.choice(["up", "down"], ROWS),
        }
    )


@pytest.fixture
def prepared(tmp_path: Path) -> Callable[..., Snapshot]:
    def run(frame: pl.DataFrame, contract: str | None = CONTRACT, **said: Any) -> Snapshot:
        frame.write_csv(tmp_path / "t.csv")
        if contract is not None:
            (tmp_path / "c.yaml").write_text(contract)
            said["contract"] = "c.yaml"
        recipe = parse_recipe({"data": {"source": "t.csv", "target": "y", **said}})
        return prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=probe)

    return run


def spoilt(**cells: dict[int, Any]) -> pl.DataFrame:
    frame = table()
    return frame.with_columns(
        pl.Series(
            name,
            [new.get(row, old) for row, old in enumerate(frame[name])],
            dtype=frame.schema[name],
        )
        for name, new in cells.items()
    )


def test_rows_that_keep_the_contract_pass_and_carry_it(prepared):
    snapshot = load_snapshot(prepared(table()).folder)
    rules = {column.name: column.rule for column in snapshot.inputs}
    assert rules["age"] is not None
    assert (rules["age"].low, rules["age"].high, rules["age"].comparisons) == (
        0,
        120,
        ("age != 50",),
    )
    assert [rule.comparisons for rule in (rules["end"],) if rule] == [("end >= start",)]
    assert next(column for column in snapshot.inputs if column.name == "age").required


@pytest.mark.parametrize(
    ("cells", "column", "rows", "what"),
    [
        ({"age": {3: 130.0, 9: -1.0}}, "age", None, "120 or less"),
        ({"age": {3: None}}, "age", (3,), "asks for a value"),
        ({"kind": {4: "blue", 8: "blue"}}, "kind", (4, 8), "one of 'red', 'green'"),
        ({"code": {5: "AB004"}}, "code", (4, 5), "unique values"),
        ({"code": {5: "ab005"}}, "code", (5,), "matches"),
        ({"end": {6: -99.0}}, "end", (6,), "end >= start"),
        ({"age": {7: 50.0}}, "age", (7,), "age != 50"),
    ],
)
def test_rows_that_break_it_are_an_error_that_names_column_and_rows(
    prepared, cells, column, rows, what
):
    with pytest.raises(DataError) as caught:
        prepared(spoilt(**cells))
    found = [one for one in caught.value.findings if one.kind == "schema" and what in one.message]
    assert [one.column for one in found] == [column]
    assert rows is None or found[0].rows == rows


def test_a_violation_that_is_accepted_is_no_error(prepared):
    snapshot = prepared(spoilt(kind={4: "blue"}), accept=["schema:kind"])
    assert snapshot.rows["input"] == ROWS


def test_another_type_is_an_error_with_the_setting_to_paste(prepared):
    with pytest.raises(DataError) as caught:
        prepared(table(), "columns: {age: {type: category}}")
    (found,) = [one for one in caught.value.findings if one.kind == "schema"]
    assert found.remedy == "data: {columns: {age: category}}"


@pytest.mark.parametrize(
    ("contract", "mend"),
    [
        ("columns: {aeg: {required: true}}", "use 'age'"),
        ("columns: {age: {rnage: [0, 1]}}", "range"),
        ("columns: {age: {range: [2, 1]}}", "LOW, HIGH"),
        ("columns: {kind: {range: [0, 1]}}", "kind: number"),
        ("columns: {age: {pattern: x}}", "age: category"),
        ('columns: {code: {pattern: "(?=x)"}}', "without look-around"),
        ('rules: ["end => start"]', "end >= start"),
        ('rules: ["end >= strat"]', "use 'start'"),
        ('rules: ["end >= kind"]', "compare what is alike"),
        ('rules: ["kind > \\"red\\""]', 'use "=="'),
    ],
)
def test_a_contract_that_cannot_be_kept_is_refused_with_a_mend(prepared, contract, mend):
    with pytest.raises(RecipeError) as caught:
        prepared(table(), contract)
    assert mend in caught.value.mend


def test_another_contract_is_another_preparation(prepared):
    prepared(table())
    with pytest.raises(DataError, match="20 or less"):
        prepared(table(), "columns: {age: {range: [0, 20]}}")


def test_the_contract_that_is_written_is_kept_by_the_data_it_was_written_from(prepared, tmp_path):
    text = to_yaml(contract_of(prepared(table(), None)))
    assert "  kind: {type: category, required: true, categories: [green, red]}" in text
    (tmp_path / "w.yaml").write_text(text)
    assert read_contract(tmp_path / "w.yaml").columns["age"].range is not None
    assert not [one for one in prepared(table(), text).findings if one.kind == "schema"]


def test_a_row_without_the_target_that_the_contract_requires_is_an_error(prepared):
    frame = table().with_columns(y=pl.when(pl.int_range(ROWS) != 7).then("y"))
    with pytest.raises(DataError) as caught:
        prepared(frame, "columns: {y: {required: true}}")
    (one,) = [one for one in caught.value.findings if one.severity == "error"]
    assert (one.kind, one.column, one.rows) == ("schema", "y", (7,))
    assert prepared(frame, "columns: {y: {required: false}}").rows["dropped"] == 1


@pytest.mark.parametrize(
    ("contract", "told"),
    [("", "the contract file is empty"), ("- a", "a contract file is a mapping of sections")],
)
def test_a_contract_that_is_none_is_called_a_contract(prepared, contract, told):
    with pytest.raises(RecipeError, match=told) as caught:
        prepared(table(), contract)
    assert "columns:" in caught.value.mend


@pytest.mark.parametrize("limit", [-998.69, 0.1, 3.0, 1e16, 2.5e-9, -1e-300, 1e300])
def test_a_limit_is_written_as_short_as_it_goes_and_read_back(limit: float) -> None:
    written = _limit(limit)
    assert yaml.safe_load(f"[{written}]") == [limit]
    assert len(written) <= len(repr(limit)) + 2
