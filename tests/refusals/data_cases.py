# ruff: noqa: E501, PIE804 - a table reads best with one case a line; a name of a column is no identifier
"""Bad data: exit 3 with the place and a mend, or read as it was meant, with a finding that says so."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from datetime import date, timedelta

from refusals.case import LEAST, QUIET, RECIPE, SOUND, TABLE, Case, chance, label, rows

HEAD, *ROWS = SOUND.splitlines(keepends=True)
BODY = b"".join(ROWS)


def appended(end: bytes) -> bytes:
    """Each row with a further field; the header stays."""
    return HEAD + BODY.replace(b"\n", end + b"\n")


def with_row(position: int, row: bytes) -> bytes:
    """A row in place of the one at `position`, counted from 0: it stands on line position + 2."""
    return HEAD + b"".join(ROWS[:position]) + row + b"\n" + b"".join(ROWS[position + 1 :])


def workbook() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return stream.getvalue()


def archive(*names: str) -> bytes:
    """A zip archive of equal tables."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name in names:
            packed.writestr(name, SOUND)
    return stream.getvalue()


def file(number: str, title: str, content, what: str, where: str, mend: str, **more) -> Case:
    """A file that is refused when it is read."""
    return Case(number, title, 3, what, where, mend, files={TABLE: content}, **more)


def noted(number: str, title: str, content, kind: str, what: str, mend: str = "", **more) -> Case:
    """A file that is read, and a finding says how."""
    return Case(number, title, 0, what, mend=mend, files={TABLE: content}, finding=kind, **more)


def found(number: str, title: str, content, kind: str, what: str, mend: str, **more) -> Case:
    """Data that are refused for what they hold; the finding's remedy, pasted, mends it."""
    case = {"status": 3, "pasted": True, **more}
    return Case(number, title, what=what, mend=mend, files={TABLE: content}, finding=kind, **case)


def day(i: int) -> date:
    return date(2024, 1, 1) + timedelta(days=i)


TIME = "data: {source: t.csv, target: y, split: {by: time, column: day}}\n"
GROUP = "data: {source: t.csv, target: y, split: {by: group, column: who}}\n"
GIVEN = "data: {source: t.csv, target: y, split: {by: given, column: part}}\n"
FILES = "data: {source: t.csv, target: y, validation: v.csv, test: w.csv}\n"


def given_part(i: int) -> str:
    return "train" if i < 160 else "validation" if i < 200 else "test"


