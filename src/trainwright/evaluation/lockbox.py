"""The lockbox: the sealed test split, and the ledger of every time it was opened.

A look is written down before a test row is read, so a run that is killed in between has looked. Look k is
reported at confidence 1 - 0.05/k²: the chance that any of all looks misses is then at most
0.05 * (1 + 1/4 + 1/9 + ...) = 0.082, whatever their number. The ledger goes by the source's rows, so a new
split of the same rows inherits the count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainwright.core.record import Head, Record

ERROR_RATE = 0.05


@dataclass(frozen=True, slots=True)
class Look:
    """One opening.

    Attributes:
        number: From 1, counted over all splits of the same rows.
        confidence: The level that this look is reported at.
    """

    number: int
    confidence: float


def look_confidence(number: int) -> float:
    """The level of look `number`: 0.95, 0.9875, 0.99444 ..."""
    return 1 - ERROR_RATE / number**2


class Lockbox:
    """The ledger of looks.

    Args:
        record: The workspace's lockbox.jsonl.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    def open(self, source_key: str, *, run: str, snapshot: str, model: str, when: str) -> Look:
        """Write a look down, durably. Read the test rows only after this returns.

        The number is the entry's place in the record, so that two processes never share one.

        Args:
            source_key: `Snapshot.source_key`.
            run: Who looks.
            snapshot: Hash of the split's snapshot.
            model: Hash of the package that is judged.
            when: UTC time, ISO 8601.

        Raises:
            TrustError: the record was changed.
            EnvironmentFault: the disk refuses; then the rows must not be read.
        """
        head = self.record.append(
            {
                "source_key": source_key,
                "run": run,
                "snapshot": snapshot,
                "model": model,
                "when": when,
            }
        )
        so_far = self.record.read()[: head.length]
        number = sum(entry["source_key"] == source_key for entry in so_far)
        return Look(number, look_confidence(number))

    def looks(self, source_key: str) -> list[dict[str, Any]]:
        """Every look at these rows, oldest first: run, snapshot, model, when."""
        return [entry for entry in self.record.read() if entry["source_key"] == source_key]

    def head(self) -> Head:
        """To be noted elsewhere (`Record.check_head` then shows a cut tail)."""
        return self.record.head()


def lockbox_statement(number: int, *, models_changed: bool) -> str:
    """What the numbers of look `number` mean, for people.

    Args:
        number: From 1.
        models_changed: An earlier look was at another model.
    """
    level = f"{100 * look_confidence(number):.4g} %"
    if number == 1:
        return (
            f"first look at these test rows: intervals at {level} hold for a model that was fixed"
            " before the look"
        )
    text = (
        f"look {number} at these test rows: intervals at {level} (1 - 0.05/{number}²) allow for"
        " the earlier looks as long as every model was fixed before the first of them"
    )
    if models_changed:
        text += (
            "; an earlier look was at another model, and no correction holds for a model that was"
            " changed after a look: to be sure, judge it on rows that nobody has seen"
        )
    return text
