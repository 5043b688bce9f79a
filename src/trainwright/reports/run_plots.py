"""The plots of an evaluation, from the numbers that it keeps in `Evaluation.plots`.

Known names, each a mapping of equally long lists:

    roc               x (false positive rate), y (true positive rate)
    precision_recall  x (recall), y (precision), up to a recall of 1
    calibration       told, observed, rows: one entry a bin
    confusion         classes, counts (rows: true, columns: decided)
    residuals         edges, counts, of predicted minus actual
    predicted_actual  predicted, actual: some rows
    forecast          step, actual, predicted: the first windows, one after another

Any other mapping of equally long lists of numbers is drawn too: its first list across, the others
up. So an evaluation may add a plot without a change here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trainwright.reports.bars import Whisker, whisker_plot
from trainwright.reports.svg import Figure, Series, histogram, line_plot
from trainwright.reports.tables import confusion_table

_UNIT = (0.0, 1.0)
Numbers = Mapping[str, Any]


def evaluation_figures(plots: Mapping[str, Any]) -> list[Figure]:
    """A figure for each entry that can be drawn, the known ones first."""
    order = sorted(plots, key=lambda name: list(_KNOWN).index(name) if name in _KNOWN else 99)
    figures = [_drawn(name, plots[name]) for name in order]
    return [figure for figure in figures if figure is not None]


def curve_figure(curve: Sequence[Mapping[str, Any]], *, loss: str) -> Figure | None:
    """Loss on train and validation after each iteration, or None where no curve was kept."""
    series = []
    for name in ("train", "validation"):
        known = [(point["iteration"], point[name]) for point in curve if point[name] is not None]
        if known:
            series.append(Series(name, [x for x, _ in known], [y for _, y in known]))
    if not series or max(len(one.x) for one in series) < 2:
        return None
    return line_plot(
        "Learning curve",
        series,
        x_label="iteration",
        y_label=loss,
        caption="Where the two part, the model learns its training rows by heart.",
    )


def importance_figure(importance: Mapping[str, Mapping[str, float]]) -> Figure | None:
    """The columns that matter most, with two standard errors on either side."""
    if not importance:
        return None
    largest = sorted(importance.items(), key=lambda item: (-item[1]["increase"], item[0]))[:15]
    whiskers = [
        Whisker(name, mean, mean - 2 * error, mean + 2 * error, strong=mean > 2 * error)
        for name, (mean, error) in (
            (name, (found["increase"], found["standard_error"])) for name, found in largest
        )
    ]
    return whisker_plot(
        "What the model looks at",
        whiskers,
        x_label="increase of the loss when the column is shuffled",
        caption="Permutation importance on validation, with two standard errors. "
        "Grey: not told apart from none.",
        reference=0.0,
        header=("column", "increase of loss"),
    )


def _drawn(name: str, numbers: object) -> Figure | None:
    if not isinstance(numbers, Mapping):
        return None
    return _KNOWN.get(name, _any_lines)(name, numbers)


def _roc(_: str, numbers: Numbers) -> Figure:
    curve = Series("model", numbers["x"], numbers["y"])
    chance = Series("chance", [0.0, 1.0], [0.0, 1.0], reference=True)
    return line_plot(
        "ROC curve",
        [curve, chance],
        x_label="false positive rate",
        y_label="true positive rate",
        x_bounds=_UNIT,
        y_bounds=_UNIT,
        caption="How many of the positives are found, for how many false alarms.",
    )


def _precision_recall(_: str, numbers: Numbers) -> Figure:
    # Where all are called positive, the precision is what chance would reach.
    chance = [Series("chance", [0.0, 1.0], [y, y], reference=True) for y in numbers["y"][-1:]]
    return line_plot(
        "Precision and recall",
        [Series("model", numbers["x"], numbers["y"]), *chance],
        x_label="recall",
        y_label="precision",
        x_bounds=_UNIT,
        y_bounds=_UNIT,
        caption="Of those called positive, how many are; against how many of all are found.",
    )


def _calibration(_: str, numbers: Numbers) -> Figure:
    told, observed, rows = numbers["told"], numbers["observed"], numbers["rows"]
    figure = line_plot(
        "Calibration",
        [
            Series("model", told, observed, marks=True),
            Series("perfect", [0.0, 1.0], [0.0, 1.0], reference=True),
        ],
        x_label="predicted probability",
        y_label="observed share",
        x_bounds=_UNIT,
        y_bounds=_UNIT,
        caption="On the dashed line, a stated 30 % comes true 30 times of a hundred.",
    )
    table = tuple(zip(told, observed, rows, strict=True))
    return replace(figure, header=("predicted probability", "observed share", "rows"), rows=table)


def _confusion(_: str, numbers: Numbers) -> Figure:
    classes = [str(name) for name in numbers["classes"]]
    return confusion_table("Confusion", classes, numbers["counts"], caption="Rows are the truth.")


def _residuals(_: str, numbers: Numbers) -> Figure:
    return histogram(
        "Residuals",
        numbers["edges"],
        [numbers["counts"]],
        x_label="predicted minus actual",
        caption="Centred on 0 and narrow is good. The outermost bins hold all that lies beyond.",
    )


def _predicted_actual(_: str, numbers: Numbers) -> Figure:
    rows = Series("rows", numbers["actual"], numbers["predicted"], marks=True, joined=False)
    both = (*rows.x, *rows.y)
    ends = [min(both, default=0.0), max(both, default=1.0)]
    return line_plot(
        "Predicted against actual",
        [rows, Series("perfect", ends, ends, reference=True)],
        x_label="actual",
        y_label="predicted",
        caption="Some of the rows. The nearer to the dashed line, the better.",
    )


def _forecast(_: str, numbers: Numbers) -> Figure:
    return line_plot(
        "Forecasts beside the truth",
        [
            Series("actual", numbers["step"], numbers["actual"]),
            Series("predicted", numbers["step"], numbers["predicted"]),
        ],
        x_label="step",
        y_label="value",
        caption="The first windows of validation, one after another; each was forecast at once from the"
        " steps before it.",
    )


def _any_lines(name: str, numbers: Numbers) -> Figure | None:
    """A plot of an entry that is not known here, or None when it is no lists of numbers."""
    lists = {key: value for key, value in numbers.items() if _is_list_of_numbers(value)}
    if len(lists) < 2 or len({len(value) for value in lists.values()}) > 1:
        return None
    (x_label, across), *others = lists.items()
    series = [Series(key, across, values) for key, values in others]
    title = name.replace("_", " ").capitalize()
    return line_plot(
        title,
        series,
        x_label=x_label.replace("_", " "),
        y_label=others[0][0].replace("_", " ") if len(others) == 1 else "value",
    )


def _is_list_of_numbers(value: object) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and len(value) > 1
        and all(item is None or isinstance(item, (int, float)) for item in value)
    )


_KNOWN: dict[str, Callable[[str, Numbers], Figure | None]] = {
    "roc": _roc,
    "precision_recall": _precision_recall,
    "calibration": _calibration,
    "confusion": _confusion,
    "residuals": _residuals,
    "predicted_actual": _predicted_actual,
    "forecast": _forecast,
}
