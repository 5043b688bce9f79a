"""Measures by protected group in the run's report: a table a column, with the largest differences above."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.reports.markup import number
from trainwright.reports.page import Page

Values = Mapping[str, Any]

_HEADER = (
    "group",
    "rows",
    "class",
    "has it",
    "is told it",
    "true positive rate",
    "false positive rate",
    "calibration gap",
)
_RATES = (
    "label_rate",
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "calibration_gap",
)
_ERRORS = ("mean_error", "mean_absolute_error")


def add_fairness(page: Page, evaluation: Values) -> None:
    """The section, where `fairness` of evaluation.json holds something."""
    for entry in evaluation.get("fairness") or ():
        differences = "; ".join(
            f"{label}: {_words(found)}" for label, found in entry["differences"].items()
        )
        section = page.section(
            f"By {entry['column']}",
            lead="On validation, with 95 % intervals; groups under 30 rows are not judged."
            + (f" Largest differences between groups: {differences}." if differences else ""),
        )
        of_numbers = any("errors" in group for group in entry["groups"])
        header = ("group", "rows", "mean error", "mean absolute error") if of_numbers else _HEADER
        section.table(
            header, [row for group in entry["groups"] for row in _rows(group, of_numbers)]
        )


def _rows(group: Values, of_numbers: object) -> list[tuple[Any, ...]]:
    if of_numbers:
        errors = group.get("errors", {})
        return [(group["name"], group["rows"], *(_told(errors.get(name)) for name in _ERRORS))]
    classes = group.get("classes", {"": {}})
    return [
        (group["name"], group["rows"], label, *(_told(found.get(name)) for name in _RATES))
        for label, found in classes.items()
    ]


def _told(value: Values | None) -> str:
    if value is None:
        return ""
    return f"{number(value['value'])} ({number(value['low'])} to {number(value['high'])})"


def _words(differences: Values) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {number(value)}" for name, value in differences.items()
    )
