"""A profile: what is known of a table without any of its rows, for validation and for drift.

It does not depend on how the rows were cut or in which order parts were merged: counts are
integers, distinct counts HyperLogLog, quantiles exact up to `exact_rows` and order-independent
buckets beyond, sums folded over fixed blocks. Synthetic rows can be drawn from it, column by
column: golden rows of a package, in which no customer's row leaves the house.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import canonical_json
from trainwright.core.seeds import derive_seed
from trainwright.core.threads import thread_pool
from trainwright.summaries.columns import ColumnProfile, profile_column
from trainwright.summaries.images import draw_image
from trainwright.summaries.sketches import EXACT_ROWS

UNSEEN = "__unseen__"


@dataclass(frozen=True, slots=True, eq=False)
class Profile(Mapping[str, ColumnProfile]):
    """Column name -> summary, in the order of the columns."""

    columns: Mapping[str, ColumnProfile]

    def __getitem__(self, name: str) -> ColumnProfile:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def merge(self, other: Profile) -> Profile:
        """Of the rows of both; both must have the same columns. In any order the same."""
        return Profile({name: part.merge(other[name]) for name, part in self.items()})

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"columns": [[name, part.to_json()] for name, part in self.items()]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Profile:
        """Inverse of `to_json`."""
        return cls({name: ColumnProfile.from_json(part) for name, part in value["columns"]})


def profile_frame(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    *,
    exact_rows: int = EXACT_ROWS,
    first_block: int = 0,
) -> Profile:
    """Summarise typed rows.

    Args:
        frame: Holds at least `columns`, typed as `ColumnType` says.
        columns: What to summarise.
        exact_rows: Up to so many rows of a column quantiles are exact, and its distinct numbers are
            kept.
        first_block: Which block of 65,536 rows the first one of these belongs to.

    Returns:
        One summary a column, in order.
    """

    def summary(column: Column) -> ColumnProfile:
        return profile_column(
            frame[column.name], column, exact_rows=exact_rows, first_block=first_block
        )

    with thread_pool() as pool:
        found = pool.map(summary, columns)
        return Profile(dict(zip([column.name for column in columns], found, strict=True)))


def draw_rows(
    profile: Profile, columns: Sequence[Column], *, count: int, seed: int
) -> list[dict[str, Any]]:
    """Synthetic rows, each column drawn on its own, so that no row is anybody's.

    The first row is all null; in the second no value is missing and every category is one never
    seen.

    Args:
        profile: What to draw from.
        columns: What a row holds; each is in `profile`.
        count: Rows, at least 2.
        seed: Of the draw; a column's values depend on it and on the column alone.

    Returns:
        Rows as `Preparation.transform_rows` takes them; date-times as microseconds since 1970.
    """
    drawn = {c.name: _draw(profile[c.name], c, count=count, seed=seed) for c in columns}
    rows = [{name: values[row] for name, values in drawn.items()} for row in range(count)]
    rows[0] = dict.fromkeys(drawn)
    return rows


def _draw(profile: ColumnProfile, column: Column, *, count: int, seed: int) -> list[Any]:
    random = np.random.Generator(np.random.PCG64(derive_seed(seed, "draw", column.name)))
    missing = random.random(count) < profile.null_fraction
    missing[1] = False
    spots = random.random(count)
    if profile.type in (ColumnType.NUMBER, ColumnType.DATETIME):
        values = _numbers(profile, column, spots)
    elif profile.type is ColumnType.BOOLEAN:
        values = [text == "true" for text in _picked(profile.top or {"true": 1, "false": 1}, spots)]
    elif profile.type is ColumnType.SERIES:
        values = _walks(profile, random, count)
    elif profile.type is ColumnType.TEXT:
        values = _sentences(profile, random, count)
    elif profile.type is ColumnType.MESSAGES:
        asked, said = (_sentences(profile, random, count) for _ in range(2))
        values = [_conversation(*pair) for pair in zip(asked, said, strict=True)]
    elif profile.type is ColumnType.WORDS:
        values = [sentence.split() for sentence in _sentences(profile, random, count)]
    elif profile.type is ColumnType.IMAGE:
        values = _pictures(profile, random, count)
    elif profile.type is ColumnType.CATEGORY:
        values = list(_picked(profile.top or {UNSEEN: 1}, spots))
        values[1] = UNSEEN
    else:
        values = [f"id-{number}" for number in random.integers(0, 1 << 30, count).tolist()]
    return [None if gone else value for gone, value in zip(missing, values, strict=True)]


def _conversation(asked: str, said: str) -> str:
    """One turn each, as a column of conversations holds them."""
    return canonical_json(
        [{"content": asked, "role": "user"}, {"content": said, "role": "assistant"}]
    ).decode()


def _numbers(profile: ColumnProfile, column: Column, spots: np.ndarray[Any, Any]) -> list[Any]:
    assert profile.quantiles is not None
    values = np.nan_to_num(profile.quantiles.quantile(spots)).tolist()
    whole = profile.type is ColumnType.DATETIME or column.integer
    return [float(round(v)) if column.integer else round(v) if whole else v for v in values]


def _walks(profile: ColumnProfile, random: np.random.Generator, count: int) -> list[list[float]]:
    """Values drawn one by one, of the lengths that the rows have; sixteen where none is common."""
    assert profile.quantiles is not None
    lengths = [int(length) for length in _picked(profile.top or {"16": 1}, random.random(count))]
    quantiles = profile.quantiles
    return [np.nan_to_num(quantiles.quantile(random.random(n))).tolist() for n in lengths]


def _pictures(profile: ColumnProfile, random: np.random.Generator, count: int) -> list[str]:
    """Noise as PNG files in base64, of the sizes that the rows have; 32 pixels where none is common."""
    found = _picked(profile.top or {"32x32x3": 1}, random.random(count))
    return [base64.b64encode(draw_image(size, random)).decode() for size in found]


def _sentences(profile: ColumnProfile, random: np.random.Generator, count: int) -> list[str]:
    """Three to twelve frequent words each."""
    words = profile.top or {UNSEEN: 1}
    lengths = random.integers(3, 13, count).tolist()
    return [" ".join(_picked(words, random.random(length))) for length in lengths]


def _picked(weights: Mapping[str, int], spots: np.ndarray[Any, Any]) -> list[str]:
    """The values at these places of their cumulated weights; `spots` in [0, 1)."""
    values, ends = list(weights), np.cumsum(list(weights.values()))
    places = np.searchsorted(ends, spots * ends[-1], side="right")
    return [values[place] for place in places.tolist()]
