"""JSON lines: one object a line, read strictly, because lax readers take what no JSON is.

A key that stands twice, NaN and a missing key are errors with the line. An object within a row is as many
columns as it has keys, named with dots: {"user": {"age": 3}} is a column `user.age`; null in its place is
null in each. A list of texts is one text, joined by commas, and a finding says so; other lists are refused.
Values keep their JSON type where a whole column has one; a column that mixes numbers, words and booleans
becomes text, and the types are inferred from that as for CSV. A conversation is a list of objects, and
stays one, as JSON. Cost: Python's own parser, about
150,000 small rows a second.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, Fault, counted, shorten, with_article
from trainwright.data.findings import finding
from trainwright.data.reading.encoding import Utf8Blocks, invalid_utf8
from trainwright.data.reading.giants import check_giants
from trainwright.data.reading.header import name_faults, name_findings
from trainwright.data.reading.json_objects import (
    Deep,
    Twice,
    flat,
    half_characters,
    refuse,
    unique,
    unparsed,
)
from trainwright.data.reading.opening import check_text
from trainwright.data.reading.tables import RawBlock
from trainwright.data.reading.values import json_of, series_of

_ROWS = 65_536
_BLOCK_BYTES = 32 << 20  # a block ends with the line that reaches it
LIMIT_LINE_BYTES = 64 << 20
_JOINT = ", "


@dataclass(slots=True)
class JsonLines:
    """One file of JSON lines: `blocks()` once, then names, findings and hash are known.

    Attributes:
        stream: The file, at its start.
        name: For messages.
        encoding: As the recipe says, or None.
        lists: Keys that may hold lists of texts or of whole numbers, kept as lists.
        labels: Of these keys those of labels: a text among their lists is one, and not its words, unless
            words stand in lists beside it, whose tags they are.
        conversations: Keys whose lists are kept, as JSON.
        is_looked_at: Of a column: does anyone read it? Lists in others are passed over.
    """

    stream: BinaryIO
    name: str
    encoding: str | None = None
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    left_out: list[tuple[int, str]] = field(default_factory=list)
    lists: tuple[str, ...] = ()
    is_looked_at: Callable[[str], bool] = lambda _: True
    conversations: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    _joined: dict[str, int] = field(default_factory=dict)
    _texts: dict[tuple[str, bool], int] = field(default_factory=dict)  # among lists, cut or whole
    _text_blocks: Utf8Blocks | None = None

    @property
    def sha256(self) -> str:
        """Of the file's bytes, once they were read."""
        return self._text_blocks.sha256 if self._text_blocks else ""

    @property
    def bytes_read(self) -> int:
        """So far."""
        return self._text_blocks.bytes_read if self._text_blocks else 0

    def blocks(self) -> Iterator[RawBlock]:
        """The rows, in order, each column with its JSON type (see `Reader`)."""
        lines = self._lines()
        while rows := list(_some(lines)):
            yield self._block(rows)
        if not self.names:
            raise DataError("the file is empty", where=self.name, mend="name a file that has rows")
        self.findings.extend(
            finding(
                "schema",
                "info",
                f"{self.name}: {count} lists of {shorten(key)} were joined to texts by commas",
                column=key,
                count=count,
                remedy=f"data: {{drop: {json.dumps([key], ensure_ascii=False)}}} leaves them out",
            )
            for key, count in self._joined.items()
        )
        self._tell_texts()

    def _block(self, rows: Sequence[tuple[int, bytes]]) -> RawBlock:
        faults: list[Fault] = []
        values: list[tuple[int, dict[str, Any]]] = []
        for line, data in rows:
            value = self._parse(line, data, faults)
            if value is not None:
                values.append((line, value))
            elif len(faults) >= 10:
                break
        if not self.names and values:
            self._take_names(values)
        fitting = []
        for line, value in values:
            fitting.append(self._fitting(value, line, faults))
            if len(faults) >= 10:
                break
        if faults:
            raise DataError.of(faults[:10])
        columns = {key: [value[key] for value in fitting] for key in self.names}
        frame = pl.DataFrame(
            [self._series(str(i), key, columns) for i, key in enumerate(self.names)]
        )
        check_giants(
            frame, self.names, self.is_looked_at, place=lambda row: f"{self.name}:{rows[row][0]}"
        )
        first, last = rows[0][0], rows[-1][0]
        if last - first + 1 == len(rows):
            return RawBlock(frame, first)
        return RawBlock(frame, pl.Series([line for line, _ in rows], dtype=pl.Int64).to_numpy())

    def _series(self, name: str, key: str, columns: dict[str, list[Any]]) -> pl.Series:
        values = columns[key]
        if not _has_lists(values):
            return series_of(name, values)
        words = [one for one in self.lists if one not in self.labels and one in columns]
        whole = key in self.labels and not any(_has_lists(columns[one]) for one in words)
        if texts := sum(isinstance(value, str) for value in values):
            self._texts[key, whole] = self._texts.get((key, whole), 0) + texts
        lists = [
            value if not isinstance(value, str) else [value] if whole else value.split()
            for value in values
        ]
        return _lists(name, lists, key=key)

    def _tell_texts(self) -> None:
        """Texts among the lists of a column, and what was made of them."""
        for (key, whole), count in self._texts.items():
            made = "one label each" if whole else "cut at their blanks"
            self.findings.append(
                finding(
                    "schema",
                    "warning",
                    f"{self.name}: {counted(count, 'texts stand')} among the lists of {shorten(key)}: read as"
                    f" {made}",
                    column=key,
                    count=count,
                    remedy="write a list in every row",
                )
            )

    def _parse(self, line: int, data: bytes, faults: list[Fault]) -> dict[str, Any] | None:
        where = f"{self.name}:{line}"
        try:
            value = json.loads(data, object_pairs_hook=unique, parse_constant=refuse)
        except Twice as error:
            faults.append(Fault(str(error), where, "keep one of the two"))
            return None
        except (ValueError, RecursionError) as error:
            what, mend = unparsed(error)
            shown = shorten(data[:60].decode(errors="replace"))
            faults.append(Fault(f"{what}: {shown}", where, mend))
            return None
        if not isinstance(value, dict):
            faults.append(
                Fault(
                    f"{with_article(type(value).__name__)}, expected an object",
                    where,
                    'write rows as {"column": value, ...}, one a line'
                    + (": jq -c '.[]' FILE > NEW.jsonl" if isinstance(value, list) else ""),
                )
            )
            return None
        try:
            value = flat(value) if dict in map(type, value.values()) else value
        except (Twice, Deep) as error:
            faults.append(Fault(str(error), where, "give each value a key of its own"))
            return None
        if b"\\u" in data and b"\\ud" in data.lower():
            halves = half_characters(value, where, but=self.conversations)
            if halves:
                faults.extend(halves)
                return None
        return value

    def _take_names(self, values: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """The keys of the first row; where that is null for an object, those of the first that has it."""
        line, first = values[0]
        names: list[str] = []
        for name, item in first.items():
            rows = (value for _, value in values if name not in value) if item is None else iter(())
            below = ([key for key in value if key.startswith(f"{name}.")] for value in rows)
            names += next(filter(None, below), [name])
        where = f"{self.name}:{line}"
        if not names:
            raise DataError("the first object has no keys", where=where, mend="write the columns")
        if faults := name_faults(names, where=where):
            raise DataError.of(faults)
        self.names = tuple(names)
        self.findings.extend(name_findings(names))

    def _fitting(self, value: dict[str, Any], line: int, faults: list[Fault]) -> dict[str, Any]:
        """A row with the file's keys and plain values; what is wrong with it is added to `faults`."""
        if tuple(value) != self.names and value.keys() != set(self.names):
            value = self._filled(value)
            faults.extend(_key_faults(value, self.names, f"{self.name}:{line}"))
        if list in map(type, value.values()):
            for name, item in value.items():
                if isinstance(item, list):
                    value[name] = self._list(name, item, f"{self.name}:{line}", faults)
        return value

    def _filled(self, value: dict[str, Any]) -> dict[str, Any]:
        """With null for each column of an object that is null."""
        void = [name for name, item in value.items() if item is None and name not in self.names]
        below = [name for name in self.names if any(name.startswith(f"{key}.") for key in void)]
        if not below:
            return value
        kept = {
            name: item
            for name, item in value.items()
            if name not in void or not any(key.startswith(f"{name}.") for key in below)
        }
        return {**dict.fromkeys(below), **kept}

    def _list(self, name: str, items: list[Any], where: str, faults: list[Fault]) -> Any:  # noqa: ANN401
        """A list as it is where it may be one, else as a text."""
        if not self.is_looked_at(name):
            return None
        if name in self.conversations:
            return json_of(items)
        kinds = {type(one) for one in items}
        if name in self.lists:
            if kinds <= {str} or kinds <= {int}:
                return items
            told = f"key {shorten(name)} holds a list of something else than texts"
            faults.append(Fault(told, where, 'write a list of texts: ["a", "word", "each"]'))
        elif kinds <= {str}:
            self._joined[name] = self._joined.get(name, 0) + 1
            return _JOINT.join(items)
        else:
            told = f"key {shorten(name)} holds a list of {_told(kinds)}, not of texts"
            drop = json.dumps([name], ensure_ascii=False)
            faults.append(
                Fault(told, where, f"flatten it into a key a value, or data: {{drop: {drop}}}")
            )
        return None

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Lines that are not blank, with their numbers."""
        self._text_blocks = Utf8Blocks(self.stream, name=self.name, encoding=self.encoding)
        check_text(self._text_blocks.head, name=self.name)
        carry, line = b"", 1
        for chunk in self._text_blocks:
            *whole, carry = (carry + chunk).split(b"\n")
            if len(carry) > LIMIT_LINE_BYTES:
                raise self._endless(carry, line + len(whole))
            if fault := invalid_utf8(b"\n".join(whole), name=self.name, first_line=line):
                raise DataError.of([fault])
            for data in whole:
                if data.strip():
                    yield line, data
                line += 1
        if carry.strip():
            if fault := invalid_utf8(carry, name=self.name, first_line=line):
                raise DataError.of([fault])
            self.findings.append(
                Finding(
                    "schema",
                    "info",
                    f"{self.name}: the last line does not end with a newline: was it cut?",
                )
            )
            yield line, carry

    def _endless(self, carry: bytes, line: int) -> DataError:
        return DataError(
            f"a line of more than {LIMIT_LINE_BYTES >> 20} MiB begins here:"
            f" {shorten(carry[:40].decode(errors='replace'))}",
            where=f"{self.name}:{line}",
            mend="write one object a line: jq -c '.[]' FILE > FILE.jsonl makes them of an array",
        )


def _some(lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The next lines: so many rows, or so many bytes."""
    held = 0
    for found in islice(lines, _ROWS):
        yield found
        held += len(found[1])
        if held >= _BLOCK_BYTES:
            return


def _key_faults(value: dict[str, Any], names: tuple[str, ...], where: str) -> list[Fault]:
    """Keys that are missing or new."""
    missing = [
        Fault(
            f"key {shorten(name)} is missing",
            where,
            f"write {json.dumps(name)}: null where the value is missing",
        )
        for name in names
        if name not in value
    ]
    further = [
        Fault(f"key {shorten(name)} is not in the first row", where, "give every row the same keys")
        for name in value
        if name not in names
    ]
    return [*missing[:3], *further[:3]]


def _told(kinds: set[type]) -> str:
    """What a list holds, in words."""
    names = {dict: "objects", list: "lists", int: "numbers", float: "numbers", bool: "booleans"}
    told = sorted({names.get(kind, "texts" if kind is str else "nulls") for kind in kinds})
    return " and ".join(told)


def _has_lists(values: list[Any]) -> bool:
    return list in map(type, values)


def _lists(name: str, lists: list[Any], *, key: str) -> pl.Series:
    """Lists of texts or of whole numbers."""
    odd = [value for value in lists if value is not None and not isinstance(value, list)]
    if odd:
        raise DataError(
            f"lists and plain values are mixed: {shorten(odd[0])}",
            where=f"key {shorten(key)}",
            mend="write a list in every row",
        )
    if all(isinstance(item, int) for value in lists if value is not None for item in value):
        return pl.Series(name, lists, dtype=pl.List(pl.Int64))
    texts = [None if value is None else [str(item) for item in value] for value in lists]
    return pl.Series(name, texts, dtype=pl.List(pl.String))
