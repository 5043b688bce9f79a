"""Columns that were scaled or filled over all rows before we got them, test rows among them.

A preparation that is fitted here sees train rows alone. Where a column comes with a mean of 0 and a deviation
of 1 over all rows, to rounding, somebody has scaled it over all rows; where one value stands in many cells,
is the mean of all others to rounding, and is written finer than they are, somebody has filled gaps with it.
Both let test rows into what train rows hold. It is little as a rule, so these are warnings; target
means, which let in much, have a module of their own.

Chance is kept out by the tolerance: to rounding of the values as they are written, which no table comes to by
itself. Columns of few values (codes of a design) are not judged. Not seen: scaling to a range, medians,
a fill that others of the column hold as well. Cost: one pass over the columns of numbers; at most 50,000
counted values of each.

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
_COUNTED = 50_000  # values of a column


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Columns that were prepared before the split."""
    names = [
        column.name
        for column in view.columns
        if column.type is ColumnType.NUMBER and column.name in view.inputs and not column.integer
    ]
    known = {name: Moments() for name in names}
    for number, block in enumerate(view.blocks(names) if names else ()):
        if not deadline.go_on("prepared before", number):
            return [cut_short("columns that were scaled or filled beforehand")]
        for name, moments in known.items():
            moments.add(block[name])
    known = {name: one for name, one in known.items() if one.num_rows >= FEWEST_ROWS}
    scaled = [name for name, one in known.items() if one.is_scaled]
    filled = {name: one.fill for name, one in known.items() if name not in scaled}
    return [
        *_scaled(scaled, view),
        *_filled({name: value for name, value in filled.items() if value is not None}, view),
    ]


@dataclass(slots=True)
class Moments:
    """Count, sum and sum of squares of a column, and how often its values stand there."""

    num_rows: int = 0
    total: float = 0.0
    squares: float = 0.0
    counts: pl.DataFrame | None = None

    def add(self, values: pl.Series) -> None:
        """A further block."""
        numbers = values.drop_nulls().to_numpy().astype(np.float64)
        self.num_rows += len(numbers)
        self.total += float(numbers.sum())
        with np.errstate(over="ignore"):  # then they are no variance, and the column is not scaled
            self.squares += float(np.square(numbers).sum())
        block = pl.DataFrame({"value": numbers}).group_by("value").len("n")
        parts = [block] if self.counts is None else [self.counts, block]
        counts = pl.concat(parts).group_by("value").agg(pl.col("n").sum())
        if counts.height > _COUNTED:  # then only what is common can have been filled in
            counts = counts.sort("n", "value", descending=True).head(_COUNTED // 2)
        self.counts = counts

    @property
    def values(self) -> NDArray[np.float64]:
        """Distinct values, the commonest first, as far as they were counted."""
        assert self.counts is not None
        return self.counts.sort("n", "value", descending=True)["value"].to_numpy()

    @property
    def is_scaled(self) -> bool:
        """Mean 0, and a deviation or a length of 1, to rounding."""
        values = self.values
        mean = self.total / self.num_rows
        variance = self.squares / self.num_rows - mean * mean
        if not math.isfinite(variance):
            return False
        step = written_step(values)
        if len(values) < FEWEST_VALUES or step > _COARSEST or variance <= 0:
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
        assert self.counts is not None
        common = self.counts.filter(pl.col("n") >= max(FEWEST_FILLS, FILLED * self.num_rows))
        for value, count in common.sort("n", "value", descending=True).head(SHOWN).iter_rows():
            rest = self.num_rows - count
            if rest < FEWEST_ROWS:
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
        assert self.counts is not None
        return int((self.counts["n"] > count / 3).sum()) == 1


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
