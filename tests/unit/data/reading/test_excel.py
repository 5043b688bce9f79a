"""Workbooks: the sheet that holds the data, row by row, with its own types; what is none is refused."""

import warnings
import zipfile
from contextlib import suppress
from datetime import datetime, time, timedelta
from io import BytesIO

import openpyxl
import polars as pl
import pytest

from trainwright.core.errors import DataError
from trainwright.data.reading import read_source
from trainwright.recipe.data import DataSettings


def read(folder, name="t.xlsx", **said):
    return read_source(DataSettings(source=name, target="y", **said), base=folder)


def write(path, rows=(("a", "y"), (1, 2)), **more):
    """A workbook whose first sheet, Data, holds `rows`; further sheets by name."""
    book = openpyxl.Workbook()
    book.active.title = "Data"
    for sheet, content in {"Data": rows, **more}.items():
        page = book["Data"] if sheet == "Data" else book.create_sheet(sheet)
        for row in content:
            page.append(row)
    book.save(path)
    return book


def rewrite(path, change):
    """The archive's parts after `change(name, bytes)`; None leaves one out."""
    parts = zipfile.ZipFile(BytesIO(path.read_bytes()))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in parts.namelist():
            if (content := change(name, parts.read(name))) is not None:
                archive.writestr(name, content)


def test_values_keep_the_type_of_their_cells(tmp_path):
    day = datetime(2024, 2, 29)
    rows = [
        ("n", "x", "word", "flag", "day", "mixed", "y"),
        (1, 1.5, "é", True, day, 1, 0),
        (None, 2, None, False, day.replace(hour=13), "b", 1),
    ]
    write(tmp_path / "t.xlsx", rows)
    frame = read(tmp_path).frame
    assert frame.schema["day"] == pl.Datetime("us")
    assert frame.rows() == [
        (1, 1.5, "é", True, day, "1", 0),
        (None, 2.0, None, False, day.replace(hour=13), "b", 1),
    ]


def test_the_stored_value_of_a_formula_is_read_and_an_error_is_missing(tmp_path):
    write(tmp_path / "t.xlsx", [("a", "y"), (2, 5), (0, 7)])

    def computed(name, content):
        if not name.endswith("sheet1.xml"):
            return content
        content = content.replace(b"<v>5</v>", b"<f>A2*2.5</f><v>5</v>")
        return content.replace(
            b'<c r="B3" t="n"><v>7</v>', b'<c r="B3" t="e"><f>1/0</f><v>#DIV/0!</v>'
        )

    rewrite(tmp_path / "t.xlsx", computed)
    raw = read(tmp_path)
    assert raw.frame["y"].to_list() == [5, None]
    (noted,) = raw.findings
    assert (noted.kind, noted.column, noted.count) == ("missing", "y", 1)
    assert "#DIV/0!" in noted.message


def test_rows_have_their_number_in_the_sheet_and_empty_ones_are_none(tmp_path):
    write(tmp_path / "t.xlsx", [(), ("a", "y"), (1, 2), (), (None, " \u00a0"), (3, 4)])
    raw = read(tmp_path)
    assert raw.frame.rows() == [(1, 2), (3, 4)]
    assert [raw.place(row) for row in (0, 1)] == ["t.xlsx:3", "t.xlsx:6"]


def test_a_table_may_begin_further_right(tmp_path):
    write(tmp_path / "t.xlsx", [(None, None, "a", "y"), (None, None, 1, 2)])
    assert read(tmp_path).frame.to_dicts() == [{"a": 1, "y": 2}]


def test_a_row_index_without_a_name_is_left_out_with_a_warning(tmp_path):
    write(tmp_path / "t.xlsx", [(None, "a", "y"), (0, 5, 6), (1, 7, 8)])
    raw = read(tmp_path)
    assert raw.frame.columns == ["a", "y"]
    assert "counts the rows" in raw.findings[0].message


