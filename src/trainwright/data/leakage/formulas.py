"""Formulas: a target that is a sum, or a product and quotient, of other columns, to rounding.

Riders are casual ones and registered ones, revenue is a price times a quantity, a rate is a count through
another. Each of these columns alone may tell little, and no model is needed for what adding up tells: what is
to be predicted was computed from them, or they were written down with it.

Columns are taken one by one, each time the one that tells most of what is left open (orthogonal forward
selection), eight at most. Then their weights must be the same but for the sign, or whole numbers as powers,
and the formula with just these must give the target in 99 of 100 rows, to the rounding in which both are
written. So chance is out, and a strong model is no finding. Not seen: weights that differ, columns with more
than one gap in twenty, what is computed from words.

Cost: a sample of 2,000 rows, of the 2,000 columns that go along with the target most, and at most sixteen
passes over it.
Source: Chen, Billings & Luo 1989, Int. J. Control 50(5), doi:10.1080/00207178908953472 (the selection).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.data.leakage.preprocessing import written_step
from trainwright.data.leakage.scores import Values

SAMPLE_ROWS = 2_000
FEWEST_ROWS = 100
FEWEST_VALUES = 10  # distinct ones of the target
MOST_COLUMNS = 2_000
MOST_PARTS = 8
MOST_POWER = 3
MOST_GAPS = 0.05
_IN_ROWS = 0.99  # in which a formula holds
_EXACT = 1e-6  # of the target's deviation, which arithmetic leaves
_COARSEST = 0.05  # of it, for what rounding may leave
_NEAR = 0.1  # of a whole number, for a weight
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Formula:
    """What gives the target.

    Attributes:
        weights: Of each column: 1 or -1 in a sum, a power otherwise.
        is_product: Columns are multiplied, not added.
        factor: Of the whole.
        share: Of the rows in which it holds.
        num_rows: That were looked at.
    """

    weights: Mapping[str, int]
    is_product: bool
    factor: float
    share: float
    num_rows: int

    @property
    def name(self) -> str:
        """As a finding calls it: "casual + registered"."""
        names = sorted(self.weights, key=lambda name: self.weights[name] < 0)
        return "".join(self._term(name, number) for number, name in enumerate(names))

    def _term(self, name: str, number: int) -> str:
        weight = self.weights[name]
        if not self.is_product:
            sign = " - " if weight < 0 else " + "
            return f"{sign if number else sign.strip().strip('+')}{name}"
        power = f"^{abs(weight)}" if abs(weight) > 1 else ""
        first = "" if weight > 0 else "1 / "
        return f"{(' · ' if weight > 0 else ' / ') if number else first}{name}{power}"


def find_formula(values: Mapping[str, Values], target: Values) -> Formula | None:
    """The sum, or else the product, that gives the target; None where there is none.

    Args:
        values: Columns of numbers, NaN where missing; shape (rows,) each.
        target: Shape (rows,).
    """
    step = max(1, -(-len(target) // SAMPLE_ROWS))
    wanted = target[::step]
    there = {name: column[::step] for name, column in values.items()}
    there = {name: one for name, one in there.items() if np.isnan(one).mean() <= MOST_GAPS}
    if len(there) > MOST_COLUMNS:
        there = _nearest(there, wanted)
    if len(there) < 2 or len(np.unique(wanted)) < FEWEST_VALUES:
        return None
    table = np.column_stack(list(there.values()))
    known = np.isfinite(table).all(axis=1) & np.isfinite(wanted)
    if known.sum() < FEWEST_ROWS:
        return None
    names, table, wanted = list(there), table[known], wanted[known]
    return _sum(names, table, wanted) or _product(names, table, wanted)


def _nearest(values: Mapping[str, Values], wanted: Values) -> dict[str, Values]:
    """The columns that go along with the target most, of a table that has very many."""
    centred = np.nan_to_num(wanted - np.nanmean(wanted))

    def along(name: str) -> float:
        column = values[name]
        there = np.nan_to_num(column - np.nanmean(column))
        return float(abs(there @ centred) / np.maximum(np.linalg.norm(there), _NOTHING))

    kept = set(sorted(values, key=along, reverse=True)[:MOST_COLUMNS])
    return {name: column for name, column in values.items() if name in kept}


def _sum(names: Sequence[str], table: Values, wanted: Values) -> Formula | None:
    slack = _EXACT * float(wanted.std())
    for chosen in _selected(table, wanted):
        weights = _weights(table[:, chosen], wanted)
        whole = _whole(weights / np.maximum(np.abs(weights).max(), _NOTHING))
        if whole is None or np.count_nonzero(whole) < 2:
            continue
        total = table[:, chosen] @ whole
        factor = float(total @ wanted / np.maximum(total @ total, _NOTHING))
        kept = [number for number, weight in zip(chosen, whole, strict=True) if weight]
        rounding = abs(factor) * _rounding(table[:, kept]).sum() + written_step(wanted) / 2
        if rounding > _COARSEST * wanted.std():
            rounding = 0.0
        holds = np.abs(wanted - factor * total) <= rounding + slack
        if holds.mean() >= _IN_ROWS:
            signs = np.sign(factor) * whole[whole != 0]
            return _formula(names, kept, signs, holds, factor=abs(factor), is_product=False)
    return None


def _product(names: Sequence[str], table: Values, wanted: Values) -> Formula | None:
    above = wanted > 0
    if above.mean() < _IN_ROWS or above.sum() < FEWEST_ROWS:
        return None
    table, wanted = table[above], wanted[above]
    positive = np.flatnonzero((table > 0).all(axis=0))
    if len(positive) < 2:
        return None
    table = table[:, positive]
    logs, target = np.log(table), np.log(wanted)
    coarse = _rounding(table) / table
    for chosen in _selected(logs, target):
        powers = _whole(_weights(logs[:, chosen], target))
        if powers is None or np.count_nonzero(powers) < 2 or np.abs(powers).max() > MOST_POWER:
            continue
        left = target - logs[:, chosen] @ powers
        factor = float(np.median(left))
        rounding = coarse[:, chosen] @ np.abs(powers) + written_step(wanted) / 2 / wanted
        if np.median(rounding) > _COARSEST * target.std():
            rounding = np.zeros_like(rounding)
        holds = np.abs(left - factor) <= rounding + _EXACT * target.std()
        if holds.mean() >= _IN_ROWS:
            kept = [int(positive[at]) for at, power in zip(chosen, powers, strict=True) if power]
            whole = powers[powers != 0]
            return _formula(names, kept, whole, holds, factor=np.exp(factor), is_product=True)
    return None


def _formula(
    names: Sequence[str],
    kept: Sequence[int],
    weights: Values,
    holds: NDArray[np.bool_],
    *,
    factor: float,
    is_product: bool,
) -> Formula:
    named = {names[at]: int(weight) for at, weight in zip(kept, weights, strict=True)}
    return Formula(named, is_product, float(factor), float(holds.mean()), len(holds))


def _selected(table: Values, wanted: Values) -> Iterator[list[int]]:
    """The columns that tell most, two and more, each time with the next one."""
    left = table - table.mean(axis=0)
    lengths = np.linalg.norm(left, axis=0)
    left = left / np.maximum(lengths, _NOTHING)
    told = lengths > _NOTHING
    rest = wanted - wanted.mean()
    chosen: list[int] = []
    for _ in range(min(MOST_PARTS, table.shape[1])):
        norms = np.linalg.norm(left, axis=0)
        free = told & (norms > _EXACT)
        free[chosen] = False
        if not free.any():
            return
        tells = np.where(free, np.abs(left.T @ rest) / np.maximum(norms, _NOTHING), -1.0)
        best = int(np.argmax(tells))
        chosen = [*chosen, best]
        direction = left[:, best] / norms[best]
        rest = rest - direction * float(direction @ rest)
        left = left - np.outer(direction, direction @ left)
        if len(chosen) > 1:
            yield chosen


def _weights(table: Values, wanted: Values) -> Values:
    """By least squares, beside a constant."""
    with_constant = np.column_stack([table, np.ones(len(table))])
    found: Values = np.linalg.lstsq(with_constant, wanted, rcond=None)[0].astype(np.float64)
    return found[:-1]


def _whole(weights: Values) -> Values | None:
    """The whole numbers that these are near; None where one is not."""
    whole: Values = np.round(weights)
    return whole if np.abs(weights - whole).max() <= _NEAR else None


def _rounding(table: Values) -> Values:
    """Half the step in which each column is written, which counts have none of; shape (columns,)."""
    steps = [0.0 if (column % 1 == 0).all() else written_step(column) for column in table.T]
    found: Values = np.array(steps, dtype=np.float64) / 2
    return found
