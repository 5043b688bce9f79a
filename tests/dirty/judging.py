"""What a reader made of a dirty column: one rule for all readers.

right: every cell holds what it should; a date-time may be a date, a whole number an integer or a float, an
    identifier a whole number of the same digits.
told: not so, but the reader refused the file or warned about the column (or the whole file).
text: not so, and without a word, but nothing was changed: the column holds the texts as they stand, or whole
    numbers of the same digits.
wrong: not so, without a word, and the values are others than what stands there means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

Verdict = Literal["right", "told", "text", "wrong"]


def verdict(
    expected: Sequence[Any], texts: Sequence[str], got: Sequence[Any] | None, *, told: bool
) -> Verdict:
    """Of one column.

    Args:
        expected: What it holds.
        texts: How that was written.
        got: What the reader gave, a value a row; None where it gave nothing.
        told: It refused, or warned about this column.
    """
    if got is not None and len(got) == len(expected) and all(map(_is, got, expected)):
        return "right"
    if told or got is None:
        return "told" if told else "wrong"
    if len(got) == len(texts) and all(
        _is_text(value, text) for value, text in zip(got, texts, strict=True)
    ):
        return "text"
    return "wrong"


def _is(got: Any, expected: Any) -> bool:
    if expected is None:
        return got is None
    if got is None:
        return False
    if isinstance(expected, bool) or isinstance(got, bool):
        return isinstance(got, bool) and got is expected
    if isinstance(expected, datetime):
        if isinstance(got, datetime):
            return got.replace(tzinfo=None) == expected
        return isinstance(got, date) and datetime.combine(got, datetime.min.time()) == expected
    if isinstance(expected, float):
        number = isinstance(got, int | float)
        return number and math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-12)
    return bool(got == expected) or _is_digits(got, expected)


def _is_text(got: Any, text: str) -> bool:
    return got == text or (got is None and text == "") or _is_digits(got, text)


def _is_digits(got: Any, text: str) -> bool:
    return isinstance(got, int) and not isinstance(got, bool) and str(got) == text
