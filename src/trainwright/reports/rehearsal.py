"""The section of a run report about what a base forgot: before and after, on old text that was held back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.reports.page import Page


def add_rehearsal(page: Page, found: Mapping[str, Any] | None) -> None:
    """A table of bits a byte.

    Args:
        page: Where it is added.
        found: `documents`, `share`; `before`, `after` and `change`, each {value, low, high}. None: no
            section.
    """
    if not found:
        return
    share = found["share"]
    done = (
        f"{share:.0%} of what was learnt from was old text"
        if share
        else "no old text was learnt from"
    )
    section = page.section(
        "What the base still knows",
        lead=f"{found['documents']:,} old documents that were held back; {done}. Fewer bits are better.",
    )
    names = {"before": "the base", "after": "after training", "change": "change"}
    section.table(
        ("bits a byte", "value", "low", "high"),
        [
            (told, found[name]["value"], found[name]["low"], found[name]["high"])
            for name, told in names.items()
        ],
    )
