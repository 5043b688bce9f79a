from __future__ import annotations

import numpy as np

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.data.label_counts import label_findings

TARGET = Target(Column("tags", ColumnType.LABELS), Task.MULTI_LABEL, ("a", "b", "c"))


def told(train, validation, test) -> list[tuple[str, str]]:
    counts = np.array([train, validation, test])
    return [
        (one.kind, one.message) for one in label_findings(counts, np.array([5000, 50, 50]), TARGET)
    ]


def test_common_labels_in_every_part_are_no_finding():
    assert told([2000, 1000, 500], [20, 10, 5], [20, 10, 5]) == []


def test_a_label_on_every_train_row_is_constant():
    ((kind, message), *_) = told([5000, 1000, 500], [50, 10, 5], [50, 10, 5])
    assert kind == "constant"
    assert message.endswith(": 'a'")


def test_a_label_of_few_train_rows_is_named_with_its_count():
    found = told([2000, 1000, 19], [20, 10, 5], [20, 10, 5])
    assert found[0][0] == "imbalance"
    assert found[0][1].endswith("'c' (19)")
    assert "from 'c' (19 rows) to 'a' (2,000)" in found[1][1]


def test_a_label_that_a_later_part_lacks_has_no_figure_there():
    found = told([2000, 1000, 500], [20, 0, 5], [20, 10, 0])
    assert [("validation" in message, "test" in message) for _, message in found] == [
        (True, False),
        (False, True),
    ]


def test_a_label_that_train_lacks_is_not_among_those():
    assert told([2000, 1000, 0], [20, 10, 0], [20, 10, 0]) == []
