"""One class, however a hand writes it: what differs from a known label in its looks alone is that label.

A rule says `1` where the source says `1.0`, Python says `True` where a file says `true`, one annotator writes
`Spam` and another `spam `. Taken for classes of their own, such labels would make every function wrong and
every agreement chance. Where the labelled rows themselves know two spellings as two classes, a function's
label is the one that it names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal, InvalidOperation

import numpy as np

from trainwright.core.artifacts import Finding
from trainwright.core.errors import counted, shorten
from trainwright.data.findings import finding
from trainwright.data.labels.votes import Ints, Votes


class Spellings:
    """Finds the class that a label is meant for."""

    def __init__(self, classes: Iterable[str]) -> None:
        self._classes = frozenset(classes)
        looks: dict[str | Decimal, list[str]] = {}
        for label in sorted(self._classes):
            looks.setdefault(look_of(label), []).append(label)
        self._alike = {look: found[0] for look, found in looks.items() if len(found) == 1}

    def meant(self, label: str) -> str | None:
        """The very class, or the only one that looks the same; None for no class."""
        return label if label in self._classes else self._alike.get(look_of(label))


def look_of(label: str) -> str | Decimal:
    """What is left of a label without its case and the blanks around it; a number as the number it is."""
    text = label.strip()
    if text[:1] in "+-.0123456789" and text[-1:] in ".0123456789":
        try:
            return Decimal(text)
        except InvalidOperation:
            pass
    return text.casefold()


def is_value(label: str) -> bool:
    """Is it a number or a truth? A name may be corrected to another spelling, these are the same."""
    look = look_of(label)
    return isinstance(look, Decimal) or look in {"true", "false"}


def joined(votes: Votes, row: Ints) -> tuple[Votes, list[Finding]]:
    """The votes with each class in its commonest spelling, and what is to be said of it.

    Args:
        votes: Of annotators.
        row: Global positions; shape (rows,).
    """
    counts = np.bincount(votes.labels, minlength=len(votes.classes)).tolist()
    looks: dict[str | Decimal, list[int]] = {}
    for code in sorted(range(len(counts)), key=lambda one: (-counts[one], one)):
        looks.setdefault(look_of(votes.classes[code]), []).append(code)
    if len(looks) == len(votes.classes):
        return votes, []
    kept = sorted(found[0] for found in looks.values())
    meant = np.empty(len(counts), dtype=np.int64)
    for found in looks.values():
        meant[found] = kept.index(found[0])
    other = ~np.isin(votes.labels, kept)
    classes = tuple(votes.classes[code] for code in kept)
    told = ", ".join(
        f"{shorten(votes.classes[code])} as {shorten(votes.classes[found[0]])}"
        for found in looks.values()
        for code in found[1:]
    )
    said = finding(
        "category-variant",
        "info",
        f"annotators write a class in several ways: {counted(int(other.sum()), 'labels were')} taken in the"
        f" commonest one, {told:.300}",
        rows=np.unique(row[votes.rows[other]]),
        count=int(other.sum()),
    )
    return replace(votes, labels=meant[votes.labels], classes=classes), [said]
