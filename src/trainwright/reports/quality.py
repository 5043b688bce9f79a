"""How good a model is: its metrics with their intervals, its diagnosis and plots, and its slices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.reports.bars import Whisker, whisker_plot
from trainwright.reports.markup import number
from trainwright.reports.metric_names import metric_words
from trainwright.reports.page import Page, Tone
from trainwright.reports.run_plots import curve_figure, evaluation_figures, importance_figure

Values = Mapping[str, Any]
_MAIN_METRICS = (
    "roc_auc",
    "accuracy",
    "micro_f1",
    "r2",
    "rmse",
)  # shown first where no metric was asked for
_LIMIT_SLICES = 40
_OF_LABELS = (
    "label",
    "rows",
    "told",
    "threshold",
    "precision",
    "recall",
    "f1",
    "average_precision",
)


def main_metric(run: Values, evaluation: Values) -> str | None:
    """The metric that is shown first: the one asked for, else the most telling that there is."""
    metrics = evaluation.get("metrics", {})
    asked = (run.get("metric"), *_MAIN_METRICS, *metrics)
    return next((str(name) for name in asked if name in metrics), None)


def with_interval(metric: Values) -> str:
    """For example "0.74 (0.73 to 0.75)"."""
    return f"{number(metric['value'])} ({number(metric['low'])} to {number(metric['high'])})"


def add_quality(page: Page, evaluation: Values, *, curve: bool) -> None:
    """Metrics, diagnosis and plots; the learning curve only where none was drawn above."""
    split = evaluation.get("split", "validation")
    section = page.section(f"Quality on {split}")
    rows = [
        (metric_words(name), found["value"], found["low"], found["high"])
        for name, found in evaluation.get("metrics", {}).items()
    ]
    if diagnosis := evaluation.get("diagnosis"):
        tone: Tone = "good" if diagnosis["verdict"] == "balanced" else "warning"
        section.callout(tone, str(diagnosis["verdict"]).capitalize(), diagnosis["message"])
    section.table(("metric", "value", "low", "high"), rows, empty="no metrics were kept")
    threshold = evaluation.get("threshold")
    if isinstance(threshold, int | float):
        section.paragraph(
            f"The positive class is called from a probability of {number(threshold)} on."
        )
    plots = evaluation.get("plots", {})
    if found := plots.get("labels"):
        section.table(
            ("label", "rows", "told", "from", "precision", "recall", "F1", "average precision"),
            list(zip(*(found[key] for key in _OF_LABELS), strict=True)),
        )
        section.paragraph(
            "Each label by itself, told from its probability in the column `from` on."
        )
    loss = metric_words(evaluation.get("loss", {}).get("name", "loss"))
    figures = [
        curve_figure(evaluation.get("curve", ()) if curve else (), loss=loss),
        *evaluation_figures({name: one for name, one in plots.items() if name != "labels"}),
        importance_figure(evaluation.get("importance", {})),
    ]
    section.figures(*(figure for figure in figures if figure is not None))


def add_slices(page: Page, evaluation: Values) -> None:
    """The same metric on parts of the rows."""
    slices = evaluation.get("slices", ())
    if not slices:
        return
    section = page.section("Slices", lead="The same metric on parts of the rows.")
    metric = main_metric({}, slices[0])
    if metric is None:
        return
    whole = evaluation.get("metrics", {}).get(metric)
    shown = [one for one in slices if metric in one["metrics"]]
    section.figures(
        whisker_plot(
            f"{metric_words(metric)} by slice",
            [_slice_whisker(one, metric) for one in shown[:_LIMIT_SLICES]],
            x_label=f"{metric_words(metric)}; dashed: all rows",
            reference=whole["value"] if whole else None,
            header=("slice", metric_words(metric)),
        )
    )
    section.table(
        ("column", "value", "rows", metric_words(metric), "low", "high"),
        [
            (one["column"], one["value"], one["rows"], found["value"], found["low"], found["high"])
            for one in shown
            for found in (one["metrics"][metric],)
        ],
    )


def _slice_whisker(one: Values, metric: str) -> Whisker:
    found = one["metrics"][metric]
    return Whisker(
        f"{one['column']} = {one['value']}",
        found["value"],
        found["low"],
        found["high"],
        strong=True,
    )
