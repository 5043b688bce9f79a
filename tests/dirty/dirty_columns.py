"""57 dirty columns in 19 files, and what each of them holds.

What a column holds is made first, from seeded draws; only then is it written the dirty way, by
formatting code of this file. So the expected values owe nothing to any reader. A value is a number, a text,
a boolean, a date-time or None where it is missing.
"""

# ruff: noqa: E501 - tables of columns, one a line

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

ROWS = 400
LATE_ROWS = 40_000  # the type changes after row 30,000


@dataclass(frozen=True)
class DirtyColumn:
    """One column.

    Attributes:
        file: Its file's name.
        name: Its own.
        what: What is dirty about it.
        values: What it holds, a value a row.
        texts: How that is written, a text a row.
    """

    file: str
    name: str
    what: str
    values: Sequence[Any]
    texts: Sequence[str]


def dirty_columns() -> list[DirtyColumn]:
    """All 57, in the order of their files."""
    return [
        *_identifiers(), *_words(), *_proven_dates(), *_dates(), *_unproven(), *_german(), *_money(),
        *_shares(), *_units(), *_booleans(), *_latin(), *_trailing(), *_units_row(), *_title(),
        *_totals(), *_marks(), *_late(), *_missing(), *_headless_parts(),
    ]  # fmt: skip


def write_files(folder: Path) -> list[DirtyColumn]:
    """Write the files, and say what is in them."""
    columns = dirty_columns()
    for file in dict.fromkeys(column.file for column in columns):
        of_file = [column for column in columns if column.file == file]
        (folder / file).write_bytes(_WRITERS.get(file, _plain)(of_file))
    return columns


def _column(
    file: str, name: str, what: str, values: Sequence[Any], write: Callable[[Any], str]
) -> DirtyColumn:
    texts = ["" if value is None else write(value) for value in values]
    return DirtyColumn(file, name, what, values, texts)


def _draw(name: str) -> random.Random:
    return random.Random(f"dirty {name}")


def _gaps(values: Sequence[Any], name: str, share: float = 0.06) -> list[Any]:
    draw = _draw(f"gaps {name}")
    return [None if draw.random() < share else value for value in values]


def _choices(name: str, among: Sequence[Any], rows: int = ROWS) -> list[Any]:
    draw = _draw(name)
    return [draw.choice(among) for _ in range(rows)]


def _days(name: str, *, start: date = date(2018, 1, 1), span: int = 1500) -> list[datetime]:
    draw = _draw(name)
    first = datetime.combine(start, datetime.min.time())
    return [first + timedelta(days=draw.randrange(span)) for _ in range(ROWS)]


def _amounts(name: str, low: float, high: float, digits: int = 2) -> list[float]:
    draw = _draw(name)
    return [round(draw.uniform(low, high), digits) for _ in range(ROWS)]


def _grouped(value: float, mark: str, point: str = ".", digits: int = 2) -> str:
    text = f"{value:,.{digits}f}"
    return text.replace(",", "\0").replace(".", point).replace("\0", mark)


def _identifiers() -> list[DirtyColumn]:
    draw = _draw("identifiers")
    zips = [f"{draw.randrange(1000, 99999):05}" for _ in range(ROWS)]
    accounts = [f"00{draw.randrange(10**6):06}" for _ in range(ROWS)]
    orders = [str(draw.randrange(10**17, 10**18)) for _ in range(ROWS)]
    file = "identifiers.csv"
    return [
        _column(file, "zip", "leading zeros", zips, str),
        _column(file, "account", "leading zeros, with blanks", _gaps(accounts, "account"), str),
        _column(file, "order", "18 digits, with blanks", _gaps(orders, "order"), str),
    ]


def _words() -> list[DirtyColumn]:
    file = "words.csv"
    countries = _choices("country", ["NA", "DE", "FR", "US", "ZA", "AO", "BR", "CN", "IN", "IT"])
    surnames = _choices("surname", ["Null", "Smith", "Garcia", "Nguyen", "Okafor", "Novak", "Sato"])
    masonry = _choices("masonry", ["None", "Brick", "Stone", "Cinder block"])
    regions = _gaps(_choices("region", ["NA", "EMEA", "APAC", "LATAM"]), "region")
    return [
        _column(file, "country", "NA is a country", countries, str),
        _column(file, "surname", "Null is a name", surnames, str),
        _column(file, "masonry", "None is a kind", masonry, str),
        _column(file, "region", "NA is a region, with blanks", regions, str),
    ]