def test_merged_header_cells_are_refused_with_their_place(tmp_path):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Data"
    page.append(["id", "address", None, "y"])
    page.append([1, "Main St", "Springfield", 0])
    page.merge_cells("B1:C1")
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(DataError, match="no name for column C") as caught:
        read(tmp_path)
    assert caught.value.where == "t.xlsx!Data row 1"
    assert "unmerge" in caught.value.mend
    assert read(tmp_path, drop=("",)).frame.columns == ["id", "address", "y"]


def test_a_title_above_the_header_is_refused_once_and_its_mend_reads_the_sheet(tmp_path):
    rows = [("Report of 2024",), (), ("a", "b", "y"), (1, 2, 3), (4, 5, 6)]
    write(tmp_path / "t.xlsx", rows)
    with pytest.raises(
        DataError, match="reaches to column A, and 3 rows below it to column C"
    ) as caught:
        read(tmp_path)
    assert caught.value.where == "t.xlsx!Data row 1"
    assert caught.value.mend == "data: {layout: {skip_lines: 2}}"
    assert len(caught.value.faults) == 1
    raw = read(tmp_path, layout={"skip_lines": 2})
    assert raw.frame.rows() == [(1, 2, 3), (4, 5, 6)]
    assert raw.place(0) == "t.xlsx:4"


def test_a_header_whose_last_cells_are_merged_is_refused_once(tmp_path):
    book = write(tmp_path / "t.xlsx", [("a", "b", "y"), *[(1, 2, n) for n in range(30)]])
    book["Data"].merge_cells("B1:C1")
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(DataError, match="it is a title, or a header with merged cells") as caught:
        read(tmp_path)
    assert caught.value.mend.startswith("unmerge the header's cells and name each column")
    assert len(caught.value.faults) == 1


def test_merged_cells_below_the_header_are_told(tmp_path):
    book = write(tmp_path / "t.xlsx", [("a", "y"), *[("x", n) for n in range(9)]])
    book["Data"].merge_cells("A3:A5")
    book["Data"].merge_cells("D1:E1")
    book.save(tmp_path / "t.xlsx")
    raw = read(tmp_path)
    (noted,) = raw.findings
    assert (noted.kind, noted.severity, noted.count) == ("missing", "warning", 1)
    assert "the first A3:A5" in noted.message
    assert raw.frame["a"].null_count() == 2


def test_formulas_whose_value_was_never_stored_are_told_by_column(tmp_path):
    rows = [("a", "b", "y"), *[(n, f'=A{n + 2}*2 & "<"', "=1") for n in range(5)]]
    write(tmp_path / "t.xlsx", rows)
    told = {one.column: one for one in read(tmp_path).findings}
    assert {name: one.count for name, one in told.items()} == {"b": 5, "y": 5}
    assert (
        "5 cells of 'b' hold a formula whose value was never stored, the first B2"
        in told["b"].message
    )


def test_lengths_of_time_are_numbers_of_seconds_and_hours_beside_times_of_day(tmp_path):
    lengths = [timedelta(hours=30, minutes=5), timedelta(0), timedelta(seconds=-90)]
    write(
        tmp_path / "t.xlsx",
        [("a", "b", "y"), *[(n, n, 1) for n in lengths], (lengths[0], time(8, 5), 2)],
    )
    frame = read(tmp_path).frame
    assert frame["a"].to_list() == [*lengths, lengths[0]]
    assert frame["b"].to_list()[::3] == ["30:05:00", "08:05:00"]


def test_two_columns_of_one_name_are_refused(tmp_path):
    write(tmp_path / "t.xlsx", [("a", "a", "y"), (1, 2, 3)])
    with pytest.raises(DataError, match="'a' stands twice") as caught:
        read(tmp_path)
    assert caught.value.where == "t.xlsx!Data row 1"


