"""The preparation: fitted on train rows only, and the same in training, batch scoring and the server.

A tuple of fitted steps, one a column, that read typed values and write one float64 matrix. What is
fitted depends on the rows and their order alone: columns go in fixed blocks of 65,536 rows, however
the frame is chunked. What is transformed depends on the row alone: a block, a frame and a single
row of Python values give the same bits. A frame is written in blocks small enough for the cache, so
that memory is the matrix and little else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import read_json, write_json
from trainwright.core.errors import TrustError
from trainwright.core.features import FeatureNeeds, Features
from trainwright.data.steps.booleans import Boolean, BooleanSummary
from trainwright.data.steps.categories import Categories, CategoriesSummary
from trainwright.data.steps.datetimes import DateTime, DateTimeSummary
from trainwright.data.steps.numbers import (
    PassedNumber,
    PassedNumberSummary,
    ScaledNumber,
    ScaledNumberSummary,
)
from trainwright.data.steps.step import BLOCK_ROWS, Step, Summary
from trainwright.data.steps.texts import Terms, TermsSummary

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

STEPS: dict[str, type[Step]] = {
    step.kind: step for step in (PassedNumber, ScaledNumber, Boolean, Categories, DateTime)
}
_FILE = "preparation.json"
_CACHE_ROWS = 32_768


@dataclass(frozen=True, slots=True)
class TablePreparation:
    """Fitted steps (`core.protocols.Preparation`).

    Attributes:
        inputs: The columns that it reads.
        steps: Those that make dense features, in order.
        texts: Those that make sparse ones.
    """

    inputs: tuple[Column, ...]
    steps: tuple[Step, ...]
    texts: tuple[Terms, ...] = ()
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _sparse_names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _sources: dict[str, str] = field(init=False, repr=False, compare=False)
    _categorical: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sources: dict[str, str] = {}
        made = [(step.column, step.names) for step in self.steps]
        made += [(step.column, step.names) for step in self.texts]
        for column, names in made:
            for name in names:
                sources[_free(name, sources)] = column
        width = sum(len(step.names) for step in self.steps)
        codes = [step.is_codes for step in self.steps for _ in step.names]
        object.__setattr__(self, "_sources", sources)
        object.__setattr__(self, "_names", tuple(sources)[:width])
        object.__setattr__(self, "_sparse_names", tuple(sources)[width:])
        object.__setattr__(
            self, "_categorical", tuple(i for i, is_code in enumerate(codes) if is_code)
        )

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "preparation"

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Dense features, then sparse ones."""
        return self._names + self._sparse_names

    def source_of(self, feature: str) -> str:
        """The column that a feature comes from."""
        return self._sources[feature]

    def transform(self, frame: pl.DataFrame) -> Features:
        dense = np.zeros((frame.height, len(self._names)))
        columns = [step.looked_up(frame[step.column]) for step in self.steps]
        for start in range(0, frame.height, _CACHE_ROWS):
            first = 0
            for step, column in zip(self.steps, columns, strict=True):
                after = first + len(step.names)
                block = column.slice(start, _CACHE_ROWS)
                step.fill(block, dense[start : start + _CACHE_ROWS, first:after])
                first = after
        texts = [frame[step.column].to_list() for step in self.texts]
        words = [frame[name].list.len().fill_null(0) for name in self._lists]
        counts = [lengths.to_numpy().astype(np.int64) for lengths in words]
        return self._features(dense, [*zip(*texts, strict=True)], counts)

    def transform_rows(self, rows: Sequence[Mapping[str, Any]]) -> Features:
        readers = [(step.column, step.row) for step in self.steps]
        flat: list[float] = []
        for row in rows:
            for column, read in readers:
                flat += read(row.get(column))
        dense = np.array(flat, dtype=np.float64).reshape(len(rows), len(self._names))
        texts = [tuple(row.get(step.column) for step in self.texts) for row in rows]
        counts = [
            np.array([len(row.get(name) or ()) for row in rows], np.int64) for name in self._lists
        ]
        return self._features(dense, texts if self.texts else [], counts)

    def unseen(self, rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        known = [step for step in self.steps if isinstance(step, Categories)]
        return [
            [
                step.column
                for step in known
                if (value := row.get(step.column)) is not None and not step.knows(value)
            ]
            for row in rows
        ]

    def save(self, folder: Path) -> None:
        document = {
            "inputs": [column.to_json() for column in self.inputs],
            "steps": [{"kind": step.kind, **step.to_json()} for step in self.steps],
            "texts": [step.to_json() for step in self.texts],
        }
        write_json(folder / _FILE, document, pretty=False)

    @classmethod
    def load(cls, folder: Path) -> TablePreparation:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: the file is missing or is no preparation.
        """
        document = read_json(folder / _FILE)
        try:
            return cls(
                inputs=tuple(Column.from_json(column) for column in document["inputs"]),
                steps=tuple(_step(value) for value in document["steps"]),
                texts=tuple(Terms.from_json(value) for value in document["texts"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise TrustError(
                f"not a preparation of ours: {error!r:.120}",
                where=str(folder / _FILE),
                mend="restore the package; the file was changed, or is from another version",
            ) from error

    @property
    def _lists(self) -> list[str]:
        """The column of words, where there is one: it makes no feature, but each word has an answer."""
        return [column.name for column in self.inputs if column.type is ColumnType.WORDS][:1]

    def _features(
        self,
        dense: Any,  # noqa: ANN401
        texts: Sequence[Sequence[str | None]],
        words: Sequence[NDArray[np.int64]],
    ) -> Features:
        return Features(
            dense=dense,
            names=self._names,
            categorical=self._categorical,
            sparse=self._sparse(texts) if self.texts else None,
            sparse_names=self._sparse_names,
            row_words=words[0] if words else None,
        )

    def _sparse(self, rows: Sequence[Sequence[str | None]]) -> csr_matrix:
        from scipy.sparse import csr_matrix

        places: list[int] = []
        weights: list[float] = []
        ends = [0]
        for row in rows:
            first = 0
            for step, text in zip(self.texts, row, strict=True):
                for place, weight in step.row(text):
                    places.append(first + place)
                    weights.append(weight)
                first += len(step.terms)
            ends.append(len(places))
        parts = (np.array(weights, dtype=np.float64), np.array(places, dtype=np.int32), ends)
        return csr_matrix(parts, shape=(len(rows), len(self._sparse_names)))


def fit_table_preparation(
    frame: pl.DataFrame, inputs: Sequence[Column], needs: FeatureNeeds
) -> TablePreparation:
    """Fit on these rows, which must be train rows.

    Args:
        frame: Typed rows; holds at least `inputs`.
        inputs: The columns to prepare; identifiers make no feature.
        needs: What the model family asks for.

    Returns:
        A function of the rows, their order, and `needs`; not of how the frame is chunked.
    """
    fitted = [
        _observed(summary, frame[column.name])
        for column in inputs
        if (summary := _summary(column, needs)) is not None
    ]
    return TablePreparation(
        inputs=tuple(inputs),
        steps=tuple(step for step in fitted if isinstance(step, Step)),
        texts=tuple(step for step in fitted if isinstance(step, Terms)),
    )


def _summary(column: Column, needs: FeatureNeeds) -> Summary | None:
    """The empty summary of what a column of this type becomes; None where it makes no feature."""
    match column.type:
        case ColumnType.NUMBER if needs.scale:
            return ScaledNumberSummary(column.name)
        case ColumnType.NUMBER:
            return PassedNumberSummary(column.name)
        case ColumnType.BOOLEAN:
            return BooleanSummary(column.name, imputes=needs.scale)
        case ColumnType.DATETIME:
            return DateTimeSummary(column.name, cyclic=needs.scale)
        case ColumnType.CATEGORY:
            return CategoriesSummary(column.name, one_hot=needs.one_hot)
        case ColumnType.TEXT if needs.text:
            return TermsSummary(column.name)
        case _:
            return None


def _observed(summary: Summary, series: pl.Series) -> Any:  # noqa: ANN401 - a Step or Terms
    for block in _blocks(series):
        summary.observe(block)
    return summary.finish()


def _blocks(series: pl.Series) -> Iterator[pl.Series]:
    for start in range(0, len(series), BLOCK_ROWS):
        yield series.slice(start, BLOCK_ROWS)


def _step(value: Mapping[str, Any]) -> Step:
    rest = {key: item for key, item in value.items() if key != "kind"}
    return STEPS[value["kind"]].from_json(rest)


def _free(name: str, taken: Mapping[str, str]) -> str:
    """The name, numbered where another feature has it: columns may be called `a` and `a.month`."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}#{number}"
    return free
