from __future__ import annotations

from io import BytesIO

import pytest

from trainwright.data.reading import excel_marks
from trainwright.data.reading.excel_marks import find_marks

SHEET = (
    b'<sheetData><row r="2"><c r="A2"><f>B2+1</f><v></v></c><c r="B2" s="1"><f>1</f><v>1</v></c>'
    b'<c r="C2"><f t="shared" si="0"/></c><c r="AA3" t="str"><f>"x"&amp;"y"</f><v/></c></row></sheetData>'
    b'<mergeCells count="2"><mergeCell ref="A1:C1"/><mergeCell xr:uid="{1}" ref="B4:B9"/></mergeCells>'
)


@pytest.mark.parametrize("chunk", [7, 64, 4 << 20])
def test_merged_cells_and_formulas_without_values_are_found_however_the_part_is_cut(
    monkeypatch, chunk
):
    monkeypatch.setattr(excel_marks, "_CHUNK", chunk)
    marks = find_marks(BytesIO(SHEET))
    assert [str(one) for one in marks.merged] == ["A1:C1", "B4:B9"]
    assert marks.unstored == (("A", 2), ("C", 2), ("AA", 3))


def test_a_sheet_without_any_has_none():
    marks = find_marks(BytesIO(b'<c r="A1"><v>1</v></c><c r="B1"><f>A1</f><v>1</v></c>' * 50_000))
    assert (marks.merged, marks.unstored) == ((), ())
