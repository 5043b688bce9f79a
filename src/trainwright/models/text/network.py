"""From token vectors to an answer: one for a text, pooled over its tokens, or one for each token."""

from __future__ import annotations

from typing import Literal, Self

from torch import Tensor, nn

Pooling = Literal["mean", "cls"]


class TextNetwork(nn.Module):
    """An encoder with a head.

    Args:
        encoder: Ids (B, T) and mask (B, T) to vectors (B, T, D).
        width: D.
        num_outputs: Classes, or 1 for a number.
        pooling: mean: over the tokens that are there; cls: the first one's vector. None: an answer a token.
        dropout: Before the head.
    """

    def __init__(
        self,
        encoder: nn.Module,
        *,
        width: int,
        num_outputs: int,
        pooling: Pooling | None,
        dropout: float,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, num_outputs)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits or scaled values: (B, outputs), or (B, T, outputs) without pooling."""
        x = self.encoder(ids, mask)
        if self.pooling == "mean":
            x = mean_over(x, mask)
        elif self.pooling == "cls":
            x = x[:, 0]
        answer: Tensor = self.head(self.dropout(x))
        return answer

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001 - PyTorch's signature
        """A frozen encoder is not trained, so nothing is dropped in it either."""
        super().train(mode)
        if mode and not any(weight.requires_grad for weight in self.encoder.parameters()):
            self.encoder.eval()
        return self


def mean_over(x_btd: Tensor, mask_bt: Tensor) -> Tensor:
    """Mean vector of the tokens that are there; shape (B, D). A text has one at least."""
    there = mask_bt.unsqueeze(-1).to(x_btd.dtype)
    return (x_btd * there).sum(1) / there.sum(1)
