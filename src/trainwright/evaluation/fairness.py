"""Group by group: who is chosen, who is wrongly refused, and what a probability is worth.

For each class and each group of a protected column: the selection rate (how often the class is told), the
true and false positive rates (equalised odds), and the calibration gap (mean probability less the share of
rows that have the class). Over all groups that have 30 rows: the largest differences, as Fairlearn names
them. For numbers: the mean error and the mean absolute error.

No number here says that a model is fair: the criteria exclude each other where groups differ in their rates
(Kleinberg et al. 2016). Intervals are Wilson's or Student's, between units. Groups under 30 rows are counted
and not judged.

The threshold may be chosen within limits on these differences (`evaluation.fair_threshold`). A threshold a
group (Hardt et al. 2016) is not offered: it needs the protected column of everyone who asks.

Source: Hardt, Price & Srebro 2016, arXiv:1610.02413; Chouldechova 2017, arXiv:1610.07524 (calibration).
Parity: tests/numeric/test_fairness.py, with Fairlearn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Target, Task
from trainwright.summaries.intervals import Units, mean_interval, proportion_interval

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEWEST_ROWS = 30
CONFIDENCE = 0.95
_RATES = ("selection_rate", "true_positive_rate", "false_positive_rate")


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows by the groups of a protected column.

    Attributes:
        column: Its name, or "A and B" of two.
        names: Of the groups.
        codes: The place of each row's group in `names`; shape (rows,), int64.
    """

    column: str
    names: tuple[str, ...]
    codes: NDArray[np.int64]

    def crossed(self, other: Groups) -> Groups:
        """Each pair of a group of this column and one of the other."""
        names = tuple(f"{one} and {two}" for one in self.names for two in other.names)
        codes = self.codes * len(other.names) + other.codes
        return Groups(f"{self.column} and {other.column}", names, codes)


def judge_groups(
    prediction: Prediction,
    target: Floats,
    groups: Sequence[Groups],
    *,
    spec: Target,
    units: NDArray[np.int64],
) -> list[dict[str, Any]]:
    """Measures by group, as JSON values for evaluation.json.

    Args:
        prediction: As it is served: decided classes and calibrated probabilities, or numbers.
        target: Class codes as whole numbers, or values; shape (rows,).
        groups: Of the same rows.
        spec: What is predicted: classes or numbers, one a row.
        units: What is independent; shape (rows,).

    Returns:
        One entry a column: `column`, `groups` (`name`, `rows`, and where it is judged `classes`: label ->
        rates, or `errors`), and `differences`: label -> the largest ones.
    """
    made = []
    for one in groups:
        entries = []
        for code, name in enumerate(one.names):
            here = one.codes == code
            rows = int(here.sum())
            if rows:
                judged = (
                    _judge(prediction, target, here, spec, units) if rows >= FEWEST_ROWS else {}
                )
                entries.append({"name": name, "rows": rows, **judged})
        made.append(
            {"column": one.column, "groups": entries, "differences": _differences(entries, spec)}
        )
    return made


def positive_classes(spec: Target) -> dict[str, int]:
    """Classes that are told of, with their codes: the second of two, or all."""
    codes = range(1, 2) if len(spec.classes) == 2 else range(len(spec.classes))
    return {spec.classes[code]: code for code in codes}


def _judge(
    prediction: Prediction, target: Floats, here: Flags, spec: Target, units: NDArray[np.int64]
) -> dict[str, Any]:
    told, truth, clusters = prediction.values[here], target[here], Units.of(units[here])
    if spec.task is Task.REGRESSION:
        error = told - truth
        scale = float(np.std(target)) or 1.0
        return {
            "errors": {
                "mean_error": _mean(error, clusters, scale=scale),
                "mean_absolute_error": _mean(np.abs(error), clusters, scale=scale, low=0.0),
            }
        }
    assert prediction.probabilities is not None
    return {
        "classes": {
            label: _rates(
                told == code, truth == code, prediction.probabilities[here, code], clusters
            )
            for label, code in positive_classes(spec).items()
        }
    }


def _rates(told: Flags, truth: Flags, probability: Floats, units: Units) -> dict[str, Any]:
    return {
        "label_rate": _share(truth, np.ones_like(truth), units),
        "selection_rate": _share(told, np.ones_like(truth), units),
        "true_positive_rate": _share(told, truth, units),
        "false_positive_rate": _share(told, ~truth, units),
        "calibration_gap": _mean(probability - truth, units, scale=1.0, low=-1.0, high=1.0),
    }


def _share(hits: Flags, among: Flags, units: Units) -> dict[str, float] | None:
    """Share of `hits` among some rows; None where there are none of these."""
    if not among.any():
        return None
    part = units.take(among)
    found = proportion_interval(hits[among].astype(np.float64), part, confidence=CONFIDENCE)
    return found.to_json()


def _mean(
    values: Floats, units: Units, *, scale: float, low: float = -np.inf, high: float = np.inf
) -> dict[str, float]:
    found = mean_interval(values, units, confidence=CONFIDENCE, scale=scale, low=low, high=high)
    return found.to_json()


def _differences(entries: list[dict[str, Any]], spec: Target) -> dict[str, dict[str, float]]:
    """Largest differences between judged groups; nothing where fewer than two are judged."""
    judged = [entry for entry in entries if "classes" in entry]
    if len(judged) < 2:
        return {}
    made = {}
    for label in positive_classes(spec):
        spans = {}
        for rate in _RATES:
            values = [entry["classes"][label][rate] for entry in judged]
            known = [value["value"] for value in values if value is not None]
            spans[rate] = (min(known), max(known)) if known else (0.0, 0.0)
        low, high = spans["selection_rate"]
        odds = [spans[rate][1] - spans[rate][0] for rate in _RATES[1:]]
        gaps = [entry["classes"][label]["calibration_gap"]["value"] for entry in judged]
        made[label] = {
            "demographic_parity_difference": high - low,
            "demographic_parity_ratio": low / high if high > 0 else 1.0,
            "equal_opportunity_difference": odds[0],
            "equalized_odds_difference": max(odds),
            "calibration_gap_difference": max(gaps) - min(gaps),
        }
    return made
