"""`family: auto`: every family of the catalogue is a candidate, within `training.budget`."""

from __future__ import annotations

from typing import Literal

from trainwright.core.parts import Part, families


@families.register
class Auto(Part):
    """Try each of `families` with its defaults; the evaluation chooses."""

    family: Literal["auto"] = "auto"
    families: tuple[Literal["baseline", "linear", "lightgbm"], ...] = (
        "baseline",
        "linear",
        "lightgbm",
    )
