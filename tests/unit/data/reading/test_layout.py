"""What stands beside header and rows is found by its shape, told with its line, and left out where sure."""

from pathlib import Path

import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError
from trainwright.data.reading import read_source, read_typed
from trainwright.data.reading.tables import RawTable
from trainwright.recipe.data import DataSettings

HEAD = "a,b,y\n"
ROWS = "".join(f"{i},{i * 1.5},{'uv'[i % 2]}\n" for i in range(1, 41))


def read(folder: Path, text: str, **settings) -> RawTable:
    (folder / "t.csv").write_text(text)
    return read_source(DataSettings(source="t.csv", target="y", **settings), base=folder)


FOUND = {
    # text: line of the first row, what is told
    "a title": ("Sales of 2024\n" + HEAD + ROWS, 3, "line 1 left out"),
    "a title of two lines and a blank one": ("Sales\nas of May\n\n" + HEAD + ROWS, 5, "lines 1 to 3"),
    "a padded title": ("Sales of 2024,,\n" + HEAD + ROWS, 3, "line 1 left out"),
    "a title above semicolons": (
        ("Sales of 2024\n" + HEAD + ROWS).replace(",", ";"), 3, "line 1 left out",
    ),
    "a title in prose": ("Sales, 2024\n" + HEAD + ROWS, 3, "line 1 left out"),
    "a title in prose, wider than the table": (
        "Report, Q1, 2024, draft\n" + HEAD + ROWS, 3, "above the header stands 'Report, Q1, 2024, draft'",
    ),
    "a title in prose, as wide as the table": ("Sales, Q1, 2024\n" + HEAD + ROWS, 3, "line 1 left out"),
    "two titles in prose": ("Sales, 2024\nPrinted: Monday, 3 May\n" + HEAD + ROWS, 4, "lines 1 to 2"),
    "keys and values above": ("Station,Ulm\nDate,2024-05-03\n" + HEAD + ROWS, 4, "lines 1 to 2"),
    "a title of prose over semicolons": (
        "Umsatz; 2024\n" + (HEAD + ROWS).replace(",", ";"), 3, "line 1 left out",
    ),
    "units": (HEAD + "cm,kg,-\n" + ROWS, 3, "a in cm, b in kg"),
    "units in brackets": (HEAD + "[cm],[kg],\n" + ROWS, 3, "a in [cm], b in [kg]"),
    "totals": (HEAD + ROWS + "Total,1230,\n", 2, "the last row holds totals ('Total'): line 42"),
    "grand totals": (HEAD + ROWS + "Grand total,,1230\n", 2, "line 42"),
    "a footnote": (HEAD + ROWS + "Source: the ministry\n", 2, "below the rows stands 'Source"),
    "a padded footnote": (HEAD + ROWS + "* estimated,,\n", 2, "below the rows stands '* est"),
    "footnotes after a blank line": (HEAD + ROWS + "\n* estimated\nNote: new\n", 2, "lines 43 to 44"),
    "the header once more": (HEAD + ROWS[:50] + ROWS[50:] + HEAD, 2, "the header stands once more"),
    "a file with its mark behind another": (HEAD + ROWS + "\ufeff" + HEAD, 2, "the header stands once more"),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND.values(), ids=FOUND.keys())
def test_what_is_no_row_is_left_out_and_told(case, tmp_path: Path):
    text, line, told = case
    raw = read(tmp_path, text)
    assert raw.frame.columns == ["a", "b", "y"]
    assert raw.frame["a"].to_list() == [str(i) for i in range(1, 41)]
    assert raw.place(0) == f"t.csv:{line}"
    (warned,) = [f for f in raw.findings if f.severity == "warning"]
    assert (warned.kind, told in warned.message) == ("schema", True), warned.message
    assert warned.count
    assert warned.remedy


ALL = "Sales of 2024\n\n" + HEAD + "cm,kg,-\n" + ROWS + HEAD + "Total,1230,\n* estimated,,\n"
IN_ALL = (
    (1, "a title above the header"),
    (4, "units below the header"),
    (45, "the header once more"),
    (46, "a row of totals"),
    (47, "a note below the rows"),
)


def test_every_line_that_is_no_row_is_told_for_the_ledger(tmp_path: Path):
    raw = read(tmp_path, ALL)
    assert raw.frame.height == 40
    assert raw.files[0].left_out == IN_ALL


def test_totals_of_two_kinds_stand_one_below_the_other(tmp_path: Path):
    raw = read(tmp_path, HEAD + ROWS + "Total,1230,\nAverage,30.75,\n")
    assert raw.files[0].left_out == ((42, "a row of totals"), (43, "a row of totals"))
    assert raw.frame.height == 40
    told = [f.message for f in raw.findings]
    assert "('Average'): line 43" in told[0]
    assert "('Total'): line 42" in told[1]


def test_lines_that_the_recipe_passes_over_are_told_as_well(tmp_path: Path):
    text = "x\n\n" + HEAD + ROWS + "an end\n"
    raw = read(tmp_path, text, layout={"skip_lines": 2, "footer_lines": 1})
    said = ((1, "above the header, by skip_lines"), (44, "below the rows, by footer_lines"))
    assert raw.files[0].left_out == said


