"""Clock times and counts of seconds: read one way, told of, and read likewise in a column and a cell."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.data.types import Context, parse_series, parse_value, type_column
from trainwright.data.types.case import TypedColumn

DAY = ["0:05", "09:30", "12:30", "23:59:30", "24:00", " 7:15 "]
HOURS = [5 / 60, 9.5, 12.5, 23 + 59.5 / 60, 24.0, 7.25]


def typed(texts: list, *, name: str = "x", dtype: type = pl.String, **said) -> TypedColumn:
    return type_column(pl.Series(name, texts, dtype=dtype), Context(**said))


def test_times_of_day_are_hours_after_midnight_with_a_receipt() -> None:
    got = typed([*DAY * 5, ""])
    assert got.column.type is ColumnType.NUMBER
    assert got.values[:6].to_list() == pytest.approx(HOURS)
    assert got.values[-1] is None
    (told,) = got.findings
    assert (told.kind, told.severity, told.count) == ("type", "info", 30)
    assert "hours after midnight" in told.message
    assert "x: category" in told.remedy
    assert got.receipt.reading == "clock time"
    assert got.receipt.changed["clock time read as hours after midnight"] == 30


def test_a_clock_of_twelve_hours_knows_noon_and_midnight() -> None:
    texts = ["12:00 AM", "12:30 am", "1:15 a.m.", "12:00 PM", "11:59PM", "3:05 p"]
    got = typed([*texts[:5]] * 6)
    assert got.values[:5].to_list() == pytest.approx([0, 0.5, 1.25, 12, 23 + 59 / 60])
    assert parse_series(got.column, pl.Series([texts[5], "13:00 PM"])).misfits == (0, 1)


def test_hours_alone_are_times_where_something_says_so() -> None:
    texts = ["7pm", "12 AM", "7.30 p.m.", "7 Uhr", "19.45 Uhr", "19h30", "4:46 Uhr"]
    hours = [19, 0, 19.5, 7, 19.75, 19.5, 4 + 46 / 60]
    got = typed(texts * 5)
    assert got.values[:7].to_list() == pytest.approx(hours)
    assert [parse_value(got.column, text) for text in texts] == pytest.approx(hours)
    odd = pl.Series(["7", "7.30", "13pm", "0 am", "7h", "7.30 h"])
    assert parse_series(got.column, odd).misfits == tuple(range(6))


def test_lengths_are_read_in_units_of_their_first_part_with_a_warning() -> None:
    got = typed(["36:45", "1:30", "120:15:36"] * 10)
    assert got.values[:3].to_list() == pytest.approx([36.75, 1.5, 120.26])
    (told,) = got.findings
    assert (told.severity, "whatever that counts" in told.message) == ("warning", True)


def test_a_length_that_shows_late_is_proof_as_well() -> None:
    texts = [f"{k % 24}:{k % 60:02}" for k in range(4000)] + [f"{k}:10" for k in range(25, 125)]
    got = typed(texts)
    assert got.column.written.clock == "length"
    assert got.values[4000] == pytest.approx(25 + 10 / 60)


def test_a_single_time_that_no_clock_shows_is_refused_by_its_place() -> None:
    texts = [f"{k % 24}:{k % 60:02}" for k in range(4000)]
    texts[3990] = "25:10"
    got = typed(texts)
    assert (got.column.written.clock, got.values[3990]) == ("day", None)
    (wrong,) = [f for f in got.findings if f.severity == "error"]
    assert (wrong.rows, "'25:10'" in wrong.message) == ((3990,), True)
    assert 'nulls: ["25:10"]' in wrong.remedy


@pytest.mark.parametrize(
    "texts",
    [
        ["2:1", "3:0", "1:1"], ["12:75", "14:80"], ["a:30", "b:15"], ["12:30 left", "13:00 left"],
        ["7", "8"], ["7.30", "8.15"], ["1", "2:30"],
    ],
)  # fmt: skip
def test_what_is_no_clock_time_is_read_as_before(texts: list[str]) -> None:
    got = typed(texts * 20)
    assert got.column.written is None


def test_a_target_is_never_taken_for_clock_times() -> None:
    assert typed(DAY * 9, is_target=True).column.type is not ColumnType.NUMBER


def test_the_recipe_may_say_number_or_keep_the_texts() -> None:
    assert typed(DAY * 5, type=ColumnType.NUMBER).values[1] == 9.5
    assert typed(DAY * 5, type=ColumnType.CATEGORY).values[1] == "09:30"


def test_a_cell_and_the_contract_on_disk_read_the_same() -> None:
    column = typed(DAY * 5).column
    again = Column.from_json(column.to_json())
    assert again == column
    for text, hours in zip(DAY, HOURS, strict=True):
        assert parse_value(again, text) == parse_series(column, pl.Series([text])).values[0]
        assert parse_value(again, text) == pytest.approx(hours)
    with pytest.raises(ValueError, match="is no number"):
        parse_value(again, "25:00")


def test_a_contract_without_clocks_is_written_as_before() -> None:
    told = typed(["1,234", "950"] * 10).column.to_json()
    assert "clock" not in told["written"]


MOMENTS = [datetime(2021, 5, 17, 12, 30, second, tzinfo=UTC) for second in range(40)]
SECONDS = [int(moment.timestamp()) for moment in MOMENTS]
EPOCHS = {"epoch-s": 1, "epoch-ms": 1_000, "epoch-us": 1_000_000}


@pytest.mark.parametrize("dtype", [pl.String, pl.Int64])
@pytest.mark.parametrize("form", EPOCHS)
def test_counts_from_1970_stay_numbers_and_are_told_as_what_they_may_be(form: str, dtype) -> None:
    raw = np.random.default_rng(0).permutation(SECONDS) * EPOCHS[form]
    values = [str(v) if dtype == pl.String else v for v in raw.tolist()]
    got = typed(values, name="created_at", dtype=dtype)
    assert got.column.type is ColumnType.NUMBER
    (told,) = [f for f in got.findings if "since 1970" in f.message]
    assert (told.severity, "from 2021-05-17 to 2021-05-17" in told.message) == ("info", True)
    assert f"{{type: date-time, format: {form}}}" in told.remedy


def test_a_number_of_ten_digits_without_such_a_name_is_no_moment() -> None:
    values = [str(v) for v in np.random.default_rng(0).permutation(SECONDS).tolist()]
    assert [f for f in typed(values, name="weight").findings if "1970" in f.message] == []


@pytest.mark.parametrize("dtype", [pl.String, pl.Int64, pl.Float64])
@pytest.mark.parametrize("form", EPOCHS)
def test_counts_are_moments_where_the_recipe_says_so(form: str, dtype) -> None:
    raw = [v * EPOCHS[form] for v in SECONDS]
    values = [str(v) for v in raw] if dtype == pl.String else raw
    got = typed(values, dtype=dtype, type=ColumnType.DATETIME, format=form)
    assert got.values.to_list() == [moment.replace(tzinfo=None) for moment in MOMENTS]
    assert [f for f in got.findings if f.severity == "error"] == []
    column = Column.from_json(got.column.to_json())
    micros = got.values.to_physical()[3]
    assert parse_value(column, str(raw[3])) == parse_value(column, raw[3]) == micros
    assert parse_value(column, "2021-05-17T12:30:03") == micros


def test_a_part_of_a_second_is_kept_and_what_is_no_count_is_a_misfit() -> None:
    column = Column("x", ColumnType.DATETIME, format="epoch-s")
    parsed = parse_series(column, pl.Series(["0.25", "soon", "1e30", "-1", ""]))
    assert parsed.values.to_physical().to_list() == [250_000, None, None, -1_000_000, None]
    assert parsed.misfits == (1, 2)


def test_a_prepared_table_has_moments_of_its_counts(tmp_path: Path) -> None:
    from trainwright.core.artifacts import Split
    from trainwright.data.snapshot import read_split
    from trainwright.flow.preparation import prepare

    frame = pl.DataFrame({"seen": SECONDS * 3, "at": DAY[:5] * 24, "y": ["a", "b"] * 60})
    for name in ("t.csv", "t.parquet"):
        frame.write_csv(tmp_path / name) if name == "t.csv" else frame.write_parquet(
            tmp_path / name
        )
        (tmp_path / "r.yaml").write_text(
            f"data: {{source: {name}, target: y, columns: {{seen: {{type: date-time, format: epoch-s}}}}}}\n"
        )
        snapshot, _ = prepare(tmp_path / "r.yaml", workspace=tmp_path / "w")
        train = read_split(snapshot, Split.TRAIN)
        assert train["seen"].dtype == pl.Datetime("us")
        assert train["seen"].dt.year().unique().to_list() == [2021]
        assert train["at"].dtype == pl.Float64


@pytest.mark.parametrize("odd", ["-12:30:00", "999999999999:30:00"])
def test_clock_times_beside_others_that_none_can_be_are_words_and_said_to_be(odd: str) -> None:
    texts = [odd if row % 7 == 0 else f"{row % 24:02d}:30:00" for row in range(140)]
    got = typed(texts, name="n")
    assert got.column.type is not ColumnType.NUMBER
    (found,) = [one for one in got.findings if "clock times beside others" in one.message]
    assert (found.kind, found.severity) == ("type", "warning")
    assert repr(odd) in found.message
    assert "columns: {n:" in found.remedy
