"""One text taken apart: a number, and what stands before and behind it.

Cost: one pattern a text, and the table of units for what stands beside the digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trainwright.data.types.units import CURRENCIES, as_unit
from trainwright.data.types.written import MINUS

GAP = r"[ \u00a0\u2009\u202f]"
_WORD = rf"[^\s\d.,()+\-'’{MINUS}][^\s\d()+\-]{{0,11}}"
_SHAPE = re.compile(
    rf"(?P<open>\()?{GAP}*[+\-{MINUS}]?{GAP}*(?:(?P<before>{_WORD}?){GAP}*)??(?P<open2>\()?[+\-{MINUS}]?"
    rf"(?P<body>[0-9](?:[0-9.,'’_]|{GAP}(?=[0-9]))*|[.,][0-9]+)(?P<close>\))?"
    rf"(?P<gap>{GAP}*)(?P<after>[^\s\d()][^()]{{0,19}}?)?{GAP}*(?P<close2>\))?"
)
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Part:
    """One text taken apart.

    Attributes:
        body: The digits with their separators.
        brackets: They stand in brackets.
        words: What stands beside them: units, currencies, magnitudes.
        apart: A blank stands before what is behind, or nothing is.
        count: How often the text stands there.
    """

    body: str
    brackets: bool
    words: tuple[str, ...]
    apart: bool
    count: int


def take_apart(text: str, count: int) -> Part | None:
    """A text that stands there `count` times, or None where it holds more than one number and its units."""
    match = _SHAPE.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    opened = bool(match["open"]) + bool(match["open2"])
    closed = bool(match["close"]) + bool(match["close2"])
    if opened != closed or opened > 1:
        return None
    before = (match["before"] or "").split()
    after = (match["after"] or "").split()
    body = re.sub(GAP, " ", match["body"]).replace("’", "'").rstrip(" ")
    if after and len(after) == 1 and re.fullmatch(r"[eE]", after[0]):
        return None
    if re.fullmatch(r"\d+(\.\d*)?", body) and after and re.fullmatch(r"[eE][+-]?\d+", after[0]):
        return Part(text, False, (), False, count)
    if any(
        any(sign.isdigit() for sign in word) and as_unit(word, with_magnitudes=True) is None
        for word in (*before, *after)
    ):
        return None
    if len(before) > 1 or len(after) > 2 or not {word.lower() for word in before} <= {*CURRENCIES}:
        return None
    return Part(body, opened == 1, (*before, *_cut(after)), bool(match["gap"]) or not after, count)


def _cut(words: Sequence[str]) -> list[str]:
    """`M€` is a magnitude and a currency."""
    found = []
    for word in words:
        known = as_unit(word, with_magnitudes=True)
        if (
            known is None
            and len(word) > 1
            and as_unit(word[1:], with_magnitudes=True)
            and word[0] in "kKmMbB"
        ):
            found += [word[0], word[1:]]
        else:
            found.append(word)
    return found
