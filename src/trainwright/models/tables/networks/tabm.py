"""TabM: many networks in one, whose members share all their matrices.

Member m has weights of its own only as scalings r_m of a layer's input and s_m of its output, and a bias
b_m: its effective matrix is diag(r_m) W diag(s_m). Members learn apart, each by its own loss, and answer
together by the mean of their probabilities. The first scalings, drawn at random once a column, make them
differ: each sees the columns weighted in its own way.

Cost: k times the activations of one network, the memory of little more than one.

Source: Gorishniy, Kotelnikov, Babenko 2025, TabM: advancing tabular deep learning with parameter-efficient
ensembling, arXiv:2410.24210, sect. 3.3; the layer is that of Wen et al. 2020, BatchEnsemble,
arXiv:2002.06715, eq. 5. Proof that it is k separate networks: tests/numeric/test_table_networks.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainwright.models.tables.networks.architecture import TableArchitecture
from trainwright.models.tables.networks.heads import TableBody, TableNetwork
from trainwright.models.tables.networks.members import EachMember, MeanOfMembers
from trainwright.models.tables.scores import probabilities
from trainwright.training.objectives.supervised import Supervised


@dataclass(frozen=True, slots=True, kw_only=True)
class TabMArchitecture(TableArchitecture):
    """A network of `members`; the answer is the mean of theirs.

    Attributes:
        members: How many.
    """

    members: int

    @property
    def kind(self) -> str:
        """Its name in `models.networks.architecture.ARCHITECTURES`."""
        return "tabm"

    def build(self) -> TableNetwork:
        embedding = self.embedding()
        layers: list[nn.Module] = [Members(self.members)]
        width = embedding.width
        for number in range(self.layers):
            chunks = embedding.chunks if number == 0 else ()
            layer = SharedLinear(width, self.hidden, members=self.members, random_chunks=chunks)
            layers += [layer, nn.ReLU(), nn.Dropout(self.dropout)]
            width = self.hidden
        body = TableBody(embedding, nn.Sequential(*layers))
        return TableNetwork(body, self.make_head(self.num_outputs))

    def make_head(self, num_outputs: int) -> MemberHeads:
        """Reads the trunk, a linear layer a member."""
        return MemberHeads(self.hidden, num_outputs, members=self.members)

    def judged(self, objective: Supervised) -> EachMember:
        return EachMember(of=objective)

    def validated(self, objective: Supervised) -> MeanOfMembers:
        return MeanOfMembers(of=objective)

    def scores_to_answer(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of scores (rows, members, classes or 1); added member after member, for any number of rows."""
        num_outputs = scores.shape[2]
        each = scores.reshape(-1, num_outputs)
        each = probabilities(each) if self.num_classes else each
        together = np.cumsum(each.reshape(-1, self.members, num_outputs), axis=1)[:, -1]
        mean: NDArray[np.float64] = together / self.members
        return mean if self.num_classes else mean[:, 0]


class Members(nn.Module):
    """The same row for each member.

    Args:
        members: How many.
    """

    def __init__(self, members: int) -> None:
        super().__init__()
        self.members = members

    def forward(self, rows: Tensor) -> Tensor:
        """Shape (rows, width) to (rows, members, width), without a copy."""
        return rows.unsqueeze(1).expand(-1, self.members, -1)


class SharedLinear(nn.Module):
    """((x * r_m) W) * s_m + b_m: one matrix, scalings and a bias a member.

    Args:
        width: Inputs.
        units: Outputs.
        members: How many.
        random_chunks: Widths of the columns in the input, whose first r_m is drawn from N(0, 1), one a
            column and member; empty: all 1.
    """

    def __init__(
        self, width: int, units: int, *, members: int, random_chunks: Sequence[int] = ()
    ) -> None:
        super().__init__()
        bound = 1 / math.sqrt(width)
        self.weight = nn.Parameter(torch.empty(units, width).uniform_(-bound, bound))
        self.r = nn.Parameter(_scalings(members, width, random_chunks))
        self.s = nn.Parameter(torch.ones(members, units))
        bias = torch.empty(units).uniform_(-bound, bound)
        self.bias = nn.Parameter(bias.repeat(members, 1))

    def forward(self, inputs: Tensor) -> Tensor:
        """Shape (rows, members, width) to (rows, members, units)."""
        return nn.functional.linear(inputs * self.r, self.weight) * self.s + self.bias


class MemberHeads(nn.Module):
    """A linear layer of its own for each member.

    Args:
        width: Inputs.
        units: Outputs.
        members: How many.
    """

    def __init__(self, width: int, units: int, *, members: int) -> None:
        super().__init__()
        bound = 1 / math.sqrt(width)
        self.weight = nn.Parameter(torch.empty(members, width, units).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, units).uniform_(-bound, bound))

    def forward(self, hidden: Tensor) -> Tensor:
        """Shape (rows, members, width) to (rows, members, units)."""
        return torch.einsum("bmd,mdu->bmu", hidden, self.weight) + self.bias


def _scalings(members: int, width: int, chunks: Sequence[int]) -> Tensor:
    """First scalings of a layer's input; shape (members, width)."""
    if not chunks:
        return torch.ones(members, width)
    drawn = torch.randn(members, len(chunks))
    return drawn.repeat_interleave(torch.tensor(chunks), dim=1)
