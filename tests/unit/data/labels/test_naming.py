"""Rows by their file and place, and by their place in all files."""

from __future__ import annotations

from trainwright.data.labels.naming import positions_of, row_name

FILES = [("a.csv", 3), ("odd:name.csv", 2)]


def test_a_name_and_a_bare_position_are_found() -> None:
    named = ["0", "a.csv:2", "odd:name.csv:0", row_name("odd:name.csv", 1), " 4 "]
    assert positions_of(named, FILES) == [0, 2, 3, 4, 4]


def test_a_place_behind_the_end_of_its_file_is_no_row_of_the_next() -> None:
    named = ["a.csv:3", "b.csv:0", "a.csv:-1", "a.csv:", "", None, "1.0", "²"]
    assert positions_of(named, FILES) == [None] * len(named)
