"""How good the winner is: decision rule, metrics with intervals, diagnosis, importance.

Calibrator and threshold are cross-fitted within validation for every number that is printed, and
fitted on all of it for the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import CurvePoint, Evaluation, Prediction, Snapshot, Split
from trainwright.core.columns import Target, Task
from trainwright.core.seeds import derive_seed
from trainwright.evaluation.decision import (
    METHODS,
    REBALANCED,
    Decision,
    Method,
    cross_fit_decision,
    fit_decision,
)
from trainwright.evaluation.evaluate import evaluate
from trainwright.evaluation.label_decision import cross_fit_labels, fit_labels
from trainwright.flow.fairness import limit_of
from trainwright.flow.rows import Rows
from trainwright.models.fitted import FittedModel
from trainwright.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Assessment:
    """Attributes.

    decision: Calibrator and threshold, fitted on all validation rows.
    prediction: Cross-fitted predictions on the validation rows.
    evaluation: Their metrics.
    """

    decision: Decision
    prediction: Prediction
    evaluation: Evaluation


def assess(
    output: NDArray[np.float64],
    validation: Rows,
    *,
    snapshot: Snapshot,
    recipe: Recipe,
    num_candidates: int = 1,
    slices: Sequence[str] = (),
    curve: Sequence[CurvePoint] = (),
) -> Assessment:
    """Judge raw validation predictions.

    Args:
        output: Raw predictions, (rows, classes) or (rows,).
        validation: The rows that they are for.
        snapshot: Names the target.
        recipe: Its training seed and its evaluation metric are read.
        num_candidates: How many were compared; intervals are at 1 - 0.05 / this (Bonferroni).
        slices: Columns whose values are reported one by one.
        curve: The fit's curve, passed on.
    """
    spec, seed = snapshot.target, recipe.training.seed
    if spec.task is Task.MULTI_LABEL:
        decision = fit_labels(
            output,
            validation.target,
            validation.units,
            seed=derive_seed(seed, "decision"),
            by_time=snapshot.by_time,
            metric=recipe.evaluation.metric,
        )
        prediction = told_labels(output, validation, snapshot=snapshot, recipe=recipe)
    elif spec.task.has_classes:
        codes = validation.items.astype(np.int64)
        methods = methods_of(recipe)
        limit = limit_of(recipe, validation, snapshot=snapshot)
        decision = fit_decision(
            output,
            codes,
            validation.item_units,
            spec=spec,
            seed=derive_seed(seed, "decision"),
            by_time=snapshot.by_time,
            metric=recipe.evaluation.metric,
            methods=methods,
            limit=limit,
        )
        prediction = cross_fit_decision(
            output,
            codes,
            validation.item_units,
            spec=spec,
            seed=derive_seed(seed, "decision"),
            by_time=snapshot.by_time,
            metric=recipe.evaluation.metric,
            methods=methods,
            limit=limit,
        )
    else:
        decision, prediction = (
            Decision(calibrator=None, threshold=None),
            Prediction(flat(output, spec)),
        )
    evaluation = evaluate(
        replace(prediction, row_words=validation.words),
        validation.items,
        spec=spec,
        units=validation.item_units,
        split=Split.VALIDATION,
        threshold=decision.threshold,
        confidence=1 - 0.05 / max(1, num_candidates),
        slices=slice_values(validation, slices),
        curve=tuple(curve),
        seed=derive_seed(seed, "intervals"),
    )
    return Assessment(decision, prediction, replace(evaluation, confidence=0.95))


def told_labels(
    output: NDArray[np.float64], rows: Rows, *, snapshot: Snapshot, recipe: Recipe
) -> Prediction:
    """Of several labels those that are told, by calibrators and thresholds of rows of other folds."""
    return cross_fit_labels(
        output,
        rows.target,
        rows.units,
        seed=derive_seed(recipe.training.seed, "decision"),
        by_time=snapshot.by_time,
        metric=recipe.evaluation.metric,
    )


def methods_of(recipe: Recipe) -> Sequence[Method]:
    """The calibrators that are tried: one more where the balance of classes was changed."""
    return METHODS if recipe.data.balance == "none" else REBALANCED


def as_served(
    output: NDArray[np.float64], rows: Rows, *, snapshot: Snapshot, recipe: Recipe
) -> NDArray[np.float64]:
    """What candidates are compared by: raw output, or cross-fitted probabilities where classes were weighed.

    Weights push raw probabilities off, the baseline's as well: a comparison of those would ask who was
    pushed least.
    """
    if recipe.data.balance == "none" or snapshot.target.task is not Task.CLASSIFICATION:
        return output
    calibrated = cross_fit_decision(
        output,
        rows.items.astype(np.int64),
        rows.item_units,
        spec=snapshot.target,
        seed=derive_seed(recipe.training.seed, "comparison"),
        by_time=snapshot.by_time,
        methods=REBALANCED,
    ).probabilities
    assert calibrated is not None
    return calibrated


def flat(output: NDArray[np.float64], spec: Target) -> NDArray[np.float64]:
    """Raw output with one entry an item: forecasts one step after the other."""
    return output.ravel() if spec.task is Task.FORECASTING else output


def slice_values(rows: Rows, columns: Sequence[str]) -> dict[str, NDArray[np.object_]]:
    """The text of each slice column for each item, with "(missing)" for null."""
    items = np.repeat(np.arange(rows.frame.height), rows.items_a_row)
    return {
        name: rows.frame[name]
        .cast(pl.String)
        .fill_null("(missing)")
        .to_numpy()
        .astype(object)[items]
        for name in columns
    }


def raw_output(model: FittedModel, frame: pl.DataFrame) -> NDArray[np.float64]:
    """What the estimator says before calibrator and threshold: (rows, classes) or (rows,)."""
    return model.estimator.predict(model.preparation.transform(frame))
