"""FLAML's AutoML within the budget; it splits train and validation rows as it sees fit."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas
from common import THREADS, Fitted, Work, measure
from flaml import AutoML


def fit(work: Work) -> Fitted:
    """All rows but the test's, FLAML's default learners."""
    rows = pandas.concat([work.frame("train"), work.frame("valid")], ignore_index=True)
    target = rows.pop(work.target)
    if work.classes:
        target = target.map({name: code for code, name in enumerate(work.classes)}).astype(int)
    automl = AutoML()
    automl.fit(
        prepared(rows),
        target,
        task="classification" if work.classes else "regression",
        metric="log_loss" if work.classes else "rmse",
        time_budget=work.budget,
        n_jobs=THREADS,
        seed=0,
        verbose=0,
    )

    def save(folder: Path) -> None:
        with (folder / "model.pkl").open("wb") as handle:
            pickle.dump((automl, bool(work.classes)), handle)

    return Fitted(save, load)


def load(folder: Path) -> Any:
    """What was pickled."""
    with (folder / "model.pkl").open("rb") as handle:
        automl, is_classification = pickle.load(handle)

    def predict(frame: Any) -> np.ndarray:
        frame = prepared(frame)
        return np.asarray(
            automl.predict_proba(frame) if is_classification else automl.predict(frame)
        )

    return predict


def prepared(frame: Any) -> Any:
    """Texts as objects and plain column names, which its learners ask for."""
    frame = frame.copy()
    for name in frame.columns:
        if not pandas.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].astype(object)
    frame.columns = [f"f{n}" for n in range(frame.shape[1])]
    return frame


if __name__ == "__main__":
    measure(fit, packages=("FLAML", "lightgbm", "xgboost"))
