"""Learning to rank: rows that belong to one query are ordered by their scores.

A batch holds whole queries, named by `group`. Which row meets which is told by masks of shape
(rows, rows): quadratic in the batch, but without a loop over queries and without waiting for the
device.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainwright.training.objectives.supervised import aligned, called, chosen, taken
from trainwright.training.protocols import LossPart

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking(ABC):
    """One score a row, judged within its query.

    Attributes:
        inputs: Tensors of the batch that the model is called with, in order.
        target: Relevance, shape (rows,); higher comes first.
        group: Query of each row, shape (rows,), of whole numbers.
        output: The entry of the output that holds the scores, where the model gives a mapping.
    """

    couples_rows: ClassVar[bool] = True
    name: ClassVar[str]

    inputs: tuple[str, ...] = ("inputs",)
    target: str = "target"
    group: str = "group"
    output: str | None = None

    @abstractmethod
    def total(self, scores: Tensor, relevance: Tensor, together: Tensor) -> Tensor:
        """The loss; scores and relevance (B,), together (B, B): rows of one query. Shape ()."""

    def count_of(self, relevance: Tensor, together: Tensor) -> Tensor:
        """Queries in the batch: the rows that no earlier row of their query precedes."""
        return (~together.tril(-1).any(1)).sum()

    def parts(self, model: nn.Module, batch: Tensors) -> Mapping[str, LossPart]:
        relevance, together = taken(batch, self.target), _together(taken(batch, self.group))
        output = chosen(called(model, self.inputs, batch), self.output)
        total = self.total(aligned(output, relevance), relevance, together)
        return {self.name: LossPart(total, self.count_of(relevance, together))}

    def counts(self, batch: Tensors) -> Mapping[str, Tensor]:
        return {
            self.name: self.count_of(taken(batch, self.target), _together(taken(batch, self.group)))
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RankNet(Ranking):
    """Negative log-likelihood of each pair's order, log(1 + exp(lower's score - higher's)); a term is a pair.

    Source: Burges et al. 2005, Learning to rank using gradient descent, eq. 3, for pairs of known order.
    """

    name: ClassVar[str] = "rank_net"

    def total(self, scores: Tensor, relevance: Tensor, together: Tensor) -> Tensor:
        losses = functional.softplus(scores.unsqueeze(0) - scores.unsqueeze(1))
        return losses.masked_fill(~_pairs(relevance, together), 0.0).sum()

    def count_of(self, relevance: Tensor, together: Tensor) -> Tensor:
        """Pairs of one query with different relevance."""
        return _pairs(relevance, together).sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNet(Ranking):
    """Cross-entropy between softmax of relevance and softmax of scores; a term is a query.

    Source: Cao et al. 2007, Learning to rank: from pairwise to listwise approach, eq. 3 with top-one
    probabilities.
    """

    name: ClassVar[str] = "list_net"

    def total(self, scores: Tensor, relevance: Tensor, together: Tensor) -> Tensor:
        wanted = (relevance - _log_total(relevance.to(scores.dtype), together)).exp()
        return (wanted * (_log_total(scores, together) - scores)).sum()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMLE(Ranking):
    """Negative log-likelihood of the whole order under Plackett-Luce; a term is a query.

    Rows of equal relevance are ordered as they stand in the batch.

    Source: Xia et al. 2008, Listwise approach to learning to rank, sect. 4.2.3.
    """

    name: ClassVar[str] = "list_mle"

    def total(self, scores: Tensor, relevance: Tensor, together: Tensor) -> Tensor:
        lower = relevance.unsqueeze(0) < relevance.unsqueeze(1)
        level = relevance.unsqueeze(0) == relevance.unsqueeze(1)
        left = together & (lower | (level & torch.ones_like(level).triu()))
        return (_log_total(scores, left) - scores).sum()


def _together(group: Tensor) -> Tensor:
    """Which rows are of one query; shape (B, B)."""
    return group.unsqueeze(0) == group.unsqueeze(1)


def _pairs(relevance: Tensor, together: Tensor) -> Tensor:
    """[i, j]: i is to come before j; shape (B, B)."""
    return together & (relevance.unsqueeze(1) > relevance.unsqueeze(0))


def _log_total(values: Tensor, there: Tensor) -> Tensor:
    """The logarithm of the sum of exp(values[j]) over there[i, j]; shape (B,)."""
    return values.expand(there.shape).masked_fill(~there, -torch.inf).logsumexp(1)
