"""Numbers that a workbook shows as codes are read as they are shown there, and counted."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.data.reading import read_source
from trainwright.data.reading.excel_formats import mask_of, shown
from trainwright.data.reading.tables import RawTable
from trainwright.recipe.data import DataSettings


@pytest.mark.parametrize(
    ("number_format", "number", "text"),
    [
        ("00000", 37, "00037"),
        ("00000", 0, "00000"),
        ("00000", 1234567, "1234567"),
        ("00000;@", 37, "00037"),
        ("000\\-00\\-0000", 1234567, "001-23-4567"),
        ('"Nr. "000', 7, "Nr. 007"),
        ("00:00", 930, "09:30"),
        ("(000) 000-0000", 12025550143, "(1202) 555-0143"),  # digits without room stand before
    ],
)
def test_a_format_of_zeros_shows_digits_as_a_spreadsheet_does(
    number_format: str, number: int, text: str
) -> None:
    mask = mask_of(number_format)
    assert mask is not None
    assert shown(number, mask) == text


@pytest.mark.parametrize(
    "number_format",
    ["General", "0", "0.00", "#,##0", "0%", "yyyy-mm-dd", "00.0", "0E+00",
     "[<=99999]00000;00000", "@", "", "#000"],
)  # fmt: skip
def test_other_formats_are_no_codes(number_format: str) -> None:
    assert mask_of(number_format) is None


@given(number=st.integers(0, 10**12), zeros=st.integers(2, 9))
def test_zeros_alone_pad_and_change_no_digit(number: int, zeros: int) -> None:
    mask = mask_of("0" * zeros)
    assert mask is not None
    assert shown(number, mask) == f"{number:0{zeros}d}"


def read(folder: Path, number_format: str | None) -> RawTable:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([None, "zip", "size", "y"])
    for number in range(40):
        sheet.append([None, 37 + number * 50, None if number == 3 else number, "uv"[number % 2]])
        if number_format is not None:
            sheet.cell(number + 2, 2).number_format = number_format
    book.save(folder / "t.xlsx")
    return read_source(DataSettings(source="t.xlsx", target="y"), base=folder)


def test_a_column_is_read_as_it_is_shown_and_told(tmp_path: Path) -> None:
    raw = read(tmp_path, "00000")
    assert raw.frame["zip"].to_list() == [f"{37 + number * 50:05d}" for number in range(40)]
    assert raw.frame["size"].dtype == pl.Int64()
    (told,) = [one for one in raw.findings if one.kind == "type"]
    assert (told.column, told.count) == ("zip", 40)
    assert "(37 as 00037)" in told.message
    assert "columns: {zip: number}" in told.remedy


def test_a_form_with_signs_has_another_remedy(tmp_path: Path) -> None:
    (told,) = [one for one in read(tmp_path, "000-000").findings if one.kind == "type"]
    assert "(37 as 000-037)" in told.message
    assert "General" in told.remedy


def test_without_such_a_format_nothing_is_told(tmp_path: Path) -> None:
    for number_format in (None, "#,##0"):
        raw = read(tmp_path, number_format)
        assert raw.frame["zip"].dtype == pl.Int64()
        assert not [one for one in raw.findings if one.kind == "type"]
