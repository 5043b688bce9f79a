from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.data.hashing import hash_rows
from trainwright.data.leakage import find_leaks
from trainwright.models.tables.probe import probe


def look(frame: pl.DataFrame):
    names = [name for name in frame.columns if name != "tags"]
    target = Target(Column("tags", ColumnType.LABELS), Task.MULTI_LABEL, ("a", "b"))
    return find_leaks(
        frame,
        [Column(name, ColumnType.NUMBER) for name in names],
        target=target,
        probe=probe,
        hashes=hash_rows(frame, names),
    )


def table(rows: int = 1200) -> tuple[pl.DataFrame, np.ndarray]:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(rows, 3))
    there = inputs[:, :2] + generator.normal(size=(rows, 2)) > 0
    lists = [[n for n, has in zip("ab", row, strict=True) if has] for row in there]
    return pl.DataFrame(inputs, schema=list("xyz")).with_columns(tags=pl.Series(lists)), there


def test_a_sound_table_has_no_finding():
    assert look(table()[0]) == []


def test_a_column_that_tells_one_label_is_a_warning_that_names_both():
    frame, there = table()
    found = look(frame.with_columns(told=pl.Series(there[:, 1].astype(float))))
    assert [(one.severity, one.column) for one in found] == [("warning", "told")]
    assert found[0].message.startswith("label 'b'")
    assert "known_after: [told]" in found[0].remedy
    assert "accept" not in found[0].remedy
