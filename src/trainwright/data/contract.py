"""The contract file on its way into the columns: what a person asks, checked by prepare, predict and serve.

A rule becomes part of the column that it speaks of, so that whoever has the columns has the rules. Prepare
checks all rows, uniqueness and types too, as findings of kind `schema`; batch scoring and the server check
the rest row by row (`summaries.constraints`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Snapshot, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType, Rule
from trainwright.core.errors import Fault, RecipeError, counted, nearest, shorten
from trainwright.data.findings import finding
from trainwright.data.hashing import hash_cells
from trainwright.data.snapshot import read_split
from trainwright.data.types.case import setting, yaml_word
from trainwright.data.view import View
from trainwright.recipe.contract import ColumnContract, ContractFile, read_contract
from trainwright.recipe.data import DataSettings
from trainwright.summaries.constraints import microseconds, parse_comparison, violations

MOST_CATEGORIES = 50  # that are written into a new contract
_WORDS = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.IDENTIFIER)


def load_contract(settings: DataSettings, base: Path) -> ContractFile | None:
    """The contract file that the recipe names; None where it names none.

    Raises:
        RecipeError: it cannot be read, or is none.
    """
    return None if settings.contract is None else read_contract(base / settings.contract)


def contracted(columns: Sequence[Column], contract: ContractFile) -> tuple[Column, ...]:
    """The columns with what the contract asks of each.

    Raises:
        RecipeError: it names a column that is not there, or asks what a column of its type cannot keep.
    """
    kinds = {column.name: column.type for column in columns}
    faults = [
        *_strangers(contract, kinds),
        *_unfitting(contract, kinds),
        *_odd_rules(contract, kinds),
    ]
    if faults:
        raise RecipeError.of(faults)
    comparisons: dict[str, list[str]] = {}
    for text in contract.rules:
        comparisons.setdefault(parse_comparison(text).column, []).append(text)
    return tuple(
        _with_rule(column, contract, comparisons.get(column.name, ())) for column in columns
    )


def find(view: View, *, deadline: Deadline) -> list[Finding]:  # noqa: ARG001 - a promise, not a search
    """Rows that break the contract, one finding a column and rule."""
    contract = load_contract(view.settings, view.base)
    if contract is None:
        return []
    told = [] if view.target.is_text else [view.target.column]  # a text is among the others
    columns = contracted([*view.columns, *told], contract)
    asked = [column for column in columns if column.rule is not None or column.required]
    found = [*_other_types(contract, columns), *_missing(view, asked)]
    broken: dict[tuple[str, str], list[Any]] = {}
    names, kinds = (
        [column.name for column in columns],
        {column.name: column.type for column in columns},
    )
    needed = _needed(asked, names)
    for block in view.blocks(needed):
        for one in violations(asked, block, kinds=kinds):
            broken.setdefault((one.column, one.what), []).append(block[ROW].to_numpy()[one.rows])
    for (name, what), rows in broken.items():
        found.append(_broken(name, f"the contract asks for {what}", np.concatenate(rows)))
    return [*found, *_repeated(view, asked)]


def find_unlabelled(
    settings: DataSettings, base: Path, rows: NDArray[np.int64], *, name: str
) -> list[Finding]:
    """The finding on rows without a target, which are left out, where the contract requires one.

    Args:
        settings: The recipe's.
        base: The recipe's folder.
        rows: Global positions.
        name: Of the target.
    """
    contract = load_contract(settings, base) if len(rows) else None
    asked = None if contract is None else contract.columns.get(name)
    if asked is None or not asked.required:
        return []
    return [_broken(name, "the contract asks for a value", rows)]


def contract_of(snapshot: Snapshot) -> ContractFile:
    """What all rows of a snapshot keep to: types, values that are never missing, ranges, short lists.

    Like the types, it is a fact of all rows from before the split and looks at no target.
    """
    names = [column.name for column in snapshot.inputs if column.type is not ColumnType.IMAGE]
    rows = pl.concat([read_split(snapshot, split, columns=[ROW, *names]) for split in Split])
    return ContractFile(
        columns={
            column.name: _seen(column, rows[column.name])
            for column in snapshot.inputs
            if column.name in names
        }
    )


def _seen(column: Column, values: pl.Series) -> ColumnContract:
    known = values.drop_nulls()
    is_number = column.type is ColumnType.NUMBER and len(known) > 0
    categories = None
    if column.type is ColumnType.CATEGORY and 0 < known.n_unique() <= MOST_CATEGORIES:
        categories = tuple(known.unique().sort())
    return ColumnContract(
        type=column.type,
        required=len(known) == len(values),
        range=(float(known.min()), float(known.max())) if is_number else None,  # type: ignore[arg-type]
        categories=categories,
    )


def _with_rule(column: Column, contract: ContractFile, comparisons: Sequence[str]) -> Column:
    said = contract.columns.get(column.name, ColumnContract())
    low, high = said.range or (None, None)
    rule = Rule(low, high, said.categories or (), said.pattern, said.unique, tuple(comparisons))
    return replace(
        column,
        required=column.required or said.required,
        rule=rule if rule != Rule() else None,
    )


def _needed(asked: Sequence[Column], names: Sequence[str]) -> list[str]:
    """Columns that rules speak of, on either side."""
    needed = {column.name for column in asked}
    for column in asked:
        for text in column.rule.comparisons if column.rule else ():
            needed |= {parse_comparison(text).other or column.name}
    return [name for name in names if name in needed]


def _strangers(contract: ContractFile, kinds: dict[str, ColumnType]) -> Iterator[Fault]:
    for name in contract.columns:
        if name not in kinds:
            near = nearest(name, kinds)
            mend = (
                f"use {shorten(near)}"
                if near
                else "give the data the column, or take it out of the contract"
            )
            yield Fault(
                f"the data have no column {shorten(name)}", f"data.contract: columns.{name}", mend
            )


def _unfitting(contract: ContractFile, kinds: dict[str, ColumnType]) -> Iterator[Fault]:
    for name, said in contract.columns.items():
        kind, where = kinds.get(name), f"data.contract: columns.{name}"
        if kind is None:
            continue
        if said.range is not None and kind is not ColumnType.NUMBER:
            yield Fault(
                f"a range is asked of a column of type {kind.value}", where, setting(name, "number")
            )
        if (said.categories or said.pattern) and kind not in _WORDS:
            yield Fault(
                f"words are asked of a column of type {kind.value}",
                where,
                setting(name, "category"),
            )
        if said.pattern is not None and (why := _pattern_fault(said.pattern)):
            yield Fault(
                why,
                f"{where}.pattern",
                "write a simpler one, without look-around and back-references",
            )


def _pattern_fault(pattern: str) -> str:
    try:
        pl.Series([""]).str.contains(f"^(?:{pattern})$")
    except pl.exceptions.ComputeError as error:
        told = str(error).partition("\n\n")[0].splitlines()[-1]
        for before in ("regex error: ", "error: "):
            told = told.removeprefix(before)
        return f"the pattern cannot be used: {told[:120]}"
    return ""


def _odd_rules(contract: ContractFile, kinds: dict[str, ColumnType]) -> Iterator[Fault]:
    for text in contract.rules:
        where = "data.contract: rules"
        try:
            rule = parse_comparison(text)
        except ValueError as error:
            yield Fault(
                str(error), where, 'write "end >= start", "age >= 18" or "`unit price` > 0"'
            )
            continue
        names = [name for name in (rule.column, rule.other) if name is not None]
        lacking = [name for name in names if name not in kinds]
        if lacking:
            near = nearest(lacking[0], kinds)
            yield Fault(f"{text!r}: the data have no column {shorten(lacking[0])}", where,
                        f"use {shorten(near)}" if near else "take the rule out")  # fmt: skip
            continue
        left = kinds[rule.column]
        right = _kind_of(rule.constant, left) if rule.other is None else kinds[rule.other]
        if _group(left) != _group(right):
            yield Fault(
                f"{text!r} compares {left.value} with {right.value}",
                where,
                "compare what is alike",
            )
        elif left not in (ColumnType.NUMBER, ColumnType.DATETIME) and rule.sign not in ("==", "!="):
            yield Fault(f"{text!r}: {left.value} has no order", where, 'use "==" or "!="')


def _kind_of(constant: float | str | None, left: ColumnType) -> ColumnType:
    if not isinstance(constant, str):
        return ColumnType.NUMBER
    if left is ColumnType.DATETIME:
        try:
            microseconds(constant)
        except ValueError:
            return ColumnType.TEXT
        return ColumnType.DATETIME
    return ColumnType.TEXT


def _group(kind: ColumnType) -> ColumnType:
    return ColumnType.TEXT if kind in _WORDS else kind


def _other_types(contract: ContractFile, columns: Sequence[Column]) -> Iterator[Finding]:
    for column in columns:
        said = contract.columns.get(column.name, ColumnContract()).type
        if said is not None and said is not column.type:
            yield finding(
                "schema",
                "error",
                f"column {shorten(column.name)} is read as {column.type.value}; the contract asks for"
                f" {said.value}",
                column=column.name,
                remedy=setting(column.name, said.value),
            )


def _missing(view: View, asked: Sequence[Column]) -> Iterator[Finding]:
    names = [column.name for column in asked if column.required]
    rows: dict[str, list[Any]] = {name: [] for name in names}
    for block in view.blocks(names):
        for name in names:
            rows[name].append(block[ROW].filter(block[name].is_null()).to_numpy())
    for name in names:
        gone = np.concatenate([np.empty(0, np.int64), *rows[name]])
        if len(gone):
            yield _broken(name, "the contract asks for a value", gone)


def _repeated(view: View, asked: Sequence[Column]) -> Iterator[Finding]:
    """Rows that repeat a value that must be unique, by 64-bit hashes of the values."""
    for column in asked:
        if column.rule is None or not column.rule.unique:
            continue
        parts = [(b[ROW].filter(b[column.name].is_not_null()), b[column.name].drop_nulls())
                 for b in view.blocks([column.name])]  # fmt: skip
        rows = np.concatenate([part.to_numpy() for part, _ in parts])
        hashes = np.concatenate([hash_cells(values) for _, values in parts])
        _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        again = rows[counts[inverse] > 1]
        if len(again):
            yield _broken(column.name, "the contract asks for unique values", again)


def _broken(name: str, asks: str, rows: np.ndarray[Any, Any]) -> Finding:
    return finding(
        "schema",
        "error",
        f"column {shorten(name)}: {asks}, and {counted(len(rows), 'rows break')} that",
        column=name,
        rows=rows,
        remedy=f'mend the rows or the contract, or: data: {{accept: ["schema:{name}"]}}',
    )


def to_yaml(contract: ContractFile) -> str:
    """As a file that a person can edit."""
    lines = ["# What the data are asked to keep: data: {contract: THIS FILE}", "columns:"]
    for name, said in contract.columns.items():
        parts = [f"type: {said.type.value}"] if said.type else []
        parts += ["required: true"] if said.required else []
        if said.range is not None:
            low, high = (_limit(limit) for limit in said.range)
            parts.append(f"range: [{low}, {high}]")
        if said.categories:
            parts.append(f"categories: [{', '.join(map(yaml_word, said.categories))}]")
        lines.append(f"  {yaml_word(name)}: {{{', '.join(parts)}}}")
    lines.append('rules: []  # comparisons: "end >= start", "age >= 18", "`unit price` > 0"')
    return "\n".join(lines) + "\n"


def _limit(limit: float | None) -> str:
    """The shortest number that is this one; YAML knows none like 1e+16, and takes 1.0e+16."""
    if limit is None:
        return "null"
    text = repr(float(limit)).removesuffix(".0")
    return text.replace("e", ".0e") if "e" in text and "." not in text else text
