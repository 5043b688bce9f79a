"""What a model asks of the rows that it is given: its columns are there, and keep what their contract says.

A null and a category that training never saw are ordinary: the preparation has an answer for both. Only a
column that the recipe marks `required` or `closed` refuses them, and a rule of the contract file what it
forbids.
"""

from __future__ import annotations

import polars as pl

from trainwright.core.columns import ColumnType
from trainwright.core.errors import DataError, Fault, counted
from trainwright.core.protocols import Model
from trainwright.summaries.constraints import violations


def check_columns(model: Model, frame: pl.DataFrame) -> None:
    """Refuse rows that lack an input column.

    Raises:
        DataError: names all that are missing.
    """
    missing = [column.name for column in model.inputs if column.name not in frame.columns]
    if missing:
        raise DataError.of(
            [
                Fault(
                    f"column {name!r} is missing; the model needs it",
                    mend="add the column; its values may be empty",
                )
                for name in missing
            ]
        )


def check_contract(model: Model, frame: pl.DataFrame, *, first_row: int) -> None:
    """Refuse nulls in `required` columns, unseen categories in `closed` ones, and what breaks a rule.

    Raises:
        DataError: names column, row and count.
    """
    faults = []
    for column in model.inputs:
        values = frame[column.name]
        if column.required and values.null_count():
            row = first_row + int(values.is_null().arg_true()[0])
            what = (
                f"{counted(values.null_count(), 'values are')} missing in a column that is required"
            )
            faults.append(Fault(what, f"column {column.name!r}, row {row}", "fill them in"))
        if column.closed and column.type is ColumnType.CATEGORY:
            odd = _unseen(model, column.name, values)
            if odd:
                row = first_row + int(values.is_in(odd).arg_true()[0])
                what = f"categories that training did not see, in a closed column: {', '.join(odd[:5])}"
                faults.append(Fault(what, f"column {column.name!r}, row {row}", "correct them"))
    for broken in violations(model.inputs, frame):
        what = (
            f"{counted(len(broken.rows), 'rows break')} the contract, which asks for {broken.what}"
        )
        row = first_row + int(broken.rows[0])
        faults.append(Fault(what, f"column {broken.column!r}, row {row}", "mend the rows"))
    if faults:
        raise DataError.of(faults)


def _unseen(model: Model, name: str, values: pl.Series) -> list[str]:
    """The distinct values of a column that the model has not seen."""
    empty = dict.fromkeys(column.name for column in model.inputs)
    distinct = values.drop_nulls().unique().sort().to_list()
    found = model.unseen([{**empty, name: value} for value in distinct])
    return [value for value, columns in zip(distinct, found, strict=True) if name in columns]
