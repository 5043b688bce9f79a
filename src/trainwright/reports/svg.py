"""Plots as static inline SVG, each with the numbers that it shows.

The idea: a `Figure` cannot be made without its table, so no plot hides its numbers. Colours are
classes (`.s0` ...) that the page's style sheet defines for light and dark; series also differ by
dashes, so that no one needs colour to tell them apart. Drawings are 440 units wide, about the width
of a phone, so that letters stay readable there without a second layout.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from trainwright.reports.axes import Axis, axis
from trainwright.reports.markup import Markup, element, join, number, text

WIDTH = 440.0
HEIGHT = 290.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 12.0, 12.0, 42.0
LIMIT_POINTS = 200  # of one line; beyond it every k-th is drawn
LIMIT_ROWS = 60  # of bars or whiskers in one plot
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
    """A line: points in order, optionally within a band [low, high], or a dashed reference."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    reference: bool = False
    marks: bool = False


@dataclass(frozen=True, slots=True)
class Whisker:
    """A value with its interval; `strong` marks the one that matters."""

    label: str
    value: float
    low: float
    high: float
    strong: bool = False


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
        _svg(title, HEIGHT, drawn),
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


def whisker_plot(
    title: str,
    whiskers: Sequence[Whisker],
    *,
    x_label: str,
    caption: str = "",
    reference: float | None = None,
    header: tuple[str, str] = ("", "value"),
) -> Figure:
    """Values as dots with their intervals as lines, one row each, names above the line."""
    shown = [one for one in whiskers if math.isfinite(one.value)][:LIMIT_ROWS]
    marks = (value for one in shown for value in (one.value, one.low, one.high))
    extra = () if reference is None else (reference,)
    across = axis((*marks, *extra), start=12.0, end=WIDTH - 16.0, num_ticks=4)
    height = 34.0 * len(shown) + 48.0
    drawn = [_grid_down(across, 4.0, height - 40.0), _axis_label(x_label, height)]
    if reference is not None:
        x = across.at(reference)
        drawn.append(element("line", x1=x, x2=x, y1=4.0, y2=height - 40.0, class_="reference"))
    drawn += [_whisker(one, 34.0 * row + 4.0, across) for row, one in enumerate(shown)]
    return Figure(
        title,
        _svg(title, height, drawn),
        (*header, "low", "high"),
        tuple((one.label, one.value, one.low, one.high) for one in whiskers),
        caption,
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
        _svg(title, HEIGHT, drawn),
        ("from", "to", *names),
        tuple(
            (low, high, *(one[place] for one in counts))
            for place, (low, high) in enumerate(pairwise(edges))
        ),
        caption,
        tuple((name, colour) for colour, name in enumerate(names)) if len(counts) > 1 else (),
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
    return Series(one.name, columns[0], columns[1], low, high, one.reference, one.marks)


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
    parts = [element("polyline", points=_points(points), class_=kind)]
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


def _whisker(one: Whisker, top: float, across: Axis) -> Markup:
    y = top + 24.0
    colour = "s0" if one.strong else "s9"
    low, high = (value if math.isfinite(value) else one.value for value in (one.low, one.high))
    return join(
        element("text", text(one.label, limit=48), x=12, y=top + 13.0, class_="label"),
        element(
            "text",
            text(number(one.value)),
            x=WIDTH - 16.0,
            y=top + 13.0,
            class_="label number end",
        ),
        element(
            "line", x1=across.at(low), x2=across.at(high), y1=y, y2=y, class_=f"whisker {colour}"
        ),
        element("circle", cx=across.at(one.value), cy=y, r=4.5, class_=f"fill {colour}"),
    )


def _frame(across: Axis, up: Axis, x_label: str, y_label: str) -> Markup:
    """Grid lines, ticks and names of both axes."""
    parts = [_grid_down(across, TOP, HEIGHT - BOTTOM), _axis_label(x_label, HEIGHT)]
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


def _grid_down(across: Axis, top: float, bottom: float) -> Markup:
    parts = []
    for tick in across.ticks:
        x = across.at(tick)
        parts.append(element("line", x1=x, x2=x, y1=top, y2=bottom, class_="grid"))
        written = text(across.label(tick))
        parts.append(element("text", written, x=x, y=bottom + 16, class_="tick middle"))
    return join(*parts)


def _axis_label(words: str, height: float) -> Markup:
    return element("text", text(words, limit=60), x=WIDTH / 2, y=height - 6, class_="axis middle")


def _points(points: Iterable[tuple[float, float]]) -> Markup:
    return Markup(" ".join(f"{x:.1f},{y:.1f}" for x, y in points))


def _svg(title: str, height: float, drawn: Sequence[Markup]) -> Markup:
    if not drawn:
        return element("p", text("nothing to show"), class_="muted")
    box = f"0 0 {WIDTH:g} {height:g}"
    return element("svg", *drawn, viewBox=box, role="img", aria_label=title, class_="plot")
