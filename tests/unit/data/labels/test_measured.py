from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.labels.measured import keep_from_measuring
from trainwright.data.staging.arrays import Arrays

PARTS = np.array([0, 1, 1, 2, 2, 2, 0, 1], dtype=np.int8)
UNITS = np.array([0, 1, 1, 3, 4, 3, 6, 7])
WEAK = np.array([0, 2, 4, 5, 7])


@pytest.mark.parametrize("span", [3, 100])
@pytest.mark.parametrize("by", ["random", "group"])
def test_a_row_is_learned_from_unless_its_copy_or_group_is_measured_on(by: str, span: int):
    arrays = Arrays(span_rows=span)
    found = keep_from_measuring(WEAK, PARTS, UNITS, by=by, arrays=arrays)
    assert found.learned.tolist() == [4, 7]
    assert found.left_out.tolist() == [2, 5]  # of units 1 and 3, which rows 1 and 3 are of
    assert found.measured == (1, 1)
    assert found.all.tolist() == [2, 4, 5, 7]


@pytest.mark.parametrize("by", ["time", "group-time", "given"])
def test_what_train_may_know_of_time_or_of_a_given_split_is_not_ours_to_say(by: str):
    found = keep_from_measuring(WEAK, PARTS, UNITS, by=by, arrays=Arrays())
    assert (found.learned.tolist(), found.left_out.tolist()) == ([], [2, 4, 5, 7])


def test_few_rows_to_measure_on_are_a_warning_and_many_are_told():
    many = np.tile(np.repeat([0, 1, 2], 100).astype(np.int8), 2)
    units = np.arange(len(many))
    found = keep_from_measuring(np.array([150]), many, units, by="random", arrays=Arrays())
    (told,) = found.findings(np.array([150]), column="y")
    assert (told.severity, told.remedy) == ("info", "")
    assert "199 validation and 200 test rows" in told.message
    few = keep_from_measuring(WEAK, PARTS, UNITS, by="random", arrays=Arrays())
    (warned,) = few.findings(np.array([2, 4, 5, 7]), column="y")
    assert warned.severity == "warning"
    assert "trainwright label" in warned.remedy


def test_nothing_is_said_where_no_row_fell_there():
    found = keep_from_measuring(np.array([0, 6]), PARTS, UNITS, by="random", arrays=Arrays())
    assert found.findings(found.all, column="y") == []
