"""Texts that read as numbers, and may be something else: versions, days of six digits, phone numbers.

Each is seen by its form in the sample. 1.10 after 1.9 is one more of a count, and as a number it is 1.1: a
program that writes numbers keeps no zero at the end in some rows alone, and where people write them so, a
zero follows the mark somewhere (0.05). Twenty different whole numbers that are all days written YYMMDD are
no accident, since one of thirty is one. A plus before every one of many digits dials abroad.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from trainwright.core.errors import shorten
from trainwright.data.types.case import MOSTLY, Case, setting

_FEWEST = 20
_FEWEST_VERSIONS = 5
_PARTS = re.compile(r"[0-9]{1,4}\.([0-9]{1,3})")
_DAY = re.compile(r"[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def are_phones(texts: Sequence[str]) -> bool:
    """True where nearly all are digits after a plus, as many as a telephone number of a country has."""
    return len(texts) >= _FEWEST and _share(_PHONE, texts) >= MOSTLY


def note_versions(case: Case, texts: Sequence[str]) -> None:
    """Warn where 1.10 stands beside 1.9: as numbers it is 1.1, and comes before it."""
    parted = {text: found[1] for text in {*texts} if (found := _PARTS.fullmatch(text))}
    ends = {*parted.values()}
    if len(parted) < max(_FEWEST_VERSIONS, MOSTLY * len({*texts})):
        return
    if any(end.startswith("0") and end != "0" for end in ends) or not any(
        len(end) == 1 for end in ends
    ):
        return
    zeros = sorted(text for text, end in parted.items() if len(end) > 1 and end.endswith("0"))
    if zeros:
        case.note(
            "type",
            "warning",
            f"{shorten(zeros[0])} is read as the number {float(zeros[0]):g}: is it a version or a section,"
            " whose last part counts up?",
            remedy=f"{setting(case.name, 'category')} if so; {setting(case.name, 'number')} settles it",
        )


def note_days(case: Case, texts: Sequence[str]) -> None:
    """Say so where whole numbers are days with a year of two digits, as 240131."""
    if len({*texts}) < _FEWEST or _share(_DAY, texts) < 1:
        return
    try:
        days = sorted(datetime.strptime(text, "%y%m%d").date() for text in {*texts})
    except ValueError:  # 230230
        return
    case.note(
        "type",
        "info",
        f"read as numbers; as days written YYMMDD they run from {days[0]} to {days[-1]}",
        remedy=setting(case.name, '{type: date-time, format: "%y%m%d"}') + " reads them so",
    )


def _share(pattern: re.Pattern[str], texts: Sequence[str]) -> float:
    return sum(pattern.fullmatch(text) is not None for text in texts) / len(texts)
