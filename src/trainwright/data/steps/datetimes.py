"""Date-times: the parts that vary in train rows, and the time since the first of them.

Trees get each part as a number. A linear model gets the cycles (month, weekday, day of the year,
minute of the day) as sine and cosine, and the time in lengths of the train rows' span, bounded as
numbers are. The calendar is arithmetic on whole days, the same expression for one int and for an
array, and sines stand in tables, so a single row and a block agree bit for bit. Times are UTC.

Source: Hinnant, "chrono-compatible low-level date algorithms", civil_from_days (proleptic Gregorian
calendar).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.data.steps.step import NAN, Step, Summary

SECOND = 1_000_000
DAY = 86_400 * SECOND
BOUND = 10.0
PARTS = ("year", "month", "day", "weekday", "hour", "minute_of_day", "day_of_year")
CYCLES = {"month": 13, "weekday": 8, "minute_of_day": 1_440, "day_of_year": 367}  # table lengths
_FIRSTS = {"month": 1, "weekday": 1, "minute_of_day": 0, "day_of_year": 1}

Whole = Any  # an int, or an int64 array of shape (rows,): the same expressions serve both


@dataclass(frozen=True, slots=True)
class DateTime(Step):
    """Parts of a date-time and the seconds since `first`.

    Attributes:
        parts: Those of `PARTS` that are kept.
        first: Earliest train row, in microseconds since 1970.
        span: From the earliest to the latest train row, in microseconds, at least 1.
        cyclic: For a linear model: sines and cosines, time in spans, 0 where missing.
        indicates: One more feature is 1 where the value is missing.
    """

    column: str
    parts: tuple[str, ...]
    first: int
    span: int
    cyclic: bool
    indicates: bool
    kind = "date-time"

    @property
    def names(self) -> tuple[str, ...]:
        ends = [f"{part}.{wave}" for part in self.parts for wave in ("sin", "cos")]
        ends = ends if self.cyclic else list(self.parts)
        ends += ["elapsed"] + ["missing"] * self.indicates
        return tuple(f"{self.column}.{end}" for end in ends)

    def fill(self, series: pl.Series, out: NDArray[np.float64]) -> None:
        missing = series.is_null().to_numpy()
        moments = microseconds(series)
        found = calendar(moments)
        place = 0
        for part in self.parts:
            if self.cyclic:
                out[:, place : place + 2] = _WAVE_TABLES[part][found[part]]
                place += 2
            else:
                out[:, place] = found[part]
                place += 1
        elapsed = moments.astype(np.float64) - float(self.first)
        if self.cyclic:
            out[:, place] = np.clip(elapsed / float(self.span), -BOUND, BOUND)
        else:
            out[:, place] = elapsed / SECOND
        out[missing] = self._missing()
        if self.indicates:
            out[:, -1] = missing

    def row(self, value: Any) -> Sequence[float]:  # noqa: ANN401 - microseconds or None
        if value is None:
            return self._missing()
        found = calendar(value)
        elapsed = float(value) - float(self.first)
        if not self.cyclic:
            return [*(float(found[part]) for part in self.parts), elapsed / SECOND]
        waves = [wave for part in self.parts for wave in WAVES[part][found[part]]]
        share = min(max(elapsed / float(self.span), -BOUND), BOUND)
        return [*waves, share, *[0.0] * self.indicates]

    def _missing(self) -> list[float]:
        features = [0.0 if self.cyclic else NAN] * len(self.names)
        if self.indicates:
            features[-1] = 1.0
        return features

    def to_json(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "parts": list(self.parts),
            "first": self.first,
            "span": self.span,
            "cyclic": self.cyclic,
            "indicates": self.indicates,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> DateTime:
        return cls(**{**value, "parts": tuple(value["parts"])})


class DateTimeSummary(Summary):
    """Least and greatest of each part, and of the time itself."""

    def __init__(self, column: str, *, cyclic: bool) -> None:
        self._column = column
        self._cyclic = cyclic
        self._ranges: dict[str, tuple[int, int]] = {}
        self._nulls = 0

    def observe(self, block: pl.Series) -> None:
        present = block.drop_nulls()
        self._nulls += len(block) - len(present)
        if len(present):
            moments = microseconds(present)
            for part, found in {**calendar(moments), "elapsed": moments}.items():
                self._widen(part, int(found.min()), int(found.max()))

    def merge(self, other: DateTimeSummary) -> None:
        self._nulls += other._nulls
        for part, (least, most) in other._ranges.items():
            self._widen(part, least, most)

    def finish(self) -> DateTime:
        first, last = self._ranges.get("elapsed", (0, 0))
        varied = [p for p in PARTS if len(set(self._ranges.get(p, (0,)))) > 1]
        return DateTime(
            self._column,
            parts=tuple(part for part in varied if not self._cyclic or part in CYCLES),
            first=first,
            span=max(1, last - first),
            cyclic=self._cyclic,
            indicates=self._cyclic and self._nulls > 0,
        )

    def _widen(self, part: str, least: int, most: int) -> None:
        low, high = self._ranges.get(part, (least, most))
        self._ranges[part] = (min(low, least), max(high, most))


def microseconds(series: pl.Series) -> NDArray[np.int64]:
    """Microseconds since 1970, UTC; 0 where missing."""
    return series.cast(pl.Datetime("us")).to_physical().fill_null(0).to_numpy()


def calendar(moment: Whole) -> dict[str, Whole]:
    """The parts of a moment in microseconds since 1970, UTC. Weekday 1 is Monday, as in ISO 8601."""
    days = moment // DAY
    minute = (moment - days * DAY) // (60 * SECOND)
    if isinstance(moment, np.ndarray):  # days of all years that microseconds reach: half the time
        days, minute = days.astype(np.int32), minute.astype(np.int32)
    # Days since 0000-03-01: a year that begins in March has its leap day at the end.
    shifted = days + 719_468
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    leaps = day_of_era // 1_460 - day_of_era // 36_524 + day_of_era // 146_096
    year_of_era = (day_of_era - leaps) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * day_of_year + 2) // 153
    january = march_month // 10  # 1 for January and February, which close the shifted year
    year = year_of_era + era * 400 + january
    is_leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    return {
        "year": year,
        "month": march_month + 3 - 12 * january,
        "day": day_of_year - (153 * march_month + 2) // 5 + 1,
        "weekday": (days + 3) % 7 + 1,
        "hour": minute // 60,
        "minute_of_day": minute,
        "day_of_year": day_of_year + 60 + is_leap - january * (365 + is_leap),
    }


def _waves(part: str) -> list[tuple[float, float]]:
    """(sine, cosine) of each value of a part, from 0 on."""
    first, length = _FIRSTS[part], CYCLES[part]
    period = length - first
    turns = [2 * math.pi * (value - first) / period for value in range(length)]
    return [(math.sin(turn), math.cos(turn)) for turn in turns]


WAVES = {part: _waves(part) for part in CYCLES}
_WAVE_TABLES = {part: np.array(waves) for part, waves in WAVES.items()}
