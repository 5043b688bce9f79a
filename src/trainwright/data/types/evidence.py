"""What one scan of a column shows before its type is proposed: a sample, and what it is made of.

The sample are the texts of the 3,000 rows whose positions hash lowest among those that hold one: from
all over the column, and the same however the rows are cut into blocks or in which order blocks are
merged. Cost: a hash a row, which all columns of a block share, and a look at some thousand cells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.types.blanks import stripped
from trainwright.data.types.case import Context
from trainwright.data.types.views import Views
from trainwright.summaries.sketches import hash_numbers

SAMPLE = 3_000
_SPARE = 1.1  # more rows are drawn than would do, were gaps spread evenly
_LONGEST = 1_000  # characters of a sampled text: enough to tell what it is


@dataclass(slots=True)
class Evidence:
    """A column before it has a type; state is bounded.

    Attributes:
        context: What recipe and file say.
        name: The column's.
        rows: Seen so far.
        empty: Rows without anything: null, or an empty text.
        dtypes: Of the blocks.
    """

    context: Context
    name: str = ""
    rows: int = 0
    empty: int = 0
    dtypes: set[pl.DataType] = field(default_factory=set)
    _places: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    _hashes: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    _texts: NDArray[Any] = field(default_factory=lambda: np.zeros(0, object))

    @classmethod
    def of(cls, context: Context) -> Evidence:
        """Of nothing yet."""
        return cls(context)

    @property
    def dtype(self) -> pl.DataType:
        """One type for all blocks; text where they differ in more than their kind of number."""
        kinds = self.dtypes - {pl.Null()}
        if len(kinds) == 1:
            return next(iter(kinds))
        numeric = bool(kinds) and all(kind.is_numeric() for kind in kinds)
        return pl.Float64() if numeric else pl.String()

    @property
    def sample(self) -> list[str]:
        """At most 3,000 texts in the order of their rows, none of them empty, without blanks around."""
        return list(self._texts[np.argsort(self._places)])

    def add(self, block: pl.Series, first_row: int) -> None:
        """Look at the rows of a block; `first_row` is the global position of its first."""
        if block.dtype in (pl.Categorical, pl.Enum):
            block = block.cast(pl.String)
        self.name = self.name or block.name
        self.dtypes.add(block.dtype)
        self.rows += len(block)
        self.empty += block.null_count()
        if block.dtype == pl.String:
            self.empty += _count_empty(block)
        if not len(block) or block.dtype.is_nested() or block.dtype in (pl.Binary, pl.Null):
            return
        hashes = _hashes(first_row, len(block))
        drawn = self._drawn(first_row, len(block))
        rows, texts = _filled(block, drawn)
        if len(drawn) < len(block) and len(texts) < SAMPLE > len(self._places):  # mostly empty
            rows, texts = _filled(block, np.arange(len(block)))
        self._keep(rows + first_row, hashes[rows], texts)

    def few(self, count: int) -> Evidence:
        """With so many texts of the sample at most: enough for a guess that is looked at again."""
        lowest = np.argsort(self._hashes)[:count]
        kept = self._places[lowest], self._hashes[lowest], self._texts[lowest]
        return Evidence(self.context, self.name, self.rows, self.empty, self.dtypes, *kept)

    def merge(self, other: Evidence) -> Evidence:
        """Of the rows of both."""
        merged = Evidence(
            self.context,
            self.name or other.name,
            self.rows + other.rows,
            self.empty + other.empty,
            self.dtypes | other.dtypes,
            self._places,
            self._hashes,
            self._texts,
        )
        merged._keep(other._places, other._hashes, other._texts)
        return merged

    def _drawn(self, first_row: int, num_rows: int) -> NDArray[np.int64]:
        """Positions within a block that may belong to the sample."""
        if len(self._places) == SAMPLE:
            return _below(first_row, num_rows, int(self._hashes.max()))
        filled = max(1, self.rows - self.empty)
        enough = int(_SPARE * SAMPLE * self.rows / filled)  # since some of them are empty
        return _lowest(first_row, num_rows, min(enough, num_rows))

    def _keep(
        self, places: NDArray[np.int64], hashes: NDArray[np.uint64], texts: NDArray[Any]
    ) -> None:
        if not len(places):
            return
        self._places = np.concatenate([self._places, places])
        self._hashes = np.concatenate([self._hashes, hashes])
        self._texts = np.concatenate([self._texts, texts])
        if len(self._places) > SAMPLE:
            lowest = np.argpartition(self._hashes, SAMPLE)[:SAMPLE]
            self._places, self._hashes = self._places[lowest], self._hashes[lowest]
            self._texts = self._texts[lowest]


@lru_cache(maxsize=4)
def _hashes(first_row: int, num_rows: int) -> NDArray[np.uint64]:
    return hash_numbers(np.arange(first_row, first_row + num_rows, dtype=np.int64))


@lru_cache(maxsize=4)
def _below(first_row: int, num_rows: int, most: int) -> NDArray[np.int64]:
    """Positions of the rows that hash lower, ascending: the same for all columns without gaps."""
    return np.flatnonzero(_hashes(first_row, num_rows) < np.uint64(most))


@lru_cache(maxsize=4)
def _lowest(first_row: int, num_rows: int, count: int) -> NDArray[np.int64]:
    """Positions of so many rows that hash lowest, ascending."""
    if count == num_rows:
        return np.arange(num_rows)
    return np.sort(np.argpartition(_hashes(first_row, num_rows), count)[:count])


def _count_empty(texts: pl.Series) -> int:
    """How many are an empty text; what is missing is none."""
    if texts.null_count():
        texts = texts.drop_nulls()
    return len(texts) - int(np.count_nonzero(Views.of(texts.rechunk()).lengths))


def _filled(block: pl.Series, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Those of the rows that hold a text, and these texts without blanks around."""
    cells = block.gather(rows)
    if cells.dtype == pl.Duration:
        cells = cells.to_physical()  # which has no text of its own
    texts = cells if cells.dtype == pl.String else cells.cast(pl.String)
    if texts.null_count():
        texts = texts.fill_null("")
    if Views.of(texts.rechunk()).lengths.max(initial=0) > _LONGEST:
        texts = texts.str.slice(0, _LONGEST)
    bare = stripped(texts).rechunk()
    held = Views.of(bare).lengths > 0
    if not held.all():
        rows, bare = rows[held], bare.filter(pl.Series(held))
    return rows, np.array(bare.to_list(), dtype=object)
