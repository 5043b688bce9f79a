"""What stands in a sheet beside header and rows is found, told with its row, and left out where sure."""

import re
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError
from trainwright.data.reading import read_source, read_typed
from trainwright.data.reading.tables import RawTable
from trainwright.recipe.data import DataSettings

HEAD = ("a", "b", "y")
ROWS = [(i, i * 1.5, "uv"[i % 2]) for i in range(1, 41)]


def read(folder: Path, rows, **settings) -> RawTable:
    write(folder, rows)
    return read_source(DataSettings(source="t.xlsx", target="y", **settings), base=folder)


def write(folder: Path, rows) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Data"
    for row in rows:
        book.active.append(row)
    book.save(folder / "t.xlsx")


FOUND = {
    # rows of the sheet: the first row of the table, what is told
    "a title": ([("Sales of 2024",), HEAD, *ROWS], 3, "stands 'Sales of 2024': row 1 left out"),
    "a title in the middle": ([(None, "Sales"), HEAD, *ROWS], 3, "row 1 left out"),
    "a title, and a blank row": ([("Sales",), (), ("as of May",), (), HEAD, *ROWS], 6, "rows 1 to 3"),
    "keys and values": ([("Site", "Ulm"), ("Date", "2024-05-03"), (), HEAD, *ROWS], 5, "rows 1 to 2"),
    "units": ([HEAD, ("cm", "kg", "-"), *ROWS], 3, "a in cm, b in kg"),
    "units in brackets": ([HEAD, ("[cm]", "[kg]"), *ROWS], 3, "a in [cm], b in [kg]"),
    "totals": ([HEAD, *ROWS, ("Total", 1230)], 2, "the last row holds totals ('Total'): row 42"),
    "totals behind a blank row": ([HEAD, *ROWS, (), (None, "Grand total", 1230)], 2, "row 43"),
    "a footnote": ([HEAD, *ROWS, ("Source: the ministry",)], 2, "below the rows stands 'Source"),
    "a star": ([HEAD, *ROWS, ("* estimated",)], 2, "below the rows stands '* est"),
    "a sentence": ([HEAD, *ROWS, ("Figures are preliminary.",)], 2, "row 42 left out"),
    "a text behind a blank row": ([HEAD, *ROWS, (), ("Confidential",)], 2, "row 43 left out"),
    "notes": ([HEAD, *ROWS, (), ("All in euros",), ("Ask us",)], 2, "rows 43 to 44"),
    "the header once more": ([HEAD, *ROWS[:20], HEAD, *ROWS[20:]], 2, "once more among the rows: left out"),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND.values(), ids=FOUND.keys())
def test_what_is_no_row_is_left_out_and_told(case, tmp_path: Path):
    rows, first, told = case
    raw = read(tmp_path, rows)
    assert raw.frame.columns == ["a", "b", "y"]
    assert raw.frame["a"].to_list() == list(range(1, 41))
    assert raw.frame["b"].dtype.is_numeric()
    assert raw.place(0) == f"t.xlsx:{first}"
    (warned,) = [f for f in raw.findings if f.severity == "warning"]
    assert (warned.kind, told in warned.message) == ("schema", True), warned.message
    assert warned.message.startswith("t.xlsx!Data: ")
    assert warned.count
    assert warned.remedy


ALL = [
    ("Sales of 2024",), (), HEAD, ("cm", "kg", "-"), *ROWS, HEAD,
    ("Total", 1230), ("Average", 30.75), (), ("* estimated",),
]  # fmt: skip
IN_ALL = (
    (1, "a title above the header"),
    (4, "units below the header"),
    (45, "the header once more"),
    (46, "a row of totals"),
    (47, "a row of totals"),
    (49, "a note below the rows"),
)


def test_every_row_that_is_none_of_the_table_is_told_for_the_ledger(tmp_path: Path):
    raw = read(tmp_path, ALL)
    assert raw.frame.height == 40
    assert raw.files[0].left_out == IN_ALL


