from __future__ import annotations

import polars as pl

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.data.label_questions import commonest, question_of, told_labels

TARGET = Target(Column("tags", ColumnType.LABELS), Task.MULTI_LABEL, ("a", "b", "c", "d"))
LISTS = pl.Series("tags", [["a", "b"], ["a", "b"], [], ["a", "c"]])


def test_each_row_has_a_label_or_not():
    assert told_labels(LISTS, "b").to_list() == ["present", "present", "absent", "absent"]
    assert question_of(TARGET).classes == ("absent", "present")


def test_the_commonest_labels_come_first_and_unheard_ones_never():
    assert commonest(LISTS, TARGET, most=9) == ["a", "b", "c"]
    assert commonest(LISTS, TARGET, most=1) == ["a"]


def test_a_label_that_all_rows_have_asks_nothing():
    assert commonest(pl.Series("tags", [["a"], ["a", "b"]]), TARGET, most=9) == ["b"]
