"""Columns that were scaled to a range over all rows before we got them, test rows among them.

Scaling to a range takes its ends from two rows. Where these are train rows, scaling all rows is scaling by
train rows, and nothing is told. Where a column's least or greatest value is the end of the range, 0 (or -1)
and 1, and stands in validation or test rows alone, those rows were looked at - if it was scaled, of which
there are two signs. What was measured in steps lies on a lattice: ages from 18 to 90 become multiples of
1/72, written with all their digits. What was measured finely has one row at each end, and none at the same
place as another one; shares and probabilities, whose ends are 0 and 1 by themselves, have many or none.

Not seen: values rounded so far that several rows meet at an end, a division by the greatest value, scaling
by quartiles. Cost: a sample of 20,000 rows, and a pass over the columns of such a range.

Source: Kaufman et al. 2012, "Leakage in data mining", doi:10.1145/2382577.2382579, sect. 3; Euclid's
algorithm for the lattice (best fractions of bounded denominator).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, ColumnType
from trainwright.data.findings import finding
from trainwright.data.leakage.preprocessing import SHOWN, cut_short, written_step
from trainwright.data.types.case import yaml_word
from trainwright.data.view import PART, PARTS, View

SAMPLE_ROWS = 20_000
FEWEST_ROWS = 50
FEWEST_STEPS = 10  # distinct values on a lattice
FEWEST_FINE = 50  # distinct values of a column without one
_COARSEST = 1.5e-4  # of written steps: what has fewer decimals is taken for a share or a grade
_MOST_STEPS = 1_000_000
_LOOKED_AT = 100  # values from which a lattice is read
_CHANCE = -12.0  # log10, that values lie on a lattice by themselves
_END = 1e-12  # what arithmetic leaves of an end
_SINGLE = 6e-8  # what single precision leaves

Floats = NDArray[np.float64]


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Columns whose range ends in rows that are not for training."""
    names = [
        column.name
        for column in view.columns
        if column.type is ColumnType.NUMBER and column.name in view.inputs and not column.integer
    ]
    sample = view.sample(names, size=SAMPLE_ROWS) if names else pl.DataFrame()
    hopeful = {}
    for name in names:
        one = _read(sample[name].drop_nulls().to_numpy().astype(np.float64))
        if one is not None:
            hopeful[name] = one
    for number, block in enumerate(view.blocks(list(hopeful)) if hopeful else ()):
        if not deadline.go_on("ranges", number):
            return [cut_short("columns that were scaled to a range beforehand")]
        for name in list(hopeful):
            if not hopeful[name].add(block.select(ROW, PART, pl.col(name).alias("value"))):
                del hopeful[name]
    found = {name: one for name, one in hopeful.items() if one.is_scaled and len(one.elsewhere)}
    return [_told(found, view)] if found else []


@dataclass(slots=True)
class _Range:
    """What the rows so far show of a column.

    Attributes:
        low: End of the range: 0 or -1; the other one is 1.
        steps: Of the lattice between the ends; 0 where values are on none.
        slack: How far a value may be off.
        at: How many rows stand at the lower and at the upper end, by part; shape (2, parts).
        rows: Of those that are not for training, a list for each end.
    """

    low: float
    steps: int
    slack: float
    at: NDArray[np.int64] = field(default_factory=lambda: np.zeros((2, len(PARTS)), np.int64))
    rows: tuple[list[NDArray[np.int64]], ...] = field(default_factory=lambda: ([], []))

    def add(self, block: pl.DataFrame) -> bool:
        """A further block; False where the column is not what it seemed."""
        block = block.drop_nulls("value")
        values = block["value"].to_numpy().astype(np.float64)
        if len(values) and not (self.low - _END <= values.min() and values.max() <= 1 + _END):
            return False
        if self.steps and _off(_scaled(values, self.low), self.steps) > self.slack * self.steps:
            return False
        parts = block[PART].to_numpy()
        for end, where in enumerate((self.low, 1.0)):
            there = np.abs(values - where) <= _END
            self.at[end] += np.bincount(parts[there], minlength=len(PARTS))
            elsewhere = there & (parts != PARTS.index(Split.TRAIN))
            self.rows[end].append(block[ROW].to_numpy()[elsewhere])
        return bool(self.steps or self.at.sum(axis=1).max() <= 1)

    @property
    def is_scaled(self) -> bool:
        """Both ends are there."""
        return bool((self.at.sum(axis=1) > 0).all())

    @property
    def elsewhere(self) -> NDArray[np.int64]:
        """Rows at an end at which no train row stands."""
        ends = np.flatnonzero(self.at[:, PARTS.index(Split.TRAIN)] == 0)
        return np.concatenate([np.empty(0, np.int64), *(row for k in ends for row in self.rows[k])])


