"""A small watched table and a model of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.monitoring.reference import build_reference

WORDS = ("ship", "sea", "late", "wind", "rope", "fog")


@dataclass(frozen=True)
class World:
    """Draws rows, and says what a model would of them."""

    inputs: tuple[Column, ...]
    target: Target

    def rows(self, count, *, seed, shift=0.0, null_share=0.05, new_share=0.0):
        random = np.random.default_rng(seed)
        number = random.normal(shift, 1.0, count)
        number[random.random(count) < null_share] = np.nan
        kinds = random.choice(["a", "b", "c", "d"], count, p=[0.5, 0.3, 0.15, 0.05])
        kinds = np.where(random.random(count) < new_share, "never seen", kinds)
        text = [" ".join(random.choice(WORDS, random.integers(3, 8))) for _ in range(count)]
        return pl.DataFrame(
            {
                "number": pl.Series(number).fill_nan(None),
                "kind": kinds,
                "flag": random.random(count) < 0.2,
                "text": text,
                "when": pl.Series(range(count), dtype=pl.Int64).cast(pl.Datetime("us")),
            }
        )

    def predict(self, frame):
        score = frame["number"].fill_null(0.0).to_numpy() + (frame["flag"].to_numpy() * 0.5)
        positive = 1 / (1 + np.exp(-np.clip(score, -50, 50)))
        return Prediction(
            (positive > 0.5).astype(np.int64), np.column_stack([1 - positive, positive])
        )

    def reference(self, frame, *, quality=None, by_time=False, units=None):
        built = build_reference(
            frame,
            self.inputs,
            prediction=self.predict(frame),
            target=self.target,
            quality={"metrics": quality or {}},
            by_time=by_time,
            units=units,
        )
        return json.loads(json.dumps(built, allow_nan=False))  # as a package keeps it


@pytest.fixture(scope="session")
def world():
    types = {
        "number": ColumnType.NUMBER,
        "kind": ColumnType.CATEGORY,
        "flag": ColumnType.BOOLEAN,
        "text": ColumnType.TEXT,
        "when": ColumnType.DATETIME,
    }
    inputs = tuple(Column(name, type_) for name, type_ in types.items())
    target = Target(Column("late", ColumnType.CATEGORY), Task.CLASSIFICATION, ("no", "yes"))
    return World(inputs, target)
