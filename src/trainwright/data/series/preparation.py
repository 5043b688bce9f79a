"""The preparation of series: each channel centred and scaled by train rows, gaps filled in.

A missing step is filled by the straight line between its known neighbours, at an edge by the nearest
known value; a channel without any known value by the centre. A channel that is shorter than another of
its row lacks its beginning. What lies 1e12 deviations away counts as that far, so that no single
number, however large, makes an answer that is none. A row without steps counts as one missing step, so
that every row has an answer. Frames and single rows go through the same arrays, hence the same bits.

Cost: one pass over all steps; a forecast's windows overlap, so that steps in the middle of the train
part weigh more in the centre than those at its ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import read_json, write_json
from trainwright.core.errors import DataError, TrustError, shorten
from trainwright.core.features import Series, SeriesNeeds
from trainwright.data.types.target import LARGEST

Floats = NDArray[np.float64]
_FILE = "preparation.json"
BOUND = 1e12  # deviations; squared it is far from the end of float32


@dataclass(frozen=True, slots=True)
class SeriesPreparation:
    """What scales the channels (`core.protocols.Preparation`).

    Attributes:
        names: The columns that it reads, a channel each.
        centre: What is taken off each channel: the mean of its train values.
        scale: What each is divided by: their standard deviation; 1 where that is 0.
    """

    names: tuple[str, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "series-preparation"

    def transform(self, frame: pl.DataFrame) -> Series:
        return self._series([_channel_of_column(frame[name]) for name in self.names])

    def transform_rows(self, rows: Sequence[Mapping[str, Any]]) -> Series:
        return self._series(
            [_channel_of_lists([row.get(name) for row in rows]) for name in self.names]
        )

    def unseen(self, rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        """Series have no categories."""
        return [[] for _ in rows]

    def save(self, folder: Path) -> None:
        document = {"names": self.names, "centre": self.centre, "scale": self.scale}
        write_json(folder / _FILE, {key: list(value) for key, value in document.items()})

    @classmethod
    def load(cls, folder: Path) -> SeriesPreparation:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: the file is missing or is no preparation.
        """
        document = read_json(folder / _FILE)
        try:
            return cls(
                tuple(str(name) for name in document["names"]),
                tuple(float(value) for value in document["centre"]),
                tuple(float(value) for value in document["scale"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TrustError(
                f"not a preparation of ours: {error!r:.120}",
                where=str(folder / _FILE),
                mend="restore the package; the file was changed, or is from another version",
            ) from error

    def _series(self, channels: Sequence[_Channel]) -> Series:
        lengths = np.maximum(
            np.max([channel.lengths for channel in channels], axis=0, initial=0), 1
        )
        ends = np.cumsum(lengths)
        values = np.empty((int(ends[-1]) if len(ends) else 0, len(channels)))
        for number, channel in enumerate(channels):
            with np.errstate(over="ignore"):  # bounded below
                scaled = (channel.at_end(lengths, ends) - self.centre[number]) / self.scale[number]
            values[:, number] = np.clip(filled(scaled, ends), -BOUND, BOUND)
        return Series(
            values=values,
            ends=ends,
            names=self.names,
            centre=np.array(self.centre),
            scale=np.array(self.scale),
        )


def fit_series_preparation(
    frame: pl.DataFrame,
    inputs: Sequence[Column],
    needs: SeriesNeeds,  # noqa: ARG001 - one signature for all kinds
) -> SeriesPreparation:
    """Fit on these rows, which must be train rows.

    Args:
        frame: Typed rows; holds at least `inputs`.
        inputs: The columns; those that are no series make no channel.
        needs: Of the family; there is nothing to choose.

    Raises:
        DataError: a value is so large that its square is no number.
    """
    names = tuple(column.name for column in inputs if column.type is ColumnType.SERIES)
    known = [_known(frame[name]) for name in names]
    for name, values in zip(names, known, strict=True):
        _refuse_extreme(name, values)
    centre = tuple(float(values.mean()) if len(values) else 0.0 for values in known)
    spread = [float(values.std()) if len(values) else 0.0 for values in known]
    scale = tuple(value if value > 0 and np.isfinite(value) else 1.0 for value in spread)
    return SeriesPreparation(names, centre, scale)


def _refuse_extreme(name: str, values: Floats) -> None:
    largest = float(np.abs(values).max(initial=0.0))
    if largest > LARGEST:
        raise DataError(
            f"column {shorten(name)} holds a value of a size that cannot be squared: {largest:.3g}",
            where=f"column {shorten(name)}",
            mend="mend this value, or write the column in another unit: up to 1e100",
        )


def filled(values: Floats, ends: NDArray[np.int64]) -> Floats:
    """Without NaN: between known steps by the straight line, at the edges by the nearest, else 0.

    Args:
        values: Series one after another; shape (steps,).
        ends: Where each ends; shape (rows,).
    """
    missing = np.isnan(values)
    if not missing.any():
        return values
    found = values.copy()
    starts = np.concatenate([[0], ends[:-1]])
    gaps = np.add.reduceat(missing, starts) if len(ends) else np.empty(0)
    for row in np.flatnonzero(gaps):
        own = slice(starts[row], ends[row])
        gone = missing[own]
        steps = np.arange(len(gone))
        part = found[own]
        part[gone] = np.interp(steps[gone], steps[~gone], part[~gone]) if not gone.all() else 0.0
    return found


@dataclass(frozen=True, slots=True)
class _Channel:
    """One channel of all rows: values one row after another, NaN where missing, and their lengths."""

    values: Floats
    lengths: NDArray[np.int64]

    def at_end(self, lengths: NDArray[np.int64], ends: NDArray[np.int64]) -> Floats:
        """The values in room for `lengths` steps a row, each row's at its end."""
        if np.array_equal(self.lengths, lengths):
            return self.values
        found = np.full(int(lengths.sum()), np.nan)
        moved = ends - np.cumsum(self.lengths)
        found[np.arange(len(self.values)) + np.repeat(moved, self.lengths)] = self.values
        return found


def _channel_of_column(column: pl.Series) -> _Channel:
    lengths = column.list.len().fill_null(0).cast(pl.Int64).to_numpy()
    kept = column.filter(column.list.len().fill_null(0) > 0)  # an empty list explodes to a null
    values = kept.explode().cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return _Channel(np.ascontiguousarray(values), lengths)


def _channel_of_lists(rows: Sequence[Sequence[float | None] | None]) -> _Channel:
    lengths = np.array([len(row or ()) for row in rows], dtype=np.int64)
    values = np.fromiter(_steps(rows), dtype=np.float64, count=int(lengths.sum()))
    return _Channel(values, lengths)


def _steps(rows: Sequence[Sequence[float | None] | None]) -> Iterator[float]:
    for row in rows:
        for value in row or ():
            yield float("nan") if value is None else value


def _known(column: pl.Series) -> Floats:
    values = _channel_of_column(column).values
    return values[~np.isnan(values)]