READING = [
    file("1", "empty file", b"", "the file is empty", "t.csv", "name a file that has a header and rows"),
    file("2", "header only", HEAD, "the file has a header but 0 data rows", "t.csv", "name a file that has rows"),
    file("3", "only newlines", b"\n\n\r\n\n", "the file has no rows: only blank lines", "t.csv", "has a header and rows"),
    noted("4", "UTF-8 with a byte order mark", b"\xef\xbb\xbf" + SOUND, "", ""),
    noted("5", "UTF-16 with a byte order mark", ("\ufeff" + SOUND.decode()).encode("utf-16-le"), "encoding", "read as utf-16-le"),
    file("5", "UTF-16 without a byte order mark", SOUND.decode().encode("utf-16-le"), "a NUL byte", "t.csv:1:2", "or set data: {encoding: utf-16-le} if it is UTF-16", pasted=True),
    file("6", "Latin-1", with_row(1, "1.5,café,no".encode("latin-1")), "byte 0xE9 is not UTF-8; as latin-1 the line reads '1.5,café,no'", "t.csv:3:8", "data: {encoding: latin-1}", pasted=True),
    file("6", "Windows-1252", with_row(1, b"1.5,\x93quoted\x94,no"), "byte 0x93 is not UTF-8", "t.csv:3:5", "data: {encoding: cp1252}", pasted=True),
    file("7", "one wrong byte on line 500,002", lambda: HEAD + "1.5,é,no\n".encode() * 500_000 + b"1.5,\xe9,no\n", "byte 0xE9 is not UTF-8", "t.csv:500002:5", "data: {encoding: latin-1}"),
    file("8", "a short row", with_row(1, b"1.5,no"), "this row has 2 fields, expected 3", "t.csv:3", "mend the row"),
    file("9", "a long row", with_row(1, b"1.5,red,no,x"), "this row has 4 fields, expected 3", "t.csv:3", "quote a field that holds the delimiter, or mend the row"),
    file("10", "every row one field too many", appended(b",7"), "every row has 4 fields, but the header names 3 columns", "t.csv:2", "we do not shift columns"),
    noted("11", "every row ends with a delimiter", appended(b","), "schema", "every row ends with a comma: no column is made of it", "remove the comma at the end of each line"),
    noted("11", "header and rows end with a delimiter", SOUND.replace(b"\n", b",\n"), "schema", "every row ends with a comma: no column is made of it"),
    file("12", "a quote that is never closed", with_row(1, b'1.5,"red,no'), "is never closed", "t.csv:3:5", "close the quote"),
    file("13", "a NUL byte", with_row(1, b"1.5,re\x00d,no"), "a NUL byte", "t.csv:3:7", "remove it"),
    file("14", "a carriage return inside a line", with_row(1, b"1.5,r\red,no"), "a carriage return without a newline", "t.csv:3:6", "tr -d '\\r' < FILE > NEW"),
    noted("14", "lines that end as on an old Mac", SOUND.replace(b"\n", b"\r"), "schema", "lines end with a carriage return, as on an old Mac"),
    file("15", "a field of 2 MB", with_row(1, b"1.5," + b"x" * (2 << 20) + b",no"), "a field of 2097152 bytes in column 'b', over the limit of 1 MiB", "t.csv:3", "shorten the field"),
    file("16", "30,000 columns", b",".join(b"c%d" % i for i in range(30_000)) + b",y\n", "30001 columns, more than the limit of 20000", "t.csv:1", "Rows must be examples"),
    noted("17", "the last line has no newline", SOUND[:-1], "schema", "was it cut?"),
    noted("18", "the header once more among the rows", SOUND + HEAD + BODY, "schema", "the header stands once more among the rows: left out, line 242"),
    noted("18", "a title above the header", b"Sales of 2024\n" + SOUND, "schema", "above the header stands 'Sales of 2024': line 1 left out", "data: {layout: {skip_lines: 0}}"),
    noted("18", "units below the header", HEAD + b"cm,,\n" + BODY, "schema", "units stand below the header: 'a in cm': line 2 left out", "data: {layout: {units_row: false}}"),
    noted("18", "totals and a footnote below the rows", SOUND + b"Total,,12\n* preliminary\n", "schema", "below the rows stands '* preliminary': line 243 left out", "data: {layout: {footer_lines: 0}}"),
    file("19", "an HTML page saved as CSV", b"<!DOCTYPE html>\n<html><title>403 Forbidden</title></html>\n", "this looks like HTML or XML, not a table: perhaps an error page was saved", "t.csv", "fetch the file again"),
    file("20", "gzip named .csv", gzip.compress(SOUND, mtime=0), "this is gzip data (its first bytes are the gzip magic), not a text table", "t.csv", "gunzip"),
    file("21", "an Excel workbook named .csv", workbook(), "an Excel workbook (.xlsx)", "t.csv", "save it as CSV"),
    noted("22", "semicolons and decimal commas", SOUND.replace(b",", b";").replace(b".", b","), "type", "column 'a': read with a decimal comma", 'data: {decimal: ","}', pasted=True),
    noted("22", "semicolons", SOUND.replace(b",", b";"), "schema", "fields are separated by a semicolon"),
    file("23", "a column name twice", SOUND.replace(b"a,b,y", b"a,a,y", 1), "the column name 'a' stands twice: columns 1 and 2", "t.csv:1", "give each column its own name"),
    file("24", "a column without a name", SOUND.replace(b"a,b,y", b"a,,y", 1), "no name for column 2", "t.csv:1", 'data: {drop: [""]}', pasted=True),
    noted("25", "names that differ by case only", rows(A=lambda i: chance(i, "A", 11)), "schema", "'a', 'A'", "rename one of them"),
    noted("25", "names that differ by accents' encoding", rows(**{"é": lambda i: chance(i, "c", 11), "e\u0301": lambda i: chance(i, "d", 7)}), "schema", "differ only by case, spaces or accents' encoding", "rename one of them"),
    noted("26", "names with marks of other languages", rows(**{'"a[0]"': lambda i: chance(i, "c", 11), '"{""b"": <c>,d}"': lambda i: chance(i, "d", 7)}), "", ""),
    file("27", "a reserved column name", SOUND.replace(b"a,b,y", b"__row__,b,y", 1), "the column name '__row__' is reserved", "t.csv:1", "rename the column"),
    noted("27", "columns named like things of ours", rows(target=lambda i: chance(i, "c", 11), step=lambda i: chance(i, "d", 7), row=lambda i: chance(i, "e", 5)), "", ""),
    noted("28", "names of emoji, right-to-left letters and 4 kB", rows(**{"😀": lambda i: chance(i, "c", 11), "שלום": lambda i: chance(i, "d", 7), "x" * 4096: lambda i: chance(i, "e", 5)}), "", ""),
    file("28", "a column name of 5 kB", SOUND.replace(b"a,", b"x" * 5000 + b",", 1), "a column name of 5000 bytes, more than 4096", "t.csv:1", "name the columns"),
]  # fmt: skip

