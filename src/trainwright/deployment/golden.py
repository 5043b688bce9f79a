"""Golden rows: synthetic inputs and the answers that the model gave when it was packaged.

They are replayed each time a package is loaded, so that a library that changed its mind, a parser that
misread or a file that was exchanged together with its hash shows before the first customer's row. Trees must
agree to the last bit, sums of products to a stated tolerance, since those depend on the machine's vector
units. The cost is the prediction of a few rows a load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Prediction
from trainwright.core.errors import TrainingError, TrustError, shorten
from trainwright.core.protocols import Model


@dataclass(frozen=True, slots=True)
class Golden:
    """Rows with their answers.

    Attributes:
        rows: Values as `Preparation.transform_rows` takes them.
        values: Predicted values or class codes, one a row (a list of them a row, of forecasts; one a
            word, of tagged words).
        probabilities: One list a value, or None for regression.
        tolerance: Largest |difference| / max(1, |value|) at replay; 0 means equal bits.
    """

    rows: Sequence[Mapping[str, Any]]
    values: Sequence[float]
    probabilities: Sequence[Sequence[float]] | None
    tolerance: float

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "rows": [dict(row) for row in self.rows],
            "values": list(self.values),
            "probabilities": self.probabilities,
            "tolerance": self.tolerance,
        }


def draw_golden(model: Model, rows: Sequence[Mapping[str, Any]], *, tolerance: float) -> Golden:
    """Let the model answer the rows.

    Raises:
        TrainingError: an answer is not a finite number; such a model is not packaged.
        ValueError: there are no rows.
    """
    if not rows:
        raise ValueError("a package needs golden rows")
    answer = model.predict_rows(rows)
    values, probabilities = np.asarray(answer.values), answer.probabilities
    for item in _not_finite(values, probabilities):
        row = _row_of(item, answer)
        raise TrainingError(
            "the model's answer is not a finite number",
            where=f"golden row {row}: {shorten(dict(rows[row]))}",
            mend="look for infinite or huge values in the training data",
        )
    return Golden(
        rows, values.tolist(), None if probabilities is None else probabilities.tolist(), tolerance
    )


def check_golden(model: Model, document: Any, *, where: str) -> str:  # noqa: ANN401 - JSON
    """Replay golden rows and say how well they agree.

    Raises:
        TrustError: an answer is another one, or not finite; or there are no rows.
    """
    try:
        golden = Golden(**document)
        answer = model.predict_rows(golden.rows)
        found = _table(answer.values, answer.probabilities)
        wanted = _table(np.asarray(golden.values, dtype=np.float64), golden.probabilities)
        same_shape = found.shape == wanted.shape and len(golden.rows) > 0
    except (TypeError, ValueError, KeyError) as error:
        raise TrustError(f"the golden rows are not ours: {shorten(error)}", where=where) from error
    if not same_shape:
        raise TrustError("the golden rows and their answers do not fit together", where=where)
    gap = np.abs(found - wanted) / np.maximum(1.0, np.abs(wanted))
    bad = ~(gap <= golden.tolerance)  # also where the gap is NaN
    if golden.probabilities is not None:
        told = found.shape[1] - np.shape(golden.probabilities)[1]
        bad[:, :told] |= found[:, :told] != wanted[:, :told]  # a class is another one or it is not
    if bad.any():
        item, column = (int(position) for position in np.argwhere(bad)[0])
        row = _row_of(item, answer)
        raise TrustError(
            f"golden row {row}: the model answers {float(found[item, column])!r},"
            f" and answered {float(wanted[item, column])!r} when it was packaged",
            where=where,
            mend="use the library versions in facts.json, or run the recipe again",
        )
    return f"{len(golden.rows)} rows replayed, largest difference {gap.max():.1e} of {golden.tolerance:.1e}"


def _table(values: Any, probabilities: Any) -> NDArray[np.float64]:  # noqa: ANN401 - arrays or lists
    """Values and probabilities side by side; shape (rows, 1 + classes), of several labels twice those."""
    told = np.asarray(values, dtype=np.float64)
    columns = [told if told.ndim == 2 and probabilities is not None else told.reshape(-1, 1)]
    if probabilities is not None:
        columns.append(np.asarray(probabilities, dtype=np.float64))
    return np.hstack(columns)


def _row_of(item: int, answer: Prediction) -> int:
    """The row that an answer belongs to, where rows can have several."""
    if answer.row_words is not None:
        return int(np.searchsorted(np.cumsum(answer.row_words), item, side="right"))
    values = np.asarray(answer.values)
    if answer.probabilities is not None:
        return item
    return item // values.shape[1] if values.ndim == 2 else item


def _not_finite(values: Any, probabilities: Any) -> list[int]:  # noqa: ANN401 - arrays
    """Answers that hold NaN or infinity."""
    rows = ~np.isfinite(_table(values, probabilities)).all(axis=1)
    return [int(row) for row in np.flatnonzero(rows)]
