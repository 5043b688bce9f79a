"""AutoGluon's TabularPredictor (medium quality, its default) within the budget."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas
from autogluon.tabular import TabularPredictor
from common import THREADS, Fitted, Work, measure


def fit(work: Work) -> Fitted:
    """All rows but the test's; it splits them as it sees fit."""
    rows = pandas.concat([work.frame("train"), work.frame("valid")], ignore_index=True)
    predictor = TabularPredictor(
        label=work.target,
        problem_type={0: "regression", 2: "binary"}.get(len(work.classes), "multiclass"),
        eval_metric="log_loss" if work.classes else "root_mean_squared_error",
        path=str(work.out / "work"),
        verbosity=0,
    )
    predictor.fit(rows, time_limit=work.budget, num_cpus=THREADS, num_gpus=0)

    def save(folder: Path) -> None:
        predictor.clone_for_deployment(path=str(folder / "predictor"))
        shutil.rmtree(work.out / "work")

    def load(folder: Path) -> Any:
        again = TabularPredictor.load(str(folder / "predictor"))
        again.persist()

        def predict(frame: Any) -> np.ndarray:
            if not work.classes:
                return np.asarray(again.predict(frame))
            return np.asarray(again.predict_proba(frame)[work.classes])

        return predict

    return Fitted(save, load)


if __name__ == "__main__":
    measure(fit, packages=("autogluon.tabular", "lightgbm", "catboost", "xgboost-cpu"))