def _late_proof(name: str) -> list[datetime]:
    """Days up to the twelfth of a month, and others only in the last rows."""
    days = [day.replace(day=1 + day.day % 12) for day in _days(name)]
    return days[:-20] + [day.replace(day=13 + day.day % 15) for day in days[-20:]]


def _proven_dates() -> list[DirtyColumn]:
    file = "proven_dates.csv"
    return [
        _column(file, "day_first", "D/M/Y, proven by the last rows", _late_proof("d"), lambda v: f"{v:%d/%m/%Y}"),
        _column(file, "month_first", "M/D/Y, proven by the last rows", _late_proof("m"), lambda v: f"{v:%m/%d/%Y}"),
    ]  # fmt: skip


def _dates() -> list[DirtyColumn]:
    file = "dates.csv"
    draw = _draw("two formats")
    never = _gaps(_days("never"), "never", 0.1)
    moments = [day + timedelta(minutes=draw.randrange(1440)) for day in _days("moments")]
    return [
        _column(file, "two_formats", "Y-M-D and D.M.Y in one column", _days("two"), lambda v: f"{v:%Y-%m-%d}" if draw.random() < 0.6 else f"{v:%d.%m.%Y}"),
        _column(file, "compact", "yyyymmdd, with blanks", _gaps(_days("compact"), "compact"), lambda v: f"{v:%Y%m%d}"),
        _column(file, "month_names", "3 January 2021", _days("names"), lambda v: f"{v.day} {v:%B %Y}"),
        _column(file, "short_names", "Jan 3, 2021", _days("short"), lambda v: f"{v:%b} {v.day}, {v:%Y}"),
        _column(file, "dashed_names", "03-Jan-21", _days("dashed"), lambda v: f"{v:%d-%b-%y}"),
        _column(file, "clock", "12/31/2020 11:30 PM", moments, lambda v: f"{v:%m/%d/%Y %I:%M %p}"),
        DirtyColumn(file, "never", "9999-12-31 where a value is missing", never, [f"{v or datetime(9999, 12, 31):%Y-%m-%d}" for v in never]),
    ]  # fmt: skip


def _unproven() -> list[DirtyColumn]:
    """What no value proves: D/M/Y written with small days only, and one comma before three digits."""
    file = "unproven.csv"
    days = [day.replace(day=1 + day.day % 12) for day in _days("unproven")]
    draw = _draw("commas")
    numbers = [float(draw.randrange(1000, 9999)) for _ in range(ROWS)]
    return [
        _column(file, "day", "D/M/Y or M/D/Y, not proven", days, lambda v: f"{v:%d/%m/%Y}"),
        _column(file, "count", "1,234 with no other number", numbers, lambda v: f"{v:,.0f}"),
    ]


def _german() -> list[DirtyColumn]:
    file = "german.csv"
    return [
        _column(file, "Preis", "decimal comma", _amounts("preis", -50, 99), lambda v: f"{v:.2f}".replace(".", ",")),
        _column(file, "Umsatz", "1.234,56", _amounts("umsatz", 10, 99999), lambda v: _grouped(v, ".", ",")),
        _column(file, "Datum", "D.M.Y", _days("datum"), lambda v: f"{v:%d.%m.%Y}"),
    ]  # fmt: skip


def _money() -> list[DirtyColumn]:
    file = "money.csv"
    whole = [float(round(v)) for v in _amounts("people", 5, 250_000)]
    large = [
        v * 1000 for v in map(float, _choices("capital", [1200, 350, 75_000, 2_400_000, 5, 980]))
    ]
    return [
        _column(file, "people", "thousands separators", whole, lambda v: f"{v:,.0f}"),
        _column(file, "price", "$1,234.50", _gaps(_amounts("price", 1, 5000), "price"), lambda v: f"${v:,.2f}"),
        _column(file, "balance", "negatives in brackets", _amounts("balance", -5000, 5000), lambda v: f"({-v:,.2f})" if v < 0 else f"{v:,.2f}"),
        _column(file, "capital", "$1.2M, $350K", large, _magnitude),
        _column(file, "euros", "1 234,50 EUR with hard blanks", _amounts("euros", 1, 9999), lambda v: _grouped(v, "\u00a0", ",") + "\u00a0€"),
        _column(file, "francs", "1'234.50", _amounts("francs", 1, 9999), lambda v: _grouped(v, "'")),
    ]  # fmt: skip


