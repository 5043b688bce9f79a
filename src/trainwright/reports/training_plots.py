"""The curves of a training: each with the step that the weights are of, and its numbers below it.

What is recorded decides what is drawn: a value and the same value under `validation_` share a plot, and
a value that this module does not know is drawn under its own name. Of many points some are drawn,
evenly, with the first, the last and the best among them; where several networks were trained, each has
fewer, so that the page stays small.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from trainwright.reports.markup import number
from trainwright.reports.svg import Figure, Series, line_plot, thinned
from trainwright.reports.tables import LIMIT_ROWS

Record = Mapping[str, float]
Points = dict[int, float]  # step -> value

VALIDATION = "validation_"
POINTS_OF_ALL = 600  # of one curve, over all candidates
LEAST_POINTS = 30
LIMIT_OTHERS = 6  # plots of values that are not known here


@dataclass(frozen=True, slots=True)
class _Known:
    """How a value is told."""

    title: str
    unit: str
    caption: str = ""


_LOSS = _Known(
    "Loss",
    "loss",
    "Train is the mean since the record before; validation is the whole of its rows.",
)
_LATER = {
    "gradient_norm": _Known(
        "Gradient norm",
        "L2 norm",
        "Before clipping. Where it grows without end, training diverges.",
    ),
    "learning_rate": _Known("Learning rate", "learning rate", "Of the first group of weights."),
    "samples_per_second": _Known("Throughput", "samples a second"),
    "tokens_per_second": _Known("Throughput in tokens", "tokens a second"),
    "mfu": _Known(
        "Utilisation",
        "share of the peak",
        "Operations that the model needs, over those of a matrix product on this machine.",
    ),
}
_NOT_DRAWN = ("step", "epoch", "parameter_norm", "memory_bytes")


def training_figures(
    records: Sequence[Record], *, best: int | None = None, candidates: int = 1
) -> list[Figure]:
    """The curves of one candidate: loss, other values, then gradient norm, learning rate, throughput.

    Args:
        records: By rising step; a value that is not finite is left out of the drawing, not of the table.
        best: The step that the weights are of.
        candidates: How many share the page.
    """
    limit = max(LEAST_POINTS, min(LIMIT_ROWS, POINTS_OF_ALL // max(1, candidates)))
    seen = dict.fromkeys(_base(name) for record in records for name in record)
    others = [name for name in seen if name not in ("loss", *_LATER, *_NOT_DRAWN)]
    order = {"loss": _LOSS, **{name: _told(name) for name in others[:LIMIT_OTHERS]}, **_LATER}
    figures = [
        _figure(records, name, known, best=best, limit=limit)
        for name, known in order.items()
        if name in seen
    ]
    return [figure for figure in figures if figure is not None]


def first_not_finite(records: Sequence[Record]) -> tuple[int, str] | None:
    """Step and name of the first loss that is no finite number.

    A gradient norm may be none: fp16 overflows now and then, lowers its scale and goes on.
    """
    for record in records:
        for name, value in record.items():
            if "loss" in name and not math.isfinite(value):
                return int(record["step"]), name
    return None


def _figure(
    records: Sequence[Record], name: str, known: _Known, *, best: int | None, limit: int
) -> Figure | None:
    """One plot of a value and of the same on validation, or None where nothing could be drawn."""
    curves = {
        label: points
        for label, key in (("train", name), ("validation", VALIDATION + name))
        if (points := {int(one["step"]): one[key] for one in records if key in one})
    }
    share = limit // len(curves) if curves else limit
    curves = {label: _kept(points, share, best) for label, points in curves.items()}
    if max((len(points) for points in curves.values()), default=0) < 2:
        return None
    figure = line_plot(
        known.title,
        [*_lines(curves, known), *_mark(curves, best)],
        x_label="step",
        y_label=known.unit,
        caption=known.caption,
        x_bounds=(0.0, float(_last(curves))),
    )
    epochs = {int(one["step"]): int(one.get("epoch", 0)) for one in records}
    return replace(
        figure,
        header=(
            "step",
            "epochs finished",
            *(_heading(label, curves, known) for label in curves),
            "",
        ),
        rows=tuple(_rows(curves, epochs, best)),
    )


def _lines(curves: Mapping[str, Points], known: _Known) -> Iterator[Series]:
    for label, points in curves.items():
        few = label == "validation" and len(points) <= 30
        name = _heading(label, curves, known)
        yield Series(name, list(points), list(points.values()), marks=few)


def _mark(curves: Mapping[str, Points], best: int | None) -> Iterator[Series]:
    """The step that the weights are of, as an upright line."""
    values = [v for points in curves.values() for v in points.values() if math.isfinite(v)]
    if best is not None and 0 <= best <= _last(curves) and values:
        ends = [min(values), max(values)]
        yield Series(f"weights of step {number(best)}", [best, best], ends, reference=True)


def _last(curves: Mapping[str, Points]) -> int:
    return max(step for points in curves.values() for step in points)


def _rows(
    curves: Mapping[str, Points], epochs: Mapping[int, int], best: int | None
) -> Iterator[tuple[object, ...]]:
    """A row a step that is drawn; values that burst are told as what they are."""
    for step in sorted({step for points in curves.values() for step in points}):
        values = (_cell(points.get(step)) for points in curves.values())
        yield (step, epochs[step], *values, "weights" if step == best else "")


def _cell(value: float | None) -> object:
    if value is None:
        return ""
    return value if math.isfinite(value) else str(value)


def _kept(points: Points, limit: int, best: int | None) -> Points:
    """Some of the points; the first, the last and the best among them."""
    steps = {*map(int, thinned(list(points), limit - 2)), *({best} if best in points else ())}
    return {step: value for step, value in points.items() if step in steps}


def _heading(label: str, curves: Mapping[str, Points], known: _Known) -> str:
    return label if len(curves) > 1 or label == "validation" else known.unit


def _base(name: str) -> str:
    return name.removeprefix(VALIDATION)


def _told(name: str) -> _Known:
    words = name.replace("_", " ")
    return _Known(words.capitalize(), words)