def test_a_table_that_begins_further_right_than_its_title_and_its_note(tmp_path: Path):
    rows = [(None, *row) for row in (HEAD, *ROWS)]
    raw = read(tmp_path, [("Sales of 2024",), (), *rows, (), ("Source: us",)])
    assert raw.frame["b"].sum() == 1230
    assert [what for _, what in raw.files[0].left_out] == [
        "a title above the header",
        "a note below the rows",
    ]


def test_days_below_a_header_of_words_show_what_it_is(tmp_path: Path):
    rows = [(word, datetime(2024, 5, day), "uv"[day % 2]) for day, word in enumerate("klmnop", 1)]
    assert read(tmp_path, [("Sales",), HEAD, *rows]).frame.height == 6


KEPT = {
    "a word among units": [HEAD, ("cm", "foo", "-"), *ROWS],
    "units above words": [HEAD, ("cm", "kg", "m"), *[("u", "v", "w")] * 4],
    "a last row of a town called so": [HEAD, *ROWS, ("Total", "x", "u")],
    "a last row with one number": [HEAD, *ROWS, (5,)],
    "a last row with one word": [HEAD, *ROWS, ("Ulm",)],
    "a last row with some words": [HEAD, *ROWS, ("Garmisch an der Loisach",)],
    "a lone word at the right": [HEAD, *ROWS, (), (None, None, "u")],
    "sparse rows": [HEAD, *[(i,) for i in range(30)], (1, 2, "u"), (2, 3, "v")],
    "only words": [("y", "town"), *[("u", "Ulm"), ("v", "Bonn")] * 5],
}


@pytest.mark.parametrize("rows", KEPT.values(), ids=KEPT.keys())
def test_what_may_be_a_row_is_kept(rows, tmp_path: Path):
    raw = read(tmp_path, rows)
    assert raw.frame.height == sum(bool(row) for row in rows) - 1
    assert [f for f in raw.findings if f.severity == "warning"] == []


def test_names_of_groups_above_the_names_are_no_title(tmp_path: Path):
    rows = [(None, "2023", None, None, "2024"), ("t", "a", "b", "c", "d", "e", "y")]
    with pytest.raises(DataError, match="it is a title, or a header with merged cells") as caught:
        read(tmp_path, [*rows, *[(n, 1, 2, 3, 4, 5, n % 2) for n in range(9)]])
    assert caught.value.mend == "data: {layout: {skip_lines: 1}}"


def test_the_recipe_says_what_the_shape_does_not(tmp_path: Path):
    raw = read(tmp_path, [HEAD, *ROWS, ("u",), ("v",)], layout={"footer_lines": 2})
    assert (raw.frame.height, len(raw.files[0].left_out)) == (40, 2)
    raw = read(tmp_path, [HEAD, ("x", "z"), *ROWS], layout={"units_row": True})
    assert raw.frame["a"].dtype.is_integer()
    raw = read(tmp_path, [HEAD, *ROWS, ("all", "u")], layout={"totals_row": True})
    assert raw.frame.height == 40
    raw = read(tmp_path, [(), *ROWS], layout={"header": False})
    assert raw.frame.columns == ["column_1", "column_2", "column_3"]
    assert (raw.frame.height, raw.place(0)) == (40, "t.xlsx:2")


def test_what_was_left_out_is_kept_where_the_recipe_says_so(tmp_path: Path):
    for rows, key in (
        ([HEAD, *ROWS, ("Total", 1230)], {"totals_row": False}),
        ([HEAD, ("cm", "kg", "-"), *ROWS], {"units_row": False}),
        ([HEAD, *ROWS, ("Note: new",)], {"footer_lines": 0}),
    ):
        assert read(tmp_path, rows, layout=key).frame.height == 41
    with pytest.raises(DataError, match="it is a title"):
        read(tmp_path, [("Sales of 2024",), HEAD, *ROWS], layout={"skip_lines": 0})


