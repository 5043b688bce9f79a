"""What the networks for tables have in common: how they are fed and how they answer."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from trainwright.core.features import Features
from trainwright.models.links import Link
from trainwright.models.networks.architecture import Architecture
from trainwright.models.networks.tasks import learnt_target
from trainwright.models.tables.networks.columns import INPUTS, TableColumns
from trainwright.models.tables.networks.embeddings import TableEmbedding
from trainwright.models.tables.networks.heads import TARGET, TableNetwork

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trainwright.training.objectives.supervised import Supervised
    from trainwright.training.protocols import Source, Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class TableArchitecture(Architecture):
    """Base: columns in, classes or one number out.

    Attributes:
        columns: Which feature is what.
        num_classes: 0 for regression.
        link: From the learnt scale to the target's.
        layers: Hidden layers, or residual blocks.
        hidden: Units of each.
        dropout: Share of hidden units left out in training.
        frequencies: Of the periodic embeddings; 0: numbers enter as they are.
        number_dim: Of the embedding of a number.
        frequency_spread: Standard deviation of the first frequencies.
        category_dim: Of the embedding of a category.
        text_dim: Of the sum of the terms' embeddings.
        by_label: Of the classes a row has any number: each is told by itself.
    """

    inputs: ClassVar[tuple[str, ...]] = INPUTS
    rows_at_once: ClassVar[int] = 1024

    columns: TableColumns
    num_classes: int
    link: Link
    layers: int
    hidden: int
    dropout: float
    frequencies: int
    number_dim: int
    frequency_spread: float
    category_dim: int
    text_dim: int
    by_label: bool = False

    @property
    def num_outputs(self) -> int:
        """Scores: one a class, or one number."""
        return self.num_classes or 1

    @abstractmethod
    def build(self) -> TableNetwork:
        """The module, its weights drawn from torch's generator (the caller seeds it)."""

    @abstractmethod
    def make_head(self, num_outputs: int) -> nn.Module:
        """A head with a `bias`, that reads the trunk; drawn from torch's generator."""

    def judged(self, objective: Supervised) -> Supervised:
        """An objective on one network's scores, as this one's are trained by it."""
        return objective

    def validated(self, objective: Supervised) -> Supervised:
        """The same for what is served."""
        return objective

    @abstractmethod
    def scores_to_answer(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """The module's outputs as probabilities (rows, classes), or learnt values (rows,)."""

    def embedding(self) -> TableEmbedding:
        """The first layer."""
        return TableEmbedding(
            self.columns,
            frequencies=self.frequencies,
            number_dim=self.number_dim,
            spread=self.frequency_spread,
            category_dim=self.category_dim,
            text_dim=self.text_dim,
        )

    def source(
        self,
        features: Features,
        target: NDArray[np.float64] | None = None,
        *,
        seed: int = 0,
    ) -> Source:
        """Batches of `INPUTS`; "target" is class ids, or values on the learnt scale."""
        if target is None:
            return self.columns.source(features)
        return self.columns.source(
            features, target=learnt_target(target, self.num_classes, self.link)
        )

    def answer(self, outputs: Tensor | Mapping[str, Tensor], batch: Tensors) -> NDArray[np.float64]:
        """Probabilities (rows, classes), or values in the target's own units (rows,).

        Of several heads, as there are while further targets are learnt, it is the target's that answers.
        """
        scores = outputs[TARGET] if isinstance(outputs, Mapping) else outputs
        answer = self.scores_to_answer(scores.double().numpy())
        return answer if self.num_classes else self.link.inverse(answer)

    def to_json(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        if not self.by_label:
            del values["by_label"]
        return {**values, "columns": self.columns.to_json(), "link": self.link.to_json()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        columns = TableColumns.from_json(value["columns"])
        return cls(**{**value, "columns": columns, "link": Link.from_json(value["link"])})
