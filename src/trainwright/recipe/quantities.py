"""Quantities with a unit as a person writes them: "10m", "7d", ">= 0.70"."""

from __future__ import annotations

import operator
import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_BOUND = re.compile(r"(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)")
_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(kB|MB|GB|KiB|MiB|GiB)")
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def parse_duration(value: object) -> object:
    """Seconds of "90s", "10m", "2h", "7d", "1w"; a bare number is seconds already."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if match is None:
            raise ValueError("not a duration | mend: write 90s, 10m, 2h, 7d or 1w")
        return float(match[1]) * _SECONDS[match[2]]
    return value


def parse_bytes(value: object) -> object:
    """Bytes of "500MB", "4GiB"; a bare number is bytes already."""
    if isinstance(value, str):
        match = _SIZE.fullmatch(value.strip())
        if match is None:
            raise ValueError("not a size | mend: write 500MB or 4GiB")
        return int(float(match[1]) * _UNITS[match[2]])
    return value


def parse_bound(value: str) -> tuple[str, float]:
    """(">=", 0.7) of ">= 0.70"."""
    match = _BOUND.fullmatch(value.strip())
    if match is None:
        raise ValueError('not a bound | mend: write ">= 0.70" or "<= 0.2"')
    return match[1], float(match[2])


def holds(bound: str, value: float) -> bool:
    """Does `value` satisfy `bound`?"""
    sign, limit = parse_bound(bound)
    return bool(_COMPARE[sign](value, limit))


def _checked_bound(value: object) -> object:
    parse_bound(value if isinstance(value, str) else "")
    return value


Seconds = Annotated[float, BeforeValidator(parse_duration), Field(ge=0, allow_inf_nan=False)]
Bytes = Annotated[int, BeforeValidator(parse_bytes), Field(ge=1)]
Bound = Annotated[str, BeforeValidator(_checked_bound)]
