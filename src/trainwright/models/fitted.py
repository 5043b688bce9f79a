"""A fitted model: preparation, estimator, calibrator and threshold, as one thing that predicts.

Rows go through in blocks of fixed size, so memory is bounded; each step's answer for a row depends
on that row alone, so the blocks, the batch and the single row of the server agree bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.durable import make_folder, read_json, write_json
from trainwright.core.language import (
    Decoding,
    Generation,
    GenerationSettings,
    Prompt,
    WritesItself,
)
from trainwright.core.names import make_known, tagger_of
from trainwright.core.parts import load
from trainwright.core.protocols import Calibrator, Estimator, Preparation

if TYPE_CHECKING:
    from trainwright.models.language.decoding.opening import Speech

BLOCK_ROWS = 16_384
SMALLEST = 1e-9  # no class is called impossible

_FILE, _NAMES = "model.json", "names"


@dataclass(frozen=True, slots=True)
class FittedModel:
    """What a package holds and everything after the fit knows (`core.protocols.Model`).

    Attributes:
        preparation: From typed rows to features.
        estimator: From features to probabilities or values.
        target: What is predicted.
        inputs: The columns that it reads, in order.
        calibrator: Makes probabilities honest, or None.
        threshold: The positive class (the second) is chosen from here on; None for the likeliest. Of
            several labels a row one for each label.
    """

    preparation: Preparation
    estimator: Estimator
    target: Target
    inputs: tuple[Column, ...]
    calibrator: Calibrator | None = None
    threshold: float | tuple[float, ...] | None = None

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "fitted-model"

    def predict(self, frame: pl.DataFrame) -> Prediction:
        """Typed rows in, one prediction a row, in order."""
        starts = range(0, frame.height, BLOCK_ROWS)
        blocks = [self._predicted(frame.slice(start, BLOCK_ROWS)) for start in starts]
        return _joined(blocks) if blocks else _nothing(self.target)

    def predict_rows(self, rows: Sequence[Mapping[str, Any]]) -> Prediction:
        """The same from Python values, without a data frame."""
        if not rows:
            return _nothing(self.target)
        if self.target.context:
            rows = [{name: self._looked_at(value) for name, value in row.items()} for row in rows]
        return self._decide(self.preparation.transform_rows(rows))

    def unseen(self, rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        """For each row, the category columns whose value was not seen in training."""
        return self.preparation.unseen(rows)

    @property
    def generates(self) -> bool:
        """True for a language model that writes texts."""
        return self.target.task.is_language and getattr(self.estimator, "generates", False)

    def decoding(self) -> Decoding:
        """An empty table of requests (`core.language.Generates`).

        Raises:
            CommandError: such a model generates no text.
        """
        if isinstance(self.estimator, WritesItself):
            return self.estimator.writing(self.preparation)
        from trainwright.models.language.decoding import open_decoding

        return open_decoding(self.estimator, cast("Speech", self.preparation))

    def generate(self, prompts: Sequence[Prompt], settings: GenerationSettings) -> list[Generation]:
        """One generation a prompt, in order."""
        from trainwright.models.language.decoding import generate_all

        return generate_all(self.decoding(), prompts, settings)

    def save(self, folder: Path) -> None:
        parts = {"preparation": self.preparation, "estimator": self.estimator}
        if self.calibrator is not None:
            parts["calibrator"] = self.calibrator
        for name, part in parts.items():
            make_folder(folder / name)
            part.save(folder / name)
        document: dict[str, Any] = {
            "kinds": {name: part.kind for name, part in parts.items()},
            "target": self.target.to_json(),
            "inputs": [column.to_json() for column in self.inputs],
            "threshold": self.threshold,
        }
        tagger = tagger_of(self.inputs)
        if tagger is not None:  # its contract cannot be kept without
            make_folder(folder / _NAMES)
            tagger.save(folder / _NAMES)
            document["names"] = tagger.kind
        write_json(folder / _FILE, document)

    @classmethod
    def load(cls, folder: Path) -> FittedModel:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: a file is missing, or a part is of no kind that we know.
        """
        document = read_json(folder / _FILE)
        if "names" in document:
            make_known(load(document["names"], folder / _NAMES))
        parts = {name: load(kind, folder / name) for name, kind in document["kinds"].items()}
        return cls(
            preparation=parts["preparation"],
            estimator=parts["estimator"],
            calibrator=parts.get("calibrator"),
            target=Target.from_json(document["target"]),
            inputs=tuple(Column.from_json(column) for column in document["inputs"]),
            threshold=_read_threshold(document["threshold"]),
        )

    def _predicted(self, frame: pl.DataFrame) -> Prediction:
        if self.target.context:
            channels = [c.name for c in self.inputs if c.type is ColumnType.SERIES]
            frame = frame.with_columns(pl.col(channels).list.tail(self.target.context))
        return self._decide(self.preparation.transform(frame))

    def _looked_at(self, value: Any) -> Any:  # noqa: ANN401 - any value of a row
        """Of a forecast's history the last `context` steps: the network has learnt from no longer one."""
        return value[-self.target.context :] if isinstance(value, list) else value

    def _decide(self, features: Any) -> Prediction:  # noqa: ANN401 - of AnyFeatures
        answer = self.estimator.predict(features)
        if not self.target.task.has_classes:
            return Prediction(answer)
        if self.calibrator is not None:
            answer = self.calibrator.apply(answer)
        if isinstance(self.threshold, tuple):
            return Prediction((answer >= np.array(self.threshold)).astype(np.int64), answer)
        answer = normalised(answer)
        is_words = self.target.task is Task.TOKEN_CLASSIFICATION
        words = features.row_words if is_words else None
        if self.threshold is None:
            return Prediction(np.argmax(answer, axis=1), answer, words)
        return Prediction((answer[:, 1] >= self.threshold).astype(np.int64), answer, words)


def _read_threshold(value: float | list[float] | None) -> float | tuple[float, ...] | None:
    return tuple(value) if isinstance(value, list) else value


def _nothing(target: Target) -> Prediction:
    """The prediction of no rows."""
    if target.task.is_language:
        return Prediction(np.empty((0, 3)))
    if not target.task.has_classes:
        return Prediction(np.empty((0, target.horizon) if target.horizon else 0))
    if target.task is Task.MULTI_LABEL:
        none = np.empty((0, len(target.classes)))
        return Prediction(none.astype(np.int64), none)
    words = np.empty(0, np.int64) if target.task is Task.TOKEN_CLASSIFICATION else None
    return Prediction(np.empty(0, np.int64), np.empty((0, len(target.classes))), words)


def _joined(blocks: Sequence[Prediction]) -> Prediction:
    """Predictions of blocks of rows, one after the other."""
    if len(blocks) == 1:
        return blocks[0]
    probabilities = [b.probabilities for b in blocks if b.probabilities is not None]
    words = [b.row_words for b in blocks if b.row_words is not None]
    return Prediction(
        np.concatenate([block.values for block in blocks]),
        np.concatenate(probabilities) if probabilities else None,
        np.concatenate(words) if words else None,
    )


def normalised(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clipped to at least 1e-9, rows summing to 1; shape (rows, classes) in and out.

    The running sum adds from left to right whatever the shape; `sum` pairs by the array's layout.
    """
    clipped = np.clip(probabilities, SMALLEST, 1.0)
    return clipped / np.cumsum(clipped, axis=1)[:, -1:]