def _read(values: Floats) -> _Range | None:
    """What a sample lets hope for; None for what cannot have been scaled to a range."""
    if len(values) < FEWEST_ROWS or values.min() < -1 - _END or values.max() > 1 + _END:
        return None
    low = -1.0 if values.min() < -_END else 0.0
    distinct = np.unique(values)
    step = written_step(distinct)
    if len(distinct) < FEWEST_STEPS or step > _COARSEST:
        return None
    is_single = bool((distinct == distinct.astype(np.float32)).all())
    slack = max(step / 2, _SINGLE if is_single else 2e-15)
    steps = _lattice(_scaled(distinct, low), slack)
    if steps:
        return _Range(low, steps, 2 * slack)
    is_fine = step == 0 and len(distinct) >= FEWEST_FINE
    return _Range(low, 0, slack) if is_fine else None


def _scaled(values: Floats, low: float) -> Floats:
    """From 0 to 1."""
    found: Floats = (values - low) / (1 - low)
    return found


def _lattice(values: Floats, slack: float) -> int:
    """Into how many steps the range is cut; 0 where values are on no lattice.

    Args:
        values: Distinct, from 0 to 1, rising.
        slack: How far each may be off.
    """
    most = int(min(_MOST_STEPS, math.sqrt(1 / (2 * slack)))) - 1  # so that fractions are told apart
    chosen = values[np.unique(np.linspace(0, len(values) - 1, _LOOKED_AT).astype(int))]
    if most < 2:
        return 0
    parts = [Fraction(float(value)).limit_denominator(most).denominator for value in chosen]
    steps = max(parts)  # most multiples of 1/n cannot be reduced, unlike shares of several wholes
    if _off(values, steps) > 2 * slack * steps:
        return 0
    chance = math.log10(min(1.0, 4 * slack * steps)) * len(values)
    return steps if chance <= _CHANCE else 0


def _off(values: Floats, steps: int) -> float:
    """Farthest distance from a multiple, in steps."""
    places = values * steps
    return float(np.abs(places - np.round(places)).max()) if len(values) else 0.0


def _told(found: dict[str, _Range], view: View) -> Finding:
    names: Sequence[str] = list(found)
    shown = ", ".join(repr(name) for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more columns" if len(names) > SHOWN else ""
    first = found[names[0]]
    sign = (
        f"{names[0]!r} holds multiples of 1/{first.steps} of that range, as what was measured in"
        f" steps and scaled does (or a share of {first.steps})"
        if first.steps
        else f"{names[0]!r} has one row at each end, as what was scaled has"
    )
    rows = np.unique(np.concatenate([one.elsewhere for one in found.values()]))
    span = f"{first.low:.0f} to 1"
    return finding(
        "leakage",
        "warning",
        f"{shown}{more} {'goes' if len(names) == 1 else 'go'} from {span} over all {view.num_rows} rows"
        f" exactly, with an end of the range in validation or test rows alone; {sign}: scaled before the"
        " split, with test rows",
        column=names[0] if len(names) == 1 else None,
        rows=rows,
        remedy=f"data: {{drop: [{', '.join(map(yaml_word, names))}]}}"
        "  # or give them as they were before: they are scaled here, on train rows alone",
    )
