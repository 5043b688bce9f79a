"""The baseline of language: how often each byte is, whatever stands before it.

Add-one frequencies of the bytes that train rows tell (Laplace); what a model must beat to have learnt more
than an alphabet.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from trainwright.core.clock import Pacer
from trainwright.core.columns import Target
from trainwright.core.durable import read_json, write_json
from trainwright.core.errors import TrustError
from trainwright.core.features import Examples
from trainwright.core.language import LanguageNeeds, Passages
from trainwright.core.parts import families
from trainwright.core.protocols import Fit, Workplace
from trainwright.models.language.counted import Counting, curve_of
from trainwright.recipe.sections import TrainingSettings

_FILE = "estimator.json"


@dataclass(frozen=True, slots=True)
class UnigramEstimator:
    """Frequencies.

    Attributes:
        counts: How often each id was told in train rows, shape (vocabulary,).
    """

    counts: tuple[int, ...]

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "unigram"

    @property
    def nats(self) -> NDArray[np.float64]:
        """What each id costs, shape (vocabulary,)."""
        counts = np.array(self.counts, dtype=np.float64) + 1.0
        found: NDArray[np.float64] = np.log(counts.sum()) - np.log(counts)
        return found

    def predict(self, features: Passages) -> NDArray[np.float64]:
        """Nats, tokens and bytes of what each row tells; shape (rows, 3)."""
        sizes = np.diff(features.ends, prepend=0)
        rows = np.repeat(features.rows, sizes)[features.taught]
        nats = self.nats[features.ids[features.taught]]
        return np.stack(
            [
                np.bincount(rows, weights=nats, minlength=features.num_rows),
                np.bincount(rows, minlength=features.num_rows),
                features.row_bytes,
            ],
            axis=1,
        )

    def save(self, folder: Path) -> None:
        write_json(folder / _FILE, {"counts": list(self.counts)})

    @classmethod
    def load(cls, folder: Path) -> UnigramEstimator:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: the file is no such estimator.
        """
        document = read_json(folder / _FILE)
        try:
            return cls(tuple(int(count) for count in document["counts"]))
        except (KeyError, TypeError, ValueError) as error:
            raise TrustError(
                f"not an estimator of ours: {error!r:.120}", where=str(folder / _FILE)
            ) from error


@families.register
class Unigram(Counting):
    """The frequencies of bytes."""

    family: Literal["unigram"] = "unigram"
    """What any language model must beat."""

    @property
    def needs(self) -> LanguageNeeds:
        """Each byte is a token."""
        return LanguageNeeds(form="bytes")

    @property
    def cost(self) -> int:
        """The cheapest."""
        return 0

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
        """Count; a row's weight counts its bytes so many times. The curve tells nats a byte."""
        told: Passages = train.features
        sizes = np.diff(told.ends, prepend=0)
        weights = (
            None
            if train.weights is None
            else np.repeat(train.weights[told.rows], sizes)[told.taught]
        )
        counts = np.bincount(told.ids[told.taught], weights=weights, minlength=told.vocabulary)
        estimator = UnigramEstimator(tuple(int(count) for count in np.rint(counts)))
        curve = curve_of(estimator, train, validation)
        return Fit(estimator, iterations=1, stopped="converged", curve=curve)
