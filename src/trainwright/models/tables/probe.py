"""The quick model that stage 1 asks how well columns tell the target (`core.protocols.Probe`).

Forty shallow-ish trees on shared bins: 20,000 rows of 40 columns, five folds, in about a second.
The flow hands it to the data stage, which so needs no model of its own.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from trainwright.core.columns import Task
from trainwright.core.seeds import derive_seed
from trainwright.models.tables.boosted import threads_for

ITERATIONS = 40
_SETTINGS = {
    "num_leaves": 15,
    "learning_rate": 0.15,
    "max_bin": 127,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "seed": derive_seed(0, "probe"),
}


def probe(
    features: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    folds: NDArray[np.int64],
    task: str,
) -> NDArray[np.float64]:
    """Out-of-fold predictions: probabilities (rows, classes), or values (rows,); NaN for folds below 0.

    Where equal rows share a fold and few differ, one fold may hold them all: nothing is left to learn from,
    and each row gets the same answer, the shares of the classes or the mean.
    """
    import lightgbm

    num_classes = int(target.max()) + 1 if task == Task.CLASSIFICATION else 0
    threads = threads_for(features.size, most=2)
    settings = {**_SETTINGS, **_objective(num_classes, len(target)), "num_threads": threads}
    rows = lightgbm.Dataset(
        features,
        target,
        feature_name=[f"f{position}" for position in range(features.shape[1])],
        params=settings,
        free_raw_data=False,
    ).construct()
    found = np.full((len(target), num_classes) if num_classes else len(target), np.nan)
    if not np.ptp(folds):
        found[:] = (
            (target[:, None] == np.arange(num_classes)).mean(axis=0)
            if num_classes
            else target.mean()
        )
        return found
    for fold in np.unique(folds[folds >= 0]):
        outside = folds == fold
        booster = lightgbm.Booster(settings, rows.subset(np.flatnonzero(~outside).tolist()))
        for _ in range(ITERATIONS):
            if booster.update():
                break
        answer = cast(
            "NDArray[np.float64]", booster.predict(features[outside], num_threads=threads)
        )
        found[outside] = _shaped(answer, num_classes)
    return found


def _objective(num_classes: int, rows: int) -> dict[str, Any]:
    least = {"min_data_in_leaf": max(1, min(20, rows // 50))}
    if num_classes == 0:
        return {**least, "objective": "regression"}
    if num_classes <= 2:
        return {**least, "objective": "binary"}
    return {**least, "objective": "multiclass", "num_class": num_classes}


def _shaped(answer: NDArray[np.float64], num_classes: int) -> NDArray[np.float64]:
    return (
        np.stack([1 - answer, answer], axis=1)[:, :num_classes] if num_classes in (1, 2) else answer
    )
