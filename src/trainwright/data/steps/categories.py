"""Categories: codes by frequency for trees, one feature each for a linear model.

A value needs five train rows to be told apart, and only the most frequent are (4,096 codes, 32
one-hot features, which bounds the matrix). The others share "other", and so does a value never
seen: the model has learnt what rare values do, which is the best guess for a new one. Without rare
train rows there is nothing to guess from: a new value is NaN among codes and all zeros among
one-hot features. Ties in frequency go by text, so the codes are a function of the rows alone.

Rare values are not written out, since they may be a customer's; 32 bits of their hash are kept, so
that `knows` can tell a rare value from a new one (one new value in 40,000 is mistaken for known
where 100,000 are rare).

Source: scikit-learn's OneHotEncoder(min_frequency, handle_unknown="infrequent_if_exist"), with
which parity is tested.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.steps.step import MIN_COUNT, NAN, Step, Summary
from trainwright.data.types.masks import null_where

MAX_CODES = 4_096
MAX_ONE_HOT = 32
MAX_HASHES = 100_000  # rare values remembered; with more, any value counts as known


@dataclass(frozen=True, slots=True)
class Categories(Step):
    """Known values, most frequent first.

    Attributes:
        values: In the order of their codes.
        has_other: Train rows held rarer values too: one more code.
        has_missing: Train rows lacked the value.
        one_hot: One feature a value, one for "other" and one for missing where train rows had them;
            otherwise one feature, the code.
        rare: Hashes of the rarer values; None when there were too many to remember.
    """

    column: str
    values: tuple[str, ...]
    has_other: bool
    has_missing: bool
    one_hot: bool
    rare: frozenset[str] | None
    kind = "categories"
    _codes: dict[str, int] = field(init=False, repr=False, compare=False)
    _rows: dict[str | None, tuple[float, ...]] = field(init=False, repr=False, compare=False)
    _unseen: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _enum: pl.Enum = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Write down the features of each value once: all of `fill` and `row` is looking up."""
        codes = {value: code for code, value in enumerate(self.values)}
        other = len(codes) if self.has_other else None
        width = len(codes) + self.has_other + self.has_missing
        missing = width - 1 if self.has_missing else None

        def features(code: int | None) -> tuple[float, ...]:
            if not self.one_hot:
                return (NAN if code is None else float(code),)
            return tuple(float(place == code) for place in range(width))

        rows: dict[str | None, tuple[float, ...]] = {v: features(c) for v, c in codes.items()}
        rows[None] = features(missing if self.one_hot else None)
        unseen = features(other)
        for name, made in {
            "_codes": codes,
            "_rows": rows,
            "_unseen": unseen,
            "_enum": pl.Enum(self.values),
        }.items():
            object.__setattr__(self, name, made)

    @property
    def names(self) -> tuple[str, ...]:
        if not self.one_hot:
            return (self.column,)
        extra = ["(other)"] * self.has_other + ["(missing)"] * self.has_missing
        return tuple(f"{self.column}={value}" for value in (*self.values, *extra))

    @property
    def is_codes(self) -> bool:
        return not self.one_hot

    def looked_up(self, series: pl.Series) -> pl.Series:
        """The code of each value: null for what has none."""
        texts = series.cast(pl.String)
        codes = texts.cast(self._enum, strict=False).to_physical().cast(pl.UInt32)
        if self.has_other:
            codes = null_where(texts.is_null(), codes.fill_null(len(self.values)))
        if self.one_hot and self.has_missing:
            codes = codes.scatter(texts.is_null().arg_true(), len(self.names) - 1)
        return codes

    def fill(self, series: pl.Series, out: NDArray[np.float64]) -> None:
        codes = series.cast(pl.Float64).to_numpy()
        if not self.one_hot:
            out[:, 0] = codes
            return
        held = np.flatnonzero(~np.isnan(codes))
        out[held, codes[held].astype(np.intp)] = 1.0

    def row(self, value: Any) -> Sequence[float]:  # noqa: ANN401 - a text or None
        return self._rows.get(value, self._unseen)

    def knows(self, value: str) -> bool:
        """Whether a train row held this value."""
        return value in self._codes or self.rare is None or _hashed(value) in self.rare

    def to_json(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "values": list(self.values),
            "has_other": self.has_other,
            "has_missing": self.has_missing,
            "one_hot": self.one_hot,
            "rare": None if self.rare is None else sorted(self.rare),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Categories:
        rare = value["rare"]
        fixed = {
            "values": tuple(value["values"]),
            "rare": None if rare is None else frozenset(rare),
        }
        return cls(**{**value, **fixed})


class CategoriesSummary(Summary):
    """Train rows by value; as large as the column has distinct values."""

    def __init__(self, column: str, *, one_hot: bool) -> None:
        self._column = column
        self._one_hot = one_hot
        self._counts: Counter[str] = Counter()
        self._nulls = 0

    def observe(self, block: pl.Series) -> None:
        found = block.cast(pl.String).drop_nulls().rename("value").value_counts(name="rows")
        self._counts.update(
            dict(zip(found["value"].to_list(), found["rows"].to_list(), strict=True))
        )
        self._nulls += block.null_count()

    def merge(self, other: CategoriesSummary) -> None:
        self._counts.update(other._counts)
        self._nulls += other._nulls

    def finish(self) -> Categories:
        ordered = sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))
        limit = MAX_ONE_HOT if self._one_hot else MAX_CODES
        kept = tuple(value for value, count in ordered[:limit] if count >= MIN_COUNT)
        rare = [value for value, _ in ordered[len(kept) :]]
        return Categories(
            self._column,
            values=kept,
            has_other=bool(rare),
            has_missing=self._nulls > 0,
            one_hot=self._one_hot,
            rare=frozenset(map(_hashed, rare)) if len(rare) <= MAX_HASHES else None,
        )


def _hashed(value: str) -> str:
    """32 bits of the value's hash, as 8 hex digits."""
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
