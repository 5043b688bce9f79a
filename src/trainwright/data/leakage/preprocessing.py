"""Columns that were scaled or filled over all rows before we got them, test rows among them.

A preparation that is fitted here sees train rows alone. Where a column comes with a mean of 0 and a deviation
of 1 over all rows, to rounding, somebody has scaled it over all rows; where one value stands in many cells,
is the mean of all others to rounding, and is written finer than they are, somebody has filled gaps with it.
Both let test rows into what train rows hold. It is little as a rule, so these are warnings; target
means, which let in much, have a module of their own.

Chance is kept out by the tolerance: to rounding of the values as they are written, which no table comes to by
itself. Columns of few values (codes of a design) are not judged. Scaling to a range is seen elsewhere
(`ranges`). Not seen: scaling by quartiles, medians, a fill that others of the column hold as well.

A sample of 20,000 rows shows which columns can be either: a mean that is not far from 0, a common value
near the mean of the others. Only these are gone through. Cost: that sample, and one pass over the columns
that are left.

Source: Kaufman et al. 2012, "Leakage in data mining", doi:10.1145/2382577.2382579, sect. 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, ColumnType
from trainwright.data.findings import finding
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View

FEWEST_ROWS = 50
FEWEST_VALUES = 10  # distinct ones of a column
FEWEST_FILLS = 5
FILLED = 0.005  # share of the cells
SHOWN = 5
_DIGITS = 9  # decimals that a value is looked at for
_COARSEST = 0.01  # of written steps, for a column that may have been scaled
_ERRORS = 5  # standard errors of rounding
_EXACT = 1e-6  # what single precision leaves of a mean or a deviation
SAMPLE_ROWS = 20_000
_FEW = 1_000  # values in the sample, below which all rows are gone through for more
_FAR = (
    0.5  # from 0, for the sample's mean of a column of variance 1: by Chebyshev one case in 5,000
)
_SURE = 8.0  # standard errors between a fill and the mean of the others in the sample
_SHOWN = 0.5, 0.3  # of the expected count in a sample: of a fill, and of what stands there as often


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Columns that were prepared before the split."""
    names = [
        column.name
        for column in view.columns
        if column.type is ColumnType.NUMBER and column.name in view.inputs and not column.integer
    ]
    known = _hopeful(view, names) if names else {}
    for number, block in enumerate(view.blocks(list(known)) if known else ()):
        if not deadline.go_on("prepared before", number):
            return [cut_short("columns that were scaled or filled beforehand")]
        for name, moments in known.items():
            moments.add(_numbers(block[name]))
    known = {name: one for name, one in known.items() if one.num_rows >= FEWEST_ROWS}
    scaled = [name for name, one in known.items() if one.is_scaled]
    filled = {name: one.fill for name, one in known.items() if name not in scaled}
    return [
        *_scaled(scaled, view),
        *_filled({name: value for name, value in filled.items() if value is not None}, view),
    ]


def _hopeful(view: View, names: list[str]) -> dict[str, Moments]:
    """Columns that a sample does not rule out, with what is to be counted of them."""
    sample = view.sample(names, size=SAMPLE_ROWS)
    is_whole = sample.height == view.num_rows
    found = {}
    for name in names:
        values = _numbers(sample[name])
        if len(values) < _FEW and not is_whole:
            values = np.concatenate([_numbers(block[name]) for block in view.blocks([name])])
        if len(values) < FEWEST_ROWS:
            continue
        moments = Moments.watching(values, least=FILLED * _SHOWN[1] / 3)
        if not math.isfinite(moments.mean):
            continue
        if moments.may_be_scaled or moments.may_be_filled:
            found[name] = moments
    return found


def _numbers(values: pl.Series) -> NDArray[np.float64]:
    return values.drop_nulls().to_numpy().astype(np.float64)


