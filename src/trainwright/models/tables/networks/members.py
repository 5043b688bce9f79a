"""Objectives over an ensemble's members, whose outputs have a dimension of members after that of rows.

Training judges each member by itself, and takes the mean: a loss of their mean would let members lean
on each other (Gorishniy et al. 2025, arXiv:2410.24210, sect. 3.2). Validation judges what is served: the mean
of the members' probabilities, or values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from trainwright.training.objectives.categorical import Categorical
from trainwright.training.objectives.supervised import Reduction, Supervised


@dataclass(frozen=True, slots=True, kw_only=True)
class EachMember(Supervised):
    """Mean over members of an objective on each.

    Attributes:
        of: What judges one member; its own names of tensors are not used.
    """

    name: ClassVar[str] = "members"

    of: Supervised

    @property
    def likelihood_factor(self) -> float:  # type: ignore[override]
        """That of one member's objective."""
        return self.of.likelihood_factor

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Output (rows, members, scores), target (rows,)."""
        members = output.shape[1]
        each = target.unsqueeze(1).expand(-1, members)
        if reduction == "sum":
            return self.of.terms(output, each, reduction="sum") / members
        return self.of.terms(output, each, reduction="none").mean(1)

    def weights(self, target: Tensor) -> Tensor | None:
        return self.of.weights(target)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanOfMembers(Supervised):
    """An objective on the mean of the members' probabilities, or values.

    Attributes:
        of: What judges the mean; its own names of tensors are not used.
    """

    name: ClassVar[str] = "mean_of_members"

    of: Supervised

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Output (rows, members, scores), target (rows,)."""
        if isinstance(self.of, Categorical):
            mean = torch.logsumexp(output.log_softmax(-1), dim=1) - math.log(output.shape[1])
        else:
            mean = output.mean(1)
        return self.of.terms(mean, target, reduction=reduction)

    def weights(self, target: Tensor) -> Tensor | None:
        return self.of.weights(target)
