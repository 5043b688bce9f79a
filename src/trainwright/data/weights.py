"""How much train rows count: what each step asks for, multiplied.

A step is a function `weigh(view) -> Weights | None`, named in `detection.WEIGHTS`. A row that no step names
counts 1. Where all count 1 there is no column of weights at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.data.detection import named_function
from trainwright.data.view import View


@dataclass(frozen=True, slots=True)
class Weights:
    """What rows count.

    Attributes:
        rows: Global positions, ascending, each once; shape (rows,), int64.
        values: Above 0; shape (rows,), float64.
        findings: What the step has to say.
    """

    rows: NDArray[np.int64]
    values: NDArray[np.float64]
    findings: tuple[Finding, ...] = ()

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """What these rows count; 1 for one that is not named. Shape (rows,)."""
        if not len(self.rows):
            return np.ones(len(rows))
        places = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        found: NDArray[np.float64] = np.where(self.rows[places] == rows, self.values[places], 1.0)
        return found


def all_weights(
    steps: Mapping[str, str], view: View, *, known: Weights | None = None
) -> Weights | None:
    """The product of what the steps ask for, and of what is `known`; None where none of them asks."""
    together = known
    for place in steps.values():
        asked: Weights | None = named_function(place)(view)
        if asked is None:
            continue
        assert bool((asked.values > 0).all()), place
        if together is None:
            together = asked
            continue
        rows = np.union1d(together.rows, asked.rows)
        together = Weights(
            rows, together.of(rows) * asked.of(rows), together.findings + asked.findings
        )
    return together
