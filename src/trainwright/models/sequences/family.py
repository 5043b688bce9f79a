"""What the families for series have in common: what they cannot learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import SeriesNeeds
from trainwright.core.parts import Part


class SeriesFamilyBase(Part):
    """Base of the families that learn from series.

    Attributes:
        tasks: What it can learn.
    """

    tasks: ClassVar[tuple[Task, ...]] = (Task.CLASSIFICATION, Task.REGRESSION, Task.FORECASTING)

    @property
    def needs(self) -> SeriesNeeds:
        """Channels, scaled."""
        return SeriesNeeds()

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """It wants series, and nothing beside them."""
        if target.task not in self.tasks:
            return f"it cannot learn {target.task.value} from series"
        other = [column for column in inputs if column.type is not ColumnType.SERIES]
        if other:
            return f"it learns from series, and column {other[0].name!r} is of type {other[0].type.value}"
        return ""
