"""The multi-layer perceptron, and its residual variant.

Nothing in it couples rows: the residual blocks have layer normalisation where the source has batch
normalisation, so that a row's answer, and a piece of an accumulated batch, depend on the row alone.

Source: Gorishniy et al. 2021, Revisiting deep learning models for tabular data, arXiv:2106.11959, sect. 3.1
(MLP) and 3.2 (ResNet).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from trainwright.models.networks.layers import DropPath
from trainwright.models.tables.networks.architecture import TableArchitecture
from trainwright.models.tables.networks.heads import TableBody, TableNetwork
from trainwright.models.tables.scores import probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class MLPArchitecture(TableArchitecture):
    """One network; its scores are the answer's.

    Attributes:
        blocks: "mlp": linear, ReLU, dropout; "resnet": residual blocks.
        drop_path: Probability that a row skips the last residual block; falls to 0 at the first.
    """

    blocks: Literal["mlp", "resnet"]
    drop_path: float

    @property
    def kind(self) -> str:
        """Its name in `models.networks.architecture.ARCHITECTURES`."""
        return "mlp"

    def build(self) -> TableNetwork:
        embedding = self.embedding()
        trunk = (
            self._residual(embedding.width)
            if self.blocks == "resnet"
            else self._plain(embedding.width)
        )
        return TableNetwork(TableBody(embedding, trunk), self.make_head(self.num_outputs))

    def make_head(self, num_outputs: int) -> nn.Linear:
        """Reads the trunk."""
        return nn.Linear(self.hidden, num_outputs)

    def scores_to_answer(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.by_label:
            return probabilities(scores.reshape(-1, 1))[:, 1].reshape(scores.shape)
        return probabilities(scores) if self.num_classes else scores[:, 0]

    def _plain(self, width: int) -> nn.Module:
        widths = [width, *[self.hidden] * self.layers]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(self.dropout)]
        return nn.Sequential(*layers)

    def _residual(self, width: int) -> nn.Module:
        last = max(1, self.layers - 1)
        blocks = [
            ResidualBlock(
                self.hidden, dropout=self.dropout, drop_path=self.drop_path * number / last
            )
            for number in range(self.layers)
        ]
        return nn.Sequential(
            nn.Linear(width, self.hidden), *blocks, nn.LayerNorm(self.hidden), nn.ReLU()
        )


class ResidualBlock(nn.Module):
    """x + linear(dropout(relu(linear(norm(x))))), with twice the units inside.

    Args:
        dim: Units in and out.
        dropout: Of the units inside.
        drop_path: Probability that a row skips the block in training.
    """

    def __init__(self, dim: int, *, dropout: float, drop_path: float) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.LayerNorm(dim),
            nn.Linear(dim, 2 * dim),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(2 * dim, dim),
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, hidden: Tensor) -> Tensor:
        """Shape (rows, dim) in and out."""
        kept: Tensor = self.drop_path(self.branch(hidden))
        return hidden + kept
