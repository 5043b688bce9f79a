"""Tables of a report: numbers stand right, cells are escaped, long tables are cut and say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainwright.reports.markup import Markup, element, number, text
from trainwright.reports.svg import Figure, Row

LIMIT_ROWS = 150  # of one table; what is left out is said
LIMIT_CLASSES = 12  # of a heat table; more would not be read


@dataclass(frozen=True, slots=True)
class Mark:
    """A cell that holds markup of ours, such as a sparkline."""

    markup: Markup


@dataclass(frozen=True, slots=True)
class Shade:
    """A cell of a heat table: a value, and how deep its ground is, from 0 to 1."""

    value: object
    depth: float


def table(header: Sequence[str], rows: Sequence[Row]) -> Markup:
    """A table that scrolls sideways on its own where it is too wide."""
    head = element("tr", *(element("th", text(name), scope="col") for name in header))
    body = [element("tr", *map(_cell, row)) for row in rows[:LIMIT_ROWS]]
    parts = [element("table", element("thead", head), element("tbody", *body))]
    if len(rows) > LIMIT_ROWS:
        left = f"and {len(rows) - LIMIT_ROWS:,} more rows, not shown here"
        parts.append(element("p", text(left), class_="muted"))
    return element("div", *parts, class_="scroll", tabindex=0)


def confusion_table(
    title: str, classes: Sequence[str], counts: Sequence[Sequence[int]], *, caption: str = ""
) -> Figure:
    """Rows are what was true, columns what was predicted; shaded by the share of the true class.

    Beyond twelve classes those with the most mistakes are shown.
    """
    mistakes = [sum(row) - row[place] for place, row in enumerate(counts)]
    order = sorted(range(len(classes)), key=lambda place: (-mistakes[place], place))
    shown = sorted(order[:LIMIT_CLASSES])
    totals = [max(1, sum(row)) for row in counts]
    cells = [
        (
            classes[true],
            *(Shade(counts[true][said], counts[true][said] / totals[true]) for said in shown),
        )
        for true in shown
    ]
    if len(classes) > len(shown):
        caption += f" The {len(shown)} of {len(classes)} classes with the most mistakes."
    return Figure(
        title,
        table(("true ↓ predicted →", *(classes[said] for said in shown)), cells),
        ("true", "predicted", "rows", "share of true"),
        tuple(
            (classes[true], classes[said], counts[true][said], counts[true][said] / totals[true])
            for true in shown
            for said in shown
        ),
        caption.strip(),
    )


def cell_text(value: object) -> Markup:
    """A value as it stands in a cell."""
    if isinstance(value, bool):
        return text("yes" if value else "no")
    return text(number(value) if isinstance(value, (int, float)) or value is None else value)


def _cell(value: object) -> Markup:
    if isinstance(value, Mark):
        return element("td", value.markup)
    if isinstance(value, Shade):
        depth = 0.6 * min(1.0, max(0.0, value.depth))  # deeper, and the figures would not be read
        style = f"background:rgba(38,116,186,{depth:.3f})"
        return element("td", cell_text(value.value), class_="number", style=style)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return element("td", cell_text(value), class_="number" if is_number else None)