def _magnitude(value: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if value >= size:
            return f"${value / size:g}{letter}"
    return f"${value:g}"


def _shares() -> list[DirtyColumn]:
    draw = _draw("shares")
    tenths = [draw.randrange(1000) for _ in range(ROWS)]
    file = "shares.csv"
    return [
        _column(file, "rate", "12.5%", [t / 1000 for t in tenths], lambda v: f"{v * 100:.1f}%"),
        _column(file, "anteil", "12,5 %, with blanks", _gaps([t / 1000 for t in reversed(tenths)], "anteil"), lambda v: f"{v * 100:.1f} %".replace(".", ",")),
    ]  # fmt: skip


def _units() -> list[DirtyColumn]:
    file = "units.csv"
    draw = _draw("units")
    heights = [float(draw.randrange(150, 200)) for _ in range(ROWS)]
    lengths = [float(draw.randrange(40, 300)) for _ in range(ROWS)]
    mixed = [f"{draw.randrange(10, 99)} {draw.choice(['cm', 'kg'])}" for _ in range(ROWS)]
    return [
        _column(file, "height", "182 cm", heights, lambda v: f"{v:.0f} cm"),
        _column(file, "length", "182 cm and 1.82 m", lengths, lambda v: f"{v / 100:.2f} m" if draw.random() < 0.3 else f"{v:.0f} cm"),
        _column(file, "size", "cm and kg: no number column", mixed, str),
    ]  # fmt: skip


def _booleans() -> list[DirtyColumn]:
    file = "booleans.csv"
    draw = _draw("booleans")
    truth = [draw.random() < 0.5 for _ in range(ROWS)]

    def spelled(true: Sequence[str], false: Sequence[str]) -> Callable[[bool], str]:
        return lambda value: draw.choice(true if value else false)

    return [
        _column(file, "active", "yes and no, with blanks", _gaps(truth, "active"), spelled(["yes"], ["no"])),
        _column(file, "member", "Y and N, with blanks", _gaps(truth, "member"), spelled(["Y"], ["N"])),
        _column(file, "paid", "TRUE, true, yes, 1 ...", truth, spelled(["TRUE", "true", "yes", "1"], ["FALSE", "false", "no", "0"])),
        _column(file, "switch", "On and OFF", truth, spelled(["On", "ON"], ["off", "OFF"])),
    ]  # fmt: skip


def _latin() -> list[DirtyColumn]:
    file = "latin.csv"
    towns = _choices("town", ["Zürich", "Málaga", "Besançon", "Köln", "Oslo"])
    return [
        _column(file, "town", "Latin-1", towns, str),
        _column(file, "inhabitants", "in a file of Latin-1", _amounts("inhabitants", 1, 900), str),
    ]


def _trailing() -> list[DirtyColumn]:
    file = "trailing.csv"
    return [
        _column(
            file, "id", "a separator at each line's end", _choices("t1", ["a7", "b2", "c9"]), str
        ),
        _column(file, "level", "a separator at each line's end", _amounts("t2", 0, 9), str),
    ]


def _units_row() -> list[DirtyColumn]:
    file = "units_row.csv"
    return [
        _column(file, "speed", "a row of units below the header", _amounts("speed", 0, 130), str),
        _column(file, "mass", "a row of units below the header", _amounts("mass", 1, 99), str),
    ]


def _title() -> list[DirtyColumn]:
    file = "title.csv"
    return [
        _column(
            file,
            "shop",
            "a title above the header",
            _choices("shop", ["north", "south", "east"]),
            str,
        ),
        _column(file, "sales", "a title above the header", _amounts("sales", 10, 900), str),
    ]


def _totals() -> list[DirtyColumn]:
    file = "totals.csv"
    return [
        _column(file, "branch", "totals and a footnote below", _choices("branch", ["Lyon", "Turin", "Graz"]), str),
        _column(file, "income", "totals and a footnote below", _amounts("income", 10, 900), str),
    ]  # fmt: skip


def _marks() -> list[DirtyColumn]:
    file = "marks.csv"

    def marked(name: str, mark: str) -> DirtyColumn:
        values = _gaps(_amounts(name, 0, 60, 1), name, 0.08)
        texts = [mark if value is None else str(value) for value in values]
        return DirtyColumn(file, name, f"{mark} where a value is missing", values, texts)

    return [
        marked("rain", "-999"), marked("wind", "?"), marked("sun", "."), marked("snow", "-"),
        marked("dew", "9999"),
    ]  # fmt: skip


def _late() -> list[DirtyColumn]:
    file = "late.csv"
    draw = _draw("late")
    rooms = [str(draw.randrange(100, 400)) for _ in range(LATE_ROWS)]
    rooms[35_000:35_040] = [f"{draw.randrange(100, 400)}{draw.choice('AB')}" for _ in range(40)]
    codes = [str(draw.randrange(10_000, 99_999)) for _ in range(LATE_ROWS)]
    codes[31_000:31_050] = [f"0{draw.randrange(1000, 9999)}" for _ in range(50)]
    counts = [float(draw.randrange(500)) for _ in range(LATE_ROWS)]
    counts[32_000:33_000] = [draw.randrange(5000) / 10 for _ in range(1000)]
    return [
        _column(file, "room", "words after row 35,000", rooms, str),
        _column(file, "code", "leading zeros after row 31,000", codes, str),
        _column(file, "visits", "decimals after row 32,000", counts, lambda v: f"{v:g}"),
    ]


def _missing() -> list[DirtyColumn]:
    file = "missing.csv"
    draw = _draw("missing")
    values = _gaps(_amounts("score", 0, 9), "score", 0.2)
    texts = [draw.choice(["NA", "null", "", "n/a"]) if v is None else str(v) for v in values]
    return [DirtyColumn(file, "score", "missing written in four ways", values, texts)]


def _headless_parts() -> list[DirtyColumn]:
    file = "joined.csv"
    return [
        _column(file, "part", "the header once more among the rows", _amounts("part", 0, 9), str),
        _column(file, "grade", "the header once more among the rows", _choices("grade", ["A", "B"]), str),
    ]  # fmt: skip


def _table(columns: Sequence[DirtyColumn], delimiter: str = ",") -> tuple[str, list[str]]:
    """The header line and the lines of rows."""
    lines = []
    for row in ([c.name for c in columns], *zip(*(c.texts for c in columns), strict=True)):
        stream = io.StringIO()
        csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerow(row)
        lines.append(stream.getvalue())
    return lines[0], lines[1:]


def _plain(columns: Sequence[DirtyColumn]) -> bytes:
    header, rows = _table(columns)
    return (header + "".join(rows)).encode()


def _semicolons(columns: Sequence[DirtyColumn]) -> bytes:
    header, rows = _table(columns, ";")
    return (header + "".join(rows)).encode()


def _as_latin(columns: Sequence[DirtyColumn]) -> bytes:
    return _plain(columns).decode().encode("latin-1")


def _ended(columns: Sequence[DirtyColumn]) -> bytes:
    header, rows = _table(columns)
    return (header + "".join(row.rstrip("\n") + ",\n" for row in rows)).encode()


def _with_units(columns: Sequence[DirtyColumn]) -> bytes:
    header, rows = _table(columns)
    return (header + "km/h,kg\n" + "".join(rows)).encode()


def _titled(columns: Sequence[DirtyColumn]) -> bytes:
    header, rows = _table(columns)
    return ("Sales by shop\nas of 31 December\n\n" + header + "".join(rows)).encode()


def _totalled(columns: Sequence[DirtyColumn]) -> bytes:
    header, rows = _table(columns)
    total = sum(value for value in columns[1].values)
    return (header + "".join(rows) + f"Total,{total:.2f}\n* preliminary figures\n").encode()


def _joined(columns: Sequence[DirtyColumn]) -> bytes:
    header, rows = _table(columns)
    middle = len(rows) // 2
    return (header + "".join(rows[:middle]) + header + "".join(rows[middle:])).encode()


_WRITERS: dict[str, Callable[[Sequence[DirtyColumn]], bytes]] = {
    "german.csv": _semicolons, "latin.csv": _as_latin, "trailing.csv": _ended,
    "units_row.csv": _with_units, "title.csv": _titled, "totals.csv": _totalled, "joined.csv": _joined,
}  # fmt: skip
