"""What is known of one column: a mergeable summary without any row of it.

Values are named only where at least five rows hold them, and only the hundred most frequent; the
rest is a number. The text of identifiers is not kept at all, and of texts only frequent words.
Merging is exact in memory up to 65,536 different values of a column, beyond which the rarest are let go;
of two saved profiles the values that neither named stay unnamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from heapq import nsmallest
from typing import Any

import numpy as np
import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import sha256_bytes
from trainwright.summaries import images
from trainwright.summaries.language import contents
from trainwright.summaries.moments import BLOCK_ROWS, Moments, blocks_of
from trainwright.summaries.sketches import (
    HyperLogLog,
    Quantiles,
    Scale,
    hash_texts,
)

MIN_COUNT = 5  # rows that must hold a value before it is named
TOP = 100
MOST_HELD = 1 << 16  # values of a column; the frequent ones outlive it (Manku & Motwani 2002, VLDB)
WORD = r"\w\w+"
_LISTS = (ColumnType.WORDS, ColumnType.LABELS)
_SCALES: Mapping[ColumnType, Scale] = {ColumnType.NUMBER: "number", ColumnType.DATETIME: "time"}


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """How many rows hold which value (or word).

    Attributes:
        counts: By value.
        unnamed: Rows (of words: mentions) whose value is not kept any more.
    """

    counts: Mapping[str, int]
    unnamed: int = 0

    @property
    def top(self) -> dict[str, int]:
        """The hundred most frequent of those that five rows hold, then by text."""
        frequent = [(-count, value) for value, count in self.counts.items() if count >= MIN_COUNT]
        return {value: -count for count, value in nsmallest(TOP, frequent)}

    @property
    def rest(self) -> int:
        """Rows of all other values."""
        return self.unnamed + sum(self.counts.values()) - sum(self.top.values())

    def merge(self, other: Values) -> Values:
        """Of the rows of both."""
        counts = dict(self.counts)
        for value, count in other.counts.items():
            counts[value] = counts.get(value, 0) + count
        return Values(counts, self.unnamed + other.unnamed)._bounded()

    def _bounded(self) -> Values:
        """Without the rarest values where there are too many to hold (see `MOST_HELD`)."""
        if len(self.counts) <= MOST_HELD:
            return self
        kept = nsmallest(MOST_HELD // 2, ((-count, value) for value, count in self.counts.items()))
        counts = {value: -count for count, value in kept}
        return Values(counts, self.unnamed + sum(self.counts.values()) - sum(counts.values()))


@dataclass(frozen=True, slots=True, eq=False)
class ColumnProfile:
    """Summary of one column.

    Attributes:
        type: The column's type.
        count: Rows, missing ones too.
        nulls: Missing ones; a number that is not finite is missing.
        hashes: Of all values, for the distinct count.
        quantiles: Of numbers, of date-times in microseconds, of the length of texts and identifiers
            in characters, of the values of series; else None.
        moments: Of numbers and the values of series; else None.
        values: Of categories and booleans ("false", "true"), words of texts, lengths of series; else
            None.
    """

    type: ColumnType
    count: int
    nulls: int
    hashes: HyperLogLog
    quantiles: Quantiles | None = None
    moments: Moments | None = None
    values: Values | None = None

    @property
    def distinct(self) -> int:
        """Distinct values: exact where all are known, otherwise within about 1.6 %."""
        if self.quantiles is not None and self.type in _SCALES and self.quantiles.is_exact:
            return len(self.quantiles.codes)
        by_word = (*_LISTS, ColumnType.TEXT, ColumnType.SERIES, ColumnType.MESSAGES)
        if self.values is not None and self.type not in by_word and not self.values.rest:
            return len(self.values.top)
        return round(self.hashes.estimate)

    @property
    def null_fraction(self) -> float:
        """Missing rows among all, in [0, 1]; 0 without rows."""
        return self.nulls / self.count if self.count else 0.0

    @property
    def min(self) -> float | None:
        """Smallest value (shortest length, of texts)."""
        return self.quantiles.min if self.quantiles else None

    @property
    def max(self) -> float | None:
        """Largest value (longest length, of texts)."""
        return self.quantiles.max if self.quantiles else None

    @property
    def mean(self) -> float | None:
        """Mean of a number column."""
        return self.moments.mean if self.moments else None

    @property
    def std(self) -> float | None:
        """Sample standard deviation of a number column."""
        return self.moments.std if self.moments else None

    @property
    def top(self) -> dict[str, int]:
        """The most frequent values (words, of texts) with their rows."""
        return self.values.top if self.values else {}

    @property
    def rest(self) -> int:
        """Rows of values that `top` does not name."""
        return self.values.rest if self.values else 0

    def merge(self, other: ColumnProfile) -> ColumnProfile:
        """Of the rows of both; in any order the same."""
        return replace(
            self,
            count=self.count + other.count,
            nulls=self.nulls + other.nulls,
            hashes=self.hashes.merge(other.hashes),
            quantiles=_merged(self.quantiles, other.quantiles),
            moments=_merged(self.moments, other.moments),
            values=_merged(self.values, other.values),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values; mean, deviation, distinct count and histogram are for readers."""
        return {
            "type": self.type.value,
            "count": self.count,
            "nulls": self.nulls,
            "distinct": self.distinct,
            "hashes": self.hashes.to_json(),
            "quantiles": self.quantiles.to_json() if self.quantiles else None,
            "moments": self.moments.to_json() if self.moments else None,
            "top": self.top if self.values else None,
            "rest": self.rest,
            "histogram": _histogram(self.quantiles) if self.quantiles else None,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ColumnProfile:
        """Inverse of `to_json`."""
        return cls(
            type=ColumnType(value["type"]),
            count=value["count"],
            nulls=value["nulls"],
            hashes=HyperLogLog.from_json(value["hashes"]),
            quantiles=Quantiles.from_json(value["quantiles"]) if value["quantiles"] else None,
            moments=Moments.from_json(value["moments"]) if value["moments"] else None,
            values=Values(value["top"], value["rest"]) if value["top"] is not None else None,
        )


def profile_column(
    series: pl.Series, column: Column, *, exact_rows: int, first_block: int = 0
) -> ColumnProfile:
    """Summary of a column's rows; see `profile_frame`."""
    if column.type in _SCALES:
        return _numeric(series, column.type, exact_rows=exact_rows, first_block=first_block)
    if column.type is ColumnType.SERIES:
        return _series(series, exact_rows=exact_rows)
    if column.type in _LISTS:
        return _word_lists(series, column.type, exact_rows=exact_rows)
    if column.type is ColumnType.MESSAGES:
        told = Column(column.name, ColumnType.TEXT)
        return replace(
            profile_column(contents(series), told, exact_rows=exact_rows), type=ColumnType.MESSAGES
        )
    if column.type is ColumnType.IMAGE:
        return _images(series, exact_rows=exact_rows)
    texts = series.cast(pl.String)
    present = texts.drop_nulls()
    quantiles = values = None
    if column.type in (ColumnType.TEXT, ColumnType.IDENTIFIER):
        lengths = present.str.len_chars().cast(pl.Float64).to_numpy()
        quantiles = Quantiles.of(lengths, exact_rows=exact_rows)
    if column.type is ColumnType.TEXT:
        values = _words(present)
    distinct = present.alias("value")
    if column.type not in (ColumnType.TEXT, ColumnType.IDENTIFIER):
        counts = distinct.value_counts(name="rows")
        distinct, values = counts["value"], _values_of(counts)
    return ColumnProfile(
        type=column.type,
        count=len(series),
        nulls=texts.null_count(),
        hashes=HyperLogLog.of(hash_texts(distinct)),
        quantiles=quantiles,
        values=values,
    )


def _images(series: pl.Series, *, exact_rows: int) -> ColumnProfile:
    """Of image files: how bright they are, and rows by size."""
    bright = images.brightness(series).drop_nulls().to_numpy()
    present = series.drop_nulls()
    return ColumnProfile(
        type=ColumnType.IMAGE,
        count=len(series),
        nulls=series.null_count(),
        hashes=HyperLogLog.of(hash_texts(pl.Series([sha256_bytes(data) for data in present]))),
        quantiles=Quantiles.of(bright, exact_rows=exact_rows),
        values=_counted(images.sizes(present).drop_nulls()),
    )


def _numeric(
    series: pl.Series, kind: ColumnType, *, exact_rows: int, first_block: int = 0
) -> ColumnProfile:
    moments = None
    if kind is ColumnType.NUMBER:
        numbers = series.cast(pl.Float64).to_numpy()
        is_finite = np.isfinite(numbers)
        present = numbers
        if not is_finite.all():
            numbers, present = np.where(is_finite, numbers, np.nan), numbers[is_finite]
        moments = Moments.of(numbers, first_block=first_block)
    else:
        present = series.drop_nulls().cast(pl.Datetime("us")).to_physical().to_numpy()
    quantiles = Quantiles.of(present, scale=_SCALES[kind], exact_rows=exact_rows)
    return ColumnProfile(
        type=kind,
        count=len(series),
        nulls=len(series) - len(present),
        hashes=HyperLogLog.of_numbers(present),
        quantiles=quantiles,
        moments=moments,
    )


def _series(series: pl.Series, *, exact_rows: int) -> ColumnProfile:
    """Of series: how many rows have which length, and a summary of all their values together."""
    lengths = series.list.len().cast(pl.String)
    values = series.filter(series.list.len() > 0).explode().rename(series.name)
    steps = _numeric(values, ColumnType.NUMBER, exact_rows=exact_rows)
    return replace(
        steps,
        type=ColumnType.SERIES,
        count=len(series),
        nulls=series.null_count(),
        values=_counted(lengths.drop_nulls()),
    )


def _word_lists(series: pl.Series, kind: ColumnType, *, exact_rows: int) -> ColumnProfile:
    """Of texts cut into words, and of labels: how many a row has, and rows by each."""
    lengths = series.list.len().drop_nulls()
    words = series.filter(series.list.len() > 0)
    texts = words.list.join(" ")
    return ColumnProfile(
        type=kind,
        count=len(series),
        nulls=series.null_count(),
        hashes=HyperLogLog.of(hash_texts(texts.unique())),
        quantiles=Quantiles.of(lengths.cast(pl.Float64).to_numpy(), exact_rows=exact_rows),
        values=_counted(words.list.unique().explode()),
    )


def _counted(present: pl.Series) -> Values:
    """Rows by value."""
    return _values_of(present.rename("value").value_counts(name="rows"))


def _values_of(found: pl.DataFrame) -> Values:
    return Values(dict(zip(found["value"].to_list(), found["rows"].to_list(), strict=True)))


def _words(present: pl.Series) -> Values:
    """Rows by word; a row counts once for each of its words."""
    total = Values({})
    for part in blocks_of(len(present), block_rows=BLOCK_ROWS):
        block = present[part].str.to_lowercase().str.extract_all(WORD).list.unique()
        total = total.merge(_counted(block.explode().drop_nulls()))
    return total


def _histogram(quantiles: Quantiles) -> dict[str, Any]:
    edges, counts = quantiles.histogram()
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def _merged(one: Any, other: Any) -> Any:  # noqa: ANN401 - two summaries of one class, or None twice
    return one if other is None else other if one is None else one.merge(other)
