"""The recipe's objectives of regression: how they are written, and what they build."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from trainwright.core.errors import RecipeError
from trainwright.core.parts import Part, objectives

if TYPE_CHECKING:
    from trainwright.training.protocols import Objective

Level = Annotated[float, Field(gt=0, lt=1)]


@objectives.register
class MeanSquaredPart(Part):
    """Squared error."""

    kind: Literal["mse"] = "mse"
    """Squared error; estimates the mean."""

    def build(
        self,
        *,
        inputs: tuple[str, ...] = ("inputs",),
        target: str = "target",
        num_classes: int = 0,
        class_counts: Sequence[int] | None = None,
    ) -> Objective:
        """The objective over a batch's tensors.

        Args:
            inputs: Names of what the model is called with.
            target: Name of what it is judged by.
            num_classes: 0 for regression.
            class_counts: Not used; every objective is built alike.

        Raises:
            RecipeError: the task is classification.
        """
        from trainwright.training.objectives.deviation import MeanSquared

        _refuse_classes(self.kind, num_classes)
        return MeanSquared(inputs=inputs, target=target)


@objectives.register
class MeanAbsolutePart(Part):
    """Absolute error."""

    kind: Literal["mae"] = "mae"
    """Absolute error; estimates the median."""

    def build(
        self,
        *,
        inputs: tuple[str, ...] = ("inputs",),
        target: str = "target",
        num_classes: int = 0,
        class_counts: Sequence[int] | None = None,
    ) -> Objective:
        """See `MeanSquaredPart.build`."""
        from trainwright.training.objectives.deviation import MeanAbsolute

        _refuse_classes(self.kind, num_classes)
        return MeanAbsolute(inputs=inputs, target=target)


@objectives.register
class HuberPart(Part):
    """Squared error up to a bound, absolute beyond."""

    kind: Literal["huber"] = "huber"
    """Squared error up to a bound, absolute beyond."""
    delta: float = Field(default=1.0, gt=0)
    """The bound, in the units of what the network learns (a family may standardise the target)."""

    def build(
        self,
        *,
        inputs: tuple[str, ...] = ("inputs",),
        target: str = "target",
        num_classes: int = 0,
        class_counts: Sequence[int] | None = None,
    ) -> Objective:
        """See `MeanSquaredPart.build`."""
        from trainwright.training.objectives.deviation import Huber

        _refuse_classes(self.kind, num_classes)
        return Huber(inputs=inputs, target=target, delta=self.delta)


@objectives.register
class QuantilePart(Part):
    """Pinball loss."""

    kind: Literal["quantile"] = "quantile"
    """Pinball loss; estimates a quantile."""
    q: Level = 0.5
    """The quantile's level."""

    def build(
        self,
        *,
        inputs: tuple[str, ...] = ("inputs",),
        target: str = "target",
        num_classes: int = 0,
        class_counts: Sequence[int] | None = None,
    ) -> Objective:
        """See `MeanSquaredPart.build`."""
        from trainwright.training.objectives.deviation import Quantile

        _refuse_classes(self.kind, num_classes)
        return Quantile(inputs=inputs, target=target, levels=(self.q,))


def _refuse_classes(kind: str, num_classes: int) -> None:
    if num_classes:
        raise RecipeError(
            f"objective {kind!r} needs numbers, and the target has {num_classes} classes",
            where="training.objective.kind",
            mend="kind: cross-entropy or focal",
        )
