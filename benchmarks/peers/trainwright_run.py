"""Trainwright's own way: `run` on a recipe, and the package that it leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import polars.selectors
from common import BATCH_ROWS, SINGLE_ROWS, THREADS, Fitted, Work, measure

import trainwright


def fit(work: Work) -> Fitted:
    """Everything: reading, checks, snapshot, three families, choice, evaluation, package."""
    work.out.mkdir(parents=True)
    recipe = {
        "name": "benchmark",
        "task": "classification" if work.classes else "regression",
        "data": {
            "source": str(work.folder / "train.parquet"),
            "validation": str(work.folder / "valid.parquet"),
            "test": str(work.folder / "test.parquet"),
            "target": work.target,
        },
        "model": {"family": "auto"},
        "training": {"budget": work.budget, "threads": THREADS},
        "tracking": {"kind": "none"},
    }
    path = work.out / "recipe.yaml"
    path.write_text(json.dumps(recipe))  # JSON is YAML
    result = trainwright.run(path, workspace=work.out / "workspace")
    (work.out / "chosen.json").write_text(json.dumps({"chosen": dict(result.model)}, default=str))

    def save(folder: Path) -> None:
        shutil.copytree(result.package, folder / "package")

    def load(folder: Path) -> Any:
        model = trainwright.load_package(folder / "package").model
        order = [model.target.classes.index(name) for name in work.classes]

        def predict(rows: Any) -> np.ndarray:
            frames = isinstance(rows, pl.DataFrame)
            found = model.predict(rows) if frames else model.predict_rows(rows)
            if found.probabilities is None:
                return np.asarray(found.values)
            return np.asarray(found.probabilities[:, order])

        return predict

    return Fitted(save, load)


def frames(work: Work) -> tuple[Any, list[Any], Any]:
    """Typed frames, and single rows as plain mappings: what batch scoring and the server hold."""
    rows = pl.read_parquet(work.folder / "test.parquet").drop(work.target)
    rows = rows.with_columns(polars.selectors.numeric().cast(pl.Float64))
    singles = rows.head(SINGLE_ROWS).to_dicts()
    many = pl.concat([rows] * -(-BATCH_ROWS // rows.height)).head(BATCH_ROWS)
    return rows, [[row] for row in singles], many


if __name__ == "__main__":
    measure(fit, packages=("trainwright", "lightgbm"), frames=frames)
