"""What a model remembers of the secrets that were planted in its train rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.reports.markup import number
from trainwright.reports.page import Page

_CLEAR = 0.01  # a p-value below it is told as memory


def add_canaries(page: Page, found: Mapping[str, Any] | None) -> None:
    """A section with the exposure by number of repeats.

    Args:
        page: Where it is added.
        found: `exposed` (`repeats`, `canaries`, `bits`, `p_value` each), `chance`, `planted_rows`.
            None: no section.
    """
    if not found:
        return
    section = page.section(
        "Memory of planted secrets",
        lead=f"{found['planted_rows']:,} rows with random digits were planted in the train rows, and"
        " the model was asked how likely it finds the planted digits among others drawn the same"
        " way. This model has seen them: fit one without canaries before it leaves.",
    )
    remembered = [one for one in found["exposed"] if one["p_value"] < _CLEAR]
    if remembered:
        fewest = min(one["repeats"] for one in remembered)
        times = "once" if fewest == 1 else f"{fewest} times"
        words = f"What stands {times} or more in the train rows can be drawn out of it."
        section.callout("warning", "The model remembers", words)
    elif found["exposed"]:
        section.callout("good", "No memory beyond chance was seen", "")
    section.table(
        ("planted", "canaries", "exposure in bits", "low", "high", "p-value"),
        [
            (
                f"{one['repeats']} ×",
                one["canaries"],
                one["bits"]["value"],
                one["bits"]["low"],
                one["bits"]["high"],
                one["p_value"],
            )
            for one in found["exposed"]
        ],
        empty="time ran out before one was asked about",
    )
    section.paragraph(f"Where nothing is remembered: {number(found['chance'])} bits on average.")
