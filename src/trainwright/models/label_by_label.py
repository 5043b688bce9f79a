"""Several labels a row, each learnt by itself: a family of two classes, fitted once a label.

Whatever a family does for two classes (early stopping, the choice of a penalty) it does for each label. A
label that no train row has, or every one, gets its share as the answer. Cost: as many fits as labels, and
what one label tells of another is not used.

Source: binary relevance, as Tsoumakas & Katakis 2007 (Int. J. Data Warehousing and Mining 3) call it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.clock import Pacer
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.durable import make_folder, read_json, write_json
from trainwright.core.features import Examples, Needs
from trainwright.core.parts import load
from trainwright.core.protocols import Estimator, Family, Fit, Workplace
from trainwright.core.seeds import derive_seed
from trainwright.models.tables.baseline import Baseline
from trainwright.recipe.sections import TrainingSettings

_FILE = "estimator.json"
_CLASSES = ("absent", "present")


@dataclass(frozen=True, slots=True)
class LabelEstimator:
    """One estimator of two classes a label.

    Attributes:
        labels: In the order of the target's classes.
    """

    labels: tuple[Estimator, ...]

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "label-by-label"

    def predict(self, features: Any) -> NDArray[np.float64]:  # noqa: ANN401 - of AnyFeatures
        """How likely each label is; shape (rows, labels), rows do not sum to 1."""
        return np.column_stack([label.predict(features)[:, 1] for label in self.labels])

    def save(self, folder: Path) -> None:
        write_json(folder / _FILE, {"kinds": [label.kind for label in self.labels]})
        for number, label in enumerate(self.labels):
            make_folder(folder / _name(number))
            label.save(folder / _name(number))

    @classmethod
    def load(cls, folder: Path) -> LabelEstimator:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: an estimator is of no kind that we know.
        """
        kinds = read_json(folder / _FILE)["kinds"]
        return cls(tuple(load(kind, folder / _name(k)) for k, kind in enumerate(kinds)))


@dataclass(frozen=True, slots=True)
class LabelByLabel:
    """A family of two classes as one of several labels (`core.protocols.Family`).

    Attributes:
        part: The family, with its settings.
    """

    part: Family

    @property
    def family(self) -> str:
        """That of the part."""
        return self.part.family

    @property
    def needs(self) -> Needs:
        """Those of the part."""
        return self.part.needs

    @property
    def cost(self) -> int:
        """That of the part: the order of families is the same."""
        return self.part.cost

    @property
    def settings(self) -> frozenset[str]:
        """Those of the part."""
        return self.part.settings

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """Why the part cannot learn one label from these columns."""
        return self.part.unfit(inputs, _of_one(target))

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
        """One label after the other; the time left is shared among those to come."""
        fits = []
        for number, label in enumerate(target.classes):
            mine = _of_label(train, number)
            family = self.part if np.ptp(mine.target) else Baseline()
            fits.append(
                family.fit(
                    mine,
                    None if validation is None else _of_label(validation, number),
                    target=_of_one(target),
                    training=training,
                    seed=derive_seed(seed, "label", label),
                    pacer=pacer.share(f"label {number}", 1 / (len(target.classes) - number)),
                    workplace=workplace,
                )
            )
        reasons = [fit.stopped for fit in fits]
        return Fit(
            LabelEstimator(tuple(fit.estimator for fit in fits)),
            iterations=max(fit.iterations for fit in fits),
            stopped="budget" if "budget" in reasons else max(reasons, key=reasons.count),
            best=f"{len(fits)} labels, each fitted by itself; iterations are those of the longest fit",
        )


def _of_one(target: Target) -> Target:
    """Whether a row has one of the labels."""
    column = replace(target.column, type=ColumnType.CATEGORY, nulls=(), separator="")
    return Target(column, Task.CLASSIFICATION, classes=_CLASSES)


def _of_label(rows: Examples, number: int) -> Examples:
    return Examples(rows.features, rows.target[:, number], weights=rows.weights)


def _name(number: int) -> str:
    return f"label-{number:04d}"
