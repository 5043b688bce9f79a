"""Numbers that stand for missing, such as -999: found where they stand far from all others.

What stands far beyond the others, three times or more, is read as missing with a warning; what merely stands
apart from them is asked about.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from trainwright.core.errors import counted
from trainwright.data.types.case import Case, setting, yaml_list
from trainwright.data.types.fills import mark_texts
from trainwright.data.types.ranges import Extent
from trainwright.data.types.tally import Tally

_FAR = 3.0  # spans of all other values
_TWO_NINES, _THREE_NINES = 99.0, 999.0


def found_marks(tally: Tally, case: Case, *, decimal: str = ".") -> tuple[str, ...]:
    """Numbers such as -999 that stand for missing, for they stand far from all others."""
    assert tally.numbers is not None
    if case.context.nulls is not None or case.context.is_target:
        return ()
    return tuple(_shown(_sure_marks(tally.numbers.extent), decimal))


def note_found_marks(
    case: Case, tally: Tally, marks: tuple[str, ...], *, decimal: str = "."
) -> None:
    """Tell of numbers that were found to stand for missing, and of those that may."""
    if marks:
        case.note_marks(tally, marks, "type: number", what="is far from all other values")
    _note_unsure_marks(case, tally, decimal)


def _sure_marks(extent: Extent) -> list[float]:
    """Three nines or more, far beyond the others; below zero, where no other number is, near them too.

    Above, those with a fraction may be what something costs: its owner knows.
    """
    if extent.least is None:
        return []
    far = [mark for mark in extent.far(spans=_FAR) if abs(mark) >= _THREE_NINES]
    below = [mark for mark in extent.far(spans=0) if mark <= -_THREE_NINES and extent.least >= 0]
    return [mark for mark in sorted({*far, *below}) if mark < 0 or mark.is_integer()]


def _shown(marks: Sequence[float], decimal: str) -> list[str]:
    return mark_texts(pl.Series(marks, dtype=pl.Float64), decimal).to_list()


def _note_unsure_marks(case: Case, tally: Tally, decimal: str) -> None:
    """A number like 99 that stands apart from all others may mean missing: its owner knows."""
    assert tally.numbers is not None
    extent = tally.numbers.extent
    apart = [mark for mark in extent.far(spans=1) if abs(mark) >= _TWO_NINES]
    apart += [mark for mark in extent.far(spans=0) if mark < 0 <= (extent.least or 0)]
    if case.context.nulls is not None or not apart:
        return
    marks = _shown(sorted(set(apart)), decimal)
    count = sum(extent.marks[mark] for mark in set(apart))
    case.note(
        "missing",
        "warning",
        f"{', '.join(marks)} in {counted(count, 'rows')} stands apart from all other"
        " values: does it mean missing?",
        count=count,
        remedy=setting(case.name, f"{{type: number, nulls: {yaml_list(marks)}}}")
        + " reads it as missing",
    )
