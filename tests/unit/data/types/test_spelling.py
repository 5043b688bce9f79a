"""How numbers are written is found on a sample, and read the same in a column, a cell and by the server."""

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.core.columns import Column, ColumnType, NumberFormat
from trainwright.data.types import Context, parse_series, parse_value, type_column
from trainwright.data.types.spelling import find_spelling
from trainwright.data.types.units import UNITS, as_unit
from trainwright.recipe import parse_recipe

FOUND = {
    # texts: decimal mark, mark of thousands, first number, is there a doubt
    "a decimal comma by its digits": (["1,5", "2,25"], ",", "", 1.5, False),
    "a decimal comma by its zero": (["0,125", "0,250"], ",", "", 0.125, False),
    "thousands by two marks": (["1,234,567", "1,234"], ".", ",", 1234567.0, False),
    "thousands by small numbers beside": (["1,234", "950", "12"] * 10, ".", ",", 1234.0, False),
    "no proof": (["1,234", "2,345"], ".", ",", 1234.0, True),
    "points by two marks": (["1.234.567", "1.234"], ",", ".", 1234567.0, False),
    "both marks": (["1.234,5", "7"], ",", ".", 1234.5, False),
    "apostrophes": (["1'234.5", "7"], ".", "'", 1234.5, False),
    "typeset apostrophes": (["1’234.5", "7"], ".", "'", 1234.5, False),
    "narrow blanks": (["1\u202f234,5", "7"], ",", " ", 1234.5, False),
    "groups of India": (["12,34,567", "1,23,456"], ".", ",", 1234567.0, False),
    "money of more than four digits": (["$12,345", "$1,200"], ".", ",", 12345.0, False),
    "a comma, then a point": (["1,234.50", "1.50"], ".", ",", 1234.5, False),
}


@pytest.mark.parametrize("case", FOUND.values(), ids=FOUND.keys())
def test_separators_are_proved_by_the_values_or_doubted(case):
    texts, decimal, thousands, first, doubted = case
    found = find_spelling(texts, Context())
    assert found is not None
    assert found.decimal == decimal
    assert (found.written.thousands if found.written else "") == thousands
    assert bool(found.doubts) is doubted
    column = Column("x", ColumnType.NUMBER, decimal=found.decimal, written=found.written)
    assert parse_series(column, pl.Series("x", texts)).values[0] == first
    assert parse_value(column, texts[0]) == first


def test_a_semicolon_makes_a_decimal_comma_likely_but_proves_it_not():
    found = find_spelling(["1,234", "2,345"], Context(comma_likely=True))
    assert found is not None
    assert found.decimal == ","
    assert "which no value proves" in found.doubts[0][0]
    assert find_spelling(["1,23", "2,345"], Context(comma_likely=True)).doubts == ()  # type: ignore[union-attr]


def test_what_the_recipe_says_of_separators_and_shares_decides():
    assert find_spelling(["1,234"], Context(decimal=",")).decimal == ","  # type: ignore[union-attr]
    assert find_spelling(["1.234"], Context(thousands=".")).decimal == ","  # type: ignore[union-attr]
    found = find_spelling(["12 %", "57 %"], Context(percent="points"))
    assert found is not None
    assert found.written is not None
    assert (found.written.units, found.written.unit) == ((("%", 1.0),), "%")
    found = find_spelling(["182 cm", "1.75 m"], Context(unit="m"))
    assert found is not None
    column = Column("x", ColumnType.NUMBER, written=found.written)
    assert parse_series(column, pl.Series(["182 cm", "1.75 m"])).values.to_list() == [1.82, 1.75]
    refused = find_spelling(["182 cm", "175 cm"], Context(unit="kg"))
    assert refused is not None
    assert "cannot be read as 'kg'" in refused.refusal


def test_texts_that_are_no_numbers_have_no_spelling():
    for texts in (
        ["red", "green"],
        ["10-20", "20-30"],
        ["1st", "2nd"],
        ["01 234 567", "02 345 678"],
    ):
        found = find_spelling(texts, Context())
        assert found is None or not found.is_number


def test_a_cell_beyond_the_contract_does_not_fit():
    column = Column("x", ColumnType.NUMBER, written=NumberFormat(thousands=","))
    texts = ["1,234", "1,23", "12,34,5", "1 234", "1,234 cm", "(5)", "", "7"]
    parsed = parse_series(column, pl.Series("x", texts))
    assert parsed.values.to_list() == [1234.0, None, None, None, None, None, None, 7.0]
    assert parsed.misfits == (1, 2, 3, 4, 5)
    with pytest.raises(ValueError, match="as the training data were written"):
        parse_value(column, "1,23")


