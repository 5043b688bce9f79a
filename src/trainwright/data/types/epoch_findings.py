"""What is said of counts since 1970: that they may be moments, and where one column mixes their units.

Seconds beside milliseconds are wrong as numbers by a factor of a thousand, and as moments of one unit by
decades: then each is to be read in its own, which the remedy says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

import numpy as np
import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.data.types.case import MOSTLY, Case, is_named, setting
from trainwright.data.types.dates import EPOCHS
from trainwright.data.types.epochs import MODERN, Counts
from trainwright.data.types.ranges import Extent

_UNITS = {"epoch-s": "seconds", "epoch-ms": "milliseconds", "epoch-us": "microseconds"}
_MOMENT = re.compile(
    r"(^|.*_)(at|ts|epoch|unix|timestamp|time|date|datetime|created|updated|modified|seen|login|when)"
    r"([^a-z].*)?$"
)


def note_epochs(case: Case, extent: Extent, counts: Counts, *, values: int) -> None:
    """Say so where numbers count from the start of 1970: as moments they would tell more.

    Args:
        case: The column, read as numbers.
        extent: Where they lie.
        counts: Those that may be moments.
        values: How many numbers there are.
    """
    if case.context.type is not None or case.context.is_target or extent.least is None:
        return
    if len(counts.found) > 1 and counts.total >= MOSTLY * values:
        _note_mixed(case, counts)
        return
    for form, micros in EPOCHS.items():
        ends = [(end or 0) * micros / 1e6 for end in (extent.least, extent.most)]
        likely = form != "epoch-s" or is_named(_MOMENT, case.name)
        if not likely or not MODERN[0] <= ends[0] < ends[1] <= MODERN[1]:
            continue
        first, last = (datetime.fromtimestamp(end, UTC).date() for end in ends)
        case.note(
            "type",
            "info",
            f"read as numbers; as {_UNITS[form]} since 1970 they run from {first} to {last}",
            count=values,
            remedy=setting(case.name, f"{{type: date-time, format: {form}}}") + " reads them so",
        )


def note_other_units(case: Case, column: Column, counts: Counts) -> None:
    """Say so where the recipe names one unit, and numbers are moments of 2000 to 2040 in another."""
    others = {form: found for form, found in counts.found.items() if form != column.format}
    if not others or column.format is None:
        return
    told = ", ".join(f"{_UNITS[form]} in {found.count} rows" for form, found in others.items())
    first = _day(*next((form, found.first) for form, found in others.items()))
    case.note(
        "type",
        "warning",
        f"read as {column.format}, and {told} would be of the years 2000 to 2040, the first {first}",
        rows=np.sort(np.concatenate([found.rows for found in others.values()])),
        count=sum(found.count for found in others.values()),
        remedy=_each_in_its_own(case, [form for form in EPOCHS if form in counts.found]),
    )


def each_unit(case: Case, column: Column, texts: Iterable[str]) -> str:
    """What to paste where texts that do not fit the unit that is named are counts in another; "" else."""
    if column.format not in EPOCHS:
        return ""
    known = list(texts)
    numbers = pl.Series(known, dtype=pl.String).cast(pl.Float64, strict=False)
    counts = Counts.of(Column(case.name, ColumnType.NUMBER), numbers, first_row=0)
    if counts.total < len(known):
        return ""
    forms = {column.format, *column.formats, *counts.found}
    return _each_in_its_own(case, [form for form in EPOCHS if form in forms])


def _note_mixed(case: Case, counts: Counts) -> None:
    told = " and ".join(
        f"{_UNITS[form]} in {found.count} rows (the first {_day(form, found.first)})"
        for form, found in counts.found.items()
    )
    commonest = max(counts.found, key=lambda form: counts.found[form].count)
    rarer = [found for form, found in counts.found.items() if form != commonest]
    case.note(
        "type",
        "warning",
        f"read as numbers, which count since 1970 in several units: {told}",
        rows=np.sort(np.concatenate([found.rows for found in rarer])),
        count=sum(found.count for found in rarer),
        remedy=_each_in_its_own(case, list(counts.found)),
    )


def _day(form: str, number: str) -> str:
    """The day of a count, which tells more than its digits."""
    return datetime.fromtimestamp(float(number) * EPOCHS[form] / 1e6, UTC).date().isoformat()


def _each_in_its_own(case: Case, forms: list[str]) -> str:
    if len(forms) == 1:
        return setting(case.name, f"{{type: date-time, format: {forms[0]}}}")
    return (
        setting(case.name, f"{{type: date-time, formats: [{', '.join(forms)}]}}")
        + " reads each in its own"
    )