VALUES = [
    noted("29", "a column without values", rows(empty=lambda i: ""), "missing", "'empty'", "data: {drop: [empty]}", pasted=True),
    noted("30", "a constant column", rows(same=lambda i: 7), "constant", "column 'same' is always 7", "data: {drop: [same]}", pasted=True),
    file("31", "a target of one value", rows(y=lambda i: "yes"), "the target 'y' is always 'yes': there is nothing to learn", "column 'y'", "data: {target: COLUMN} names another column"),
    Case("31", "a regression target of one value", 3, "the target 'y' is always 3", "column 'y'", "names another column", files={TABLE: rows(y=lambda i: 3)}, recipe=LEAST + "task: regression\n"),
    Case("32", "train has one class only", 3, "train has rows of one class only: 'no', split by time", "column 'y'", "data: {split: {by: random}}", files={TABLE: rows(day=day, y=lambda i: "yes" if i > 170 and chance(i, "y", 2) else "no")}, recipe=TIME),
    found("33", "a class that train lacks", rows(part=given_part, y=lambda i: "new" if i > 225 else label(i)), "imbalance", "1 class stands in validation or test and not in train: 'new', 14 rows", 'data: {accept: ["imbalance:y"]}', recipe=GIVEN),
    noted("34", "a few rows without a target", rows(y=lambda i: "" if i % 40 == 0 else label(i)), "missing", "6 of 240 rows have no target: left out"),
    found("34", "most rows without a target", rows(y=lambda i: "" if i % 3 else label(i)), "missing", "160 of 240 rows have no target: left out", 'data: {accept: ["missing:y"]}'),
    file("34", "a target without values", rows(y=lambda i: "NA"), "the target 'y' has no values in all 240 rows", "column 'y'", "names another column"),
    found("35", "infinity in a column", rows(a=lambda i: "inf" if i == 7 else chance(i, "a", 1000) / 10), "type", "column 'a': 'inf' is no finite number; the first at t.csv:9", 'data: {columns: {a: {type: number, nulls: ["inf"]}}}'),
    found("35", "a number beyond any", rows(a=lambda i: "1e400" if i == 7 else chance(i, "a", 1000) / 10), "type", "column 'a': '1e400' is no finite number; the first at t.csv:9", 'nulls: ["1e400"]'),
    found("35", "infinity in the target", rows(y=lambda i: "-Infinity" if i == 7 else chance(i, "a", 1000) / 10), "type", "column 'y': '-Infinity' is no finite number; the first at t.csv:9", 'nulls: ["-Infinity"]'),
    file("36", "a target that mixes 0, 1, true and yes", rows(y=lambda i: ("0", "1", "true", "yes")[chance(i, "y", 4)]), "the target 'y' mixes spellings of true and false: 0, 1, true, yes", "column 'y'", "write each class one way in the file"),
    noted("37", "labels 1 and 2", rows(y=lambda i: 1 + (label(i) == "yes")), "type", "the target's labels 1, 2 are classes 0 to 1 inside; predictions carry the labels"),
    noted("38", "whole numbers beyond 2^53", rows(big=lambda i: 2**53 + chance(i, "big", 1001)), "type", "would lose precision as a number: kept as text", "data: {columns: {big: identifier}}", pasted=True),
    noted("39", "leading zeros", rows(code=lambda i: f"{chance(i, 'code', 50):04}"), "type", "has leading zeros: kept as text; the first at t.csv:2", "data: {columns: {code: category}}", pasted=True),
    noted("40", "NA among country codes", rows(country=lambda i: ("NA", "DE", "FR", "US", "ZA", "IT", "ES", "PT", "BE", "NL")[chance(i, "c", 10)]), "missing", "column 'country': NA is read as a value, like the other codes of two letters", 'data: {columns: {country: {type: category, nulls: ["NA"]}}} reads it as missing', pasted=True),
    noted("40", "NA in a number column", rows(a=lambda i: "NA" if i % 9 == 0 else chance(i, "a", 1000) / 10), "", ""),
    found("41", "words in a number column", rows(a=lambda i: {7: "seven", 9: "1O"}.get(i, chance(i, "a", 1000) / 10)), "type", "column 'a': 2 of 240 values are no numbers: 'seven', '1O'; the first at t.csv:9", "data: {columns: {a: {type: number, nulls: "),
    found("42", "31 February", rows(day=lambda i: "2024-02-31" if i == 7 else day(i)), "type", "1 value does not fit %Y-%m-%d: '2024-02-31' is no such date; the first at t.csv:9", 'data: {columns: {day: {type: date-time, format: "%Y-%m-%d", nulls: ["2024-02-31"]}}}'),
    found("42", "day and month that no row tells apart", rows(day=lambda i: f"{1 + i % 12:02}/{1 + i * 7 % 12:02}/2024"), "type", "day and month cannot be told apart in '01/01/2024': %d/%m/%Y or %m/%d/%Y", 'data: {columns: {day: {type: date-time, format: "%d/%m/%Y"}}}'),
    found("42", "month first among days first", rows(day=lambda i: "12/31/2024" if i == 7 else f"{day(i):%d/%m/%Y}"), "type", "1 value does not fit %d/%m/%Y: '12/31/2024' is of another format (%m/%d/%Y); the first at t.csv:9", 'data: {columns: {day: {type: date-time, format: "%d/%m/%Y", nulls: ["12/31/2024"]}}}'),
    noted("42", "two formats that no date confuses", rows(day=lambda i: f"{day(i):%d.%m.%Y}" if i % 3 else day(i)), "type", "dates are written in 2 ways that cannot be confused", 'formats: ["%d.%m.%Y", "%Y-%m-%d"]', pasted=True),
    noted("42", "0000-00-00", rows(day=lambda i: "0000-00-00" if i % 40 == 3 else day(i)), "missing", "'0000-00-00' in 6 rows is read as missing; the first at t.csv:5"),
    noted("42", "the year 9999", rows(day=lambda i: "9999-12-31" if i % 40 == 3 else day(i)), "missing", "9999-12-31 in 6 rows is far from all other values: read as missing", 'nulls: ["9999-12-31"]'),
    found("42", "the year 1", rows(day=lambda i: "0001-01-01" if i == 7 else day(i)), "type", "1 value does not fit %Y-%m-%d: '0001-01-01' is no such date; the first at t.csv:9", 'nulls: ["0001-01-01"]'),
    noted("42", "moments with and without an offset", rows(day=lambda i: f"{day(i)}T10:00:00{'Z' if i % 2 else ''}"), "type", "dates are not all of one format that can be told, and read as words"),
    noted("38", "a number of 22 digits", rows(big=lambda i: "1" + "0" * 21 if i == 7 else chance(i, "big", 1001)), "type", "would lose precision as a number: kept as text; the first at t.csv:9", "data: {columns: {big: identifier}}"),
    noted("39", "leading zeros after blanks", rows(code=lambda i: "" if i % 9 == 0 else f"{chance(i, 'code', 50):04}"), "type", "has leading zeros: kept as text; the first at t.csv:3", "data: {columns: {code: category}}", pasted=True),
    noted("41", "units of different kinds", rows(size=lambda i: f"{chance(i, 's', 90)} {'cm' if i % 2 else 'kg'}"), "type", "numbers with something beside them are read as words: different units stand in it: cm, kg", "data: {columns: {size: category}} settles it", pasted=True),
    noted("41", "a comma that may part thousands", rows(size=lambda i: f'"{1 + chance(i, "s", 9)},{100 + chance(i, "u", 900)}"'), "type", "the comma is taken to part thousands, which no value proves", 'data: {columns: {size: {type: number, decimal: ","}}} if it is a decimal mark', pasted=True),
    noted("41", "-999 far from all other numbers", rows(a=lambda i: -999 if i % 9 == 0 else chance(i, "a", 1000) / 10), "missing", "-999 in 27 rows is far from all other values: read as missing; the first at t.csv:2", 'data: {columns: {a: {type: number, nulls: ["-999"]}}} settles it', pasted=True),
    file("44", "one row", HEAD + ROWS[0], "the data have 1 row; at least 50 are needed", "data.source", "add rows"),
    file("44", "two rows", HEAD + ROWS[0] + ROWS[1], "the data have 2 rows; at least 50 are needed", "data.source", "add rows"),
    found("44", "thirty rows", rows(30), "schema", "30 rows have a target; under 50 neither a model nor its figures mean much", 'data: {accept: ["schema"]}'),
    Case("32", "a fold of one class only", 3, "of 50 hold a single class", "evaluation.cross_validation, fold ", "evaluation: {cross_validation: ", files={TABLE: rows(y=lambda i: "rare" if i % 20 == 0 else "no")}, recipe=LEAST + "model: {family: linear}\nevaluation: {cross_validation: 50}\n" + QUIET, command=("run", RECIPE), pasted=True),
    noted("45", "rows that repeat", SOUND + b"".join(ROWS[:24]), "duplicate", "24 of 264 rows (9.1%) repeat an earlier one: they are kept, equal rows in one split", "data: {duplicates: drop}", pasted=True),
    Case("45", "test rows that stand in train too", 3, "10 of 50 test rows (20.0%) stand in train as well: the split by given puts copies of one row on both sides", mend="data: {duplicates: drop}", files={TABLE: SOUND, "v.csv": rows(290)[: len(HEAD)] + rows(290)[len(SOUND) :], "w.csv": HEAD + b"".join(ROWS[:10]) + rows(330)[len(rows(290)) :]}, recipe=FILES, finding="leakage", pasted=True),
    Case("45", "one person in three splits", 3, "has 1 groups; a split needs at least 3", "data.split", "data: {split: {by: random}}", files={TABLE: rows(who=lambda i: "ann")}, recipe=GROUP),
    Case("45", "a split by time of a column without times", 3, "holds no times and no numbers, so rows have no order by it", "data.split.column", "data: {columns: {b: date-time}}", files={TABLE: SOUND}, recipe="data: {source: t.csv, target: y, split: {by: time, column: b}}\n"),
    found("46", "a column equal to the target", rows(copy=label), "leakage", "'copy'", "known_after: [copy]"),
    found("46", "a column that tells the target", rows(copy=lambda i: (50 if label(i) == "yes" else 10) + chance(i, "c", 7)), "leakage", "'copy'", "known_after: [copy]"),
]  # fmt: skip

