"""Which columns a model may see, and by which rows are equal. The target has no part in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError, shorten
from trainwright.data.staging.rows import Rows
from trainwright.data.types.case import yaml_word
from trainwright.recipe.data import DataSettings


@dataclass(frozen=True, slots=True)
class Choice:
    """The columns that a model may see, and why it may not see the others."""

    inputs: tuple[Column, ...]
    left_out: dict[str, str]


def choose_inputs(rows: Rows, columns: Sequence[Column], settings: DataSettings) -> Choice:
    """Sort columns into inputs and those left out, with the reason.

    Raises:
        DataError: no column is left to learn from.
    """
    useless = _useless(rows, [column for column in columns if column.name != settings.target])
    inputs, left_out = [], {}
    the_one = _the_input(settings)
    declared = {**dict.fromkeys(settings.known_after, "declared: known after"),
                **dict.fromkeys(settings.drop, "declared: drop"),
                **dict.fromkeys(settings.further_targets, "declared: further target"),
                **dict.fromkeys(_private(settings), "personal data"),
                **dict.fromkeys(settings.labels.annotators, "an annotator's labels"),
                **_split_columns(settings)}  # fmt: skip
    for column in columns:
        if column.name == settings.target != the_one:
            continue
        why = declared.get(column.name) or useless.get(column.name)
        if why is None and the_one is not None and column.name != the_one:
            why = "not an input"
        if why:
            left_out[column.name] = why
        else:
            inputs.append(column)
    if not inputs:
        shown = ", ".join(
            f"{shorten(name, 30)} ({why})" for name, why in list(left_out.items())[:6]
        )
        raise DataError(
            f"no column is left to learn from; left out: {shown or 'the table has the target alone'}",
            where="data",
            mend=_read_otherwise(rows, left_out) + "add columns",
        )
    return Choice(tuple(inputs), left_out)


def _private(settings: DataSettings) -> list[str]:
    """The columns that are left out for the personal data in them."""
    return [name for name, action in settings.personal_data.items() if action == "drop"]


def _the_input(settings: DataSettings) -> str | None:
    """The column that alone is learned from, where the recipe names one."""
    one = settings.inputs
    return None if one is None else one.text or one.image or one.messages


def _read_otherwise(rows: Rows, left_out: dict[str, str]) -> str:
    """To paste: the first identifier as what its values can be; nothing where there is none."""
    name = next((name for name, why in left_out.items() if why == "identifier"), None)
    if name is None:
        return ""
    is_number = all(
        block.to_series().drop_nulls().cast(pl.Float64, strict=False).null_count() == 0
        for block in rows.blocks([name])
    )
    kind = ColumnType.NUMBER if is_number else ColumnType.CATEGORY
    return f"data: {{columns: {{{yaml_word(name)}: {kind.value}}}}} reads it otherwise; or "


def equality_columns(columns: Sequence[Column], settings: DataSettings) -> list[str]:
    """The columns by which rows are equal: all that are kept but identifiers and the target.

    Or the one text or image that is learned from.
    """
    the_one = _the_input(settings)
    if the_one is not None:
        return [the_one]
    without = {settings.target, *settings.drop, *settings.known_after, *settings.further_targets}
    without |= {*_private(settings), *settings.labels.annotators}
    if settings.split.by == "given" and settings.split.column is not None:
        without.add(settings.split.column)
    return [
        column.name
        for column in columns
        if column.name not in without and column.type is not ColumnType.IDENTIFIER
    ]


def _split_columns(settings: DataSettings) -> dict[str, str]:
    split = settings.split
    if split.by == "group" and split.column:
        return {split.column: "split: group"}
    if split.by == "group-time" and split.group:
        return {split.group: "split: group"}
    if split.by == "given" and split.column:
        return {split.column: "split: assignment"}
    return {}


def _useless(rows: Rows, columns: Sequence[Column]) -> dict[str, str]:
    """Columns without a value, that name rows, or that are always the same."""
    varies = {column.name for column in columns if column.type is ColumnType.IDENTIFIER}
    filled = set[str]()
    first: dict[str, Any] = {}
    left = [column.name for column in columns]
    for block in rows.blocks(left) if left else ():
        for name in left:
            values = block[name]
            if values.null_count() < len(values):
                filled.add(name)
            if name not in varies and len(values) and _varies(values, first):
                varies.add(name)
        left = [name for name in left if name not in filled or name not in varies]
        if not left:
            break
    told = {column.name: "constant" for column in columns if column.name not in varies}
    told |= {c.name: "identifier" for c in columns if c.type is ColumnType.IDENTIFIER}
    return told | {column.name: "all null" for column in columns if column.name not in filled}


def _varies(values: pl.Series, first: dict[str, Any]) -> bool:
    """Does a block show that its column is not always the same? Missing values are another value."""
    if isinstance(values.dtype, pl.List) or values.null_count():
        return True
    known = first.setdefault(values.name, values[0])
    if values[-1] != known:
        return True
    alike = values == pl.Series([known], dtype=values.dtype)  # Polars takes bytes for many numbers
    return not bool(alike.all())
