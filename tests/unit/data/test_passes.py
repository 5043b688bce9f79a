from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.compute.workers import HERE, Item, Result, Work, Workers
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.data.hashing import hash_cells, hash_rows, mix
from trainwright.data.passes import Rounds
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.blocks import BlockStore
from trainwright.data.staging.typed import TypedRows

COLUMNS = (
    Column("n", ColumnType.NUMBER),
    Column("m", ColumnType.NUMBER),
    Column("c", ColumnType.CATEGORY),
    Column("t", ColumnType.TEXT),
)


class InShares:
    """Workers that get two items each, one after another."""

    def map(
        self, work: Work[Item, Result], items: Iterable[Item], *, folder: Path
    ) -> Iterator[Result]:
        known = list(items)
        for start in range(0, len(known), 2):
            yield from work(known[start : start + 2])


def rows_of(tmp_path: Path, *, heights: list[int], seed: int = 0) -> tuple[TypedRows, pl.DataFrame]:
    """Typed rows in blocks of these heights, and the same in memory."""
    random = np.random.default_rng(seed)
    size = sum(heights)
    frame = pl.DataFrame(
        {
            "n": random.normal(size=size) * 1e6,
            "m": pl.Series(random.normal(size=size)).set(
                pl.Series(random.random(size) < 0.1), None
            ),
            "c": random.choice(["a", "b", "c"], size),
            "t": [f"word{i % 90} and more" for i in range(size)],
        }
    )
    store = BlockStore(tmp_path / "typed.blocks")
    start = 0
    for height in heights:
        store.write(frame[start : start + height])
        start += height
    target = Target(COLUMNS[2], Task.CLASSIFICATION, ("a", "b", "c"))
    return TypedRows(store, COLUMNS, target, (), ""), frame


@pytest.mark.parametrize("workers", [HERE, InShares()], ids=["here", "shares"])
def test_hashes_are_those_of_the_whole_table(workers: Workers, tmp_path: Path) -> None:
    typed, frame = rows_of(tmp_path, heights=[5, 1, 7, 4])
    inputs, whole = Rounds(typed, Arrays(), tmp_path, workers).hashes(["n", "t"], "c")
    assert inputs.tolist() == hash_rows(frame, ["n", "t"]).tolist()
    assert whole.tolist() == mix(inputs ^ mix(hash_cells(frame["c"]))).tolist()
