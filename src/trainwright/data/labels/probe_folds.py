"""The quick model of stage 1 alone as models of folds, where no families were handed over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType, Task
from trainwright.core.protocols import Probe
from trainwright.data.leakage.bench import encode


class ProbeFolds:
    """The probe alone, where no families were handed over; texts and images tell it nothing."""

    families = ("probe",)

    def __init__(
        self, rows: pl.DataFrame, inputs: Sequence[Column], probe: Probe, *, num_classes: int
    ) -> None:
        usable = [
            column.name
            for column in inputs
            if column.type not in (ColumnType.TEXT, ColumnType.IMAGE, ColumnType.IDENTIFIER)
        ]
        self._features = (
            np.column_stack([encode(rows[name]) for name in usable])
            if usable
            else np.zeros((rows.height, 1))
        )
        self._probe = probe
        self._num_classes = num_classes

    def predict(
        self,
        family: str,
        values: NDArray[np.float64],
        *,
        folds: NDArray[np.int64],
        learn: NDArray[np.bool_] | None = None,
        seed: int = 0,
    ) -> NDArray[np.float64]:
        width = self._num_classes
        found = np.full((len(values), width) if width else len(values), 0.0)
        task = (Task.CLASSIFICATION if width else Task.REGRESSION).value
        for asked, used in _asked(folds, learn):
            told = self._probe(
                self._features[used],
                values[used],
                folds=np.where(asked[used], folds[used], -1),
                task=task,
            )[asked[used]]
            if width:
                found[asked, : told.shape[1]] = told
            else:
                found[asked] = told
        return found


_Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def _asked(folds: NDArray[np.int64], learn: NDArray[np.bool_] | None) -> Iterator[_Masks]:
    """Rows that are asked about together, and those that are needed for it: all folds at once, or one."""
    if learn is None:
        everything = np.ones(len(folds), dtype=bool)
        yield everything, everything
        return
    for fold in np.unique(folds):
        asked = folds == fold
        yield asked, asked | learn