PLACES = [
    Case("48", "a device for a file", 3, "this is a pipe, a socket or a device, not a regular file", "/dev/zero", "name a file", recipe="data: {source: /dev/zero, target: y}\n"),
    Case("48", "a folder without data for a file", 3, "'empty' matches no data file", "data.source", "put files there that end in .csv", recipe="data: {source: empty, target: y}\n", make=lambda folder: (folder / "empty").mkdir()),
    Case("48", "no such file", 3, "there is no such file", "gone.csv", "mend the path (in a recipe: data.source)", recipe="data: {source: gone.csv, target: y}\n"),
    Case("49", "a Parquet file that was cut", 3, "damaged or cut", "t.parquet", "again", files={"t.parquet": b"PAR1" + b"\0" * 50}, recipe="data: {source: t.parquet, target: y}\n"),
    Case("50", "JSON lines: a bad line", 3, "not valid JSON", "t.jsonl:2", "one object a line", files={"t.jsonl": b'{"a": 1, "y": 2}\n{"a": 1,\n'}, recipe="data: {source: t.jsonl, target: y}\n"),
    Case("50", "JSON lines: 100,000 brackets", 3, "nested too deeply", "t.jsonl:1", "", files={"t.jsonl": b'{"a":' + b"[" * 100_000}, recipe="data: {source: t.jsonl, target: y}\n"),
    Case("48", "a link that leads round in a circle", 3, "this is a link that leads round in a circle", "l.csv", "name the file itself", recipe="data: {source: l.csv, target: y}\n", make=lambda folder: (folder / "l.csv").symlink_to("l.csv")),
    Case("48", "a pipe for a file", 3, "a pipe, a socket or a device, not a regular file", "p.csv", "name a file", recipe="data: {source: p.csv, target: y}\n", make=lambda folder: os.mkfifo(folder / "p.csv")),
    Case("49", "an Arrow file that was cut", 3, "the Arrow file is damaged or cut", "t.arrow", "write or fetch it again", files={"t.arrow": b"ARROW1\0\0" + b"\xff" * 50}, recipe="data: {source: t.arrow, target: y}\n"),
    Case("50", "JSON lines: NaN", 3, "NaN is not a JSON number", "t.jsonl:1", "a missing number is null", files={"t.jsonl": b'{"a": NaN, "y": 2}\n'}, recipe="data: {source: t.jsonl, target: y}\n"),
    Case("50", "JSON lines: a key that stands twice", 3, "key 'a' stands twice in one object", "t.jsonl:1", "keep one of the two", files={"t.jsonl": b'{"a": 1, "a": 2, "y": 2}\n'}, recipe="data: {source: t.jsonl, target: y}\n"),
    Case("50", "JSON lines: a key that is missing", 3, "key 'u.a' is missing", "t.jsonl:2", '"u.a": null', files={"t.jsonl": b'{"u": {"a": 1, "b": 1}, "y": 2}\n{"u": {"b": 1}, "y": 2}\n'}, recipe="data: {source: t.jsonl, target: y}\n"),
    Case("51", "gzip that unpacks without end", 3, "unpacking was stopped", "t.csv.gz:", "unpack it yourself", files={"t.csv.gz": lambda: gzip.compress(b"a,y\n" + b"0,0\n" * (3 << 20), mtime=0)}, recipe="data: {source: t.csv.gz, target: y}\n"),
    Case("51", "gzip that was cut", 3, "the gzip data are damaged or cut", "t.csv.gz:", "pack or fetch the file again", files={"t.csv.gz": gzip.compress(SOUND, mtime=0)[:-9]}, recipe="data: {source: t.csv.gz, target: y}\n"),
    Case("51", "an archive of two tables", 3, "the archive holds 2 tables of text: 'a.csv', 'b.csv', expected 1", "t.zip", "unpack it", files={"t.zip": lambda: archive("a.csv", "b.csv")}, recipe="data: {source: t.zip, target: y}\n"),
    Case("52", "files with different types", 3, "column 'a' is Int64 in one file and String in the other", "t1.jsonl and t2.jsonl", "one type in every file", files={"t1.jsonl": b'{"a": 1, "y": 2}\n', "t2.jsonl": b'{"a": "x", "y": 2}\n'}, recipe="data: {source: 't?.jsonl', target: y}\n"),
    Case("52", "a pattern that matches nothing", 3, "'*.tsv' matches no data file", "data.source", "mend the pattern in data.source", files={TABLE: SOUND}, recipe="data: {source: '*.tsv', target: y}\n"),
    Case("52", "files with different columns", 3, "the files have different columns: t2.csv lacks 'a' and has 'c' besides", "t1.csv and t2.csv", "give every file the same columns", files={"t1.csv": SOUND, "t2.csv": SOUND.replace(b"a,b,y", b"c,b,y", 1)}, recipe="data: {source: 't?.csv', target: y}\n"),
    Case("60", "a source that is a URL", 3, "'https://example.org/t.csv' is an address, not a file", "data.source", "fetch the file first", recipe="data: {source: 'https://example.org/t.csv', target: y}\n"),
    Case("60", "a source with NUL", 3, "'t\\x00.csv' cannot be the path of a file", "data.source", "data: {source: FILE}", recipe='data: {source: "t\\0.csv", target: y}\n'),
    Case("60", "a source of 5,000 letters", 3, "cannot be the path of a file", "data.source", "data: {source: FILE}", recipe=f"data: {{source: {'x' * 5000}, target: y}}\n"),
    Case("60", "a source that is empty", 3, "'' matches no data file", "data.source", "put files there that end in .csv", recipe='data: {source: "", target: y}\n'),
    Case("60", "an empty list of sources", 3, "no file is named", "data.source", "data: {source: FILE}", recipe="data: {source: [], target: y}\n"),
]  # fmt: skip

DATA = [*READING, *VALUES, *PLACES]
