"""Plots as static inline SVG, each with the numbers that it shows: lines and histograms over two axes.

The idea: a `Figure` cannot be made without its table, so no plot hides its numbers. Colours are
classes (`.s0` ...) that the page's style sheet defines for light and dark; series also differ by
dashes, so that no one needs colour to tell them apart. Drawings are 440 units wide, about the width
of a phone, so that letters stay readable there without a second layout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from trainwright.reports.axes import Axis, axis
from trainwright.reports.markup import Markup, element, join, text

WIDTH = 440.0
HEIGHT = 290.0
LEFT, RIGHT, TOP, BOTTOM = 60.0, 12.0, 12.0, 42.0
LIMIT_POINTS = 200  # of one line; beyond it every k-th is drawn
NUM_COLOURS = 6

Row = Sequence[object]


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing and the numbers behind it.

    Attributes:
        title: What is shown, in words.
        drawing: Markup.
        header: One name a column of the table.
        rows: The numbers.
        caption: How to read it.
        legend: Names of the series, by colour number; None is the reference line.
        wide: Takes the whole width of the page.
    """

    title: str
    drawing: Markup
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    legend: tuple[tuple[str, int | None], ...] = ()
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Points in order: joined or not, marked or not, within a band [low, high], or a reference."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    reference: bool = False
    marks: bool = False
    joined: bool = True


def line_plot(
    title: str,
    series: Sequence[Series],
    *,
    x_label: str,
    y_label: str,
    caption: str = "",
    x_bounds: tuple[float, float] | None = None,
    y_bounds: tuple[float, float] | None = None,
) -> Figure:
    """Lines over two axes; ROC, precision-recall, calibration and learning curves are such."""
    series = [_sound(one) for one in series]
    across = axis(
        (x for one in series for x in one.x), start=LEFT, end=WIDTH - RIGHT, bounds=x_bounds
    )
    up = axis(
        (y for one in series for y in (*one.y, *one.low, *one.high)),
        start=HEIGHT - BOTTOM,
        end=TOP,
        bounds=y_bounds,
    )
    drawn: list[Markup] = [_frame(across, up, x_label, y_label)]
    colours = _colours(series)
    drawn += [_line(one, colour, across, up) for one, colour in zip(series, colours, strict=True)]
    return Figure(
        title,
        svg(title, HEIGHT, drawn),
        (x_label, y_label, "series") if len(series) > 1 else (x_label, y_label),
        tuple(
            (x, y, one.name) if len(series) > 1 else (x, y)
            for one in series
            if not one.reference
            for x, y in zip(one.x, one.y, strict=True)
        ),
        caption,
        tuple((one.name, colour) for one, colour in zip(series, colours, strict=True)),
    )


def histogram(
    title: str,
    edges: Sequence[float],
    counts: Sequence[Sequence[float]],
    *,
    names: Sequence[str] = ("rows",),
    x_label: str,
    caption: str = "",
) -> Figure:
    """Counts in bins of equal or unequal width as steps, one outline a set of counts.

    Args:
        title: What is shown.
        edges: Finite, rising; one more than there are bins.
        counts: One sequence a set, each as long as there are bins.
        names: One a set.
        x_label: Name and unit of what is binned.
        caption: How to read it.
    """
    across = axis(edges, start=LEFT, end=WIDTH - RIGHT)
    highest = max((value for one in counts for value in one), default=0.0)
    up = axis((0.0, highest or 1.0), start=HEIGHT - BOTTOM, end=TOP)
    drawn = [_frame(across, up, x_label, "share" if highest <= 1 else "rows")]
    drawn += [_steps(edges, one, colour, across, up) for colour, one in enumerate(counts)]
    return Figure(
        title,
        svg(title, HEIGHT, drawn),
        ("from", "to", *names),
        tuple(
            (low, high, *(one[place] for one in counts))
            for place, (low, high) in enumerate(pairwise(edges))
        ),
        caption,
        tuple((name, colour) for colour, name in enumerate(names)) if len(counts) > 1 else (),
    )


def thinned(values: Sequence[float], limit: int = LIMIT_POINTS) -> list[float]:
    """At most `limit` + 1 of the values, the first and the last among them."""
    if len(values) <= limit:
        return list(values)
    step = math.ceil(len(values) / limit)
    places = sorted({*range(0, len(values), step), len(values) - 1})
    return [values[place] for place in places]


