"""From rows as they were read to typed rows, both on disk, block by block.

One pass gathers evidence for every column and the identity of the source; one parses all columns by
the types that the evidence proposes; only a column whose blocks do not bear its type out is parsed once
more. Where `staging.first` did the first two while the rows were read, such columns alone are left. Columns
of words, tags and labels are short enough to be held whole, one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.compute.workers import HERE, Workers
from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import RecipeError
from trainwright.core.threads import thread_pool
from trainwright.data.hashing import SourceKey
from trainwright.data.staging.blocks import BlockStore, StoredBlock
from trainwright.data.staging.first import Typings, propose, texts_of
from trainwright.data.staging.staged import RawBlock, StagedSource
from trainwright.data.types.case import Context, Receipt
from trainwright.data.types.columns import ColumnTyping, Reading
from trainwright.data.types.evidence import Evidence
from trainwright.data.types.inference import check_names, context_of
from trainwright.data.types.label_lists import is_of_labels, type_labels
from trainwright.data.types.tags import check_lengths, refuse_lists, type_tags, type_words
from trainwright.data.types.tally import Tally
from trainwright.data.types.target import TargetTyping
from trainwright.recipe.data import DataSettings

TYPED_FILE = "typed.blocks"


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
        receipts: What was done to each column, and to how many cells (`types.case.Receipt`).
    """

    store: BlockStore
    columns: tuple[Column, ...]
    target: Target
    findings: tuple[Finding, ...]
    source_key: str
    receipts: tuple[Mapping[str, Any], ...] = ()

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

    def stored(self, names: Sequence[str]) -> list[StoredBlock]:
        """All blocks, each to be read for these columns by whoever sees the disk."""
        return self.store.stored(names)

    def gather(self, names: Sequence[str], row: NDArray[np.int64]) -> pl.DataFrame:
        """The rows at these positions, ascending."""
        return self.store.gather(names, row)


