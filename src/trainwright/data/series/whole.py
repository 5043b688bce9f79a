"""Whole series as rows of a snapshot: one for each id, its channels as lists in the order of time.

The row ledger stays on input rows: what becomes of a series becomes of all its steps. A series is split
by a hash of its values (so that equal ones fall together), by a group, by the time of its last step, or as
given; its row number is that of its first input row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.columns import ROW, UNIT, Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, shorten
from trainwright.data.bundles import PARTS, bundle
from trainwright.data.classes import check_classes, check_target
from trainwright.data.duplicates import conflicting_labels, describe_copies
from trainwright.data.hashing import Hashes, hash_cells, mix, sum_cells
from trainwright.data.ledger import LedgerBook
from trainwright.data.reading.tables import RawTable
from trainwright.data.series.steps import CODE, Steps, check_series_names, read_steps
from trainwright.data.split import Splittable, assign, check_split_columns
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.rows import FrameRows
from trainwright.data.types.case import TypedColumn
from trainwright.data.types.columns import type_column
from trainwright.data.types.inference import context_of
from trainwright.data.types.target import type_target
from trainwright.recipe.data import DataSettings, SeriesSettings


@dataclass(frozen=True, slots=True)
class Made:
    """What stage 1 makes of series; see `data.snapshot_writing.Content` for the names.

    Attributes:
        profiled: Rows that the profile is made of.
    """

    frames: dict[Split, pl.DataFrame]
    profiled: pl.DataFrame
    ledger: pl.DataFrame
    target: Target
    inputs: tuple[Column, ...]
    left_out: dict[str, str]
    split: dict[str, object]
    findings: tuple[Finding, ...]


def whole_series(
    raw: RawTable, settings: DataSettings, series: SeriesSettings, *, task: Task | None
) -> Made:
    """Rows of whole series, split.

    Raises:
        RecipeError: a column is not there.
        DataError: a target that varies within a series, times without order, too few series.
    """
    check_series_names(raw, settings, series)
    check_split_columns(settings, raw.frame.columns)
    typed, target = type_target(
        raw.frame[settings.target], context_of(raw, settings, settings.target), task=task
    )
    beside = _beside(raw, settings, series)
    steps = read_steps(raw, settings, series, numbers=series.values, others=[typed, *beside])
    target = replace(target, identifier=steps.identifier, time=steps.time)
    table = _Series(raw, steps, settings, series, target, beside=[c.column for c in beside])
    table.leave_out_unlabelled()
    table.look_for_copies()
    table.split()
    table.check_classes()
    inputs, left_out = _channels(table.frame, steps.numbers)
    frames = table.frames([column.name for column in inputs])
    return Made(
        frames=frames,
        profiled=frames[Split.TRAIN],
        ledger=table.ledger(),
        target=table.target,
        inputs=inputs,
        left_out=left_out | left_out_columns(raw, settings, series),
        split=dict(table.said),
        findings=(*raw.findings, *steps.findings, *table.findings),
    )


def left_out_columns(
    raw: RawTable, settings: DataSettings, series: SeriesSettings
) -> dict[str, str]:
    """Why each column that is no channel is left out."""
    found = {series.time: "the order of the steps"}
    if series.id is not None:
        found[series.id] = "which series a row belongs to"
    declared = {
        **dict.fromkeys(settings.known_after, "declared: known after"),
        **dict.fromkeys(settings.drop, "declared: drop"),
    }
    named = {*found, *series.values, settings.target}
    return found | {
        name: declared.get(name, "not among series.values")
        for name in raw.frame.columns
        if name not in named
    }


def missing_steps(frame: pl.DataFrame, names: Sequence[str]) -> list[Finding]:
    """A warning for each channel that lacks values: they are filled in when the rows are prepared."""
    findings = []
    for name in names:
        gone = frame.filter(pl.col(name).is_null())[ROW]
        if len(gone):
            findings.append(
                Finding(
                    "missing", "warning",
                    f"column {shorten(name)} has no value in {len(gone)} of {frame.height} steps: filled in"
                    " from the steps before and after",
                    column=name, count=len(gone), rows=tuple(gone.head(10).to_list()),
                )
            )  # fmt: skip
    return findings


class _Series:
    """Series on their way to a snapshot: those still in, what was found, and the ledger.

    Attributes:
        frame: A row a series: ROW, target, channels as lists, and what the split needs.
        members: The input rows of each series, one series after another.
        findings: So far.
    """

    def __init__(
        self,
        raw: RawTable,
        steps: Steps,
        settings: DataSettings,
        series: SeriesSettings,
        target: Target,
        *,
        beside: Sequence[Column],
    ) -> None:
        self._settings = settings
        self.target = target
        self._book = LedgerBook(raw.files)
        if len(steps.without_id):
            self._book.drop(steps.without_id, step="series", reason="no id")
        self.findings = missing_steps(steps.frame, series.values)
        for name in (target.name, *(column.name for column in beside)):
            _refuse_varying(steps, name, raw)
        constant = [target.name, *(c.name for c in beside if c.name != series.time)]
        self.frame = steps.frame.group_by(CODE, maintain_order=True).agg(
            pl.col(ROW).min(),
            *(pl.col(name).drop_nulls().first() for name in constant),
            pl.col(series.time).last(),
            *(pl.col(name) for name in series.values),
        )
        starts = steps.starts
        members = steps.frame[ROW].to_numpy()
        self._members = [members[a:b] for a, b in pairwise(starts)]
        self.hashes = _hash_series(steps, series.values)
        first_part = {split: code for code, split in enumerate(PARTS)}
        of_file = np.repeat(
            np.array([first_part[f.part] if f.part else -1 for f in raw.files], dtype=np.int8),
            [f.num_rows for f in raw.files],
        )
        self._file_parts = of_file[self.frame[ROW].to_numpy()]
        self.parts = np.full(self.frame.height, -1, dtype=np.int8)
        self.units = np.full(self.frame.height, -1, dtype=np.int64)
        self.said: dict[str, object] = {}

    @property
    def rows(self) -> NDArray[np.int64]:
        """First input row of each series still in."""
        return self.frame[ROW].to_numpy()

    def leave_out_unlabelled(self) -> None:
        """Series without a target."""
        rows = FrameRows(self.frame)
        missing, findings = check_target(rows, self.target.name, row=self.rows)
        self.findings += findings
        self._drop(missing, step="target", reason="no target")

    def look_for_copies(self) -> None:
        """Equal series, and equal ones with other targets."""
        values = self.frame[self.target.name]
        whole = mix(self.hashes ^ mix(hash_cells(values)))
        strata = np.zeros(len(whole), dtype=np.int32)
        found, arrays = bundle(self.hashes, strata, Arrays(), whole=whole), Arrays()
        dropping = self._settings.duplicates == "drop"
        self.findings += describe_copies(
            found, self.rows, dropped=dropping, together=self._settings.is_drawn, arrays=arrays
        )
        self.findings += conflicting_labels(
            found,
            self.rows,
            target=self.target.name,
            numbers=values.dtype.is_float(),
            dropped=dropping,
            arrays=arrays,
        )
        if dropping:
            assert found.copy_of is not None
            copies = np.flatnonzero(found.copy_of != np.arange(len(whole)))
            self._drop(copies, step="duplicates", reason="equal to another series")

    def split(self) -> None:
        """Assign series to train, validation and test."""
        rows = Splittable(FrameRows(self.frame), self.rows, self.hashes, self._file_parts)
        assigned = assign(rows, self._settings, target=self.target)
        self.findings += assigned.findings
        self.parts, self.units = assigned.parts, assigned.units
        self.said = dict(assigned.settings)
        for left in assigned.left_out:
            self._settle(left.at, step="split", reason=left.reason)
        self._keep(np.flatnonzero(self.parts >= 0))

    def check_classes(self) -> None:
        """The target as train shows it; series of other classes are left out."""
        rows, by = FrameRows(self.frame), str(self.said["by"])
        found = check_classes(rows, self.parts, self.target, row=self.rows, by=by)
        self.target = found.target
        self.findings += found.findings
        self._drop(found.unseen, step="split", reason="class not in train")

    def frames(self, channels: Sequence[str]) -> dict[Split, pl.DataFrame]:
        """The series of each split, in the order of their first rows."""
        split = self._settings.split
        kept = [split.column] if split.by in ("group", "time") else []
        names = [self.target.name, *channels]
        names += [name for name in kept if name is not None and name not in names]
        frame = self.frame.with_columns(pl.Series(UNIT, self.units)).select(ROW, UNIT, *names)
        return {
            split: frame.filter(pl.Series(self.parts == part)).sort(ROW).rechunk()
            for part, split in enumerate(PARTS)
        }

    def ledger(self) -> pl.DataFrame:
        """What became of every input row."""
        for part, split in enumerate(PARTS):
            for position in np.flatnonzero(self.parts == part):
                self._book.assign(self._members[position], split)
        return self._book.close()

    def _drop(self, at: NDArray[np.int64], *, step: str, reason: str) -> None:
        if len(at):
            self._settle(at, step=step, reason=reason)
            self._keep(np.setdiff1d(np.arange(self.frame.height), at))

    def _settle(self, at: NDArray[np.int64], *, step: str, reason: str) -> None:
        for position in at:
            self._book.drop(self._members[position], step=step, reason=reason)

    def _keep(self, at: NDArray[np.int64]) -> None:
        if len(at) < self.frame.height:
            self.frame = self.frame[at]
            self._members = [self._members[position] for position in at]
            self.hashes, self._file_parts = self.hashes[at], self._file_parts[at]
            self.parts, self.units = self.parts[at], self.units[at]


def _beside(raw: RawTable, settings: DataSettings, series: SeriesSettings) -> list[TypedColumn]:
    """The column that the split goes by, where it is none of the series' own."""
    split = settings.split
    name = split.column if split.by in ("group", "given") else None
    if name is None:
        return []
    context = context_of(raw, settings, name)
    typed = type_column(raw.frame[name], replace(context, type=ColumnType.IDENTIFIER))
    if name == series.id:  # read once more under its own name, since the id itself becomes a number
        return [replace(typed, findings=())]
    return [typed]


