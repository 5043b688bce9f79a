"""What is said of the data beside their values: how much rows count, and the data card."""

from __future__ import annotations

from typing import Literal

from trainwright.recipe.reads import Section

Balance = Literal["none", "class-weights", "oversample", "undersample", "reweighing"]


class CardSettings(Section):
    """What only people know of the data; it stands in the snapshot's data card beside what was counted."""

    source: str | None = None
    """Where the data come from, and who made them."""
    licence: str | None = None
    """Under which terms they may be used."""
    consent: str | None = None
    """What the people concerned agreed to, or why they need not."""
    collected: str | None = None
    """When and how they were collected."""
    contact: str | None = None
    """Who answers questions."""
    known_gaps: str | None = None
    """Who or what is missing, and what the data must not be used for."""