@dataclass(slots=True)
class Moments:
    """Count, sum and sum of squares of a column, and how often its common values stand there.

    Attributes:
        values: Distinct values of a sample, rising.
        shares: Of the sample; shape (values,).
        mean: Of the sample.
        error: Standard error of that.
        watched: The common ones, rising.
        counts: Of these in the rows so far; shape (watched,).
        num_rows: Values so far.
        total: Their sum.
        squares: The sum of their squares.
    """

    values: NDArray[np.float64]
    shares: NDArray[np.float64]
    mean: float
    error: float
    watched: NDArray[np.float64]
    counts: NDArray[np.int64]
    num_rows: int = 0
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def watching(cls, sample: NDArray[np.float64], *, least: float) -> Moments:
        """Nothing counted yet.

        Args:
            sample: Of the column's values; shape (rows,).
            least: Share of the sample from which on a value is watched.
        """
        values, counts = np.unique(sample, return_counts=True)
        shares = counts / len(sample)
        watched = values[(shares >= least) & (counts > 1)]
        with np.errstate(over="ignore", invalid="ignore"):
            mean, error = float(sample.mean()), float(sample.std() / math.sqrt(len(sample)))
        return cls(values, shares, mean, error, watched, np.zeros(len(watched), dtype=np.int64))

    @property
    def may_be_scaled(self) -> bool:
        """Its mean is not far from 0; see `is_scaled`."""
        several = len(self.values) >= FEWEST_VALUES
        return several and abs(self.mean) <= _FAR and written_step(self.values) <= _COARSEST

    @property
    def may_be_filled(self) -> bool:
        """A common value is near the mean of the others."""
        common = np.flatnonzero((self.shares >= FILLED * _SHOWN[0]) & (self.shares < 1))
        for value, share in zip(self.values[common], self.shares[common], strict=True):
            others = (self.mean - share * value) / (1 - share)
            if abs(value - others) <= self._reach(float(value)):
                return True
        return False

    def _reach(self, value: float) -> float:
        """How far a fill may be from the mean of the others, as a sample shows it."""
        return 2 * (_SURE * self.error + written_step(np.array([value]))) + _EXACT * abs(value)

    def add(self, numbers: NDArray[np.float64]) -> None:
        """A further block."""
        self.num_rows += len(numbers)
        self.total += float(numbers.sum())
        with np.errstate(over="ignore"):  # then they are no variance, and the column is not scaled
            self.squares += float(np.square(numbers).sum())
        if len(self.watched):
            at = np.minimum(np.searchsorted(self.watched, numbers), len(self.watched) - 1)
            at = at[self.watched[at] == numbers]
            self.counts += np.bincount(at, minlength=len(self.watched))

    @property
    def is_scaled(self) -> bool:
        """Mean 0, and a deviation or a length of 1, to rounding."""
        mean = self.total / self.num_rows
        variance = self.squares / self.num_rows - mean * mean
        if not math.isfinite(variance):
            return False
        step = written_step(self.values)
        if len(self.values) < FEWEST_VALUES or step > _COARSEST or variance <= 0:
            return False
        deviation = math.sqrt(variance)
        rounding = _ERRORS * step / math.sqrt(12 * self.num_rows)
        if abs(mean) > rounding + _EXACT * deviation:
            return False
        bessel = math.sqrt(self.num_rows / (self.num_rows - 1))
        sizes = (deviation, deviation * bessel, deviation * math.sqrt(self.num_rows))
        slack = (rounding + step**2 / 12) / deviation + _EXACT
        return any(abs(size - 1) <= slack for size in sizes)

    @property
    def fill(self) -> float | None:
        """The value that is the mean of all others; None where there is none."""
        order = np.lexsort((-self.watched, -self.counts))
        for value, count in zip(
            self.watched[order][:SHOWN], self.counts[order][:SHOWN], strict=True
        ):
            rest = self.num_rows - count
            if count < max(FEWEST_FILLS, FILLED * self.num_rows) or rest < FEWEST_ROWS:
                continue
            mean = (self.total - value * count) / rest
            variance = max(0.0, self.squares - value**2 * count) / rest - mean**2
            others = self.values[self.values != value]
            mine, theirs = written_step(np.array([value])), written_step(others)
            is_finer = mine < theirs or (mine == theirs == 0 and self._stands_out(count))
            near = abs(value - mean) <= mine / 2 + _EXACT * math.sqrt(max(variance, 0.0))
            if is_finer and near and len(others) >= FEWEST_VALUES:
                return float(value)
        return None

    def _stands_out(self, count: int) -> bool:
        """Of finely written values hardly one stands there as often."""
        return int((self.counts > count / 3).sum()) == 1


def cut_short(what: str) -> Finding:
    """Nothing can be said of all rows where not all were looked at."""
    told = f"no time was left to look through all rows for {what}"
    return finding("not-run", "warning", told, remedy="data: {budget: 10m}")


def written_step(values: NDArray[np.float64]) -> float:
    """The step between values as they are written, 0.01 for cents; 0 where it is below 1e-9."""
    if not len(values):
        return 0.0
    for digits in range(_DIGITS + 1):
        if np.all(np.abs(np.round(values, digits) - values) <= 1e-12 * np.maximum(1, abs(values))):
            return float(10.0**-digits)
    return 0.0


def _scaled(names: Sequence[str], view: View) -> Iterator[Finding]:
    if not names:
        return
    shown = ", ".join(repr(name) for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more columns" if len(names) > SHOWN else ""
    have = "has" if len(names) == 1 else "have"
    yield finding(
        "leakage",
        "warning",
        f"{shown}{more} {have} a mean of 0 and a deviation of 1 over all {view.num_rows} rows, to rounding:"
        " scaled before the split, with test rows",
        column=names[0] if len(names) == 1 else None,
        remedy=f"data: {{drop: [{', '.join(map(yaml_word, names))}]}}"
        "  # or give them as they were before: they are scaled here, on train rows alone",
    )


def _filled(found: Mapping[str, float], view: View) -> Iterator[Finding]:
    for name, value in found.items():
        rows = np.concatenate(
            [block.filter(pl.col(name) == value)[ROW].to_numpy() for block in view.blocks([name])]
        )
        yield finding(
            "leakage",
            "warning",
            f"{len(rows)} cells of {name!r} hold {value!r}, the mean of all others to rounding: gaps were"
            " filled before the split, with test rows",
            column=name,
            rows=rows,
            remedy=f'data: {{columns: {{{yaml_word(name)}: {{type: number, nulls: ["{value!r}"]}}}}}}'
            "  # so that it is missing again: gaps are filled here, from train rows alone",
        )
