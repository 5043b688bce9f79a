"""Trainwright's own way: `run` on a recipe, and the package that it leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import BATCH_ROWS, SINGLE_ROWS, THREADS, Fitted, Work, measure

import trainwright
from trainwright.data.reading import read_typed
from trainwright.data.types import parse_value


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
            "accept": ["leakage"],  # the peers learn from equal rows too
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
            found = (
                [model.predict(b.frame) for b in read_typed(rows, model.inputs)]
                if isinstance(rows, Path)
                else [
                    model.predict_rows(
                        [{c.name: parse_value(c, rows[c.name]) for c in model.inputs}]
                    )
                ]
            )
            if not order:
                return np.concatenate([block.values for block in found])
            return np.concatenate([block.probabilities[:, order] for block in found])

        return predict

    return Fitted(save, load)


def frames(work: Work) -> tuple[Any, list[Any], Any]:
    """Parquet files for batches, as `predict` reads them; for single rows what the server parses."""
    rows = pl.read_parquet(work.folder / "test.parquet").drop(work.target)
    many = pl.concat([rows] * -(-BATCH_ROWS // rows.height)).head(BATCH_ROWS)
    many.write_parquet(work.out / "many.parquet")
    return (
        work.folder / "test.parquet",
        rows.head(SINGLE_ROWS).to_dicts(),
        work.out / "many.parquet",
    )


if __name__ == "__main__":
    measure(fit, packages=("trainwright", "lightgbm"), frames=frames)
