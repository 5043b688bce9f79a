"""Language modelling: cross-entropy over a vocabulary at the tokens that are to be predicted.

The count is the number of predicted tokens, never of rows or of padded positions, so that long and short
texts weigh by their tokens however they are put into batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor
from torch.nn import functional

from trainwright.training.objectives import IGNORED
from trainwright.training.objectives.refusals import explain_ids
from trainwright.training.objectives.supervised import Reduction, Supervised, taken

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrediction(Supervised):
    """What both have in common."""

    def explain(self, output: Tensor, target: Tensor) -> None:
        explain_ids(
            target,
            name=self.target,
            num_classes=output.shape[-1],
            mend="give the last layer a unit for each token of the vocabulary",
        )

    def weights(self, target: Tensor) -> Tensor:
        return target != IGNORED

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Logits (B, T, V); target (B, T) token ids, -100 where nothing is predicted."""
        losses = functional.cross_entropy(
            output.reshape(-1, output.shape[-1]),
            target.reshape(-1),
            ignore_index=IGNORED,
            reduction=reduction,
        )
        return losses if reduction == "sum" else losses.view(target.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenNats(Supervised):
    """The mean over the tokens that are told, of a model that says what each cost, 0 at all others."""

    name: ClassVar[str] = "tokens"

    target: str = "labels"

    def weights(self, target: Tensor) -> Tensor:
        return target != IGNORED

    def terms(self, output: Tensor, target: Tensor, *, reduction: Reduction) -> Tensor:
        """Nats (B, T); target (B, T) token ids, -100 where nothing is told."""
        return output.sum() if reduction == "sum" else output


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedTokens(TokenPrediction):
    """The tokens that were hidden; `corruption.hide_tokens` makes inputs and target.

    Source: Devlin et al. 2019, arXiv:1810.04805, sect. 3.1, task 1.
    """

    name: ClassVar[str] = "masked_tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class NextToken(TokenPrediction):
    """Each token from those before it; the model must not see further (causal attention).

    Attributes:
        target: The tokens, shape (B, T): by default what the model is called with.
        mask: The tensor of the batch that is 0 at padding, on either side; None: nothing is padded.
    """

    name: ClassVar[str] = "next_token"

    target: str = "inputs"
    mask: str | None = None

    def goal(self, batch: Tensors) -> Tensor:
        """At each position the token after it; -100 at the last one and where either is padding."""
        tokens = taken(batch, self.target)
        following = tokens.new_full(tokens.shape, IGNORED)
        following[:, :-1] = tokens[:, 1:]
        if self.mask is not None:
            there = taken(batch, self.mask).bool()
            following[:, :-1].masked_fill_(~(there[:, 1:] & there[:, :-1]), IGNORED)
        return following
