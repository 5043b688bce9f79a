"""The first record: which delimiter, which column names, and what is wrong with them."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainwright.core.artifacts import Finding
from trainwright.core.columns import RESERVED
from trainwright.core.errors import Fault, shorten
from trainwright.data.reading.scanning import count_fields

DELIMITERS = (",", ";", "\t", "|")
LIMIT_COLUMNS = 20_000
LIMIT_NAME_BYTES = 4096
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Header:
    """How a delimited file begins.

    Attributes:
        names: Column names, trimmed; only the first may be empty (a row index).
        delimiter: One byte.
        num_bytes: Where the rows begin.
        num_lines: Lines up to there.
        trailing: Each row ends with a delimiter, which begins no further column.
    """

    names: tuple[str, ...]
    delimiter: bytes
    num_bytes: int
    num_lines: int
    trailing: bool = False

    @property
    def num_fields(self) -> int:
        """Fields of a row."""
        return len(self.names) + self.trailing


def find_delimiter(sample: bytes, *, prefer: str) -> str:
    """The delimiter that the most records of `sample` (whole records) agree on with the first.

    One that the first record does not hold is none. Ties go to `prefer`, then to the wider record.
    """
    scores = []
    for delimiter in DELIMITERS:
        counts, _ = count_fields(sample, delimiter=delimiter.encode())
        if len(counts) and counts[0] > 1:
            agree = float(np.mean(counts == counts[0]))
            scores.append((agree, delimiter == prefer, int(counts[0]), delimiter))
    return max(scores)[-1] if scores else prefer


def read_header(block: bytes, *, delimiter: bytes) -> Header:
    """Parse the first record of a block that begins with one and is sound UTF-8."""
    _, starts = count_fields(block, delimiter=delimiter)
    end = int(starts[1]) if len(starts) > 1 else len(block)
    text = block[int(starts[0]) : end].decode()
    row = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter.decode(), strict=True))
    names = tuple(name.strip() for name in row)
    return Header(names, delimiter, end, block.count(b"\n", 0, end))


def name_faults(
    names: Sequence[str], *, where: str, dropped: Sequence[str] | None = None
) -> list[Fault]:
    """What makes column names unusable: twice the same, none at all, ours, or far too long.

    `dropped` are the names that the recipe leaves out, which may be none or equal; None where the
    kind of file has no place for such names.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for position, name in enumerate(names, start=1):
        places[name].append(position)
    faults = []
    for name, positions in places.items():
        at = " and ".join(map(str, positions[:5]))
        if name == "":
            if positions != [1] and "" not in (dropped or ()):
                told = f"no name for column {at}"
                faults.append(Fault(told, where, _rename("name it", name, dropped)))
        elif len(positions) > 1 and name not in (dropped or ()):
            told = f"the column name {shorten(name)} stands twice: columns {at}"
            mend = _rename("give each column its own name", name, dropped)
            faults.append(Fault(told, where, mend))
        if name in RESERVED:
            faults.append(
                Fault(f"the column name {name!r} is reserved", where, "rename the column")
            )
        if len(name.encode()) > LIMIT_NAME_BYTES:
            faults.append(
                Fault(
                    f"a column name of {len(name.encode())} bytes, more than {LIMIT_NAME_BYTES}:"
                    f" {shorten(name)}",
                    where,
                    "is the delimiter right? Set data: {delimiter: ';'}, or name the columns",
                )
            )
    if len(names) > LIMIT_COLUMNS:
        faults.append(
            Fault(
                f"{len(names)} columns, more than the limit of {LIMIT_COLUMNS}",
                where,
                "is the table turned on its side? Rows must be examples",
            )
        )
    return faults[:10]


def _rename(mend: str, name: str, dropped: Sequence[str] | None) -> str:
    """The mend of a name that several columns have, or that is empty."""
    if dropped is None:
        return mend
    return f"{mend}, or data: {{drop: {json.dumps([name], ensure_ascii=False)}}} leaves it out"


def name_findings(names: Sequence[str]) -> list[Finding]:
    """Names that a person would take for one another, and names that look like values."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name in names:
        alike[" ".join(unicodedata.normalize("NFKC", name).casefold().split())].append(name)
    findings = [
        Finding(
            "schema",
            "warning",
            f"column names differ only by case, spaces or accents' encoding: "
            f"{', '.join(shorten(name) for name in group[:5])}",
            column=group[1],
            remedy="rename one of them, or leave it out:"
            f" data: {{drop: {json.dumps([group[1]], ensure_ascii=False)}}}",
        )
        for group in alike.values()
        if len(group) > 1
    ]
    if len(names) > 1 and all(_NUMBER.fullmatch(name) for name in names):
        findings.append(
            Finding(
                "schema",
                "warning",
                f"every column name is a number ({', '.join(names[:4])} ...): "
                "the file may have no header, and its first row was taken for one",
                remedy="data: {layout: {header: false}} calls them column_1, column_2 ...",
            )
        )
    return findings
