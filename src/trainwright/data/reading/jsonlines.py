"""JSON lines: one object a line, read strictly, because lax readers take what no JSON is.

A key that stands twice, NaN, a missing key and a nested value are errors with the line. Values keep
their JSON type where a whole column has one; a column that mixes numbers, words and booleans
becomes text, and the types are inferred from that as for CSV. Cost: Python's own parser, about
300,000 small rows a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.errors import DataError, Fault, shorten
from trainwright.data.reading.encoding import Utf8Blocks, invalid_utf8
from trainwright.data.reading.header import name_faults, name_findings
from trainwright.data.reading.opening import check_text
from trainwright.data.reading.scanning import LIMIT_FIELD_BYTES
from trainwright.data.reading.tables import RawBlock

_ROWS = 65_536
_LIMIT_INT = 2**63


class _Twice(ValueError):
    """A key stands twice in one object."""


@dataclass(slots=True)
class JsonLines:
    """One file of JSON lines: `blocks()` once, then names, findings and hash are known.

    Keys of `lists` may hold lists of texts or of whole numbers.
    """

    stream: BinaryIO
    name: str
    encoding: str | None = None
    findings: list[Finding] = field(default_factory=list)
    names: tuple[str, ...] = ()
    semicolons: bool = False
    lists: tuple[str, ...] = ()
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
        while rows := list(islice(lines, _ROWS)):
            yield self._block(rows)
        if not self.names:
            raise DataError("the file is empty", where=self.name, mend="name a file that has rows")

    def _block(self, rows: Sequence[tuple[int, bytes]]) -> RawBlock:
        faults: list[Fault] = []
        columns: list[list[Any]] = []
        for line, data in rows:
            value = self._parse(line, data, faults)
            if value is None:
                if len(faults) >= 10:
                    break
                continue
            if not columns:
                columns = [[] for _ in self.names]
            for column, name in zip(columns, self.names, strict=True):
                column.append(value[name])
        if faults:
            raise DataError.of(faults)
        keyed = enumerate(zip(self.names, columns, strict=True))
        frame = pl.DataFrame([_series(str(i), values, key=key) for i, (key, values) in keyed])
        first, last = rows[0][0], rows[-1][0]
        if last - first + 1 == len(rows):
            return RawBlock(frame, first)
        return RawBlock(frame, pl.Series([line for line, _ in rows], dtype=pl.Int64).to_numpy())

    def _parse(self, line: int, data: bytes, faults: list[Fault]) -> dict[str, Any] | None:
        where = f"{self.name}:{line}"
        try:
            value = json.loads(data, object_pairs_hook=_unique, parse_constant=_refuse)
        except _Twice as error:
            faults.append(Fault(str(error), where, "keep one of the two"))
            return None
        except (ValueError, RecursionError) as error:
            deep = isinstance(error, RecursionError)
            what = "nested too deeply" if deep else f"not valid JSON: {str(error)[:100]}"
            faults.append(
                Fault(
                    f"{what}: {shorten(data[:60].decode(errors='replace'))}",
                    where,
                    "write one object a line; a missing number is null",
                )
            )
            return None
        if not isinstance(value, dict):
            faults.append(
                Fault(
                    f"a {type(value).__name__}, expected an object",
                    where,
                    'write rows as {"column": value, ...}, one a line',
                )
            )
            return None
        if not self.names:
            self._take_names(tuple(value), where)
        return value if self._fits(value, where, faults) else None

    def _take_names(self, names: tuple[str, ...], where: str) -> None:
        if not names:
            raise DataError("the first object has no keys", where=where, mend="write the columns")
        if faults := name_faults(names, where=where):
            raise DataError.of(faults)
        self.names = names
        self.findings.extend(name_findings(names))

    def _fits(self, value: dict[str, Any], where: str, faults: list[Fault]) -> bool:
        found = [
            *_key_faults(value, self.names, where),
            *(
                fault
                for name, item in value.items()
                if (fault := _value_fault(name, item, where, listed=name in self.lists))
            ),
        ]
        faults.extend(found)
        return not found

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Lines that are not blank, with their numbers."""
        self._text_blocks = Utf8Blocks(self.stream, name=self.name, encoding=self.encoding)
        check_text(self._text_blocks.head, name=self.name)
        carry, line = b"", 1
        for chunk in self._text_blocks:
            *whole, carry = (carry + chunk).split(b"\n")
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


def _key_faults(value: dict[str, Any], names: tuple[str, ...], where: str) -> list[Fault]:
    """Keys that are missing or new; the good path is one comparison."""
    if tuple(value) == names or value.keys() == set(names):
        return []
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


def _value_fault(
    name: str,
    item: Any,  # noqa: ANN401 - a JSON value
    where: str,
    *,
    listed: bool,
) -> Fault | None:
    if listed and isinstance(item, list):
        kinds = {type(one) for one in item}
        if kinds <= {str} or kinds <= {int}:
            return None
        return Fault(
            f"key {shorten(name)} holds a list of something else than texts",
            where,
            'write a list of texts: ["a", "word", "each"]',
        )
    if isinstance(item, dict | list):
        return Fault(
            f"key {shorten(name)} holds a nested {'object' if isinstance(item, dict) else 'list'}",
            where,
            f"flatten it, e.g. {json.dumps(name + '.key')}: value, or leave it out",
        )
    if isinstance(item, str) and len(item) > LIMIT_FIELD_BYTES:
        return Fault(f"key {shorten(name)} is over the limit of 1 MiB", where, "shorten the text")
    return None


def _series(name: str, values: list[Any], *, key: str) -> pl.Series:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return pl.Series(name, values, dtype=pl.Null)
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds <= {int, float}:
        whole = kinds == {int}
        if all(not isinstance(value, int) or abs(value) < _LIMIT_INT for value in values):
            return pl.Series(name, values, dtype=pl.Int64 if whole else pl.Float64, strict=False)
    elif kinds == {str}:
        return pl.Series(name, values, dtype=pl.String)
    elif list in kinds:
        return _lists(name, values, key=key)
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _lists(name: str, values: list[Any], *, key: str) -> pl.Series:
    """Lists of texts or of whole numbers; a text among them is its words."""
    lists = [value.split() if isinstance(value, str) else value for value in values]
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


def _text(value: str | float | bool | None) -> str | None:  # noqa: FBT001 - a JSON value
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Twice(f"key {shorten(twice)} stands twice in one object")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