def test_of_several_sheets_with_data_the_recipe_names_one(tmp_path):
    write(tmp_path / "t.xlsx", Other=[("b", "y"), (3, 4)], Empty=[])
    with pytest.raises(DataError, match="2 sheets hold data: 'Data', 'Other'") as caught:
        read(tmp_path)
    assert caught.value.mend == "data: {sheet: Data}"
    assert read(tmp_path, sheet="Other").frame.to_dicts() == [{"b": 3, "y": 4}]
    with pytest.raises(DataError, match="there is no sheet 'other'") as caught:
        read(tmp_path, sheet="other")
    assert caught.value.mend == "data: {sheet: Other}"


def test_a_hidden_sheet_is_read_only_by_its_name(tmp_path):
    book = write(tmp_path / "t.xlsx", Lists=[("b", "y"), (3, 4)])
    book["Lists"].sheet_state = "hidden"
    book.save(tmp_path / "t.xlsx")
    assert read(tmp_path).frame.columns == ["a", "y"]
    assert read(tmp_path, sheet="Lists").frame.columns == ["b", "y"]


def test_a_lying_dimension_hides_no_row(tmp_path):
    write(tmp_path / "t.xlsx", [("a", "y"), *((i, i) for i in range(50))])
    rewrite(
        tmp_path / "t.xlsx",
        lambda name, content: content.replace(b'ref="A1:B51"', b'ref="A1:A2"'),
    )
    assert read(tmp_path).frame.height == 50


def test_two_cells_far_apart_take_no_memory_to_speak_of(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "y", 1
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(DataError, match="a value in column XFD, which has no name") as caught:
        read(tmp_path)
    assert caught.value.where == "t.xlsx!Sheet row 1048576"


def test_an_empty_workbook_is_refused(tmp_path):
    write(tmp_path / "t.xlsx", rows=[])
    with pytest.raises(DataError, match="no sheet holds a row"):
        read(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04....", b"a,y\n1,2\n", b"\xd0\xcf\x11\xe0 old"]
)
def test_what_is_no_workbook_is_refused(tmp_path, content):
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(DataError, match=r"no \.xlsx|is empty") as caught:
        read(tmp_path)
    assert caught.value.where == "t.xlsx"


def test_a_cut_workbook_is_refused_at_every_cut(tmp_path):
    write(tmp_path / "w.xlsx")
    whole = (tmp_path / "w.xlsx").read_bytes()
    for cut in range(1, len(whole) - 1, 211):
        (tmp_path / "t.xlsx").write_bytes(whole[:cut])
        with pytest.raises(DataError):
            read(tmp_path)


def test_a_workbook_without_one_of_its_parts_is_read_or_refused(tmp_path):
    write(tmp_path / "w.xlsx", rows=[("word", "y"), ("a", 1)])
    whole = (tmp_path / "w.xlsx").read_bytes()
    for part in zipfile.ZipFile(BytesIO(whole)).namelist():
        (tmp_path / "t.xlsx").write_bytes(whole)
        rewrite(
            tmp_path / "t.xlsx", lambda name, content, part=part: None if name == part else content
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with suppress(DataError):
                assert read(tmp_path).frame.height == 1


def test_xml_that_declares_entities_is_refused(tmp_path):
    write(tmp_path / "t.xlsx")
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]>'
    rewrite(
        tmp_path / "t.xlsx",
        lambda name, content: laughs + content if name.endswith("sheet1.xml") else content,
    )
    with pytest.raises(DataError, match="declares a document type"):
        read(tmp_path)


def test_a_workbook_that_unpacks_without_end_is_refused_unread(tmp_path):
    write(tmp_path / "t.xlsx")
    rewrite(
        tmp_path / "t.xlsx",
        lambda name, content: (
            content + b" " * (20 << 20) if name.endswith("sheet1.xml") else content
        ),
    )
    with pytest.raises(DataError, match="would unpack to") as caught:
        read(tmp_path)
    assert "as CSV" in caught.value.mend