def type_rows(
    staged: StagedSource,
    settings: DataSettings,
    *,
    task: Task | None,
    folder: Path,
    workers: Workers = HERE,
) -> TypedRows:
    """Decide what every column is, and read it so.

    Args:
        staged: The rows as read.
        settings: `columns` overrides what is inferred; `drop`, `known_after` and what is dropped for
            its personal data name columns whose faults do not count.
        task: Inferred from the target when None.
        folder: Where the typed rows are kept.
        workers: Read and type the blocks.

    Raises:
        RecipeError: the recipe names a column that is not there, or a task that cannot be.
        DataError: the target cannot be learned: no values, one value, mixed spellings.
        EnvironmentFault: the disk is full.
    """
    names = list(staged.schema)
    check_names(names, settings)
    table = staged.table
    contexts = {name: context_of(table, settings, name) for name in names}
    held = _held_whole(staged, settings, task)
    for name in {settings.target, *texts_of(settings, task)} - set(held):
        refuse_lists(pl.Series(name, [], dtype=staged.schema[name]))
    first = staged.first
    if first is not None:
        evidence, source_key, store = first.evidence, first.source_key, first.store
    else:
        evidence, source_key = _scan(staged, contexts, without=held, workers=workers, folder=folder)
        store = BlockStore(folder / TYPED_FILE)
    typings = propose(evidence, contexts, settings, task=task)
    left = list(typings)
    if first is not None:
        left = first.settle(typings)
        typings |= propose({name: evidence[name] for name in left}, contexts, settings, task=task)
    found = {name: read(store) for name, read in held.items()}
    _parse(staged, typings, store, left=left, workers=workers, folder=folder)
    target = next((one.target for one in found.values() if one.target is not None), None)
    if task is not None and task.is_language:
        target = Target((typings.get(settings.target) or found[settings.target]).column, task)
    elif target is None:
        target = _label(typings[settings.target], store)
    elif task is Task.TOKEN_CLASSIFICATION:
        _refuse_unequal(store, found, target, contexts[settings.target])
    private = [name for name, action in settings.personal_data.items() if action == "drop"]
    left_out = {*settings.drop, *settings.known_after, *private}
    said = {name: one.findings for name, one in {**typings, **found}.items()}
    return TypedRows(
        store,
        tuple((typings.get(name) or found[name]).column for name in names),
        target,
        (
            *table.findings,
            *(one for name in names if name not in left_out for one in said[name]),
        ),
        source_key,
        tuple(
            receipt.to_json()
            for name in names
            if (receipt := (typings.get(name) or found[name]).receipt) is not None
        ),
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """A column that was read whole."""

    column: Column
    findings: tuple[Finding, ...] = ()
    target: Target | None = None
    receipt: Receipt | None = None


def _held_whole(
    staged: StagedSource, settings: DataSettings, task: Task | None
) -> dict[str, Callable[[BlockStore], _Held]]:
    """The columns that are no plain values, each with what reads it into the store."""
    held: dict[str, Callable[[BlockStore], _Held]] = {}
    if staged.images is not None:
        held[staged.images] = partial(_hold_images, staged, settings, staged.images)
    if settings.inputs is not None and settings.inputs.messages is not None:
        name = settings.inputs.messages
        held[name] = partial(_hold_messages, staged, settings, name)
    if task is Task.TOKEN_CLASSIFICATION:
        for name in texts_of(settings, task):
            held[name] = partial(_hold_words, staged, settings, name)
        held[settings.target] = partial(_hold_tags, staged, settings)
    if is_of_labels(staged.schema.get(settings.target), task):
        held[settings.target] = partial(_hold_labels, staged, settings)
    return held


def _hold_images(
    staged: StagedSource, settings: DataSettings, name: str, store: BlockStore
) -> _Held:
    """Bytes of images stay as they are."""
    for block in staged.blocks([name]):
        store.write(block)
    required = context_of(staged.table, settings, name).required
    return _Held(Column(name, ColumnType.IMAGE, required=required))


def _hold_words(
    staged: StagedSource, settings: DataSettings, name: str, store: BlockStore
) -> _Held:
    raw = pl.concat([block.to_series() for block in staged.blocks([name])])
    typed = type_words(raw, context_of(staged.table, settings, name))
    _write(typed.values.alias(name), staged, store)
    return _Held(typed.column, typed.findings)


def _hold_messages(
    staged: StagedSource, settings: DataSettings, name: str, store: BlockStore
) -> _Held:
    from trainwright.data.types.messages import type_messages

    raw = pl.concat([block.to_series() for block in staged.blocks([name])])
    typed = type_messages(raw, context_of(staged.table, settings, name))
    _write(typed.values.alias(name), staged, store)
    return _Held(typed.column, typed.findings)


def _hold_tags(staged: StagedSource, settings: DataSettings, store: BlockStore) -> _Held:
    name = settings.target
    raw = pl.concat([block.to_series() for block in staged.blocks([name])])
    typed, target = type_tags(raw, context_of(staged.table, settings, name))
    _write(typed.values.alias(name), staged, store)
    return _Held(typed.column, typed.findings, target)


def _hold_labels(staged: StagedSource, settings: DataSettings, store: BlockStore) -> _Held:
    name = settings.target
    raw = pl.concat([block.to_series() for block in staged.blocks([name])])
    typed, target = type_labels(raw, context_of(staged.table, settings, name))
    _write(typed.values.alias(name), staged, store)
    return _Held(typed.column, typed.findings, target, typed.receipt)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What some blocks show before any of their values is interpreted."""

    evidence: Mapping[str, Evidence]
    key: SourceKey

    def merge(self, other: _Seen) -> _Seen:
        evidence = {name: one.merge(other.evidence[name]) for name, one in self.evidence.items()}
        return _Seen(evidence, self.key.merge(other.key))


def _scan(
    staged: StagedSource,
    contexts: Mapping[str, Context],
    *,
    without: Mapping[str, object],
    workers: Workers,
    folder: Path,
) -> tuple[dict[str, Evidence], str]:
    """Evidence for each column but these, and the identity of the source's rows."""
    names = [name for name in staged.schema if name not in without]
    look = partial(_look, names, list(staged.schema if staged.settled is None else staged.read))
    seen = _Seen({name: Evidence.of(contexts[name]) for name in names}, SourceKey())
    for found in workers.map(look, staged.raw_blocks(), folder=folder):
        seen = seen.merge(found)
    return dict(seen.evidence), seen.key.value


def _look(names: Sequence[str], read: Sequence[str], blocks: Iterable[RawBlock]) -> Iterator[_Seen]:
    """What these columns of some blocks show; all that was read counts for the source's identity."""
    seen = _Seen({name: Evidence.of(Context()) for name in names}, SourceKey())
    for block in blocks:
        frame = block.as_read(read)  # labels from other hands are not what the source is known by
        seen.key.add(frame)
        if block.settled is not None:
            frame = block.read(names)
        for name, one in seen.evidence.items():
            one.add(frame[name], block.first_row)
    yield seen


def _parse(
    staged: StagedSource,
    typings: Typings,
    store: BlockStore,
    *,
    left: list[str],
    workers: Workers,
    folder: Path,
) -> None:
    """Read all blocks of the columns that are left into the store, until every type is borne out."""
    while left:
        tallies = {name: Tally() for name in left}
        read = partial(_read, [typings[name].reading for name in left])
        for frame, found in workers.map(read, staged.raw_blocks(), folder=folder):
            store.write(frame)
            for name, tally in zip(left, found, strict=True):
                tallies[name] = tallies[name].merge(tally)
        left = [name for name in left if not typings[name].judge(tallies[name])]
        for name in left:
            store.forget(name)


def _read(
    readings: Sequence[Reading], blocks: Iterable[RawBlock]
) -> Iterator[tuple[pl.DataFrame, list[Tally]]]:
    """Typed values of some blocks, and what came of each column."""
    with thread_pool() as pool:
        for block in blocks:
            raw = block.read([reading.name for reading in readings])
            found = list(pool.map(partial(_read_column, raw, block.first_row), readings))
            yield pl.DataFrame([values for values, _ in found]), [tally for _, tally in found]


def _read_column(raw: pl.DataFrame, first_row: int, reading: Reading) -> tuple[pl.Series, Tally]:
    return reading.read(raw[reading.name], first_row)


def _label(typing: ColumnTyping | TargetTyping, store: BlockStore) -> Target:
    """Write the target as frames hold it; gives what is predicted."""
    assert isinstance(typing, TargetTyping)
    target = typing.target
    if target.task is not Task.REGRESSION:
        values = (block.to_series() for block in store.blocks([target.name]))
        labels = (typing.labels(one).alias(target.name).to_frame() for one in values)
        store.replace([target.name], labels)
    return target


def _write(values: pl.Series, staged: StagedSource, store: BlockStore) -> None:
    """In the same blocks as the raw rows."""
    start = 0
    for one in staged.files:
        for height in one.store.heights:
            store.write(values[start : start + height].to_frame())
            start += height


def _refuse_unequal(
    store: BlockStore, found: Mapping[str, _Held], target: Target, context: Context
) -> None:
    """Refuse (DataError) other numbers of tags than of words.

    Raises:
        RecipeError: the recipe names no column of words.
    """
    words = [name for name, one in found.items() if one.column.type is ColumnType.WORDS]
    words = [name for name in words if name != target.name]
    if not words:
        raise RecipeError(
            "token classification needs the column of words",
            where="data.inputs",
            mend="data: {inputs: {text: COLUMN}}",
        )
    whole = pl.concat(list(store.blocks([words[0], target.name])))
    check_lengths(whole[words[0]], whole[target.name], context)
