"""Both forms of annotations become the same votes."""

from __future__ import annotations

import polars as pl
import pytest

from trainwright.core.errors import DataError
from trainwright.data.labels.votes import votes_of_columns, votes_of_lines

WIDE = pl.DataFrame({"ann": ["x", "y", None], "bob": ["x", None, None], "eve": ["y", "y", None]})
LONG = pl.DataFrame(
    {
        "row": [0, 0, 0, 1, 1],
        "annotator": ["bob", "ann", "eve", "eve", "ann"],
        "label": ["x", "x", "y", "y", "y"],
    }
)


def test_columns_and_lines_say_the_same() -> None:
    wide, long = votes_of_columns(WIDE, ["ann", "bob", "eve"]), votes_of_lines(LONG, num_rows=3)
    assert wide.table().tolist() == long.table().tolist() == [[0, 0, 1], [1, -1, 1], [-1, -1, -1]]
    assert wide.classes == long.classes == ("x", "y")
    assert wide.counts.tolist() == [[2, 1], [0, 2], [0, 0]]


def test_a_voter_is_left_out() -> None:
    assert votes_of_columns(WIDE, ["ann", "bob"]).without(0).table().tolist()[0] == [-1, 0]


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        ({"row": [7], "annotator": ["a"], "label": ["x"]}, "row 7 of 3"),
        ({"row": [1, 1], "annotator": ["a", "a"], "label": ["x", "y"]}, "labelled row 1 twice"),
        ({"row": [1], "annotator": ["a"], "label": [None]}, "nobody gave a label"),
    ],
)
def test_wrong_lines_are_refused(lines: dict[str, list[object]], match: str) -> None:
    with pytest.raises(DataError, match=match):
        votes_of_lines(pl.DataFrame(lines), num_rows=3)


def test_a_label_that_is_no_class_is_refused() -> None:
    with pytest.raises(DataError, match="none of the classes"):
        votes_of_columns(WIDE, ["ann", "bob"], classes=["x"])
