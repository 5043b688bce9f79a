"""Several families, each asked about rows that it did not learn from (`core.protocols.OutOfFold`).

They err in different places: a linear model on everything, boosted trees on what is no text, naive Bayes
on the terms of texts, neighbours. Each has its own preparation, which is fitted once on all rows, because
it looks at no target. They are quick rather than tuned: the linear penalty is chosen once, in the first
fold's train rows; boosting has a fixed number of trees. Images are judged by their pixels, shrunk to 16 x 16.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.clock import Unhurried
from trainwright.core.columns import Column, ColumnType, Target
from trainwright.core.features import Examples, FeatureNeeds, Features, ImageNeeds
from trainwright.core.protocols import Fit, Workplace
from trainwright.core.seeds import derive_seed
from trainwright.data.fitting import fit_preparation
from trainwright.models.tables.lightgbm import LightGBM
from trainwright.models.tables.linear import Linear
from trainwright.models.tables.neighbours import neighbour_answers, points_of
from trainwright.models.tables.terms import term_answers
from trainwright.recipe.sections import TrainingSettings

Floats = NDArray[np.float64]

STRENGTHS = (10.0, 1.0, 0.1)
ITERATIONS, FEW_ITERATIONS = 80, 50  # trees; the second where there are many classes
MOST_NEIGHBOURS = 6_000  # rows
_PIXELS = 16
_SCALED = FeatureNeeds(scale=True, one_hot=True)
_CODES = FeatureNeeds()


def out_of_fold(frame: pl.DataFrame, inputs: Sequence[Column], *, target: Target) -> TableFolds:
    """Prepare typed rows."""
    images = [column for column in inputs if column.type is ColumnType.IMAGE]
    if images:
        pixels = _pixels(frame, images)
        return TableFolds(pixels, pixels, target)
    usable = [column for column in inputs if column.type is not ColumnType.IDENTIFIER]
    plain = [column for column in usable if column.type is not ColumnType.TEXT]
    scaled = fit_preparation(frame, usable, _SCALED, base=Path()).transform(frame)
    codes = fit_preparation(frame, plain, _CODES, base=Path()).transform(frame)
    return TableFolds(scaled, codes, target)


class TableFolds:
    """Families on features (`core.protocols.FoldModels`).

    Args:
        scaled: For the linear model and for neighbours.
        codes: For trees.
        target: What is learnt.
    """

    def __init__(self, scaled: Features, codes: Features, target: Target) -> None:
        self._scaled = scaled
        self._codes = codes
        self._target = target
        self._strength: float | None = None
        self._points: Floats | None = None

    @property
    def families(self) -> tuple[str, ...]:
        fits = {
            "linear": True,
            "terms": bool(self._scaled.sparse_names and self._target.classes),
            "neighbours": self._scaled.num_rows <= MOST_NEIGHBOURS,
            "lightgbm": bool(self._codes.names),
        }
        return tuple(name for name, does in fits.items() if does)

    def points(self) -> Floats:
        """Where the rows stand (`core.protocols.Placed`)."""
        if self._points is None:
            self._points = points_of(self._scaled, self._codes)
        return self._points

    def predict(
        self,
        family: str,
        values: Floats,
        *,
        folds: NDArray[np.int64],
        learn: NDArray[np.bool_] | None = None,
        seed: int = 0,
    ) -> Floats:
        width = len(self._target.classes)
        found = np.empty((len(values), width) if width else len(values))
        for fold in np.unique(folds):
            outside = folds == fold
            inside = ~outside if learn is None else ~outside & learn
            answer = {
                "linear": self._linear,
                "terms": self._by_terms,
                "neighbours": self._near,
                "lightgbm": self._boosted,
            }[family]
            found[outside] = answer(values, inside, outside, derive_seed(seed, family, int(fold)))
        return found

    def _linear(
        self, values: Floats, inside: NDArray[np.bool_], outside: NDArray[np.bool_], seed: int
    ) -> Floats:
        if self._strength is None:
            self._strength = self._choose(values, inside, seed)
        train, rows = (_examples(self._scaled, values, mask) for mask in (inside, outside))
        fit = self._fit_linear(train, rows, (self._strength,), seed)
        return fit.estimator.predict(rows.features)

    def _choose(self, values: Floats, inside: NDArray[np.bool_], seed: int) -> float:
        """The penalty that a fifth of the first fold's train rows likes best; numbers keep the middle one."""
        held = np.zeros(len(values), dtype=bool)
        held[np.flatnonzero(inside)[::5]] = True
        if not self._target.classes or held.sum() < 2:
            return STRENGTHS[1]
        train, rows = (_examples(self._scaled, values, mask) for mask in (inside & ~held, held))
        fit = self._fit_linear(train, rows, STRENGTHS, seed)
        losses = [point.validation or 0.0 for point in fit.curve]
        return STRENGTHS[int(np.argmin(losses))]

    def _fit_linear(
        self, train: Examples, rows: Examples, strengths: tuple[float, ...], seed: int
    ) -> Fit:
        return Linear(strengths=strengths).fit(
            train,
            rows,
            target=self._target,
            training=_TRAINING,
            seed=seed,
            pacer=Unhurried(),
            workplace=_WORKPLACE,
        )

    def _boosted(
        self, values: Floats, inside: NDArray[np.bool_], outside: NDArray[np.bool_], seed: int
    ) -> Floats:
        train, rows = (_examples(self._codes, values, mask) for mask in (inside, outside))
        many = len(self._target.classes) > 2
        fit = LightGBM(
            num_iterations=FEW_ITERATIONS if many else ITERATIONS,
            learning_rate=0.1,
            num_leaves=15,
            min_data_in_leaf=max(1, min(20, int(inside.sum()) // 50)),
            feature_fraction=0.5,
        ).fit(
            train,
            None,
            target=self._target,
            training=_TRAINING,
            seed=seed,
            pacer=Unhurried(),
            workplace=_WORKPLACE,
        )
        return fit.estimator.predict(rows.features)

    def _near(
        self, values: Floats, inside: NDArray[np.bool_], outside: NDArray[np.bool_], seed: int
    ) -> Floats:
        points = self.points()
        return neighbour_answers(
            points[inside],
            values[inside],
            points[outside],
            num_classes=len(self._target.classes),
        )

    def _by_terms(
        self, values: Floats, inside: NDArray[np.bool_], outside: NDArray[np.bool_], seed: int
    ) -> Floats:
        train, rows = (_examples(self._scaled, values, mask) for mask in (inside, outside))
        return term_answers(
            train.features, train.target, rows.features, num_classes=len(self._target.classes)
        )


_TRAINING = TrainingSettings()
_WORKPLACE = Workplace(base=Path())


def _examples(features: Features, values: Floats, mask: NDArray[np.bool_]) -> Examples:
    chosen = Features(
        dense=features.dense[mask],
        names=features.names,
        categorical=features.categorical,
        sparse=None if features.sparse is None else features.sparse[mask],
        sparse_names=features.sparse_names,
    )
    return Examples(chosen, values[mask])


def _pixels(frame: pl.DataFrame, images: Sequence[Column]) -> Features:
    """Brightness of each pixel, from 0 to 1."""
    needs = ImageNeeds(size=_PIXELS, channels=1)
    prepared = fit_preparation(frame, images[:1], needs, base=Path()).transform(frame)
    found = prepared.pixels(np.arange(frame.height)).reshape(frame.height, -1) / 255.0
    return Features(found, tuple(f"pixel {k}" for k in range(found.shape[1])))