def _refuse_varying(steps: Steps, name: str, raw: RawTable) -> None:
    """What is told of a series must be the same in all its rows; a row may leave it out."""
    several = (
        steps.frame.filter(pl.col(name).is_not_null())
        .group_by(CODE, maintain_order=True)
        .agg(pl.col(name).n_unique().alias("kinds"), pl.col(name).unique(maintain_order=True),
             pl.col(ROW).first())
        .filter(pl.col("kinds") > 1)
    )  # fmt: skip
    if not several.height:
        return
    shown = ", ".join(
        f"{shorten(steps.labels[row[CODE]], 30)} ({', '.join(map(str, row[name][:3]))})"
        for row in several.head(5).iter_rows(named=True)
    )
    raise DataError(
        f"column {shorten(name)} varies within {several.height} of {len(steps.labels)} series: {shown}",
        where=f"column {shorten(name)}; the first at {raw.place(several[ROW][0])}",
        mend="give each series one value of it, or name another id; to predict the column step by step:"
        " task: forecasting",
    )


def _hash_series(steps: Steps, names: Sequence[str]) -> Hashes:
    """A hash of each series' values in their order; shape (series,)."""
    frame, starts = steps.frame, steps.starts
    place = np.arange(frame.height) - np.repeat(starts[:-1], np.diff(starts))
    cells = mix(sum_cells(frame, names) ^ mix(place.astype(np.uint64)))
    sums: Hashes = np.add.reduceat(cells, starts[:-1])
    lengths: Hashes = np.diff(starts).astype(np.uint64)
    return mix(sums ^ lengths)


def _channels(
    frame: pl.DataFrame, columns: Mapping[str, Column]
) -> tuple[tuple[Column, ...], dict[str, str]]:
    """The columns that a model may see; those without values or with one value are left out."""
    inputs, left_out = [], {}
    for name in columns:
        known = frame[name].explode().drop_nulls()
        if not len(known):
            left_out[name] = "all null"
        elif known.n_unique() == 1:
            left_out[name] = "constant"
        else:
            inputs.append(replace(columns[name], type=ColumnType.SERIES))
    if not inputs:
        raise DataError(
            "no channel is left to learn from; left out: "
            + ", ".join(f"{shorten(name, 30)} ({why})" for name, why in left_out.items()),
            where="data.series.values",
            mend="name columns whose values vary",
        )
    return tuple(inputs), left_out
