"""The plan of a network for series, from the train rows: shapes, scales, objective and usual settings.

Small sets get small batches, so that an epoch has several updates; how many epochs there are at most
follows from a number of updates that suffices, and early stopping ends them sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from trainwright.core.columns import Target, Task
from trainwright.core.features import Examples, Series
from trainwright.core.parts import Part
from trainwright.core.seeds import derive_seed
from trainwright.models.networks.plan import Defaults, NetworkPlan
from trainwright.training.objectives.classification import CrossEntropyPart
from trainwright.training.objectives.regression import MeanAbsolutePart, MeanSquaredPart
from trainwright.training.optimizers import AdamW
from trainwright.training.schedules import OneCycle

if TYPE_CHECKING:
    from trainwright.models.sequences.families import SeriesNetwork
    from trainwright.training.protocols import Objective

_UPDATES = 1_500
_LEAST_EPOCHS, _MOST_EPOCHS = 10, 150
_FORECAST_TOKENS = 64  # of a window: the linear map beside the network sees each step
_PATIENCE = 0.3  # of the epochs: a validation part of few series tells little of one epoch


def plan_series(
    family: SeriesNetwork,
    train: Examples,
    validation: Examples | None,
    *,
    target: Target,
    objective: Part | None,
    seed: int,
) -> NetworkPlan:
    """What the fit of a family is made of.

    Args:
        family: Its fields are read.
        train: Rows to learn from.
        validation: Rows to stop by, or None.
        target: What is predicted.
        objective: The recipe's, or None.
        seed: Of the first weights.
    """
    series: Series = train.features
    architecture = family.architecture(**_shapes(family, series, train, target))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights"))
        module = architecture.build()
    counts = _class_counts(train, target)
    usual = _usual_objective(target)
    num_rows = series.num_rows
    batch_size = int(np.clip(num_rows // 10, 8, 64))
    steps = max(1, num_rows // batch_size)
    epochs = int(np.clip(_UPDATES // steps, _LEAST_EPOCHS, _MOST_EPOCHS))
    return NetworkPlan(
        architecture=architecture,
        module=module,
        objective=_built(objective or usual, architecture.inputs, counts),
        judge=_built(usual, architecture.inputs, counts),
        train=architecture.source(series, train.target),
        validation=None
        if validation is None
        else architecture.source(validation.features, validation.target),
        defaults=Defaults(
            epochs=epochs,
            batch_size=batch_size,
            patience=max(5, round(_PATIENCE * epochs)),
            optimizer=AdamW(learning_rate=family.learning_rate, weight_decay=0.01),
            schedule=OneCycle(warmup=0.1),
        ),
    )


def _shapes(
    family: SeriesNetwork, series: Series, train: Examples, target: Target
) -> dict[str, Any]:
    """The common fields of an architecture."""
    lengths = np.diff(series.ends, prepend=0)
    is_forecast = target.task is Task.FORECASTING
    usual = int(lengths.max() if is_forecast else np.median(lengths))
    tokens = min(family.tokens, _FORECAST_TOKENS) if is_forecast else family.tokens
    patch = family.patch or max(1, -(-usual // tokens))
    return {
        "task": target.task.value,
        "channels": len(series.names),
        "outputs": len(target.classes) or target.horizon or 1,
        "hidden": family.hidden,
        "layers": family.layers,
        "dropout": family.dropout,
        "patch": patch,
        "context": int(lengths.max()) if is_forecast else 0,
        "season": target.season,
        **_scales(series, train, target),
    }


def _scales(series: Series, train: Examples, target: Target) -> dict[str, float]:
    """What is taken off numbers while they are learned, and what they are divided by."""
    if target.task is Task.FORECASTING:
        centre, scale = float(series.centre[0]), float(series.scale[0])
    elif target.task is Task.REGRESSION:
        middle = np.median if target.heavy_tailed else np.mean
        centre, scale = float(middle(train.target)), float(np.std(train.target))
    else:
        return {}
    return {"target_centre": centre, "target_scale": scale if scale > 0 else 1.0}


def _class_counts(train: Examples, target: Target) -> list[int]:
    if not target.classes:
        return []
    codes = train.target.astype(np.int64)
    return [int(count) for count in np.bincount(codes, minlength=len(target.classes))]


def _usual_objective(target: Target) -> Part:
    if target.classes:
        return CrossEntropyPart()
    return MeanAbsolutePart() if target.heavy_tailed else MeanSquaredPart()


def _built(part: Any, inputs: tuple[str, ...], counts: list[int]) -> Objective:  # noqa: ANN401 - objectives' parts build alike
    made: Objective = part.build(
        inputs=inputs, target="target", num_classes=len(counts), class_counts=counts or None
    )
    return made
