"""`family: auto`: every family of the catalogue is a candidate, within `training.budget`."""

from __future__ import annotations

from typing import Literal, cast

from trainwright.core.parts import Part, families
from trainwright.core.protocols import Family


@families.register
class Auto(Part):
    """Try each of `families` with its defaults; the evaluation chooses."""

    family: Literal["auto"] = "auto"
    """Every family, within the budget."""
    families: tuple[Literal["baseline", "linear", "lightgbm"], ...] = (
        "baseline",
        "linear",
        "lightgbm",
    )
    """Which are tried; the baseline always is."""


def candidates(part: Part) -> tuple[Family, ...]:
    """The families to fit, the cheapest first; `baseline` is always among them, to compare with."""
    named = [families.find(name)() for name in part.families] if isinstance(part, Auto) else [part]
    found = {cast("Family", member).family: cast("Family", member) for member in named}
    found.setdefault("baseline", cast("Family", families.find("baseline")()))
    return tuple(sorted(found.values(), key=lambda member: member.cost))
