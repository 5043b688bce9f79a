from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.data.profiling import PassingProfile
from trainwright.summaries.moments import BLOCK_ROWS
from trainwright.summaries.profile import profile_frame

COLUMNS = (
    Column("n", ColumnType.NUMBER),
    Column("m", ColumnType.NUMBER),
    Column("c", ColumnType.CATEGORY),
    Column("t", ColumnType.TEXT),
)


def frame_of(size: int, *, seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    gaps = pl.Series(random.random(size) < 0.1)
    return pl.DataFrame(
        {
            "n": random.normal(size=size) * 1e6,
            "m": pl.Series(random.normal(size=size)).set(gaps, None),
            "c": random.choice(["a", "b", "c"], size),
            "t": [f"word{i % 90} and more" for i in range(size)],
        }
    )


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[:2], COLUMNS[2:]], ids=str)
def test_the_profile_is_that_of_the_whole_however_the_rows_were_cut(
    columns: tuple[Column, ...],
) -> None:
    seed = np.random.SeedSequence().entropy
    frame = frame_of(2 * BLOCK_ROWS + 20_003, seed=seed)
    cuts = np.sort(np.random.default_rng(seed).integers(0, frame.height, 5)).tolist()
    profile = PassingProfile(columns)
    for start, stop in pairwise([0, *cuts, frame.height]):
        profile.add(frame[start:stop])
    assert profile.value.to_json() == profile_frame(frame, columns).to_json(), seed


def test_pieces_of_a_hidden_column_are_not_in_it() -> None:
    frame = pl.DataFrame({"t": ["write to ann@example.org", "nothing here"] * 5})
    column = Column("t", ColumnType.TEXT)
    told = {}
    for hidden in (frozenset[str](), frozenset({"t"})):
        profile = PassingProfile([column], hidden=hidden)
        profile.add(frame)
        told[bool(hidden)] = str(profile.value.to_json())
    assert "ann" in told[False]
    assert "ann" not in told[True]
