"""The plots of the data report: columns, missing values, what goes together, how the parts differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from trainwright.reports.bars import Whisker, paired_bars, whisker_plot
from trainwright.reports.svg import Figure, histogram
from trainwright.reports.tables import Shade, table

Values = Mapping[str, Any]

MOST_FIGURES = 12
MOST_BARS = 12
MOST_BINS = 24  # of a histogram, so that none is cut off
MOST_MISSING = 30


def column_figures(columns: Sequence[tuple[str, Values]]) -> list[Figure]:
    """How the values of the first columns are spread: histograms of numbers, shares of categories."""
    found = (_column_figure(name, summary) for name, summary in columns)
    return list(islice((figure for figure in found if figure is not None), MOST_FIGURES))


def missing_figure(columns: Sequence[tuple[str, Values]]) -> Figure | None:
    """Share of missing values by column, the highest first; None where nothing is missing."""
    shares = [
        (name, summary["nulls"] / summary["count"])
        for name, summary in columns
        if summary.get("count") and summary.get("nulls")
    ]
    if not shares:
        return None
    shares.sort(key=lambda pair: (-pair[1], pair[0]))
    return whisker_plot(
        "Missing values by column",
        [
            Whisker(name, share, 0.0, share, strong=share >= 0.5)
            for name, share in shares[:MOST_MISSING]
        ],
        x_label="share of train rows",
        header=("column", "share"),
    )


def association_figure(found: Values) -> Figure | None:
    """A heat table of how strongly columns go together."""
    names, matrix = found.get("names") or (), found.get("matrix") or ()
    if len(names) < 2:
        return None
    cells = [
        (name, *("" if value is None else Shade(value, value) for value in row[: place + 1]))
        for place, (name, row) in enumerate(zip(names, matrix, strict=True))
    ]
    pairs = [
        (names[first], names[second], matrix[first][second])
        for first in range(len(names))
        for second in range(first)
        if matrix[first][second] is not None
    ]
    pairs.sort(key=lambda pair: -pair[2])
    return Figure(
        "Strength of association",
        table(("", *names), cells),
        ("column", "and", "strength"),
        tuple(pairs),
        "The strongest pairs stand first among the numbers.",
        wide=True,
    )


def shift_figures(shifts: Sequence[Values]) -> list[Figure]:
    """Shares of train and of validation in the same bins, for the columns that differ most."""
    return [_shift_figure(shift) for shift in shifts[:4]]


def _shift_figure(shift: Values) -> Figure:
    """Bins that hold rows of neither part are left out at either end."""
    filled = [
        at
        for at, pair in enumerate(zip(shift["train"], shift["validation"], strict=True))
        if any(pair)
    ]
    span = slice(min(filled, default=0), max(filled, default=-1) + 1)
    bins = [str(name) for name in shift["bins"][span]]
    return paired_bars(
        str(shift["column"]),
        bins[:MOST_BINS],
        [(part, list(shift[part][span][:MOST_BINS])) for part in ("train", "validation")],
        caption=f"distance {shift['distance']:.3f}",
    )


def _column_figure(name: str, summary: Values) -> Figure | None:
    spread, top, count = summary.get("histogram"), summary.get("top"), summary.get("count") or 0
    if spread and len(spread["edges"]) > 2 and summary.get("type") == "number":
        return histogram(name, spread["edges"], [spread["counts"]], x_label=name)
    if top and count and summary.get("type") in ("category", "boolean"):
        shown = list(top.items())[:MOST_BARS]
        return paired_bars(
            name, [label for label, _ in shown], [("train", [rows / count for _, rows in shown])]
        )
    return None
