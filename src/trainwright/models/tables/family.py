"""What the families for tables have in common: which settings they use, and what they cannot learn."""

from __future__ import annotations

from collections.abc import Sequence

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.parts import Part

TABLE_SETTINGS = frozenset({"budget", "seed", "threads"})
_FEATURELESS = (ColumnType.IMAGE, ColumnType.SERIES, ColumnType.WORDS)


class TableFamily(Part):
    """Base of the families that learn from a matrix of features."""

    @property
    def settings(self) -> frozenset[str]:
        """The clock, the seed and the threads; there is no loop to set."""
        return TABLE_SETTINGS

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """Only classes and numbers, and only from columns that make features."""
        if target.task not in (Task.CLASSIFICATION, Task.REGRESSION):
            return f"it cannot learn {target.task.value}"
        if all(column.type in _FEATURELESS for column in inputs):
            return f"it makes no features of {inputs[0].type.value} columns"
        return ""
