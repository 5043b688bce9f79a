"""Label shift: do validation and test rows hold the target as train rows do? Test targets stay closed.

Validation by its targets: classes by a chi-squared test and the total variation distance of the shares,
numbers by the test and the distance of Kolmogorov and Smirnov. A finding needs both: a p-value under
0.001, so that one random split in a thousand is named, and a tenth of the rows that would have to change.
Test rows by what a model expects of them (`shift.expected`), where the split is not drawn row by row; there
both tests together may show what neither does alone (Fisher's method), at half the level.

Rows of one group, or of one stretch of time, are alike: the tests take rows for independent, so under such
splits a shift is information unless it is twice as large.

Cost: counts of classes over all rows; of numbers 20,000 a part.
Source: Pearson 1900; Smirnov 1948, Ann. Math. Statist. 19(2); Fisher 1932, sect. 21.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import Task
from trainwright.data.findings import finding
from trainwright.data.leakage.trials import judged
from trainwright.data.shift.expected import Expected, expect
from trainwright.data.view import PARTS, View

SAMPLE_ROWS = 20_000
FEWEST_ROWS = 50
RARE = 5  # rows expected of a class, below which it is counted with the other rare ones
LEVEL, SIZE = 1e-3, 0.1


@dataclass(frozen=True, slots=True)
class _Known:
    """Targets of validation beside those of train; `number` is the class that moves most, `up` its way."""

    p_value: float
    size: float
    number: int
    up: bool
    told: str
    rows: int


def find(view: View, *, deadline: Deadline) -> list[Finding]:  # noqa: ARG001 - counts, a few fits
    """How far the targets of validation, and those to be expected in test, are from those of train."""
    if not judged(view):
        return []
    known = _numbers(view) if view.target.task is Task.REGRESSION else _classes(view)
    found = [_validation(view, known)] if known and _is_clear(known, LEVEL) else []
    if view.settings.is_drawn:
        return found
    expected = expect(view)
    if expected is None or expected.size < SIZE:
        return found
    if expected.p_value <= LEVEL / 2:
        return [*found, _test(view, expected, told=f"p {expected.p_value:.1g}")]
    if not found and known is not None and known.size >= SIZE and _agree(view, known, expected):
        together = _fisher(known.p_value, expected.p_value)
        if together <= LEVEL / 2:
            also = f"p {together:.1g} together with validation, where {known.told}"
            return [_test(view, expected, told=also)]
    return found


def _is_clear(known: _Known, level: float) -> bool:
    return known.p_value <= level and known.size >= SIZE


def _agree(view: View, known: _Known, expected: Expected) -> bool:
    """Both tell of the same way."""
    same = view.target.task is Task.REGRESSION or _label(view, expected) == known.number
    other = len(view.target.classes) == 2
    up = expected.test > expected.train
    return (same and up == known.up) or (not same and other and up != known.up)


def _fisher(one: float, other: float) -> float:
    """p-value of two independent ones together."""
    product = max(one, 1e-300) * max(other, 1e-300)
    return min(1.0, product * (1 - math.log(product))) if product > 0 else 0.0


def _severity(view: View, size: float) -> Literal["info", "warning"]:
    by = view.settings.split.by
    expected = by in ("time", "group", "group-time") and size < 2 * SIZE
    return "info" if expected else "warning"


def _validation(view: View, known: _Known) -> Finding:
    return finding(
        "shift",
        _severity(view, known.size),
        f"the target is distributed otherwise in validation than in train: distance {known.size:.3f},"
        f" p {known.p_value:.1g}; {known.told}",
        column=view.target.name,
        count=known.rows,
        remedy="calibration and threshold are fitted on validation: draw it as live rows will come",
    )


def _test(view: View, expected: Expected, *, told: str) -> Finding:
    if view.target.task is Task.REGRESSION:
        what = (
            f"a mean rank of {expected.test:.2f} among the targets of train, where theirs is 0.50"
        )
    else:
        label = view.target.classes[_label(view, expected)]
        what = f"class {label!r} in some {expected.test:.0%} of them, which is {expected.train:.0%} of train"
    return finding(
        "shift",
        _severity(view, expected.size),
        f"by their inputs test rows hold the target otherwise than train rows: a quick model expects {what}"
        f" ({told}). No test target was looked at: it may be the target, or inputs that tell of it",
        column=view.target.name,
        count=expected.rows,
        remedy="draw the test rows as live rows will come, and train rows alike; or judge by metrics that do"
        " not depend on how often a class occurs",
    )


def _label(view: View, expected: Expected) -> int:
    """The class of a number among the classes that train rows have."""
    present = np.flatnonzero(view.class_counts()[:, PARTS.index(Split.TRAIN)])
    return int(present[expected.number])


def _numbers(view: View) -> _Known | None:
    from scipy.stats import ks_2samp

    parts = [_values(view, split) for split in (Split.TRAIN, Split.VALIDATION)]
    if min(map(len, parts)) < FEWEST_ROWS:
        return None
    found = ks_2samp(*parts)
    middles = [float(np.median(part)) for part in parts]
    told = f"medians {middles[0]:.4g} and {middles[1]:.4g}"
    up = middles[1] > middles[0]
    return _Known(float(found.pvalue), float(found.statistic), 0, up, told, len(parts[1]))


def _classes(view: View) -> _Known | None:
    parts = view.class_counts()
    counts = np.array([parts[:, PARTS.index(split)] for split in (Split.TRAIN, Split.VALIDATION)])
    if counts.sum(axis=1).min() < FEWEST_ROWS:
        return None
    shares = counts / counts.sum(axis=1, keepdims=True)
    size = float(np.abs(shares[0] - shares[1]).sum() / 2)
    moved = int(np.argmax(np.abs(shares[0] - shares[1])))
    label = view.target.classes[moved]
    told = f"class {label!r} is {shares[0][moved]:.1%} of train and {shares[1][moved]:.1%} of validation"
    up = bool(shares[1][moved] > shares[0][moved])
    return _Known(_chi_squared(counts), size, moved, up, told, int(counts[1].sum()))


def _values(view: View, split: Split) -> NDArray[Any]:
    frame = view.sample([view.target.name], size=SAMPLE_ROWS, split=split)
    return frame[view.target.name].cast(pl.Float64).to_numpy()


def _chi_squared(counts: NDArray[Any]) -> float:
    """p-value of equal shares; classes too rare for the test are counted together."""
    from scipy.stats import chi2_contingency

    expected = counts.sum(axis=0) * counts.sum(axis=1).min() / counts.sum()
    rare = expected < RARE
    table = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    table = table[:, table.sum(axis=0) > 0]
    return float(chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0
