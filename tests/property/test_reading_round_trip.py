"""Any table that is written is read back equal; any value is read alike by all three ways in."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.core.columns import Column, ColumnType
from trainwright.data.reading.delimited import Delimited
from trainwright.data.reading.jsonlines import JsonLines
from trainwright.data.types import parse_series, parse_value
from trainwright.data.types.dates import known_formats, parse_date, parse_dates

CELLS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12
) | st.sampled_from(['"', '""', "\n", "\r\n", ",", ";", "a\nb", 'x"y', " ", "é", "\u2028", "="])


def written(rows: list[list[str]], *, delimiter: str, end: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_MINIMAL)
    quoted = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    for row in rows:  # a bare return must be quoted, which QUOTE_MINIMAL forgets
        (quoted if any("\r" in cell for cell in row) else writer).writerow(row)
    return out.getvalue().encode()


@settings(max_examples=150, deadline=None)
@given(
    width=st.integers(2, 4),
    data=st.data(),
    delimiter=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    block_bytes=st.sampled_from([7, 64, 1 << 20]),
)
def test_a_table_written_as_csv_is_read_back_equal_for_any_block_size(
    width, data, delimiter, end, block_bytes
):
    rows = data.draw(
        st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
    )
    names = [f"c{i}" for i in range(width)]
    stream = io.BytesIO(written([names, *rows], delimiter=delimiter, end=end))
    reader = Delimited(stream, "t.csv", delimiter=delimiter, block_bytes=block_bytes)
    blocks = list(reader.blocks())
    assert reader.names == tuple(names)
    assert [list(row) for block in blocks for row in block.frame.iter_rows()] == rows


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "a": CELLS | st.none(),
                "b": st.integers(-(2**62), 2**62) | st.none(),
                "c": st.floats(allow_nan=False, allow_infinity=False),
            }
        ),
        min_size=1,
        max_size=10,
    )
)
def test_rows_written_as_json_lines_are_read_back_equal(rows):
    stream = io.BytesIO(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    reader = JsonLines(stream, "t.jsonl")
    (block,) = reader.blocks()
    assert [dict(zip(reader.names, row, strict=True)) for row in block.frame.iter_rows()] == rows


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(NUMBERS)
def test_a_number_is_the_same_from_json_from_text_and_from_parquet(value):
    column = Column("x", ColumnType.NUMBER)
    assert parse_value(column, value) == value
    assert parse_series(column, pl.Series("x", [repr(value)])).values.to_list() == [value]
    assert parse_series(column, pl.Series("x", [value])).values.to_list() == [value]


@given(st.text(max_size=20))
def test_any_text_is_the_same_word_from_json_and_from_text(value):
    column = Column("x", ColumnType.CATEGORY, nulls=("NA", "?"))
    assert parse_value(column, value) == parse_series(column, pl.Series("x", [value])).values[0]


@given(st.text(st.sampled_from("0123456789.eE+-_ naifNT,xd"), max_size=8))
def test_a_text_is_a_number_for_polars_only_where_our_grammar_says_so(value):
    from trainwright.data.types.blanks import BLANKS
    from trainwright.data.types.values import NUMBER

    column = Column("x", ColumnType.NUMBER)
    parsed = parse_series(column, pl.Series("x", [value])).values[0]
    bare = value.strip(BLANKS)
    if NUMBER.fullmatch(bare):
        assert parsed == float(bare) or abs(float(bare)) == float("inf")
    else:
        assert parsed is None


MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31))


@settings(max_examples=200, deadline=None)
@given(form=st.sampled_from(known_formats()), moment=MOMENTS)
def test_a_date_is_the_same_from_json_and_from_text_in_every_format(form, moment):
    quarter = str((moment.month + 2) // 3)
    text = moment.strftime(
        form.replace("%.f", ".%f").replace("%#z", "+05:30").replace("%q", quarter)
    )
    batch = parse_dates(pl.Series([text]), form).cast(pl.Int64)[0]
    assert parse_date(text, form) == batch
    assert batch is not None


@settings(max_examples=200, deadline=None)
@given(
    form=st.sampled_from(known_formats()),
    text=st.text(st.sampled_from("0123456789-/.:TZ +JanFebPMQW"), max_size=22),
)
def test_what_is_no_date_is_none_for_both(form, text):
    assert parse_date(text, form) == parse_dates(pl.Series([text]), form).cast(pl.Int64)[0]


def test_a_moment_with_an_offset_is_kept_in_utc():
    column = Column("x", ColumnType.DATETIME, format="%Y-%m-%dT%H:%M:%S%#z")
    got = parse_value(column, "2020-01-01T00:30:00+01:00")
    assert got == (
        datetime(2019, 12, 31, 23, 30, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    ) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ColumnType.NUMBER, "1.5"), (ColumnType.NUMBER, True), (ColumnType.NUMBER, float("nan")),
        (ColumnType.NUMBER, float("inf")), (ColumnType.NUMBER, 10**400), (ColumnType.NUMBER, [1]),
        (ColumnType.CATEGORY, 1.5), (ColumnType.CATEGORY, False), (ColumnType.CATEGORY, {}),
        (ColumnType.BOOLEAN, "maybe"), (ColumnType.BOOLEAN, 2), (ColumnType.DATETIME, 5),
        (ColumnType.DATETIME, "2020-02-31T00:00:00"),
    ],
)  # fmt: skip
def test_a_json_value_of_another_kind_is_refused(kind, value):
    with pytest.raises(ValueError, match=r"no |neither|finite|beyond"):
        parse_value(Column("x", kind, true=("yes",) if kind is ColumnType.BOOLEAN else ()), value)


def test_a_number_of_5000_digits_is_refused_and_not_printed():
    for kind in (ColumnType.NUMBER, ColumnType.CATEGORY):
        with pytest.raises(ValueError, match="2\\^63"):
            parse_value(Column("x", kind), 10**5000)


def test_json_values_that_fit_are_read():
    assert parse_value(Column("x", ColumnType.NUMBER), 3) == 3.0
    assert parse_value(Column("x", ColumnType.NUMBER, nulls=("-999",)), -999) is None
    assert parse_value(Column("x", ColumnType.CATEGORY), " red ") == "red"
    assert parse_value(Column("x", ColumnType.CATEGORY), 7) == "7"
    assert parse_value(Column("x", ColumnType.CATEGORY, nulls=("NA",)), "NA") is None
    assert parse_value(Column("x", ColumnType.BOOLEAN, true=("yes",)), "No") is False
    assert parse_value(Column("x", ColumnType.BOOLEAN, true=("yes",)), True) is True
    assert parse_value(Column("x", ColumnType.CATEGORY, integer=True), "1.0") == "1"
    assert parse_value(Column("x", ColumnType.NUMBER), None) is None


def test_files_that_disagree_only_in_number_types_are_joined():
    from trainwright.data.reading import read_source
    from trainwright.recipe.data import DataSettings

    with TemporaryDirectory() as name:
        folder = Path(name)
        pl.DataFrame({"a": [1], "y": [1]}).write_parquet(folder / "p1.parquet")
        pl.DataFrame({"y": [2], "a": [0.5]}).write_parquet(folder / "p2.parquet")
        raw = read_source(DataSettings(source="p*.parquet", target="y"), base=folder)
        assert raw.frame.to_dict(as_series=False) == {"a": [1.0, 0.5], "y": [1, 2]}
