"""Linear models: logistic regression, ridge, and a regression to the median for heavy tails.

The strength of the L2 penalty is chosen by the loss on validation (or by folds within train, where
there is none), from strong to weak, each solution the start of the next; the search ends when the
loss has risen twice. How the minimum is found stands in `convex.py`.

A prediction adds one feature after the other, from left to right, in plain numpy: a matrix product
would give other last bits for one row than for many. Cost: 3 to 4 times the time of the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainwright.core.artifacts import CurvePoint
from trainwright.core.clock import Pacer
from trainwright.core.columns import Target, Task
from trainwright.core.durable import read_json, write_json
from trainwright.core.features import Examples, FeatureNeeds, Features
from trainwright.core.parts import families
from trainwright.core.protocols import Fit, Workplace
from trainwright.core.seeds import derive_seed
from trainwright.models.links import Link, links_for
from trainwright.models.tables import convex
from trainwright.models.tables.convex import Design, Problem
from trainwright.models.tables.family import TableFamily
from trainwright.models.tables.losses import proper_loss, weighted_middle
from trainwright.models.tables.scores import probabilities
from trainwright.recipe.sections import TrainingSettings

_FILE = "estimator.json"
_RISES = 2  # worse strengths in a row that end the search
_FARTHEST = 100.0
_FOLDS = 5  # where there is no validation
_BLOCK_ROWS = 4_096
_JUDGED_ROWS = 20_000  # of train, for the curve alone


@dataclass(frozen=True, slots=True)
class LinearEstimator:
    """Weights, and how scores become an answer.

    Attributes:
        intercept: Shape (scores,).
        weights: Of the dense features; shape (features, scores).
        sparse_weights: Of the terms; shape (terms, scores).
        num_classes: 0 for regression.
        link: From the learnt scale to the target's.
    """

    intercept: NDArray[np.float64]
    weights: NDArray[np.float64]
    sparse_weights: NDArray[np.float64]
    num_classes: int
    link: Link = field(default_factory=Link)

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "linear"

    def predict(self, features: Features) -> NDArray[np.float64]:
        """Shape (rows, classes), or (rows,)."""
        dense = _bounded(features.dense)
        scores = np.empty((len(dense), len(self.intercept)))
        for start in range(0, len(dense), _BLOCK_ROWS):
            rows = slice(start, start + _BLOCK_ROWS)
            scores[rows] = self._dense_scores(dense[rows])
        if features.sparse is not None and len(self.sparse_weights):
            scores += features.sparse @ self.sparse_weights
        return probabilities(scores) if self.num_classes else self.link.inverse(scores[:, 0])

    def save(self, folder: Path) -> None:
        document = {
            "intercept": self.intercept.tolist(),
            "weights": self.weights.tolist(),
            "sparse_weights": self.sparse_weights.tolist(),
            "num_classes": self.num_classes,
            "link": self.link.to_json(),
        }
        write_json(folder / _FILE, document, pretty=False)

    @classmethod
    def load(cls, folder: Path) -> LinearEstimator:
        """From a folder whose hashes the caller has verified."""
        document = read_json(folder / _FILE)
        intercept = np.asarray(document["intercept"], dtype=np.float64)
        weights, sparse_weights = (
            np.asarray(document[name], dtype=np.float64).reshape(-1, len(intercept))
            for name in ("weights", "sparse_weights")
        )
        return cls(
            intercept,
            weights,
            sparse_weights,
            document["num_classes"],
            Link.from_json(document["link"]),
        )

    def _dense_scores(self, dense: NDArray[np.float64]) -> NDArray[np.float64]:
        """Intercept + feature 1 + feature 2 ..., in that order for any number of rows."""
        if len(dense) == 1:  # the same additions, in one call
            terms = np.concatenate([self.intercept[None], dense[0][:, None] * self.weights])
            return np.cumsum(terms, axis=0)[-1:]
        scores = np.repeat(self.intercept[:, None], len(dense), axis=1)
        for column, weights in zip(np.ascontiguousarray(dense.T), self.weights, strict=True):
            scores += column * weights[:, None]
        return scores.T


@dataclass(frozen=True, slots=True)
class _Trial:
    """One solution: with which link and strength, and how it did."""

    link: Link
    strength: float
    weights: NDArray[np.float64]
    curve: CurvePoint

    @property
    def loss(self) -> float:
        assert self.curve.validation is not None
        return self.curve.validation


class _Steps:
    """Counts the solver's iterations over all solutions and asks the pacer before each."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self.done = 0
        self.ended = False

    def go_on(self) -> bool:
        self.done += 1
        self.ended = self.ended or not self._pacer.go_on("linear", self.done)
        return not self.ended


