"""Gradient-boosted trees, fitted by LightGBM, stopped early on validation.

Categories are split natively by their codes; missing and unseen ones take the branch that training
found best. Features are numbered, not named, for LightGBM (it refuses `[ ] { } " : ,` in names).
Classes are not reweighted: probabilities stay honest, and the threshold is chosen later.

Cost: a loop of our own over `Booster.update`, because only so the pacer is asked before each
iteration and the fit is a function of its answers.

Source: Ke et al. 2017, LightGBM (NeurIPS); Friedman 2001, Greedy function approximation, sect. 5
(shrinkage and early stopping).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainwright.core.artifacts import CurvePoint
from trainwright.core.clock import Pacer
from trainwright.core.columns import Target, Task
from trainwright.core.durable import read_json, write_json, write_text
from trainwright.core.features import Examples, FeatureNeeds, Features
from trainwright.core.parts import families
from trainwright.core.protocols import Fit, Workplace
from trainwright.core.seeds import derive_seed
from trainwright.models.links import Link, links_for
from trainwright.models.tables.boosted import Trees, read_trees, table, threads_for, trimmed
from trainwright.models.tables.family import TableFamily
from trainwright.models.tables.scores import probabilities
from trainwright.recipe.sections import TrainingSettings

_FILE = "estimator.json"
_TREES = "model.txt"
_CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class LightGBMEstimator:
    """A tree ensemble and how its scores become an answer.

    Attributes:
        trees: Gives raw scores.
        num_classes: 0 for regression.
        link: From the learnt scale to the target's.
    """

    trees: Trees
    num_classes: int
    link: Link = field(default_factory=Link)

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "lightgbm"

    def predict(self, features: Features) -> NDArray[np.float64]:
        """Shape (rows, classes), or (rows,)."""
        scores = self.trees.scores(features)
        if self.num_classes == 0:
            return self.link.inverse(scores[:, 0])
        return probabilities(scores)

    def save(self, folder: Path) -> None:
        write_text(folder / _TREES, self.trees.text)
        document = {
            "num_classes": self.num_classes,
            "num_features": self.trees.num_features,
            "num_scores": self.trees.num_scores,
            "link": self.link.to_json(),
        }
        write_json(folder / _FILE, document)

    @classmethod
    def load(cls, folder: Path) -> LightGBMEstimator:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: the trees are not those that were saved.
        """
        document = read_json(folder / _FILE)
        trees = read_trees(
            folder / _TREES,
            num_features=document["num_features"],
            num_scores=document["num_scores"],
        )
        return cls(trees, document["num_classes"], Link.from_json(document["link"]))


