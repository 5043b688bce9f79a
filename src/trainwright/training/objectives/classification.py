"""The recipe's objectives of classification: how they are written, and what they build."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from trainwright.core.errors import RecipeError
from trainwright.core.parts import Part, objectives

if TYPE_CHECKING:
    from trainwright.training.protocols import Objective


@objectives.register
class CrossEntropyPart(Part):
    """Negative log-likelihood of the class."""

    kind: Literal["cross-entropy"] = "cross-entropy"
    """Negative log-likelihood of the class."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of each target that is spread over all classes."""
    class_weights: Literal["balanced"] | None = None
    """balanced: a class weighs as its rows are few, so that all together weigh the same."""

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
            class_counts: Train rows a class, for balanced weights.

        Raises:
            RecipeError: the task is regression, or balanced weights have no counts.
        """
        from trainwright.training.objectives.categorical import CrossEntropy

        _refuse_regression(self.kind, num_classes)
        return CrossEntropy(
            inputs=inputs,
            target=target,
            num_classes=num_classes,
            class_weights=_weights(self.class_weights, class_counts),
            label_smoothing=self.label_smoothing,
        )


@objectives.register
class FocalPart(Part):
    """Cross-entropy that counts sure rows less."""

    kind: Literal["focal"] = "focal"
    """Cross-entropy that counts sure rows less."""
    gamma: float = Field(default=2.0, ge=0)
    """How much less; 0 is cross-entropy."""
    class_weights: Literal["balanced"] | None = None
    """balanced: a class weighs as its rows are few, so that all together weigh the same."""

    def build(
        self,
        *,
        inputs: tuple[str, ...] = ("inputs",),
        target: str = "target",
        num_classes: int = 0,
        class_counts: Sequence[int] | None = None,
    ) -> Objective:
        """See `CrossEntropyPart.build`."""
        from trainwright.training.objectives.categorical import Focal

        _refuse_regression(self.kind, num_classes)
        return Focal(
            inputs=inputs,
            target=target,
            num_classes=num_classes,
            class_weights=_weights(self.class_weights, class_counts),
            gamma=self.gamma,
        )


def _refuse_regression(kind: str, num_classes: int) -> None:
    if num_classes < 2:
        raise RecipeError(
            f"objective {kind!r} needs classes, and the task is regression",
            where="training.objective.kind",
            mend="kind: mse, mae, huber or quantile",
        )


def _weights(balanced: str | None, class_counts: Sequence[int] | None) -> tuple[float, ...] | None:
    """Rows / (classes * rows of the class); a class without rows counts as one row."""
    if balanced is None:
        return None
    if class_counts is None:
        raise RecipeError(
            "balanced class weights need the number of rows a class, which is not known here",
            where="training.objective.class_weights",
            mend="class_weights: null",
        )
    total = sum(class_counts)
    return tuple(total / (len(class_counts) * max(1, count)) for count in class_counts)