def test_a_server_takes_a_number_as_text_only_where_training_data_wrote_more_than_digits():
    plain = Column("x", ColumnType.NUMBER)
    with pytest.raises(ValueError, match="is no number"):
        parse_value(plain, "1.5")
    share = Column("x", ColumnType.NUMBER, written=NumberFormat(units=(("%", 0.01),), bare=False))
    assert parse_value(share, "57 %") == 0.57
    assert parse_value(share, 0.57) == 0.57
    assert parse_value(share, "") is None
    with pytest.raises(ValueError, match="as the training data were written"):
        parse_value(share, "57")


def test_a_share_and_a_magnitude_are_as_exact_as_the_number_written_out():
    share = Column("x", ColumnType.NUMBER, written=NumberFormat(units=(("%", 0.01),), bare=False))
    texts = [f"{number / 10:.1f}%" for number in range(1000)]
    wanted = [float(f"{number}e-3") for number in range(1000)]
    assert parse_series(share, pl.Series("x", texts)).values.to_list() == wanted


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30),
    st.sampled_from([(".", ","), (",", "."), (".", "'"), (",", " "), (".", " ")]),
    st.sampled_from(["", "$", "€"]),
    st.booleans(),
)
def test_whatever_is_written_by_a_contract_is_read_by_it(cents, marks, currency, brackets):
    decimal, thousands = marks
    units = ((currency, 1.0),) if currency else ()
    written = NumberFormat(thousands=thousands, brackets=brackets, units=units)
    column = Column("x", ColumnType.NUMBER, decimal=decimal, written=written)
    texts = []
    for cent in cents:
        digits = f"{abs(cent) / 100:,.2f}".replace(",", "\0").replace(".", decimal)
        amount = currency + digits.replace("\0", thousands)
        texts.append((f"({amount})" if brackets else f"-{amount}") if cent < 0 else amount)
    parsed = parse_series(column, pl.Series("x", texts))
    assert parsed.values.to_list() == [float(f"{cent}e-2") for cent in cents]
    assert [parse_value(column, text) for text in texts] == parsed.values.to_list()


def test_the_contract_survives_json():
    written = NumberFormat(",", brackets=True, units=(("$", 1.0), ("M", 1e6)), unit="$", bare=False)
    column = Column("x", ColumnType.NUMBER, decimal=",", written=written)
    assert Column.from_json(column.to_json()) == column
    dates = Column("x", ColumnType.DATETIME, format="%Y-%m-%d", formats=("%d.%m.%Y",))
    assert Column.from_json(dates.to_json()) == dates
    plain = Column("x", ColumnType.NUMBER)
    assert {"written", "formats"}.isdisjoint(plain.to_json())
    assert Column.from_json(plain.to_json()) == plain


def test_the_words_for_a_unit_agree_on_it():
    assert as_unit("KG", with_magnitudes=False) == as_unit("kilos", with_magnitudes=False)
    assert as_unit("m", with_magnitudes=True) != as_unit("m", with_magnitudes=False)
    assert as_unit("A", with_magnitudes=False) is None
    assert (
        as_unit("MW", with_magnitudes=False).factor
        == 1e9 * as_unit("mW", with_magnitudes=False).factor
    )  # type: ignore[union-attr]
    assert all(unit.factor > 0 for unit in UNITS.values())


MALFORMED = ["$45,00000"] * 3


@pytest.mark.parametrize(
    "sound",
    [
        [f"${10 + n % 90},{n * 37 % 1000:03d}" for n in range(297)],
        [f"${1 + n % 9},{n * 37 % 1000:03d},{n * 91 % 1000:03d}" for n in range(297)],
    ],
    ids=["one group", "two groups"],
)
def test_a_few_malformed_amounts_do_not_decide_how_all_others_are_read(sound: list[str]):
    typed = type_column(pl.Series("price", [*sound, *MALFORMED]), Context())
    assert typed.column.type is ColumnType.NUMBER
    assert typed.values[0] == float(sound[0].strip("$").replace(",", ""))
    (grave,) = [finding for finding in typed.findings if finding.severity == "error"]
    assert "3 of 300 values are no numbers: '$45,00000'" in grave.message