@families.register
class Linear(TableFamily):
    """Logistic regression, ridge, or median regression, with an L2 penalty chosen from a grid."""

    family: Literal["linear"] = "linear"
    """Logistic regression, ridge, or median regression."""
    strengths: tuple[float, ...] = Field(
        default=(1000.0, 100.0, 10.0, 1.0, 0.1, 0.01), min_length=1
    )
    """Of the penalty, times half the squared weights, on the sum of losses; 1 / C of scikit-learn."""

    @property
    def needs(self) -> FeatureNeeds:
        """Scaled numbers, a column a category."""
        return FeatureNeeds(scale=True, one_hot=True)

    @property
    def cost(self) -> int:
        """Cheap to serve."""
        return 1

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
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        steps = _Steps(pacer)
        with threadpool_limits(1):  # a busy neighbour costs a waiting thread more than it brings
            if validation is None:
                trials = [self._fit_by_folds(train, target, seed=seed, steps=steps)]
            else:
                trials = list(self._search(train, validation, target, steps))
        best = min(trials, key=lambda trial: trial.loss)
        estimator = _estimator(best.weights, train.features, target, best.link)
        stopped = "budget" if steps.ended else "converged"
        curve = tuple(trial.curve for trial in trials)
        return Fit(estimator, iterations=best.curve.iteration, stopped=stopped, curve=curve)

    def _search(
        self, train: Examples, validation: Examples, target: Target, steps: _Steps
    ) -> Iterator[_Trial]:
        """Solutions from the strongest penalty to the weakest, for each link."""
        design = _design(train.features)
        for link in _links(target, train.target):
            problem = _problem(design, link.forward(train.target), target, train.weights)
            weights = _start(design, train, target, link)
            losses: list[float] = []
            for strength in sorted(self.strengths, reverse=True):
                if losses and steps.ended:
                    return
                weights = problem.solve(strength, start=weights, go_on=steps.go_on)
                trial = _judged(weights, train, validation, target, link, strength, steps.done)
                yield trial
                losses.append(trial.loss)
                if len(losses) > _RISES and min(losses[-_RISES:]) > min(losses):
                    break

    def _fit_by_folds(self, train: Examples, target: Target, *, seed: int, steps: _Steps) -> _Trial:
        """The strength with the least mean loss over folds, then all rows."""
        rows = len(train.target)
        folds = max(2, min(_FOLDS, rows))
        order = np.random.default_rng(derive_seed(seed, "linear", "folds")).permutation(rows)
        fold_of = np.empty(rows, dtype=np.int64)
        fold_of[order] = np.arange(rows) % folds
        totals: dict[tuple[str, float], list[float]] = {}
        for fold in range(folds):
            inside, outside = _rows(train, fold_of != fold), _rows(train, fold_of == fold)
            outside = replace(outside, weights=None)  # judged as the rows are
            for trial in self._search(inside, outside, target, steps):
                totals.setdefault((trial.link.curve, trial.strength), []).append(trial.loss)
        most = max(map(len, totals.values()))
        means = {key: np.mean(found) for key, found in totals.items() if len(found) == most}
        curve, strength = min(means, key=lambda key: (means[key], -key[1]))
        design = _design(train.features)
        link = next(link for link in _links(target, train.target) if link.curve == curve)
        problem = _problem(design, link.forward(train.target), target, train.weights)
        start = _start(design, train, target, link)
        weights = problem.solve(strength, start=start, go_on=steps.go_on)
        return _judged(weights, train, train, target, link, strength, steps.done)


