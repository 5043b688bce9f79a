"""From rows as they were read to typed rows, both on disk.

Cost: one column at a time is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Column, ColumnType, Finding, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.data.hashing import SourceKey
from trainwright.data.staging.blocks import BlockStore
from trainwright.data.staging.source import StagedSource
from trainwright.data.types.columns import type_column
from trainwright.data.types.inference import check_names, context_of
from trainwright.data.types.tags import check_lengths, refuse_lists, type_tags, type_words
from trainwright.data.types.target import type_target
from trainwright.recipe.data import DataSettings


@dataclass(frozen=True, slots=True)
class TypedRows:
    """Typed rows, in the order of the raw ones.

    Attributes:
        store: Numbers as Float64, words as String, booleans as Boolean, date-times as
            Datetime("us"); the target as String labels or Float64. Null where missing.
        columns: All columns, the target included, in source order.
        target: What is predicted.
        findings: What was noticed, those of reading first.
        source_key: Identity of the rows as they were read.
    """

    store: BlockStore
    columns: tuple[Column, ...]
    target: Target
    findings: tuple[Finding, ...]
    source_key: str

    @property
    def schema(self) -> Mapping[str, pl.DataType]:
        """The type of each column."""
        return {column.name: self.store.kinds(column.name)[0] for column in self.columns}

    @property
    def num_rows(self) -> int:
        """Rows."""
        return self.store.num_rows

    def blocks(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The named columns, block by block, in row order."""
        return self.store.blocks(names)

    def gather(self, names: Sequence[str], row: NDArray[np.int64]) -> pl.DataFrame:
        """The rows at these positions, ascending."""
        return self.store.gather(names, row)


def type_rows(
    staged: StagedSource, settings: DataSettings, *, task: Task | None, folder: Path
) -> TypedRows:
    """Decide what every column is, and read it so.

    Args:
        staged: The rows as read.
        settings: `columns` overrides what is inferred; `drop` and `known_after` name columns whose
            faults do not count.
        task: Inferred from the target when None.
        folder: Where the typed rows are kept.

    Raises:
        RecipeError: the recipe names a column that is not there, or a task that cannot be.
        DataError: the target cannot be learned: no values, one value, mixed spellings.
        EnvironmentFault: the disk is full.
    """
    check_names(list(staged.schema), settings)
    table = staged.table
    store = BlockStore(folder / "typed.blocks")
    columns: list[Column] = []
    findings = list(table.findings)
    left_out = {*settings.drop, *settings.known_after}
    target: Target | None = None
    text = None if settings.inputs is None else settings.inputs.text
    for name in staged.schema:
        context = context_of(table, settings, name)
        if name == staged.images:
            for block in staged.blocks([name]):
                store.write(block)
            columns.append(Column(name, ColumnType.IMAGE, required=context.required))
            continue
        raw = pl.concat([block.to_series() for block in staged.blocks([name])])
        if name == settings.target and task is Task.TOKEN_CLASSIFICATION:
            typed, target = type_tags(raw, context)
        elif name == settings.target:
            refuse_lists(raw)
            typed, target = type_target(raw, context, task=task)
        elif name == text and task is Task.TOKEN_CLASSIFICATION:
            typed = type_words(raw, context)
        elif name == text:
            refuse_lists(raw)
            typed = type_column(raw, replace(context, type=ColumnType.TEXT))
        else:
            typed = type_column(raw, context)
        _write(typed.values.alias(name), staged, store)
        columns.append(typed.column)
        findings += [] if name in left_out else typed.findings
    assert target is not None
    store.close()
    if task is Task.TOKEN_CLASSIFICATION:
        words = _words_among(columns)
        whole = pl.concat(list(store.blocks([words, target.name])))
        check_lengths(whole[words], whole[target.name], context_of(table, settings, target.name))
    key = SourceKey()
    for block in staged.blocks(list(staged.schema)):
        key.add(block)
    return TypedRows(store, tuple(columns), target, tuple(findings), key.value)


def _write(values: pl.Series, staged: StagedSource, store: BlockStore) -> None:
    """In the same blocks as the raw rows."""
    start = 0
    for one in staged.files:
        for height in one.store.heights:
            store.write(values[start : start + height].to_frame())
            start += height


def _words_among(columns: Sequence[Column]) -> str:
    """The column of words.

    Raises:
        RecipeError: the recipe names none.
    """
    found = [column.name for column in columns if column.type is ColumnType.WORDS]
    if not found:
        raise RecipeError(
            "token classification needs the column of words",
            where="data.inputs",
            mend="data: {inputs: {text: COLUMN}}",
        )
    return found[0]
