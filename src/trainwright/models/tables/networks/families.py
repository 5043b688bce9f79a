"""The recipe's networks for tables: how they are written; what they build is imported when asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from trainwright.core.columns import Column, Target, Task
from trainwright.core.features import Examples, FeatureNeeds, Features
from trainwright.core.parts import families
from trainwright.models.networks.family import NetworkFamily
from trainwright.models.networks.idle import refuse_idle
from trainwright.models.tables.family import TableFamily
from trainwright.recipe.sections import TrainingSettings

if TYPE_CHECKING:
    from trainwright.models.links import Link
    from trainwright.models.networks.plan import NetworkPlan
    from trainwright.models.tables.networks.architecture import TableArchitecture


class TableNetworkFamily(NetworkFamily, TableFamily):
    """Base of the networks for tables."""

    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of the hidden units that an update leaves out."""
    frequencies: int = Field(default=16, ge=0)
    """Of the periodic embedding of a number; 0: numbers enter as they are."""
    number_dim: int = Field(default=8, ge=1)
    """Length of the embedding of a number."""
    frequency_spread: float = Field(default=0.1, gt=0)
    """Spread of the first frequencies: larger ones fit wigglier curves."""
    category_dim: int = Field(default=8, ge=1)
    """Length of the embedding of a category."""
    text_dim: int = Field(default=64, ge=1)
    """Length of the sum of a text's terms."""
    task_weights: Literal["fixed", "uncertainty"] = "fixed"
    """fixed: all targets the same; uncertainty: learnt (Kendall et al. 2018, arXiv:1705.07115)."""

    @model_validator(mode="after")
    def _is_used(self) -> Self:
        refuse_idle(self, self.idle())
        return self

    def idle(self) -> dict[str, str]:
        """Keys, and why nothing can come of them; "" where something can."""
        plain = "" if self.frequencies else "numbers enter as they are with frequencies: 0"
        return {"number_dim": plain, "frequency_spread": plain}

    @property
    def needs(self) -> FeatureNeeds:
        """Scaled numbers with indicators, categories as codes."""
        return FeatureNeeds(scale=True)

    @property
    @abstractmethod
    def rate(self) -> float:
        """The learning rate where the recipe says none."""

    @abstractmethod
    def architecture(self, features: Features, num_classes: int, link: Link) -> TableArchitecture:
        """The network's values, from train rows."""

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
        from trainwright.models.tables.networks.planning import plan_table

        return plan_table(
            self, train, validation, target=target, objective=training.objective, seed=seed
        )

    def _common(self, features: Features, num_classes: int, link: Link) -> dict[str, Any]:
        """The values that all networks for tables have."""
        from trainwright.models.tables.networks.columns import TableColumns

        return {
            "columns": TableColumns.of(features),
            "num_classes": num_classes,
            "link": link,
            "dropout": self.dropout,
            "frequencies": self.frequencies,
            "number_dim": self.number_dim,
            "frequency_spread": self.frequency_spread,
            "category_dim": self.category_dim,
            "text_dim": self.text_dim,
        }


@families.register
class MLP(TableNetworkFamily):
    """A multi-layer perceptron, or residual network, over embeddings of the columns."""

    family: Literal["mlp"] = "mlp"
    """A multi-layer perceptron."""
    blocks: Literal["mlp", "resnet"] = "mlp"
    """mlp: plain layers; resnet: residual blocks, each of two layers."""
    layers: int = Field(default=3, ge=1)
    """Hidden layers, or residual blocks."""
    hidden: int = Field(default=128, ge=1)
    """Units of each."""
    drop_path: float = Field(default=0.0, ge=0, lt=1)
    """Of residual blocks: how often a row skips the last; 0 at the first."""

    def idle(self) -> dict[str, str]:
        """And what only residual blocks can use."""
        plain = "" if self.blocks == "resnet" else "a row can skip blocks: resnet, not plain layers"
        return {**super().idle(), "drop_path": plain}

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """As of any table; several labels are told side by side, as classes are."""
        if target.task is Task.MULTI_LABEL:
            target = replace(target, task=Task.CLASSIFICATION)
        return super().unfit(inputs, target)

    @property
    def cost(self) -> int:
        """After the trees."""
        return 3

    @property
    def rate(self) -> float:
        return 1e-3

    def architecture(self, features: Features, num_classes: int, link: Link) -> TableArchitecture:
        from trainwright.models.tables.networks.mlp import MLPArchitecture

        return MLPArchitecture(
            **self._common(features, num_classes, link),
            layers=self.layers,
            hidden=self.hidden,
            blocks=self.blocks,
            drop_path=self.drop_path,
        )


@families.register
class TabM(TableNetworkFamily):
    """Many perceptrons in one, that share their matrices (Gorishniy et al. 2025, arXiv:2410.24210)."""

    family: Literal["tabm"] = "tabm"
    """An ensemble of perceptrons that share their matrices."""
    members: int = Field(default=8, ge=1)
    """Networks in the ensemble."""
    layers: int = Field(default=2, ge=1)
    """Hidden layers."""
    hidden: int = Field(default=128, ge=1)
    """Units of each."""

    @property
    def cost(self) -> int:
        """After the single network."""
        return 4

    @property
    def rate(self) -> float:
        return 2e-3

    def architecture(self, features: Features, num_classes: int, link: Link) -> TableArchitecture:
        from trainwright.models.tables.networks.tabm import TabMArchitecture

        return TabMArchitecture(
            **self._common(features, num_classes, link),
            layers=self.layers,
            hidden=self.hidden,
            members=self.members,
        )
