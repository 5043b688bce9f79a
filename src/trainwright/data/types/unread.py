"""Texts that say more than words do, and are read as words all the same: what they are is told.

120/80, 10-20, 5'11", 3 to 5, <0.5: two numbers in a cell, or a number with something beside it, are no number
that could be read without a choice. A column of them is one of words, which is as much as nothing to a model
that would have learned from the numbers; so it is named, with what to do. Cost: some patterns on a sample,
and only where a digit stands in nearly all of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_MOST = 0.9  # of the sampled texts have the form
_LOOKED_AT = 200
_FIRST = 5  # of which one has the form at least: most forms are out at once
_FEWEST = 5  # different texts that make a form
_LONGEST = 200
_N = r"[+-]?[0-9]+(?:[.,][0-9]+)?"
_PLAIN = re.compile(_N)
_TIME = (
    r"[0-9.]+ ?(?:years?|yrs?|y|months?|mos?|mths?|weeks?|wks?|w|days?|d|hours?|hrs?|h|std|minutes?|mins?|m"
    r"|seconds?|secs?|s)\.?"
)
_UNIT = r"(?: ?[^\W\d_]{1,6}\.?| ?[%°$€£])?"
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\u00ad]")


@dataclass(frozen=True, slots=True)
class _Form:
    """What texts may be, in words, and what to do; the first that fits is told."""

    told: str
    mend: str
    pattern: re.Pattern[str]


def _form(told: str, mend: str, pattern: str) -> _Form:
    return _Form(told, mend, re.compile(pattern, re.IGNORECASE))


_APART = "make a column of each"
_ONE = "write them as numbers of one unit"
_YEAR = r"(?:19|20)[0-9]{2}"
_FORMS = (
    _form(
        "fractions, days or scores",
        "write them as decimal numbers",
        r"[0-9]{1,2} ?/ ?(?:[0-9]{1,2}|100)|[0-9.]{1,4} (?:out )?of [0-9]{1,3}",
    ),
    _form(
        "years with the next one",
        "keep the first year",
        rf"{_YEAR} ?[-/–] ?(?:{_YEAR}|[0-9]{{2}})",
    ),
    _form(
        "days with a name for the month, or with more beside the day, that is not read",
        "write 2024-01-31",
        r"(?:[^\W\d_]{2,12}\.?,? )?[0-9]{1,2}(?:\.|st|nd|rd|th|er|º)?[ -](?:de |of )?[^\W\d_]{3,12}\.?,?[ -]"
        rf"(?:de )?(?:{_YEAR}|[0-9]{{2}})|[^\W\d_]{{3,12}}\.? [0-9]{{1,2}}(?:st|nd|rd|th),? {_YEAR}"
        rf"|[^\W\d_]{{3}} [^\W\d_]{{3}} [ 0-9][0-9] [0-9:]{{8}} (?:[A-Z]{{3,4}} )?{_YEAR}"
        rf"|{_YEAR} ?[年년] ?[0-9]{{1,2}} ?[月월] ?[0-9]{{1,2}} ?[日일]",
    ),
    _form("two numbers, parted by a slash", _APART, rf"{_N} ?/ ?{_N}{_UNIT}"),
    _form("a number for each of something", _ONE, rf"{_N} ?/[^\W\d_]{{1,9}}"),
    _form("days of the year", 'format: "%Y-%j" reads them', rf"{_YEAR}-[0-3][0-9]{{2}}"),
    _form(
        "spans from one number to another",
        "write the middle of each, or make a column of each end",
        rf"(?P<low>{_N}){_UNIT} ?(?:-|–|—|to|bis|\.\.\.?) ?(?P<high>{_N}){_UNIT}"
        rf"|(?:\[ ?{_N} ?[,;] ?{_N} ?\)|\( ?{_N} ?[,;] ?{_N} ?\])"
        rf"|{_N}{_UNIT} ?\+|[<>≤≥]=? ?{_N}{_UNIT}",
    ),
    _form("numbers with their error", _APART, rf"{_N} ?(?:±|\+/?-) ?{_N}{_UNIT}"),
    _form(
        "numbers with a power of ten",
        "write 1.5e6",
        rf"{_N} ?[x×*·] ?10(?:\^|\*\*)?[-+⁻⁰¹²³⁴⁵⁶⁷⁸⁹0-9]+|{_N}D[+-]?[0-9]+",
    ),
    _form(
        "measures of two or three sides",
        _APART,
        rf"{_N}{_UNIT} ?[x×*] ?{_N}{_UNIT}(?: ?[x×*] ?{_N}{_UNIT})?",
    ),
    _form(
        "feet and inches",
        _ONE,
        r"[0-9]{1,3} ?(?:'|’|′|ft\.?|feet) ?[0-9.]{1,5} ?(?:\"|”|″|''|in\.?|inch(?:es)?)?",
    ),
    _form(
        "degrees, minutes and seconds",
        "write them as decimal degrees",
        r"[NSEW]? ?[0-9]{1,3} ?[°d] ?[0-9]{1,2} ?['′’m]?.{0,12}",
    ),
    _form(
        "degrees with a side of the world",
        "write south and west with a minus",
        rf"{_N} ?°? ?[NSEW]",
    ),
    _form(
        "lengths of time in several units",
        _ONE,
        r"P(?:[0-9.]+[YMWD])*(?:T(?:[0-9.]+[HMS])+)?"
        rf"|{_TIME}(?:[ ,]+|(?=[0-9])){_TIME}(?:(?:[ ,]+|(?=[0-9])){_TIME})?"
        r"|[0-9]+ days?,? [0-9]{1,2}:[0-9]{2}:[0-9.]{2,9}",
    ),
    _form(
        "spans of time until now",
        "write the moment",
        r"[0-9]+ [a-z]{3,8} ago|in [0-9]+ [a-z]{3,8}",
    ),
    _form(
        "limits of numbers",
        "write the limit, and whether it is one in a column of its own",
        rf"{_N}|[<>≤≥]=? ?{_N}{_UNIT}|{_N}{_UNIT}\+",
    ),
    _form(
        "numbers that are about right",
        "take the sign off",
        rf"{_N}|(?:~|≈|ca\.?|c\.|circa|about|approx\.?) ?{_N}{_UNIT}|{_N} ?\?",
    ),
    _form(
        "numbers with notes",
        "take the notes off",
        rf"{_N} ?(?:\*+|[†‡¹²³⁴⁵⁶⁷⁸⁹]|\[[^\]]{{1,5}}\]|\([a-z]{{1,2}}\))?",
    ),
    _form(
        "amounts of debit and credit",
        "write one of them with a minus",
        rf"{_N} ?(?:CR|DR|DB|H|S)\.?",
    ),
    _form(
        "whole amounts with a dash for the cents",
        "take the dash off",
        r"[^\d]{0,5}[0-9.,']+[,./]+[-–—]{1,2} ?[^\d]{0,4}",
    ),
    _form("ranks", "write them as numbers", r"[0-9]+ ?(?:st|nd|rd|th|er|ère|e|º|ª)"),
    _form(
        "numbers of base 16 or 2",
        "write them as decimal numbers, or keep them as names",
        r"0x[0-9a-f]+|0b[01]+",
    ),
    _form(
        "ratios, results or times",
        _APART,
        r"[0-9]{1,3}(?:\.[0-9]+)? ?[:–-] ?[0-9]{1,3}(?:\.[0-9]+)?",
    ),
    _form(
        "numbers in quotes",
        "write the file without them",
        rf"[\"'’`]{_N}[\"'’`]?|=\"{_N}\"",
    ),
    _form("weeks without their year", "write 2024-W05", r"(?:KW|W|week) ?[0-9]{1,2}"),
    _form(
        "years of accounts",
        "write the year",
        r"FY ?'?(?:[0-9]{2}|[0-9]{4})(?: ?[-/]? ?[QH][1-4])?",
    ),
    _form(
        "halves of years", "write their first days", rf"{_YEAR}[- ]?[HS][12]|[HS][12][- /]{_YEAR}"
    ),
    _form(
        "moments as JavaScript writes them",
        "write them as ISO 8601",
        r"/Date\(-?[0-9]+(?:[+-][0-9]{4})?\)/",
    ),
    _form(
        "several numbers in a cell",
        _APART,
        rf"{_N}(?: ?[,;|] ?{_N})+|[\[({{] ?{_N}(?: ?[,;| ] ?{_N})+ ?[\])}}]",
    ),
    _form(
        "objects or lists as JSON",
        "write JSON lines, or make a column of each key",
        r"\{\".*\}|\[[\"{].*\]",
    ),
)


def named_form(texts: Sequence[str], *, are_names: bool = False) -> tuple[str, str, str] | None:
    """What nearly all of these texts are, what to do, and the first that shows it; None where they are words.

    Args:
        texts: Sampled, stripped, none of them missing.
        are_names: They name the rows, so that 877-76317 is no span.
    """
    few = texts[:: max(len(texts) // _LOOKED_AT, 1)]
    told = [text for text in few if any(sign.isdigit() for sign in text)]
    if len(set(few)) < _FEWEST or len(told) < _MOST * len(few):
        return None
    if any(_INVISIBLE.search(text) for text in told):
        first = next(text for text in told if _INVISIBLE.search(text))
        sign = f"U+{ord(_INVISIBLE.search(first)[0]):04X}"  # type: ignore[index]
        return f"texts with signs that cannot be seen ({sign})", "take them out", first
    if not any(text.isascii() for text in told) and all(_foreign(text) for text in told):
        return "digits of another script", "write 0 to 9", told[0]
    opening = [text[:_LONGEST] for text in few[:_FIRST]]
    for form in _FORMS:
        if not any(form.pattern.fullmatch(text) for text in opening):
            continue
        found = [form.pattern.fullmatch(text) for text in few if len(text) <= _LONGEST]
        fitting = [match for match in found if match is not None]
        spans = [match for match in fitting if match.groupdict().get("high")]
        if len(fitting) < _MOST * len(few) or (spans and (are_names or not _rise(spans))):
            continue
        shown = [match[0] for match in fitting if not _PLAIN.fullmatch(match[0])]
        if shown:
            return form.told, form.mend, shown[0]
    return None


def _rise(spans: Sequence[re.Match[str]]) -> bool:
    """Are the ends of spans in order, as in 10-20? Those of phone numbers and results are not."""
    ends = [[float(match[end].replace(",", ".")) for end in ("low", "high")] for match in spans]
    return sum(low > high for low, high in ends) <= (1 - _MOST) * len(ends)


def _foreign(text: str) -> bool:
    """Is it a number, but for the script of its digits?"""
    plain = "".join(str(unicodedata.decimal(sign, sign)) for sign in text)
    return plain != text and re.fullmatch(_N, plain) is not None