def test_a_first_row_that_looks_like_values_is_told(tmp_path: Path):
    (warned,) = read(tmp_path, ROWS).findings
    assert "looks like one of values" in warned.message
    assert "layout: {header: false}" in warned.remedy


def computed(folder: Path) -> None:
    """The workbook as a spreadsheet would store it: each sum has a value."""
    with zipfile.ZipFile(folder / "t.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(folder / "t.xlsx", "w") as archive:
        for name, content in parts.items():
            stored = re.sub(rb"(</f>)<v ?/?>(?:</v>)?", rb"\1<v>1230</v>", content)
            archive.writestr(name, stored)


def test_a_sum_over_the_column_is_a_total_without_a_name(tmp_path: Path):
    write(tmp_path, [HEAD, *ROWS, (), (None, "=SUM(B2:B41)")])
    computed(tmp_path)
    raw = read_source(DataSettings(source="t.xlsx", target="y"), base=tmp_path)
    assert raw.files[0].left_out == ((43, "a row of totals"),)
    assert raw.frame.height == 40


def test_a_total_that_no_spreadsheet_has_computed_is_one(tmp_path: Path):
    raw = read(tmp_path, [HEAD, *ROWS, ("Total", "=SUM(B2:B41)")])
    assert raw.files[0].left_out == ((42, "a row of totals"),)


def test_sums_among_the_rows_are_told(tmp_path: Path):
    parts = [*ROWS[:20], ("Nord", "=SUM(B2:B21)"), *ROWS[20:], ("Sued", "=SUBTOTAL(9,B23:B42)")]
    write(tmp_path, [HEAD, *parts])
    computed(tmp_path)
    raw = read_source(DataSettings(source="t.xlsx", target="y"), base=tmp_path)
    assert raw.files[0].left_out == ((43, "a row of totals"),)
    (told,) = [f for f in raw.findings if "add up the rows above" in f.message]
    assert (told.count, "the first is row 22" in told.message) == (1, True)


def test_a_column_of_running_sums_is_kept(tmp_path: Path):
    rows = [(i, f"=SUM(A$2:A{i + 1})", "uv"[i % 2]) for i in range(1, 41)]
    write(tmp_path, [HEAD, *rows])
    computed(tmp_path)
    raw = read_source(DataSettings(source="t.xlsx", target="y"), base=tmp_path)
    assert (raw.frame.height, raw.findings) == (40, ())


def test_what_stands_below_a_long_table_is_found_across_blocks(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("trainwright.data.reading.excel._ROWS", 7)
    for num_rows in range(4, 41, 3):
        rows = [*ROWS[:num_rows], ("Total", 1), (), ("* a",), ("* b",)]
        raw = read(tmp_path, [HEAD, *rows])
        assert raw.frame["a"].to_list() == [row[0] for row in ROWS[:num_rows]]


def test_a_file_to_be_scored_is_refused_rather_than_shortened(tmp_path: Path):
    columns = [Column("a", ColumnType.NUMBER), Column("b", ColumnType.NUMBER)]
    write(tmp_path, [("Sales of 2024",), HEAD, *ROWS, ("* estimated",)])
    assert sum(block.frame.height for block in read_typed(tmp_path / "t.xlsx", columns)) == 40
    for last in (("Total", 1230), HEAD):
        write(tmp_path, [HEAD, *ROWS, last])
        with pytest.raises(DataError, match="not an example") as caught:
            list(read_typed(tmp_path / "t.xlsx", columns))
        assert (caught.value.where, caught.value.mend) == ("t.xlsx!Data row 42", "remove the row")


def test_a_title_above_years_is_refused_with_what_passes_over_it(tmp_path: Path):
    rows = [("Report",), (), ("land", 2019, 2020, "y"), *[(f"l{n}", n, n, "u") for n in range(9)]]
    with pytest.raises(DataError, match="it is a title") as caught:
        read(tmp_path, rows)
    assert caught.value.mend == "data: {layout: {skip_lines: 2}}"
    assert read(tmp_path, rows, layout={"skip_lines": 2}).frame.height == 9