def test_a_header_that_lacks_the_name_of_the_first_column_is_no_title(tmp_path: Path):
    rows = "".join(f"r{i},{'NA' if i == 1 else i},{'uv'[i % 2]}\n" for i in range(1, 41))
    with pytest.raises(DataError, match="every row has 3 fields, but the header names 2"):
        read(tmp_path, "b,y\n" + rows)


def test_a_header_with_blanks_behind_its_delimiters_is_one(tmp_path: Path):
    raw = read(tmp_path, "a, b, y\n" + ROWS)
    assert (raw.frame.columns, raw.frame.height) == (["a", "b", "y"], 40)
    raw = read(tmp_path, "a, 2024, y\nu, v, w\n" + ROWS.replace(",", ", "))
    assert raw.frame.columns == ["a", "2024", "y"]


KEPT = {
    "a word among units": HEAD + "cm,foo,-\n" + ROWS,
    "units above words": HEAD + "cm,kg,m\nu,v,w\nu,v,w\nu,v,w\nu,v,w\n",
    "a last row of a town called so": HEAD + ROWS + "Total,x,u\n",
    "a last row with one value": HEAD + ROWS + "5,,\n",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT.keys())
def test_what_may_be_a_row_is_kept(text: str, tmp_path: Path):
    raw = read(tmp_path, text)
    assert raw.frame.height == text.count("\n") - 1
    assert [f for f in raw.findings if f.severity == "warning"] == []


def test_a_cut_last_line_is_no_footnote(tmp_path: Path):
    with pytest.raises(DataError, match="this row has 1 field, expected 3"):
        read(tmp_path, HEAD + ROWS + "41")


def test_the_recipe_says_what_the_shape_does_not(tmp_path: Path):
    raw = read(tmp_path, "x,y,z\n#\n" + HEAD + ROWS, layout={"skip_lines": 2})
    assert (raw.frame.height, raw.place(0)) == (40, "t.csv:4")
    raw = read(tmp_path, HEAD + ROWS + "u\nv\n", layout={"footer_lines": 2})
    assert raw.frame.height == 40
    raw = read(tmp_path, HEAD + "x,z,-\n" + ROWS, layout={"units_row": True})
    assert raw.frame.height == 40
    raw = read(tmp_path, HEAD + ROWS + "all,u,v\n", layout={"totals_row": True})
    assert raw.frame.height == 40
    raw = read(tmp_path, ROWS, layout={"header": False})
    assert raw.frame.columns == ["column_1", "column_2", "column_3"]
    assert raw.frame.height == 40


def test_what_was_left_out_is_kept_where_the_recipe_says_so(tmp_path: Path):
    assert (
        read(tmp_path, HEAD + ROWS + "Total,1230,\n", layout={"totals_row": False}).frame.height
        == 41
    )
    assert read(tmp_path, HEAD + "cm,kg,-\n" + ROWS, layout={"units_row": False}).frame.height == 41
    with pytest.raises(DataError, match="this row has 1 field"):
        read(tmp_path, HEAD + ROWS + "Note: new\n", layout={"footer_lines": 0})
    with pytest.raises(DataError) as caught:
        read(tmp_path, "Sales of 2024\n" + HEAD + ROWS, layout={"skip_lines": 0})
    assert "data: {layout: {skip_lines: 1}}" in caught.value.mend


def test_a_first_line_that_looks_like_a_row_is_told(tmp_path: Path):
    raw = read(tmp_path, ROWS)
    (warned,) = [f for f in raw.findings if f.severity == "warning"]
    assert "looks like a row" in warned.message
    assert "layout: {header: false}" in warned.remedy
    years = "country,2019,2020\n" + "".join(f"land {i},{i},{i * 2}\n" for i in range(9))
    assert read(tmp_path, years).findings == ()


def test_a_column_beyond_the_last_is_refused_where_something_stands_in_it(tmp_path: Path):
    rows = ROWS.replace("\n", ",\n")
    raw = read(tmp_path, HEAD + rows)
    assert (raw.frame.width, raw.frame.height) == (3, 40)
    many = HEAD + rows * 900 + "1,2,u,odd\n"
    with pytest.raises(DataError, match="'odd' stands beyond the last column") as caught:
        read(tmp_path, many)
    assert caught.value.where == "t.csv:36002"


def test_a_file_to_be_scored_is_refused_rather_than_shortened(tmp_path: Path):
    columns = [Column("a", ColumnType.CATEGORY), Column("b", ColumnType.CATEGORY)]
    (tmp_path / "t.csv").write_text("Sales of 2024\n" + HEAD + ROWS)
    assert sum(block.frame.height for block in read_typed(tmp_path / "t.csv", columns)) == 40
    for text in (HEAD + ROWS + "Total,1230,\n", HEAD + ROWS + HEAD):
        (tmp_path / "t.csv").write_text(text)
        with pytest.raises(DataError, match="not an example") as caught:
            list(read_typed(tmp_path / "t.csv", columns))
        assert (caught.value.where, caught.value.mend) == ("t.csv:42", "remove the row")
