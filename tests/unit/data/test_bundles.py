from __future__ import annotations

import polars as pl

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.data.bundles import strata_of
from trainwright.data.staging.arrays import Arrays
from trainwright.data.staging.rows import FrameRows


def test_of_several_labels_the_rarest_one_is_the_stratum():
    lists = [["a"], ["a", "b"], ["a", "b", "c"], [], ["a", "b"]]
    target = Target(Column("t", ColumnType.LABELS), Task.MULTI_LABEL, ("a", "b", "c"))
    rows = FrameRows(pl.DataFrame({"t": lists}))
    assert strata_of(rows, target, Arrays()).tolist() == [2, 1, 0, 3, 1]