@families.register
class LightGBM(TableFamily):
    """Boosted trees. Settings are LightGBM's own; None adapts to rows and columns."""

    family: Literal["lightgbm"] = "lightgbm"
    """Gradient-boosted trees."""
    num_iterations: int = Field(default=2000, ge=1)
    """At most; early stopping and the budget end sooner."""
    patience: int | None = Field(default=None, ge=1)
    """Iterations without a better validation loss that end the fit; 200 on few rows, down to 50."""
    learning_rate: float | None = Field(default=None, gt=0, le=1)
    """What each tree adds; 0.04, 0.05 or 0.1, by the number of rows."""
    num_leaves: int | None = Field(default=None, ge=2)
    """Leaves a tree; 15, 31 or 63, by the number of rows."""
    min_data_in_leaf: int | None = Field(default=None, ge=1)
    """Rows a leaf, at least; 5 or 20, and never more than a twentieth of the rows."""
    feature_fraction: float | None = Field(default=None, gt=0, le=1)
    """Share of the columns that a tree may use; 0.8, or 0.5 from 15 columns on."""
    bagging_fraction: float = Field(default=0.8, gt=0, le=1)
    """Share of the rows that a tree sees."""
    lambda_l2: float = Field(default=1.0, ge=0)
    """L2 penalty on the values of the leaves."""

    @property
    def needs(self) -> FeatureNeeds:
        """Categories as codes, numbers as they are."""
        return FeatureNeeds()

    @property
    def cost(self) -> int:
        """The dearest to serve."""
        return 2

    def fit(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        pacer: Pacer,
        workplace: Workplace,
    ) -> Fit:
        num_classes = len(target.classes)
        link = Link() if num_classes else links_for(target, train.target)[0]
        settings = self._settings(train, target, seed=seed, threads=training.threads)
        boosting = _Boosting(settings, train, validation, link=link)
        patience = self.patience or _patience(train.features.num_rows)
        stopped = boosting.run(self.num_iterations, patience=patience, pacer=pacer)
        best = boosting.best_iteration
        features = train.features
        trees = Trees(
            trimmed(boosting.booster.model_to_string(num_iteration=best)),
            num_features=len(features.names) + len(features.sparse_names),
            num_scores=settings["num_class"],
        )
        estimator = LightGBMEstimator(trees, num_classes, link)
        return Fit(estimator, iterations=best, stopped=stopped, curve=boosting.curve())

    def _settings(
        self, train: Examples, target: Target, *, seed: int, threads: int
    ) -> dict[str, Any]:
        rows, width = train.features.dense.shape
        few, very_few = rows < 20_000, rows < 5_000
        width += len(train.features.sparse_names)
        return {
            **_objective(target),
            "learning_rate": self.learning_rate
            or (0.04 if few else 0.05 if rows < 200_000 else 0.1),
            "num_leaves": self.num_leaves or (15 if very_few else 31 if few else 63),
            "min_data_in_leaf": self.min_data_in_leaf
            or max(1, min(5 if very_few else 20, rows // 20)),
            "feature_fraction": self.feature_fraction or (0.8 if width < 15 else 0.5),
            "bagging_fraction": self.bagging_fraction,
            "bagging_freq": 1,
            "lambda_l2": self.lambda_l2,
            "min_data_per_group": max(1, min(100, rows // 20)),
            "seed": derive_seed(seed, "lightgbm"),
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads_for(rows * width, most=threads),
            "verbosity": -1,
        }


class _Boosting:
    """Iterations one by one, with the validation loss after each."""

    def __init__(
        self, settings: dict[str, Any], train: Examples, validation: Examples | None, *, link: Link
    ) -> None:
        import lightgbm

        rows = _dataset(train, link=link, settings=settings)
        self.booster = lightgbm.Booster(settings, rows)
        self._watches = validation is not None
        self._weighted = train.weights is not None
        if validation is not None:
            self.booster.add_valid(
                _dataset(validation, link=link, settings=settings, reference=rows), "validation"
            )
        self._unit = link.scale**2 if settings["objective"] == "regression" else 1.0
        self._points: list[CurvePoint] = []
        self.best_iteration = 0

    def run(self, limit: int, *, patience: int, pacer: Pacer) -> str:
        """Why it ended. The first iteration is made whatever the pacer says: there is a model."""
        best_loss = np.inf
        for step in range(limit):
            if step and not pacer.go_on("lightgbm", step):
                return "budget"
            if self.booster.update():
                self.best_iteration = self.best_iteration or self.booster.current_iteration()
                return "converged"  # no split gains anything any more
            loss = self._note(step + 1)
            if loss is None or loss < best_loss:
                best_loss, self.best_iteration = (np.inf if loss is None else loss), step + 1
            elif step + 1 - self.best_iteration >= patience:
                return "early"
        return "limit"

    def curve(self) -> tuple[CurvePoint, ...]:
        """At most 200 points, evenly thinned; the best and the last one are kept."""
        every = -(-len(self._points) // _CURVE_POINTS)
        last = len(self._points)
        return tuple(
            point
            for point in self._points
            if point.iteration % max(every, 1) == 0
            or point.iteration in (1, self.best_iteration, last)
        )

    def _note(self, iteration: int) -> float | None:
        validation = float(self.booster.eval_valid()[0][2]) if self._watches else None
        train = (
            float(self.booster.eval_train()[0][2])
            if iteration % 5 == 1 and not self._weighted
            else None
        )
        losses = [None if loss is None else loss * self._unit for loss in (train, validation)]
        self._points.append(CurvePoint(iteration, *losses))
        return validation


def _patience(rows: int) -> int:
    """Few rows are quick, and their validation loss is noisy: wait longer."""
    return 200 if rows < 5_000 else 100 if rows < 20_000 else 50


def _objective(target: Target) -> dict[str, Any]:
    if target.task is Task.REGRESSION:
        loss = "l1" if target.heavy_tailed else "l2"
        name = "regression_l1" if target.heavy_tailed else "regression"
        return {"objective": name, "metric": loss, "num_class": 1}
    if len(target.classes) == 2:
        return {"objective": "binary", "metric": "binary_logloss", "num_class": 1}
    count = len(target.classes)
    return {"objective": "multiclass", "metric": "multi_logloss", "num_class": count}


def _dataset(
    rows: Examples,
    *,
    link: Link,
    settings: dict[str, Any],
    reference: Any = None,  # noqa: ANN401 - a lightgbm.Dataset
) -> Any:  # noqa: ANN401
    import lightgbm

    features = rows.features
    width = len(features.names) + len(features.sparse_names)
    return lightgbm.Dataset(
        table(features),
        link.forward(rows.target),
        weight=rows.weights,
        reference=reference,
        feature_name=[f"f{position}" for position in range(width)],
        categorical_feature=list(features.categorical),
        params=settings,
        free_raw_data=True,
    )
