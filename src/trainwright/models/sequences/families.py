"""The families of networks for series: `lstm`, `gru`, `tcn`, `series-transformer`.

Steps are joined into patches where series are long, so that a trunk reads a bounded number of tokens:
what a step costs does not grow with the length, and gradients have a short way.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from trainwright.core.columns import Target
from trainwright.core.features import Examples
from trainwright.core.parts import families
from trainwright.models.networks.family import NetworkFamily
from trainwright.models.networks.idle import check_heads
from trainwright.models.sequences.family import SeriesFamilyBase
from trainwright.recipe.sections import TrainingSettings

if TYPE_CHECKING:
    from trainwright.models.networks.plan import NetworkPlan
    from trainwright.models.sequences.architecture import SeriesArchitecture


class SeriesNetwork(SeriesFamilyBase, NetworkFamily):
    """What the four have in common.

    Attributes:
        tokens: A series of usual length is joined into at most so many.
        learning_rate: Where the recipe says none.
    """

    tokens: ClassVar[int]
    learning_rate: ClassVar[float] = 2e-3

    hidden: int = Field(default=64, ge=2, le=4096)
    """Width of the states."""
    layers: int = Field(default=2, ge=1, le=64)
    """Layers of the trunk."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the states that is left out, between layers and before the answer."""
    patch: int | None = Field(default=None, ge=1, le=4096)
    """Steps that are joined into one token; by the usual length of the train series where not said."""

    @property
    def settings(self) -> frozenset[str]:
        """All of the training section but mixing."""
        return super().settings | {"tokens_per_batch"}

    def architecture(self, **common: Any) -> SeriesArchitecture:  # noqa: ANN401 - fields of the base
        """The architecture with this family's own fields."""
        raise NotImplementedError

    def plan(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        base: Path,
    ) -> NetworkPlan:
        from trainwright.models.sequences.planning import plan_series

        return plan_series(
            self, train, validation, target=target, objective=training.objective, seed=seed
        )


class _Recurrent(SeriesNetwork):
    tokens: ClassVar[int] = 128

    layers: int = Field(default=1, ge=1, le=64)
    """Layers of the trunk."""

    def architecture(self, **common: Any) -> SeriesArchitecture:  # noqa: ANN401 - fields of the base
        from trainwright.models.sequences.recurrent import RecurrentArchitecture

        return RecurrentArchitecture(cell=type(self).model_fields["family"].default, **common)


@families.register
class LSTM(_Recurrent):
    """Long short-term memory; both ways but for forecasts."""

    family: Literal["lstm"] = "lstm"
    """Long short-term memory."""

    @property
    def cost(self) -> int:
        """Dearer than a GRU of the same width."""
        return 4


@families.register
class GRU(_Recurrent):
    """Gated recurrent units; both ways but for forecasts."""

    family: Literal["gru"] = "gru"
    """Gated recurrent units."""

    @property
    def cost(self) -> int:
        """The cheapest of these networks."""
        return 3


@families.register
class TCN(SeriesNetwork):
    """Temporal convolutional network."""

    tokens: ClassVar[int] = 256

    family: Literal["tcn"] = "tcn"
    """Dilated causal convolutions in residual blocks."""
    layers: int = Field(default=4, ge=1, le=64)
    """Residual blocks; each doubles the dilation."""
    kernel: int = Field(default=5, ge=2, le=64)
    """Taps of a convolution."""

    @property
    def cost(self) -> int:
        """As dear as an LSTM."""
        return 4

    def architecture(self, **common: Any) -> SeriesArchitecture:  # noqa: ANN401 - fields of the base
        from trainwright.models.sequences.convolutional import TCNArchitecture

        return TCNArchitecture(kernel=self.kernel, **common)


@families.register
class SeriesTransformer(SeriesNetwork):
    """Transformer over patches."""

    tokens: ClassVar[int] = 48
    learning_rate: ClassVar[float] = 1e-3

    family: Literal["series-transformer"] = "series-transformer"
    """Attention over patches of steps."""
    layers: int = Field(default=2, ge=1, le=64)
    """Layers of attention and feed-forward."""
    heads: int = Field(default=4, ge=1, le=64)
    """Of each attention; divides hidden."""

    @model_validator(mode="after")
    def _divides(self) -> Self:
        check_heads(hidden=self.hidden, heads=self.heads)
        return self

    @property
    def cost(self) -> int:
        """The dearest of these."""
        return 5

    def architecture(self, **common: Any) -> SeriesArchitecture:  # noqa: ANN401 - fields of the base
        from trainwright.models.sequences.transformer import SeriesTransformerArchitecture

        return SeriesTransformerArchitecture(heads=self.heads, **common)
