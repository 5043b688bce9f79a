"""How far annotators agree beyond chance: Cohen's and Fleiss' kappa, Krippendorff's alpha.

All three are 1 - (disagreement seen) / (disagreement by chance); they differ in whose habits chance
follows and in what they need: two annotators, equally many labels a row, or anything. Each is a
function of sums over rows, so the bootstrap over rows reweights those sums and looks at no label again.

Source: Cohen 1960, Educ. Psychol. Meas. 20, eq. 1; Fleiss 1971, Psychol. Bull. 76, eqs. 1-7;
Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, sect. C (nominal data).
Parity: tests/numeric/test_labels_agreement.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from trainwright.core.seeds import derive_seed
from trainwright.data.labels.votes import Floats, Ints, Votes

REPLICATES = 500
CONFIDENCE = 0.95
MOST_PAIRED = 8  # annotators of whom each pair is told
SCHEMA = {
    "statistic": pl.String(),
    "annotators": pl.String(),
    "value": pl.Float64(),
    "low": pl.Float64(),
    "high": pl.Float64(),
    "rows": pl.Int64(),
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """A statistic with its interval.

    Attributes:
        value: 1 agreement in all, 0 as by chance, below 0 worse; NaN where chance leaves no doubt.
        low: Lower end of the percentile bootstrap over rows.
        high: Upper end.
        rows: Rows that count: those with two labels or more.
    """

    value: float
    low: float
    high: float
    rows: int


def cohen_kappa(first: Ints, second: Ints, *, num_classes: int, seed: int = 0) -> Agreement:
    """Of two annotators; class codes, -1 where none was given. Shapes (rows,)."""
    both = (first >= 0) & (second >= 0)
    cells = first[both] * num_classes + second[both]
    hits = np.eye(num_classes**2)[cells]

    def kappa(sums: Floats) -> Floats:
        tables = sums.reshape(-1, num_classes, num_classes)
        tables = tables / np.maximum(1e-300, tables.sum(axis=(1, 2), keepdims=True))
        seen = np.trace(tables, axis1=1, axis2=2)
        chance = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1)
        return _beyond(seen, chance)

    return _with_interval(hits, kappa, seed=seed, name="cohen")


def fleiss_kappa(votes: Votes, *, seed: int = 0) -> Agreement:
    """Of all annotators, on the rows with the commonest number of labels (two or more)."""
    counts = votes.counts
    sizes = counts.sum(axis=1).astype(np.int64)
    many = sizes[sizes >= 2]
    if not len(many):
        return Agreement(float("nan"), float("nan"), float("nan"), 0)
    labels_a_row = int(np.argmax(np.bincount(many)))
    counts = counts[sizes == labels_a_row]
    alike = (counts**2).sum(axis=1) - labels_a_row
    parts = np.column_stack(
        [alike / (labels_a_row * (labels_a_row - 1)), counts, np.ones(len(counts))]
    )

    def kappa(sums: Floats) -> Floats:
        rows = np.maximum(1e-300, sums[:, -1])
        shares = sums[:, 1:-1] / (rows * labels_a_row)[:, None]
        return _beyond(sums[:, 0] / rows, (shares**2).sum(axis=1))

    return _with_interval(parts, kappa, seed=seed, name="fleiss")


def krippendorff_alpha(votes: Votes, *, seed: int = 0) -> Agreement:
    """Of all annotators, however many labels a row has; nominal classes."""
    counts = votes.counts
    sizes = counts.sum(axis=1)
    counts, sizes = counts[sizes >= 2], sizes[sizes >= 2]
    apart = (sizes**2 - (counts**2).sum(axis=1)) / np.maximum(1.0, sizes - 1)
    parts = np.column_stack([apart, counts])

    def alpha(sums: Floats) -> Floats:
        totals = sums[:, 1:]
        labels = totals.sum(axis=1)
        by_chance = (labels**2 - (totals**2).sum(axis=1)) / np.maximum(1e-300, labels - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = np.where(by_chance > 0, 1 - sums[:, 0] / by_chance, np.nan)
        return found

    return _with_interval(parts, alpha, seed=seed, name="krippendorff")


def agreement_table(votes: Votes) -> pl.DataFrame:
    """A line a statistic: alpha and Fleiss' kappa of all, Cohen's of each pair of up to eight annotators.

    Returns:
        Columns of `SCHEMA`; null where a statistic is not defined.
    """
    lines = [
        (name, who, *map(_known, (found.value, found.low, found.high)), found.rows)
        for name, who, found in _statistics(votes)
        if found.rows
    ]
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _statistics(votes: Votes) -> Iterator[tuple[str, str, Agreement]]:
    yield "Krippendorff's alpha", "all", krippendorff_alpha(votes)
    yield "Fleiss' kappa", "all", fleiss_kappa(votes)
    if not 2 <= len(votes.names) <= MOST_PAIRED:
        return
    table = votes.table()
    for first, second in combinations(range(len(votes.names)), 2):
        found = cohen_kappa(table[:, first], table[:, second], num_classes=len(votes.classes))
        yield "Cohen's kappa", f"{votes.names[first]}, {votes.names[second]}", found


def _beyond(seen: Floats, chance: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(chance < 1, (seen - chance) / (1 - chance), np.nan)
    return found


def _with_interval(
    parts: Floats, statistic: Callable[[Floats], Floats], *, seed: int, name: str
) -> Agreement:
    """The statistic of the sums of `parts`, shape (rows, k), and of resampled sums."""
    rows = len(parts)
    if rows == 0:
        return Agreement(float("nan"), float("nan"), float("nan"), 0)
    value = float(statistic(parts.sum(axis=0)[None])[0])
    generator = np.random.default_rng(derive_seed(seed, "labels", "agreement", name))
    sums = np.stack(
        [parts[generator.integers(0, rows, rows)].sum(axis=0) for _ in range(REPLICATES)]
    )
    found = statistic(sums)
    known = found[np.isfinite(found)]
    if not len(known):
        return Agreement(value, float("nan"), float("nan"), rows)
    low, high = np.quantile(known, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Agreement(value, float(low), float(high), rows)
