"""Columns and targets with what they are, for the tests of typing in one piece and in blocks."""

# ruff: noqa: E501 - tables of cases, one a line

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from trainwright.core.columns import ColumnType, Task

NUMBER, WORDS, BOOLEAN = ColumnType.NUMBER, ColumnType.CATEGORY, ColumnType.BOOLEAN
MOMENT, TEXT, IDENTIFIER = ColumnType.DATETIME, ColumnType.TEXT, ColumnType.IDENTIFIER
DAYS = [f"2013-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]


def turned(pattern: str, days: list[str]) -> list[str]:
    return [pl.Series([day]).str.to_date().dt.strftime(pattern)[0] for day in days]


@dataclass
class Typed:
    values: list[Any]
    type: ColumnType
    findings: list[str] = field(default_factory=list)
    first: Any = "-"
    name: str = "x"


TYPED = {
    "decimals": Typed(["1.5", "2", "-3e2"] * 10, NUMBER, first=1.5),
    "padded numbers": Typed([" 1", "2 ", " 3 "] * 10, NUMBER, first=1.0),
    "whole numbers": Typed(["5", "7", "5"] * 10, NUMBER, first=5.0),
    "distinct measurements": Typed([str(v) for v in np.random.default_rng(0).permutation(500)[:100]], NUMBER),
    "rows counted": Typed([str(v) for v in range(100, 160)], IDENTIFIER, ["identifier"], "100"),
    "years counted": Typed([str(v) for v in range(1900, 1960)], NUMBER, name="year"),
    "unique under the name id": Typed([str(v * 7 % 601) for v in range(600)], IDENTIFIER, ["identifier"], name="userId"),
    "repeating under the name id": Typed([str(v % 50) for v in range(600)], WORDS, ["type"], name="user_id"),
    "ids of which some are lists": Typed([str(v % 50) for v in range(600)] + ["4,5", "6,7,8"], WORDS, ["type"], "0", "CountyIds"),
    "a name that only ends like id": Typed([str(v % 50) for v in range(600)], NUMBER, name="paid"),
    "leading zeros": Typed(["01234", "90210", "10001"] * 10, WORDS, ["type"], "01234"),
    "18 digits": Typed([f"1{i:017}" for i in range(50)], IDENTIFIER, ["type"]),
    "22 digits": Typed(["1" + "0" * 21, "7"] * 20, WORDS, ["type"]),
    "question marks": Typed(["1", "2", "?"] * 10, NUMBER, ["missing"], 1.0),
    "an unknown mark": Typed(["1", "2", "^"] * 10, NUMBER, ["missing"], 1.0),
    "a rare word": Typed(["1.5"] * 99 + ["2.5"] * 99 + ["absent"] * 2, NUMBER, ["missing"]),
    "a level among few": Typed(["K", "1", "2", "3"] * 10, WORDS, [], "K"),
    "open-ended level": Typed(["0", "1", "5+"] * 10, WORDS, [], "0"),
    "numbers and a word": Typed(["1.5", "2.5"] * 50 + ["abc"], NUMBER, ["type"]),
    "two files of different kinds": Typed([*map(str, range(100)), *["red", "green"] * 50], WORDS, ["type"], "0"),
    "numbers and words": Typed(["1.5", "a", "b", "c"] * 10, WORDS),
    "infinity": Typed(["1.5", "2.5"] * 20 + ["inf"], NUMBER, ["type"]),
    "beyond floats": Typed(["1.5", "2.5"] * 20 + ["1e400"], NUMBER, ["type"]),
    "several nulls": Typed(["1.5", "2.5", "", "NA", "null"] * 10, NUMBER, ["missing"]),
    "no values": Typed(["", "NA", ""] * 10, WORDS, ["missing", "missing", "missing"], None),
    "constant number": Typed(["3"] * 30, NUMBER, ["constant"]),
    "constant word": Typed(["blue"] * 30, WORDS, ["constant"]),
    "yes and no": Typed(["Yes", "no", "", " YES"] * 10, BOOLEAN, [], True),
    "true and false": Typed(["TRUE", "False"] * 10, BOOLEAN, [], True),
    "t and f": Typed(["t", "f"] * 10, BOOLEAN, [], True),
    "0 and 1": Typed(["0", "1"] * 10, NUMBER, [], 0.0),
    "F and N": Typed(["F", "N"] * 10, WORDS, [], "F"),
    "F and M": Typed(["F", "M"] * 10, WORDS, [], "F"),
    "two spellings of yes": Typed(["yes", "y", "no", "n"] * 10, BOOLEAN, ["type"], True),
    "ISO days": Typed(DAYS, MOMENT),
    "ISO with T and zone": Typed([f"{day}T10:00:00Z" for day in DAYS], MOMENT),
    "ISO with seconds": Typed([f"{day} 10:00:00" for day in DAYS], MOMENT),
    "day first, proven": Typed(turned("%d/%m/%Y", DAYS), MOMENT),
    "month first, proven": Typed(turned("%m/%d/%Y", DAYS), MOMENT),
    "names of months": Typed(turned("%d-%b-%y", DAYS), MOMENT),
    "months": Typed(["Jan-95", "Feb-95", "Mar-95"] * 10, MOMENT),
    "ambiguous": Typed(["03/04/2013", "05/02/2013", "01/09/2013"] * 5, MOMENT, ["type"]),
    "ambiguous but in order": Typed([f"01/{month:02}/{year}" for year in (2012, 2013) for month in range(1, 13)], MOMENT, ["type"]),
    "31 February": Typed([*DAYS, "2013-02-31"], MOMENT, ["type"]),
    "two formats": Typed([*turned("%d/%m/%Y", DAYS), "12/31/2013"], MOMENT, ["type"]),
    "zeros for missing": Typed([*DAYS, "0000-00-00"], MOMENT, ["missing"]),
    "a year of two digits": Typed([*DAYS, "13-02-03"], MOMENT, ["type"]),
    "free text": Typed([f"this is the note number {i} of many" for i in range(60)], TEXT),
    "hashes": Typed([f"a{i:x}f" for i in range(60)], IDENTIFIER, ["identifier"]),
    "colours": Typed(["red", "green", "blue"] * 20, WORDS),
    "many categories": Typed([f"town{i % 40}" for i in range(200)], WORDS),
    "countries with NA": Typed(["NA", "DE", "FR", "US", "ZA", "AO", "BR", "CN", "IN", "IT"] * 4, WORDS, ["missing"], "NA"),
    "words with NA": Typed(["NA", "red", "green"] * 10, WORDS, ["missing"], None),
    "thousands": Typed(["1,234", "950", "12,345,678", "7"] * 10, NUMBER, ["type"], 1234.0),
    "thousands, not proven": Typed(["1,234", "2,345"] * 10, NUMBER, ["type", "type"], 1234.0),
    "decimal comma": Typed(["1,5", "2,75", "3"] * 10, NUMBER, ["type"], 1.5),
    "points between thousands": Typed(["1.234,56", "0,5", "12,00"] * 10, NUMBER, ["type"], 1234.56),
    "blanks between thousands": Typed(["1 234", "12\u00a0345", "7"] * 10, NUMBER, ["type"], 1234.0),
    "brackets": Typed(["(1,234.50)", "12.00", "7.25"] * 10, NUMBER, ["type"], -1234.5),
    "shares": Typed(["12%", "57 %", "3.5%", ""] * 10, NUMBER, ["type"], 0.12),
    "shares and plain numbers": Typed(["12%", "0.5", "57%"] * 10, WORDS, ["type"], "12%"),
    "one unit": Typed(["182 cm", "175cm", "160 cm"] * 10, NUMBER, ["type"], 182.0),
    "two units of a kind": Typed(["182 cm", "1.75 m", "160 cm"] * 10, NUMBER, ["type"], 182.0),
    "units of two kinds": Typed(["182 cm", "75 kg"] * 10, WORDS, ["type"], "182 cm"),
    "units and plain numbers": Typed(["12 kg", "5", "30 kg"] * 10, NUMBER, ["type", "type"], 12.0),
    "an unknown unit": Typed(["5 stars", "3 stars"] * 10, NUMBER, ["type", "type"], 5.0),
    "magnitudes": Typed(["$1.2M", "$350K", "-$5.5M"] * 10, NUMBER, ["type"], 1_200_000.0),
    "two currencies": Typed(["$12", "€13", "$5"] * 10, WORDS, ["type"], "$12"),
    "seats": Typed(["12A", "14C", "9A"] * 10, WORDS, [], "12A"),
    "bases": Typed(["1B", "2B", "3B"] * 10, WORDS, [], "1B"),
    "addresses of machines": Typed(["192.168.100.200", "192.168.101.201"] * 10, WORDS, [], "192.168.100.200"),
    "versions": Typed(["1.2.3", "1.10.0"] * 10, WORDS, [], "1.2.3"),
    "telephones": Typed(["555 123 4567", "555 222 3333"] * 10, WORDS, [], "555 123 4567"),
    "typeset minus": Typed(["\u22125", "7", "\u22121.5"] * 10, NUMBER, ["type"], -5.0),
    "-999 far away": Typed(["-999", "12.5", "13.1", "20.2"] * 10, NUMBER, ["missing"], None),
    "99 near by": Typed(["99", "92", "95"] * 10, NUMBER, [], 99.0),
    "99 apart": Typed(["99", "1", "2", "3"] * 10, NUMBER, ["missing"], 99.0),
    "-999 near by": Typed(["-999", "-500", "3000", "-1200"] * 10, NUMBER, [], -999.0),
    "true and false in many ways": Typed(["Yes", "no", "TRUE", "false", "1", "0", "y", "N", ""] * 10, BOOLEAN, ["type"], True),
    "on and off": Typed(["ON", "Off"] * 10, BOOLEAN, [], True),
    "None among capitalised words": Typed(["None", "Brick", "Stone"] * 10, WORDS, ["missing"], "None"),
    "None among other words": Typed(["None", "brick", "stone"] * 10, WORDS, ["missing"], None),
    "None and empty fields": Typed(["None", "brick", "stone", ""] * 10, WORDS, ["missing"], "None"),
    "NA among capitals, with empty fields": Typed(["NA", "EMEA", "APAC", ""] * 10, WORDS, ["missing"], "NA"),
    "Null, a name": Typed(["Null", "Smith", "Jones"] * 10, WORDS, [], "Null"),
    "whole numbers that are days": Typed([day.replace("-", "") for day in DAYS], MOMENT, ["type"]),
    "whole numbers that are moments": Typed([day.replace("-", "") + "093000" for day in DAYS], MOMENT, ["type"]),
    "whole numbers of eight digits": Typed([str(20130000 + 97 * v) for v in range(50)], NUMBER),
    "two proven formats": Typed([*DAYS, *turned("%d.%m.%Y", DAYS[:100])], MOMENT, ["type"]),
    "two formats, half and half": Typed([*DAYS[::2], *turned("%d/%m/%Y", DAYS[1::2])], MOMENT, ["type"]),
    "two formats that can be confused": Typed([*turned("%m/%d/%Y", DAYS[::2]), *turned("%d/%m/%Y", DAYS[1::2])], WORDS, ["type"]),
    "with and without an offset": Typed([f"{day}T10:00:00{'Z' * (k % 2)}" for k, day in enumerate(DAYS)], IDENTIFIER, ["type"]),
    "no such day for missing": Typed([*DAYS, *["9999-99-99"] * 5], MOMENT, ["missing"]),
    "a far day for missing": Typed([*["9999-12-31"] * 5, *DAYS], MOMENT, ["missing"], None),
    "names of months in full": Typed(turned("%d %B %Y", DAYS), MOMENT),
    "money": Typed(["$1,200", "$3,400"] * 10, NUMBER, ["type", "type"], 1200.0),
}  # fmt: skip

TARGETS = {
    "words": (["b", "a", ""] * 20, Task.CLASSIFICATION, ("a", "b"), "text"),
    "yes and no": (["Yes", "no"] * 20, Task.CLASSIFICATION, ("Yes", "no"), "text"),
    "True and False": (["True", "False"] * 20, Task.CLASSIFICATION, ("false", "true"), "boolean"),
    "1 and 2": (["1", "2"] * 20, Task.CLASSIFICATION, ("1", "2"), "integer"),
    "0.0 and 1.0": (["0.0", "1.0"] * 20, Task.CLASSIFICATION, ("0", "1"), "integer"),
    "-1 and 10 and 9": (["-1", "10", "9"] * 20, Task.CLASSIFICATION, ("-1", "9", "10"), "integer"),
    "leading zeros": (["01", "02"] * 20, Task.CLASSIFICATION, ("01", "02"), "text"),
    "halves": (["0.5", "1.5"] * 20, Task.CLASSIFICATION, ("0.5", "1.5"), "number"),
    "decimals": ([str(i / 7) for i in range(40)], Task.REGRESSION, (), "text"),
    "counted": ([str(i) for i in range(40)], Task.REGRESSION, (), "text"),
    "few rows": ([str(i % 9) for i in range(40)], Task.REGRESSION, (), "text"),
}
