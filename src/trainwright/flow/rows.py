"""One split in memory, as every part of the flow passes it around.

What is judged is one item a row, but for forecasts (one a step ahead) and for words (one a word): then
the targets of a row stand side by side or one after the other, and its unit counts for each of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Snapshot, Split
from trainwright.core.columns import ROW, UNIT, WEIGHT, Column, ColumnType, Target, Task
from trainwright.core.errors import DataError
from trainwright.data.language.counting import Mixture, mixture_of
from trainwright.data.snapshot import read_split

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Typed rows with their target and resampling units.

    Attributes:
        frame: All columns of the snapshot's file, in row order.
        target: Class codes as whole float64 numbers, or values; shape (rows,); of forecasting
            (rows, horizon); of several labels (rows, labels), 1 or 0; of token classification (words,),
            row after row; of language the bytes that each row tells.
        units: What is resampled for an interval; shape (rows,), int64.
        words: Token classification: words of each row; None otherwise.
        further: Further targets of the rows.
        teacher: What a teacher says of the rows, shape (rows, classes); None where there is none.
        weights: How much each row counts where it is learnt from; None: all alike. Shape (rows,).
        mixture: Of language: which share of the tokens each source is to have, where one is asked for.
        label_sets: The columns of the target are labels of one row, which is judged as a whole.
    """

    frame: pl.DataFrame
    target: Floats
    units: NDArray[np.int64]
    words: NDArray[np.int64] | None = None
    further: tuple[tuple[Target, Floats], ...] = ()
    teacher: Floats | None = None
    weights: Floats | None = None
    mixture: Mixture | None = None
    label_sets: bool = False

    @property
    def items(self) -> Floats:
        """The target of each item that is judged; shape (items,), of several labels (rows, labels)."""
        return self.target if self.label_sets else self.target.ravel()

    @property
    def item_units(self) -> NDArray[np.int64]:
        """The unit of each item that is judged; shape (items,)."""
        return np.repeat(self.units, self.items_a_row)

    @property
    def items_a_row(self) -> NDArray[np.int64] | int:
        """How many items each row has."""
        if self.words is not None:
            return self.words
        return self.target.shape[1] if self.target.ndim == 2 and not self.label_sets else 1

    def head(self, rows: int) -> Floats:
        """The targets of the first rows, as in `target`."""
        items = rows if self.words is None else int(self.words[:rows].sum())
        return self.target[:items]

    def take(self, positions: NDArray[np.int64]) -> Rows:
        """These rows, in this order."""
        further = tuple((target, values[positions]) for target, values in self.further)
        items, words = positions, None
        if self.words is not None:
            starts, words = np.cumsum(self.words) - self.words, self.words[positions]
            within = np.arange(words.sum()) - np.repeat(np.cumsum(words) - words, words)
            items = np.repeat(starts[positions], words) + within
        return Rows(
            self.frame[positions],
            self.target[items],
            self.units[positions],
            words,
            further,
            None if self.teacher is None else self.teacher[positions],
            None if self.weights is None else self.weights[positions],
            self.mixture,
            self.label_sets,
        )

    def then(self, other: Rows) -> Rows:
        """These rows followed by the other ones; of tasks with one item a row.

        Where rows have weights and the others none, these weigh what rows of their class do here.
        """
        assert self.words is None
        weights = None
        if self.weights is not None:
            weights = np.concatenate([self.weights, self._usual_weights(other)])
        frame = other.frame.select(name for name in other.frame.columns if name != WEIGHT)
        pairs = zip(self.further, other.further, strict=True)
        return Rows(
            pl.concat([self.frame.select(frame.columns), frame]),
            np.concatenate([self.target, other.target]),
            np.concatenate([self.units, other.units]),
            None,
            tuple(
                (target, np.concatenate([mine, theirs])) for (target, mine), (_, theirs) in pairs
            ),
            None,
            weights,
            self.mixture,
            self.label_sets,
        )

    def _usual_weights(self, other: Rows) -> Floats:
        """The mean weight here of each target value of the other rows; 1 for one that is not here."""
        assert self.weights is not None
        values, places = np.unique(self.target, return_inverse=True)
        means = np.bincount(places, self.weights) / np.bincount(places)
        at = np.minimum(np.searchsorted(values, other.target), len(values) - 1)
        usual: Floats = np.where(values[at] == other.target, means[at], 1.0)
        return usual


def load_rows(snapshot: Snapshot, split: Split) -> Rows:
    """Read one split. The test split is for `flow.evaluation`, behind the lockbox, alone."""
    return as_rows(read_split(snapshot, split), snapshot.target)


