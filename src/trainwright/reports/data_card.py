"""The data card in the data report: what people say of the data, and who is in the train rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.reports.markup import number
from trainwright.reports.page import Page

Values = Mapping[str, Any]


def add_card(page: Page, card: Values) -> None:
    """The sections, where the recipe says something of the data or protects columns."""
    if said := card.get("said"):
        section = page.section("Data card", lead="As the recipe says it; nobody has checked it.")
        section.facts({name.replace("_", " "): text for name, text in said.items()})
    for table in card.get("groups", ()):
        groups = table["groups"]
        labels = list(groups[0]["rates"]) if groups else []
        section = page.section(
            f"Train rows by {' and '.join(table['columns'])}",
            lead="Shares and rates of the target with 95 % intervals.",
        )
        section.table(
            ("group", "rows", "share", *(f"rate of {label}" for label in labels)),
            [
                (
                    group["name"],
                    group["rows"],
                    _told(group["share"]),
                    *(_told(group["rates"][label]) for label in labels),
                )
                for group in groups
            ],
        )


def _told(value: Values) -> str:
    return f"{number(value['value'])} ({number(value['low'])} to {number(value['high'])})"