def _sound(one: Series) -> Series:
    """The series thinned, and without points that are no numbers."""
    lines = [thinned(values) for values in (one.x, one.y, one.low, one.high) if len(values)]
    kept = (
        [point for point in zip(*lines, strict=True) if all(map(_is_number, point))]
        if len(lines) > 1
        else []
    )
    columns = [list(column) for column in zip(*kept, strict=True)] or [[], []]
    low, high = (columns[2], columns[3]) if len(columns) == 4 else ((), ())
    return replace(one, x=columns[0], y=columns[1], low=low, high=high)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _colours(series: Iterable[Series]) -> list[int | None]:
    """A colour number for each series; None for references."""
    found: list[int | None] = []
    for one in series:
        taken = sum(colour is not None for colour in found)
        found.append(None if one.reference else taken % NUM_COLOURS)
    return found


def _line(one: Series, colour: int | None, across: Axis, up: Axis) -> Markup:
    points = [(across.at(x), up.at(y)) for x, y in zip(one.x, one.y, strict=True)]
    kind = "reference" if colour is None else f"line s{colour}"
    parts = [element("polyline", points=_points(points), class_=kind)] if one.joined else []
    if one.low:
        lower = [(across.at(x), up.at(y)) for x, y in zip(one.x, one.low, strict=True)]
        upper = [(across.at(x), up.at(y)) for x, y in zip(one.x, one.high, strict=True)]
        band = element("polygon", points=_points([*lower, *upper[::-1]]), class_=f"band s{colour}")
        parts.insert(0, band)
    if one.marks:
        parts += [element("circle", cx=x, cy=y, r=3.2, class_=f"fill s{colour}") for x, y in points]
    return join(*parts)


def _steps(
    edges: Sequence[float], counts: Sequence[float], colour: int, across: Axis, up: Axis
) -> Markup:
    """The outline of a histogram, its ground filled lightly."""
    floor = up.at(0.0)
    points = [(across.at(edges[0]), floor)]
    for (low, high), count in zip(pairwise(edges), counts, strict=True):
        points += [(across.at(low), up.at(count)), (across.at(high), up.at(count))]
    points.append((across.at(edges[-1]), floor))
    return join(
        element("polygon", points=_points(points), class_=f"band s{colour}"),
        element("polyline", points=_points(points), class_=f"line s{colour}"),
    )


def _frame(across: Axis, up: Axis, x_label: str, y_label: str) -> Markup:
    """Grid lines, ticks and names of both axes."""
    parts = [grid_down(across, TOP, HEIGHT - BOTTOM), axis_label(x_label, HEIGHT)]
    for tick in up.ticks:
        y = up.at(tick)
        parts.append(element("line", x1=across.start, x2=across.end, y1=y, y2=y, class_="grid"))
        written = text(up.label(tick))
        parts.append(element("text", written, x=LEFT - 7, y=y + 4, class_="tick end"))
    middle = (HEIGHT - BOTTOM + TOP) / 2
    turned = f"rotate(-90 12 {middle:g})"
    words = text(y_label, limit=40)
    parts.append(element("text", words, x=12, y=middle, transform=turned, class_="axis middle"))
    return join(*parts)


def grid_down(across: Axis, top: float, bottom: float) -> Markup:
    """Upright grid lines, each with its tick below."""
    parts = []
    for tick in across.ticks:
        x = across.at(tick)
        parts.append(element("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        written = text(across.label(tick))
        parts.append(element("text", written, x=x, y=bottom + 16, class_="tick middle"))
    return join(*parts)


def axis_label(words: str, height: float) -> Markup:
    """The name of the axis that goes across, at the foot of a drawing."""
    return element("text", text(words, limit=60), x=WIDTH / 2, y=height - 6, class_="axis middle")


def _points(points: Iterable[tuple[float, float]]) -> Markup:
    return Markup(" ".join(f"{x:.1f},{y:.1f}" for x, y in points))


def svg(title: str, height: float, drawn: Sequence[Markup]) -> Markup:
    """A drawing of the usual width; its title is what a screen reader says."""
    if not drawn:
        return element("p", text("nothing to show"), class_="muted")
    box = f"0 0 {WIDTH:g} {height:g}"
    return element("svg", *drawn, viewBox=box, role="img", aria_label=title, class_="plot")