def load_both(snapshot: Snapshot, *, further: Sequence[str] = ()) -> tuple[Rows, Rows]:
    """Train and validation rows; the classes of further targets are those of the train rows."""
    frames = [read_split(snapshot, split) for split in (Split.TRAIN, Split.VALIDATION)]
    targets = [_further_target(frames[0][name]) for name in further]
    train, validation = (as_rows(frame, snapshot.target, further=targets) for frame in frames)
    return replace(train, mixture=mixture_of(snapshot.card)), validation


def as_rows(frame: pl.DataFrame, target: Target, *, further: Sequence[Target] = ()) -> Rows:
    """Encode the target of a frame that came from a snapshot."""
    values = frame[target.frame_column]
    words = None
    if target.task is Task.TOKEN_CLASSIFICATION:
        words = values.list.len().fill_null(0).to_numpy().astype(np.int64)
    return Rows(
        frame,
        encode_target(values, target),
        frame[UNIT if UNIT in frame.columns else ROW].to_numpy().astype(np.int64),
        words,
        tuple((other, encode_target(frame[other.name], other)) for other in further),
        None,
        frame[WEIGHT].to_numpy().astype(np.float64) if WEIGHT in frame.columns else None,
        label_sets=target.task is Task.MULTI_LABEL,
    )


def encode_target(values: pl.Series, target: Target, *, unknown: float = math.nan) -> Floats:
    """Class codes or numbers as float64, in the shape of `Rows.target`.

    NaN where missing, and `unknown` where the class is not a known one; labels that are not are ignored.
    """
    if target.task is Task.MULTI_LABEL:
        return _encode_labels(values, target)
    if target.task is Task.FORECASTING:
        steps = values.list.explode(empty_as_null=False) if values.len() else values
        flat = steps.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return flat.reshape(values.len(), target.horizon)
    if target.task.is_language:
        return told_bytes(values, target)
    if target.task is Task.REGRESSION:
        return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if target.task is Task.TOKEN_CLASSIFICATION:
        values = values.filter(values.list.len().fill_null(0) > 0).list.explode()
    codes = {label: float(code) for code, label in enumerate(target.classes)}
    encoded = values.cast(pl.String).replace_strict(codes, default=unknown, return_dtype=pl.Float64)
    return np.where(values.is_null(), math.nan, encoded.to_numpy())


def _encode_labels(values: pl.Series, target: Target) -> Floats:
    """1 where a row has a label, 0 where not, NaN where its labels are missing; shape (rows, labels)."""
    codes = {label: code for code, label in enumerate(target.classes)}
    found = np.zeros((len(values), len(codes)))
    labels = values.filter(values.list.len().fill_null(0) > 0).list.explode()
    rows = np.repeat(np.arange(len(values)), values.list.len().fill_null(0).to_numpy())
    told = labels.replace_strict(codes, default=-1, return_dtype=pl.Int64).to_numpy()
    found[rows[told >= 0], told[told >= 0]] = 1.0
    found[values.is_null().to_numpy()] = math.nan
    return found


def told_bytes(values: pl.Series, target: Target) -> Floats:
    """UTF-8 bytes of what each row tells: its text, or the assistant's turns; shape (rows,), float64."""
    if target.task is Task.INSTRUCTION_TUNING:
        turns = (json.loads(value) if value is not None else [] for value in values)
        return np.array(
            [
                sum(len(t["content"].encode()) for t in told if t["role"] == "assistant")
                for told in turns
            ],
            dtype=np.float64,
        )
    return values.str.len_bytes().fill_null(0).cast(pl.Float64).to_numpy()


def encode_tags(
    values: pl.Series,
    target: Target,
    row_words: NDArray[np.int64],
    *,
    unknown: float = math.nan,
) -> Floats:
    """Class codes of tags that came after the fact, one a word; NaN where a row has none.

    Raises:
        DataError: a row has another number of tags than of words.
    """
    there = values.is_not_null().to_numpy()
    found = values.list.len().fill_null(0).to_numpy().astype(np.int64)
    apart = np.flatnonzero(there & (found != row_words))
    if len(apart):
        raise DataError(
            f"{len(apart)} rows have another number of tags than of words",
            where=f"column {target.name!r}, row {apart[0]}",
            mend="give each word one tag, or leave the row's tags empty",
        )
    tags = np.full(int(row_words.sum()), np.nan)
    tags[np.repeat(there, row_words)] = encode_target(values, target, unknown=unknown)
    return tags


def _further_target(values: pl.Series) -> Target:
    """What a further target is, by its train rows."""
    if values.dtype.is_numeric():
        return Target(Column(values.name, ColumnType.NUMBER), Task.REGRESSION)
    labels = tuple(values.cast(pl.String).drop_nulls().unique().sort().to_list())
    return Target(Column(values.name, ColumnType.CATEGORY), Task.CLASSIFICATION, labels)
