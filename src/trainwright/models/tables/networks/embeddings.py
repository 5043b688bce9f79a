"""How the columns of a table enter a network: numbers by periodic embeddings, categories and terms learnt.

A number is first bent by x / sqrt(1 + (x / 3)²), which leaves the middle as it is and bounds heavy tails
to 3 (Holzmüller et al. 2024, arXiv:2407.04491, sect. 3.1: RealMLP's smooth clipping, after the same
scaling by median and interquartile range). Then it becomes sines and cosines of learnt frequencies, and of
those a linear layer and a ReLU of its own make its embedding: PLR. From one number alone a network learns
steps and wiggles slowly: Gorishniy et al. 2022, On embeddings for numerical features, arXiv:2203.05556,
sect. 3.3.

A category embedding begins as noise, but that of what is missing or was not seen at 0, the middle of all;
it learns where train rows lack the value. Terms are summed, each an embedding times its weight.

Cost: the first hidden layer has `number_dim` inputs a number where a plain network has one.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from trainwright.models.tables.networks.columns import TableColumns

_BOUND = 3.0
_TERM_SPREAD = (
    0.1  # of first term embeddings; a row's terms have length 1, so their sum is as small
)


class Periodic(nn.Module):
    """PLR: sines and cosines of learnt frequencies, then a linear layer a number, then ReLU.

    Args:
        num_numbers: Columns.
        frequencies: How many a number.
        dim: Of the embedding of a number.
        spread: Standard deviation of the first frequencies: how wiggly the first curves are.

    Source: Gorishniy et al. 2022, arXiv:2203.05556, eq. 4 and 5. Parity:
    tests/numeric/test_table_networks.py.
    """

    def __init__(self, num_numbers: int, *, frequencies: int, dim: int, spread: float) -> None:
        super().__init__()
        bound = 1 / math.sqrt(2 * frequencies)
        self.frequencies = nn.Parameter(torch.randn(num_numbers, frequencies) * spread)
        self.weight = nn.Parameter(_uniform(num_numbers, 2 * frequencies, dim, bound=bound))
        self.bias = nn.Parameter(_uniform(num_numbers, dim, bound=bound))

    def forward(self, numbers: Tensor) -> Tensor:
        """Shape (rows, numbers) to (rows, numbers, dim)."""
        angles = 2 * math.pi * self.frequencies * numbers.unsqueeze(-1)
        waves = torch.cat([angles.cos(), angles.sin()], dim=-1)
        embedded = torch.baddbmm(self.bias.unsqueeze(1), waves.transpose(0, 1), self.weight)
        return torch.relu(embedded).transpose(0, 1)


class TableEmbedding(nn.Module):
    """The columns of a table as one vector a row.

    Args:
        columns: What there is.
        frequencies: Of periodic embeddings; 0: numbers enter as they are, bent.
        number_dim: Of the embedding of a number.
        spread: Of the first frequencies.
        category_dim: Of the embedding of a category.
        text_dim: Of the sum of the terms' embeddings.
    """

    def __init__(
        self,
        columns: TableColumns,
        *,
        frequencies: int,
        number_dim: int,
        spread: float,
        category_dim: int,
        text_dim: int,
    ) -> None:
        super().__init__()
        num_numbers, num_codes = len(columns.numbers), len(columns.categorical)
        self.num_numbers = num_numbers
        self.periodic = (
            Periodic(num_numbers, frequencies=frequencies, dim=number_dim, spread=spread)
            if frequencies and num_numbers
            else None
        )
        self.categories = nn.Embedding(columns.num_codes, category_dim) if num_codes else None
        self.terms = (
            nn.EmbeddingBag(columns.num_terms, text_dim, mode="sum") if columns.num_terms else None
        )
        self.chunks = (
            *[number_dim if self.periodic is not None else 1] * num_numbers,
            *[1] * len(columns.flags),
            *[category_dim] * num_codes,
            *[text_dim] * bool(columns.num_terms),
        ) or (1,)
        self._start(columns)

    @property
    def width(self) -> int:
        """Length of the vector; at least 1: a table without any feature is a 0."""
        return sum(self.chunks)

    def forward(
        self, numbers: Tensor, codes: Tensor, terms: Tensor, term_weights: Tensor
    ) -> Tensor:
        """The tensors `columns.INPUTS` of a batch; shape (rows, width)."""
        parts = []
        if self.num_numbers:
            bent = bend(numbers[:, : self.num_numbers])
            parts.append(bent if self.periodic is None else self.periodic(bent).flatten(1))
        if numbers.shape[1] > self.num_numbers:
            parts.append(numbers[:, self.num_numbers :])
        if self.categories is not None:
            parts.append(self.categories(codes).flatten(1))
        if self.terms is not None:
            parts.append(self._summed(self.terms, terms, term_weights))
        if not parts:
            return numbers.new_zeros(numbers.shape[0], 1)
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

    @staticmethod
    def _summed(bag: nn.EmbeddingBag, terms: Tensor, term_weights: Tensor) -> Tensor:
        """Shape (rows, text_dim); PyTorch refuses a batch in which no row has a term."""
        if terms.shape[1] == 0:
            return bag.weight.new_zeros(terms.shape[0], bag.embedding_dim)
        summed: Tensor = bag(terms, per_sample_weights=term_weights)
        return summed

    @torch.no_grad()
    def _start(self, columns: TableColumns) -> None:
        if self.categories is not None:
            self.categories.weight[list(columns.unknown)] = 0.0
        if self.terms is not None:
            self.terms.weight.mul_(_TERM_SPREAD)


def bend(numbers: Tensor) -> Tensor:
    """Give x / sqrt(1 + (x / 3)²): the same near 0, within -3 and 3 everywhere; any shape."""
    return numbers / torch.sqrt(1 + (numbers / _BOUND) ** 2)


def _uniform(*shape: int, bound: float) -> Tensor:
    return torch.empty(shape).uniform_(-bound, bound)
