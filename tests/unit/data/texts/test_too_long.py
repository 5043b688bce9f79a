"""Texts that are too long are counted over all parts and named."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.texts.too_long import TooLong, joined, refuse_long


def refusal(lost: list[int], names: list[int]) -> TooLong:
    with pytest.raises(TooLong, match="over_long: truncate") as caught:
        refuse_long(lost, names, column="text", max_length=8)
    return caught.value


def test_nothing_is_refused_where_nothing_is_lost() -> None:
    refuse_long([0, 0], [1, 2], column="text", max_length=8)
    refuse_long(np.array([], np.int64), [], column="text", max_length=8)


def test_the_rows_of_several_parts_are_told_together_in_their_order() -> None:
    both = joined([refusal([0, 3, 1], [4, 5, 9]), refusal([7, 0], [2, 3])], num_texts=6)
    assert both.what == "3 of 6 texts have more than 8 tokens; the longest has 7 too many"
    assert both.where == "column 'text', rows 2, 5, 9"


def test_of_many_rows_the_first_are_named_and_the_others_counted() -> None:
    assert refusal([1] * 1_010, [*range(1_010)]).where == (
        "column 'text', rows 0, 1, 2, 3, 4, 5, 6, 7 and 1,002 more"
    )
