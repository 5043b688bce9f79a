"""LightGBM as a careful person uses it: category columns, early stopping on validation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas
from common import THREADS, Fitted, Work, measure


def fit(work: Work) -> Fitted:
    """2,000 trees at most, learning rate 0.05, patience 50."""
    train, valid = work.frame("train"), work.frame("valid")
    columns = [name for name in train.columns if name != work.target]
    levels = {
        name: sorted(train[name].dropna().unique().tolist())
        for name in columns
        if not pandas.api.types.is_numeric_dtype(train[name])
    }
    sets = []
    for frame in (train, valid):
        target = frame[work.target]
        if work.classes:
            target = target.map({name: code for code, name in enumerate(work.classes)})
        reference = sets[0] if sets else None
        sets.append(
            lightgbm.Dataset(
                typed(frame[columns], levels),
                target.to_numpy(dtype=float),
                feature_name=[f"f{n}" for n in range(len(columns))],
                reference=reference,
            )
        )
    settings: dict[str, Any] = {"learning_rate": 0.05, "num_threads": THREADS, "verbosity": -1}
    count = len(work.classes)
    settings["objective"] = "regression" if count == 0 else "binary" if count == 2 else "multiclass"
    if count > 2:
        settings["num_class"] = count
    stop = lightgbm.early_stopping(50, verbose=False)
    booster = lightgbm.train(settings, sets[0], 2_000, valid_sets=[sets[1]], callbacks=[stop])

    def save(folder: Path) -> None:
        booster.save_model(folder / "model.txt")
        about = {"columns": columns, "levels": levels, "binary": count == 2}
        (folder / "about.json").write_text(json.dumps(about))

    return Fitted(save, load)


def load(folder: Path) -> Any:
    """Booster and category levels."""
    booster = lightgbm.Booster(model_file=folder / "model.txt")
    about = json.loads((folder / "about.json").read_text())

    def predict(frame: Any) -> np.ndarray:
        found = np.asarray(booster.predict(typed(frame[about["columns"]], about["levels"])))
        return np.stack([1 - found, found], axis=1) if about["binary"] else found

    return predict


def typed(frame: Any, levels: dict[str, list[str]]) -> Any:
    """Texts as categories of the train rows, numbers as floats; columns numbered."""
    found = {
        f"f{n}": pandas.Categorical(frame[name], categories=levels[name])
        if name in levels
        else frame[name].astype("float64")
        for n, name in enumerate(frame.columns)
    }
    return pandas.DataFrame(found, index=frame.index)


if __name__ == "__main__":
    measure(fit, packages=("lightgbm",))
