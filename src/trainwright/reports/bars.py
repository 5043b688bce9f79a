"""Plots with a row for each name: dots with whiskers, paired bars; and bars without axes.

Names stand in a column of their own on the left, values on the right, so that nothing is written
over the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainwright.reports.axes import Axis, axis
from trainwright.reports.markup import Markup, element, join, number, text
from trainwright.reports.svg import NUM_COLOURS, WIDTH, Figure, axis_label, grid_down, svg

LIMIT_ROWS = 60  # of names in one plot
_LETTER = 7.2  # average width of a letter of a name, in units
_LIMIT_NAME = 24
_VALUE = 58.0  # room for a value on the right
_STEP = 27.0


@dataclass(frozen=True, slots=True)
class Whisker:
    """A value with its interval; `strong` marks those that matter."""

    label: str
    value: float
    low: float
    high: float
    strong: bool = False


def whisker_plot(
    title: str,
    whiskers: Sequence[Whisker],
    *,
    x_label: str,
    caption: str = "",
    reference: float | None = None,
    header: tuple[str, str] = ("", "value"),
) -> Figure:
    """Values as dots, their intervals as lines, a row each; a dashed line at the reference."""
    shown = [one for one in whiskers if math.isfinite(one.value)][:LIMIT_ROWS]
    marks = [value for one in shown for value in (one.value, one.low, one.high)]
    if reference is not None:
        marks.append(reference)
    across = axis(marks, start=_room([one.label for one in shown]), end=WIDTH - _VALUE, num_ticks=4)
    bottom = _STEP * len(shown) + 4.0
    drawn = [grid_down(across, 0.0, bottom), axis_label(x_label, bottom + 40.0)]
    if reference is not None:
        x = across.at(reference)
        drawn.append(element("line", x1=x, x2=x, y1=0.0, y2=bottom, class_="reference"))
    drawn += [_whisker(one, _STEP * (row + 0.5) + 2.0, across) for row, one in enumerate(shown)]
    return Figure(
        title,
        svg(title, bottom + 46.0, drawn),
        (*header, "low", "high"),
        tuple((one.label, one.value, one.low, one.high) for one in whiskers),
        caption,
    )


def paired_bars(
    title: str,
    labels: Sequence[str],
    shares: Sequence[tuple[str, Sequence[float]]],
    *,
    caption: str = "",
) -> Figure:
    """For each label a bar a set, one below the other: the reference's share and the live one."""
    across = axis(
        (0.0, *(value for _, values in shares for value in values)),
        start=_room(labels),
        end=WIDTH - 14.0,
        num_ticks=4,
    )
    thick = 8.0
    step = thick * len(shares) + 9.0
    bottom = step * len(labels[:LIMIT_ROWS]) + 4.0
    drawn = [grid_down(across, 0.0, bottom), axis_label("share of rows", bottom + 40.0)]
    for row, label in enumerate(labels[:LIMIT_ROWS]):
        top = step * row + 6.0
        drawn.append(_name(label, top + (step - 9.0) / 2, across))
        drawn += [
            element(
                "rect",
                x=across.start,
                y=top + thick * place,
                width=max(0.0, across.at(values[row]) - across.start),
                height=thick - 1.0,
                class_=f"fill s{place % NUM_COLOURS}",
            )
            for place, (_, values) in enumerate(shares)
        ]
    return Figure(
        title,
        svg(title, bottom + 46.0, drawn),
        ("", *(name for name, _ in shares)),
        tuple((label, *(values[row] for _, values in shares)) for row, label in enumerate(labels)),
        caption,
        tuple((name, place % NUM_COLOURS) for place, (name, _) in enumerate(shares)),
    )


def stacked_bar(title: str, parts: Sequence[tuple[str, float]], *, caption: str = "") -> Figure:
    """One bar that the parts make up: rows in = train + validation + test + dropped."""
    total = sum(value for _, value in parts)
    drawn, start = [], 0.0
    for colour, (name, value) in enumerate(parts):
        share = 100.0 * value / total if total else 0.0
        drawn.append(
            element(
                "rect",
                element("title", text(f"{name}: {number(value)}")),
                x=f"{start:.3f}%",
                width=f"{share:.3f}%",
                y=0,
                height=26,
                class_=f"fill s{colour % NUM_COLOURS} cut",
            )
        )
        start += share
    drawing = element(
        "svg", *drawn, width="100%", height=26, role="img", aria_label=title, class_="bar"
    )
    rows = tuple((name, value, f"{value / total:.1%}" if total else "–") for name, value in parts)
    legend = tuple(
        (f"{name} {number(value)}", colour % NUM_COLOURS)
        for colour, (name, value) in enumerate(parts)
    )
    return Figure(title, drawing, ("part", "rows", "share"), rows, caption, legend, wide=True)


def spark_bars(shares: Sequence[float], *, label: str) -> Markup:
    """A word-sized histogram (Tufte's sparkline) for a cell of a table."""
    top = max(shares, default=0.0) or 1.0
    width = 96.0 / max(1, len(shares))
    bars = [
        element(
            "rect",
            x=place * width,
            y=22.0 * (1 - share / top),
            width=max(0.8, width - 1.0),
            height=max(0.6, 22.0 * share / top),
            class_="fill s0",
        )
        for place, share in enumerate(shares)
    ]
    return element("svg", *bars, viewBox="0 0 96 22", class_="spark", role="img", aria_label=label)


def _whisker(one: Whisker, y: float, across: Axis) -> Markup:
    colour = "s0" if one.strong else "s9"
    low, high = (end if math.isfinite(end) else one.value for end in (one.low, one.high))
    value = text(number(one.value))
    ends = {"x1": across.at(low), "x2": across.at(high), "y1": y, "y2": y}
    return join(
        _name(one.label, y, across),
        element("line", **ends, class_=f"whisker {colour}"),
        element("circle", cx=across.at(one.value), cy=y, r=4.5, class_=f"fill {colour}"),
        element("text", value, x=WIDTH, y=y + 4.5, class_="label number end"),
    )


def _name(label: str, y: float, across: Axis) -> Markup:
    """A name beside its row, right up to the axis; whole in the tooltip where it is cut."""
    words = text(label, limit=_LIMIT_NAME)
    whole = element("title", text(label))
    return element("text", words, whole, x=across.start - 12.0, y=y + 4.5, class_="label end")


def _room(labels: Sequence[str]) -> float:
    """Where the axis starts, so that the longest name has room before it."""
    longest = max((min(len(label), _LIMIT_NAME) for label in labels), default=0)
    return 20.0 + _LETTER * max(4, longest)
