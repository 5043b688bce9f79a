from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.data.hashing import RowHasher, SourceKey
from trainwright.data.types.repeats import Repeats, each_once
from trainwright.data.types.values import parse_series

ROWS = 10_000
DAYS = [f"2024-{month:02d}-{day:02d}T07:30:00Z" for month in range(1, 13) for day in range(1, 29)]
NAMES = ["Bachelor's degree", "Associate, vocational", "Some college", "ä" * 9, "x" * 300]


def drawn(texts: list[str], *, gaps: float = 0.0) -> pl.Series:
    random = np.random.default_rng(np.random.SeedSequence().entropy)
    found = pl.Series("c", random.choice(np.array(texts, dtype=object), ROWS), dtype=pl.String)
    return found.set(pl.Series(random.random(ROWS) < gaps), None)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
@pytest.mark.parametrize("texts", [DAYS, NAMES])
def test_what_there_is_of_each_text_stands_in_its_rows(texts: list[str], gaps: float) -> None:
    values = drawn(texts, gaps=gaps)
    repeats = Repeats.of_long(values)
    assert repeats is not None
    assert len(repeats.distinct) <= len(texts)
    assert repeats.spread(repeats.distinct).equals(values)


@pytest.mark.parametrize("gaps", [0.0, 0.2])
@pytest.mark.parametrize("texts", [DAYS, NAMES])
def test_rows_hash_as_they_do_one_by_one(texts: list[str], gaps: float) -> None:
    frame = drawn(texts, gaps=gaps).to_frame().with_columns(n=pl.int_range(ROWS))
    hasher = RowHasher(["c", "n"])
    single = np.concatenate([hasher.hashes(part) for part in frame.iter_slices(500)])
    known = {"c": Repeats.of_long(frame["c"]), "n": None}
    assert (hasher.hashes(frame) == single).all()
    assert (hasher.hashes(frame, known) == single).all()
    keys = SourceKey(), SourceKey()
    keys[0].add(frame, known)
    for part in frame.iter_slices(500):
        keys[1].add(part)
    assert keys[0].value == keys[1].value


@pytest.mark.parametrize("odd", [[], [""], ["  2024-01-01T07:30:00Z "], ["not a date"], ["N/A"]])
def test_a_column_is_read_as_text_by_text(odd: list[str]) -> None:
    column = Column("c", ColumnType.DATETIME, format="%Y-%m-%dT%H:%M:%SZ", nulls=("N/A",))
    values = drawn([*DAYS, *odd], gaps=0.1)
    parsed = parse_series(column, values, Repeats.of_long(values))
    plain = parse_series(column, values)
    assert parsed.values.equals(plain.values)
    assert (parsed.empty, parsed.misfits, dict(parsed.changed)) == (
        plain.empty,
        plain.misfits,
        dict(plain.changed),
    )
    assert parsed.marks.equals(plain.marks)


def test_few_rows_short_texts_and_differing_ones_are_left_as_they_are() -> None:
    assert Repeats.of_long(drawn(DAYS).head(100)) is None
    assert Repeats.of_long(drawn(["ab", "cd"])) is None
    assert Repeats.of_long(pl.Series([f"a text of its own, {row}" for row in range(ROWS)])) is None
    assert Repeats.of_long(pl.Series([1.5, 2.5] * ROWS)) is None
    assert Repeats.of_long(pl.Series([], dtype=pl.String)) is None


def test_each_text_is_read_once() -> None:
    seen = []

    def read(texts: pl.Series) -> pl.Series:
        seen.append(len(texts))
        return texts.str.len_chars()

    values = drawn(DAYS)
    assert each_once(values, read).to_list() == [20] * ROWS
    assert seen[0] <= len(DAYS)