def _links(target: Target, values: NDArray[np.float64]) -> tuple[Link, ...]:
    return (Link(),) if target.task is Task.CLASSIFICATION else links_for(target, values)


def _design(features: Features) -> Design:
    dense = np.empty((features.num_rows, 1 + features.dense.shape[1]))
    dense[:, 0] = 1.0
    dense[:, 1:] = _bounded(features.dense)
    sparse = features.sparse if features.sparse_names else None
    return Design(dense, sparse)


def _bounded(dense: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing values as 0, the centre; values beyond 100 spreads as 100, lest one row rule all."""
    return np.clip(np.where(np.isnan(dense), 0.0, dense), -_FARTHEST, _FARTHEST)


def _problem(
    design: Design,
    learnt: NDArray[np.float64],
    target: Target,
    row_weights: NDArray[np.float64] | None,
) -> Problem:
    num_classes = len(target.classes)
    if num_classes == 2:
        loss, curvature = convex.logistic, 0.25
    elif num_classes:
        loss, curvature = convex.softmax, 0.5
    else:
        loss, curvature = convex.absolute if target.heavy_tailed else convex.squared, 1.0
    return Problem(
        design,
        learnt,
        loss=loss,
        curvature=curvature,
        num_scores=num_classes if num_classes > 2 else 1,
        row_weights=row_weights,
    )


def _start(design: Design, train: Examples, target: Target, link: Link) -> NDArray[np.float64]:
    """The baseline as weights: an intercept, and zeros."""
    num_classes = len(target.classes)
    weights = np.zeros((design.num_columns, num_classes if num_classes > 2 else 1))
    if num_classes:
        counts = np.bincount(train.target.astype(np.int64), train.weights, minlength=num_classes)
        shares = counts + 1 / num_classes
        logs = np.log(shares / shares.sum())
        weights[0] = logs if num_classes > 2 else logs[1] - logs[0]
    else:
        learnt = link.forward(train.target)
        if train.weights is None:
            weights[0] = np.median(learnt) if target.heavy_tailed else learnt.mean()
        else:
            weights[0] = weighted_middle(learnt, train.weights, of_absolute=target.heavy_tailed)
    return weights


def _estimator(
    weights: NDArray[np.float64], features: Features, target: Target, link: Link
) -> LinearEstimator:
    width = 1 + features.dense.shape[1]
    return LinearEstimator(
        weights[0].copy(),
        weights[1:width].copy(),
        weights[width:].copy(),
        len(target.classes),
        link,
    )


def _judged(
    weights: NDArray[np.float64],
    train: Examples,
    validation: Examples,
    target: Target,
    link: Link,
    strength: float,
    iteration: int,
) -> _Trial:
    estimator = _estimator(weights, train.features, target, link)
    sample = _rows(train, slice(_JUDGED_ROWS))
    losses = [
        proper_loss(estimator.predict(rows.features), rows, target) for rows in (sample, validation)
    ]
    return _Trial(link, strength, weights, CurvePoint(iteration, losses[0], losses[1]))


def _rows(examples: Examples, mask: NDArray[np.bool_] | slice) -> Examples:
    features = examples.features
    chosen = Features(
        dense=features.dense[mask],
        names=features.names,
        categorical=features.categorical,
        sparse=None if features.sparse is None else features.sparse[mask],
        sparse_names=features.sparse_names,
    )
    weights = None if examples.weights is None else examples.weights[mask]
    return Examples(chosen, examples.target[mask], weights=weights)