def test_a_comma_that_few_values_prove_a_decimal_mark_is_told():
    texts = [f"{10 + n % 90},{n * 37 % 1000:03d}" for n in range(297)] + ["45,00000"] * 3
    typed = type_column(pl.Series("x", texts), Context())
    assert typed.values[0] == float(texts[0].replace(",", "."))
    assert any(
        finding.severity == "warning" and "thousands" in finding.message
        for finding in typed.findings
    )


@pytest.mark.parametrize("zero", [0x660, 0x966, 0xFF10], ids=["Arabic", "Devanagari", "fullwidth"])
def test_digits_of_other_scripts_stay_the_texts_that_they_are(zero: int) -> None:
    texts = ["".join(chr(zero + int(sign)) for sign in str(100 + row)) for row in range(60)]
    typed = type_column(pl.Series("c", [text for text in texts for _ in range(3)]), Context())
    assert typed.column.type is ColumnType.CATEGORY
    assert set(typed.values) == set(texts)


def test_low_lines_between_thousands_are_read_so_and_their_remedy_can_be_pasted() -> None:
    typed = type_column(
        pl.Series("c", [f"{row + 1}_{row * 7 % 900 + 100}" for row in range(60)]), Context()
    )
    (told,) = typed.findings
    assert told.remedy == 'data: {columns: {c: {type: number, thousands: "_"}}}'
    parse_recipe({"data": {"source": "t", "target": "y", **yaml.safe_load(told.remedy)["data"]}})


def test_long_numbers_that_a_spreadsheet_has_shortened_are_warned_of() -> None:
    texts = [f"{1 + row % 9}.{10_000 + row * 77:05}E+11" for row in range(60)]
    (told,) = type_column(pl.Series("c", texts), Context()).findings
    assert (told.kind, told.severity) == ("type", "warning")
    assert "their last digits are gone" in told.message
    assert not type_column(pl.Series("c", texts), Context(type=ColumnType.NUMBER)).findings
    measured = [f"{1 + row % 9}.5E+{row % 30:02}" for row in range(60)]
    assert not type_column(pl.Series("c", measured), Context()).findings


def test_a_minus_behind_is_one_before_where_the_values_prove_it():
    texts = ["12.50", "3.10-", "7,001.25 -", "4", "5−", "1,234.00"] * 5
    typed = type_column(pl.Series("x", texts), Context())
    assert typed.values[:6].to_list() == [12.5, -3.1, -7001.25, 4.0, -5.0, 1234.0]
    assert typed.receipt.changed["minus behind the digits read as one before them"] == 15
    assert parse_value(typed.column, "8.5-") == -8.5
    assert parse_value(typed.column, "8.5") == 8.5


UNPROVEN = {
    "both": (["12-", "-5", "7-", "8-", "9"], "stands before some and behind others"),
    "every one": (["0-", "20-", "40-", "60-"], "may be -0, or 0 and more"),
}


@pytest.mark.parametrize("case", UNPROVEN.values(), ids=UNPROVEN.keys())
def test_a_minus_behind_that_may_mean_more_is_named(case):
    texts, told = case
    typed = type_column(pl.Series("x", texts * 6), Context())
    assert typed.column.type is ColumnType.CATEGORY
    (warned,) = typed.findings
    assert (warned.severity, told in warned.message) == ("warning", True)


def test_an_open_span_at_the_end_is_no_negative_number():
    texts = [str(n) for n in range(60)] * 3 + ["65-"]
    typed = type_column(pl.Series("x", texts), Context())
    assert typed.values[-1] is None
    assert [f.severity for f in typed.findings if "65-" in f.message] == ["error"]


@pytest.mark.parametrize(("text", "value"), [("–18", -18.0), ("‒3", -3.0), ("- 18", -18.0)])
def test_a_dash_and_a_minus_apart_are_a_minus(text, value):
    typed = type_column(pl.Series("x", [text, "4", "7.5"] * 8), Context())
    assert typed.values[:3].to_list() == [value, 4.0, 7.5]
    assert sum(typed.receipt.changed.values()) == 8


def test_a_word_for_millions_alone_is_one():
    typed = type_column(pl.Series("x", ["18 million", "2 Million"] * 8), Context())
    assert typed.values[:2].to_list() == [18e6, 2e6]
