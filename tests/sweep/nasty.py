"""Tables that nobody has seen: columns of every odd kind, drawn at random, with a target on top.

What a column looks like is drawn by name; its cells come from one seed, so that a failing table is
made again from a few words.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

Cells = list[str]
Maker = Callable[[np.random.Generator, int], Cells]

NAMES = [
    "a", "A ", " b", "年齢", "naïve-prix €", "x.y/z", 'quo"te', "comma,name", "{brace}", "[0]", "a:b",
    "1", "select", "prediction", "row", "null", "true", "$t", "tab\tname",
    "two\nlines", "🚀", "a" * 300, "=1+1", "<b>bold</b>", "'", "#", "- x", "%s", "\\", "ümlaut", "y ", "Y",
]  # fmt: skip
WORDS = [
    "red",
    "green",
    "blue",
    "",
    "NA",
    "Grün",
    "n/a",
    "日本",
    "white space",
    "x,y",
    'q"q',
    "=2+3",
    "-",
]
SENTENCES = [
    "the pump fails when it rains",
    "all good",
    "crème brûlée, again!",
    "",
    "error 0x1F at <b>",
]


def _pick(values: list[str]) -> Maker:
    return lambda rng, rows: [str(v) for v in rng.choice(np.array(values, dtype=object), rows)]


def _number(form: str, *, scale: float = 1.0, kind: str = "normal") -> Maker:
    return lambda rng, rows: [format(v * scale, form) for v in getattr(rng, kind)(size=rows)]


def _days(form: str) -> Maker:
    def make(rng: np.random.Generator, rows: int) -> Cells:
        days = np.datetime64("1999-12-20") + rng.integers(0, 9000, rows)
        return [day.item().strftime(form) for day in days]

    return make


def _joined(*makers: Maker) -> Maker:
    def make(rng: np.random.Generator, rows: int) -> Cells:
        drawn = [maker(rng, rows) for maker in makers]
        return [drawn[which][row] for row, which in enumerate(rng.integers(0, len(makers), rows))]

    return make


def _rare(common: str, rare: list[str]) -> Maker:
    """One value nearly everywhere, each rare one in a single row."""

    def make(rng: np.random.Generator, rows: int) -> Cells:
        cells = [common] * rows
        for cell, row in zip(rare, rng.permutation(rows), strict=False):
            cells[row] = cell
        return cells

    return make


SELDOM = ["", "__row__", "__unit__", "A"]  # refused, or equal to another name but for its case


COLUMNS: dict[str, Maker] = {
    "normal": _number(".6g"),
    "integer": _number(".0f", scale=30),
    "huge": _number(".17e", scale=1e300),
    "tiny": _number(".3e", scale=1e-300),
    "heavy": _number(".4g", scale=1e4, kind="standard_cauchy"),
    "beyond float": _pick(["1e400", "-1e400", "12"]),
    "long integer": _pick(["12345678901234567890123", "98765432109876543210", "9007199254740993"]),
    "infinite": _joined(_number(".2f"), _pick(["inf", "-Infinity", "NaN"])),
    "thousands": _pick(["1,234", "12,345.5", "999", "1,000,000"]),
    "decimal comma": _pick(["1,5", "2,75", "-3,1", "4"]),
    "money": _pick(["$1.50", "€4.1M", "€20K", "£3"]),
    "percent": _pick(["10%", "5.5 %", "100%"]),
    "units": _pick(["182cm / 6'0\"", "76kg / 168lbs", "5 ft"]),
    "zip code": _pick(["01234", "00501", "99999"]),
    "mixed": _joined(_number(".2f"), _pick(WORDS)),
    "mostly numbers": _joined(*[_number(".2f")] * 30, _pick(["unknown"])),
    "nulls": _joined(_number(".2f"), _pick(["", "NA", "null", "?", "-", "N/A", "-999"])),
    "all null": _pick([""]),
    "all marks": _pick(["NA", "null", "?"]),
    "constant": _pick(["7"]),
    "constant or null": _pick(["7", ""]),
    "two words": _pick(["yes", "no"]),
    "odd booleans": _pick(["Y", "n", "TRUE", "f", ""]),
    "true or false": _pick(["True", "False"]),
    "zero or one": _pick(["0", "1"]),
    "zero or one point": _pick(["0.0", "1.0"]),
    "boolean in three": _pick(["ja", "nein", "vielleicht"]),
    "words": _pick(WORDS),
    "many classes": lambda rng, rows: [f"c{value}" for value in rng.integers(0, 40, rows)],
    "every row its own": lambda rng, rows: [f"id-{value}" for value in rng.permutation(rows)],
    "row number": lambda rng, rows: [str(row) for row in range(rows)],
    "rare": _rare("common", ["rare"]),
    "rare ones": _rare("0", ["1", "2", "3"]),
    "text": _pick(SENTENCES),
    "iso day": _days("%Y-%m-%d"),
    "day first": _days("%d/%m/%Y"),
    "month first": _days("%m/%d/%y"),
    "dotted day": _days("%d.%m.%y"),
    "month name": _days("%b %d, %Y"),
    "day and hour": _days("%Y-%m-%dT%H:%M:%SZ"),
    "year only": _days("%Y"),
    "compact day": _days("%Y%m%d"),
    "two day forms": _joined(_days("%Y-%m-%d"), _days("%d/%m/%Y")),
    "no day": _pick(["2021-02-30", "2021-13-01", "2021-01-01"]),
    "controls": _pick(["a\x1b[31mb", "zero\u200bwidth", "\u202eright to left", "bell\x07"]),
    "spaces": _pick(["  x", "x  ", "x", " ", "\u00a0x"]),
    "lines": _pick(["one\ntwo", "one\r\ntwo", "three"]),
}


@dataclass(frozen=True, slots=True)
class Nasty:
    """A table in few words; names and kinds of its columns and its target follow from the seed.

    Attributes:
        seed: Of everything.
        rows: How many.
        width: How many columns beside the target.
        told: The first column tells the target.
        blanks: Share of the target's cells that are empty.
        repeats: Share of the rows that are copies of the first ones.
        delimiter: Between cells.
    """

    seed: int
    rows: int
    width: int
    told: bool
    blanks: float
    repeats: float
    delimiter: str

    def csv(self) -> bytes:
        """The file."""
        rng = np.random.default_rng(self.seed)
        kinds = [str(kind) for kind in rng.choice(sorted(COLUMNS), self.width + 1)]
        names = [str(name) for name in rng.permutation(np.array(NAMES, dtype=object))]
        names = (names + [f"column {at}" for at in range(self.width)])[: self.width]
        if rng.random() < 0.1:
            names[0] = str(rng.choice(SELDOM))
        *drawn, target = [COLUMNS[kind](rng, self.rows) for kind in kinds]
        if self.told:
            order = sorted(range(self.rows), key=lambda row: drawn[0][row])
            told = dict(zip(order, sorted(target), strict=True))
            target = [told[row] for row in range(self.rows)]
        target = ["" if rng.random() < self.blanks else cell for cell in target]
        rows = [list(row) for row in zip(*drawn, target, strict=True)]
        copies = int(self.rows * self.repeats)
        rows = rows[: self.rows - copies] + rows[:copies]
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        writer.writerows([[*names, "target"], *rows])
        return out.getvalue().encode()


def nasty_tables() -> st.SearchStrategy[Nasty]:
    """Few columns or very many, two rows or a few hundred."""
    return st.builds(
        Nasty,
        seed=st.integers(0, 2**31 - 1),
        rows=st.integers(0, 9).flatmap(
            lambda die: st.integers(2, 60) if die == 0 else st.integers(60, 400)
        ),
        width=st.integers(0, 9).flatmap(
            lambda die: st.integers(60, 300) if die == 0 else st.integers(1, 10)
        ),
        told=st.booleans(),
        blanks=st.sampled_from([0.0, 0.0, 0.02, 0.3, 0.7]),
        repeats=st.sampled_from([0.0, 0.0, 0.0, 0.5]),
        delimiter=st.sampled_from([",", ",", ";", "\t", "|"]),
    )
