"""A rule of the contract file refuses a row in batch scoring (exit 3) and on the server (422)."""

from __future__ import annotations

import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType, Rule
from trainwright.core.errors import DataError
from trainwright.data.types import parse_value
from trainwright.deployment.contract import check_contract
from trainwright.deployment.server.instances import Contract
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.refusal import Refusal

COLUMNS = (
    Column("age", ColumnType.NUMBER, rule=Rule(low=0, high=120)),
    Column("end", ColumnType.NUMBER, rule=Rule(comparisons=("end >= start",))),
    Column("start", ColumnType.NUMBER),
    Column("kind", ColumnType.CATEGORY, rule=Rule(categories=("red", "green"))),
)


class Lenient:
    """A model of these columns that has seen every category."""

    inputs = COLUMNS

    def unseen(self, rows):
        return [[] for _ in rows]


def row(**cells):
    return {"age": 30.0, "end": 2.0, "start": 1.0, "kind": "red", **cells}


BROKEN = [
    (row(age=130.0), "age", "120 or less"),
    (row(end=0.5), "end", "end >= start"),
    (row(kind="blue"), "kind", "one of 'red', 'green'"),
]


@pytest.mark.parametrize(("cells", "column", "what"), BROKEN)
def test_batch_scoring_names_the_row(cells, column, what):
    frame = pl.DataFrame([row(), cells])
    with pytest.raises(DataError, match=what) as caught:
        check_contract(Lenient(), frame, first_row=100)
    assert caught.value.where == f"column {column!r}, row 101"


@pytest.mark.parametrize(("cells", "column", "what"), BROKEN)
def test_the_server_answers_422_with_a_pointer(cells, column, what):
    checks = Contract(Lenient(), parse=parse_value, extra="refuse", limits=Limits())
    with pytest.raises(Refusal, match=what) as caught:
        checks.check({"instances": [row(), cells]})
    assert caught.value.status == 422
    assert caught.value.faults[0].where == f"/instances/1/{column}"


def test_rows_that_keep_the_rules_and_missing_values_pass():
    good = [row(), row(age=None, start=None, kind=None)]
    check_contract(Lenient(), pl.DataFrame(good), first_row=0)
    checks = Contract(Lenient(), parse=parse_value, extra="refuse", limits=Limits())
    assert len(checks.check({"instances": good}).rows) == 2
