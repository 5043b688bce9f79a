"""Language models that say what each token cost, in nats; no logits of a whole batch are ever held.

Inside (`model`) is transformers' own class, so that the weights load anywhere. A row of the vocabulary is
only computed where a token is to be told: of a conversation that is a part, of a masked document a seventh.
What would need more than 256 MB of logits at once goes through in pieces, which the backward pass computes
again (Chen et al. 2016, arXiv:1604.06174).
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from trainwright.models.language.noise import with_noise
from trainwright.training.objectives import IGNORED

LOGITS_AT_ONCE = 2**26
# Their logits are their output embedding's answer to the last vectors, and nothing more.
_PLAIN_HEADS = frozenset(
    ("llama", "mistral", "qwen2", "qwen3", "gpt2", "gpt_neox", "opt", "olmo", "olmo2", "smollm3")
)


class LanguageNetwork(nn.Module):
    """Gives the nats of each token that is to be told, shape (B, T), 0 elsewhere.

    Args:
        model: Of transformers, with a head over the vocabulary.
    """

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - a class of transformers
        super().__init__()
        self.model = model

    @property
    def kind(self) -> str:
        """What transformers calls the model."""
        return str(self.model.config.model_type)

    @property
    def width(self) -> int:
        """Logits a token."""
        return int(self.model.config.vocab_size)


class CausalNetwork(LanguageNetwork):
    """Each token from those before it.

    Args:
        model: Of transformers.
        neftune: Strength of the noise on token vectors in training; 0: none.
    """

    def __init__(self, model: Any, *, neftune: float = 0.0) -> None:  # noqa: ANN401 - of transformers
        super().__init__(model)
        self.neftune = neftune
        self._takes_positions = "position_ids" in signature(model.forward).parameters

    def forward(
        self, ids: Tensor, positions: Tensor, labels: Tensor, noise: Tensor | None = None
    ) -> Tensor:
        """Nats.

        Args:
            ids: Shape (B, T).
            positions: From 0 in each passage; where they start again, another passage begins, and no
                token sees one of a passage before it. Shape (B, T).
            labels: The tokens to be told, -100 elsewhere and at the first of a passage. Shape (B, T).
            noise: A seed a row for noise on the token vectors, 0 for none; shape (B,).
        """
        # With a cache transformers takes no heed of positions that begin anew: passages would see each other.
        inputs: dict[str, Any] = {"input_ids": ids, "use_cache": False}
        if self._takes_positions:
            inputs["position_ids"] = positions
        if noise is not None and self.training:
            vectors = self.model.get_input_embeddings()(inputs.pop("input_ids"))
            noisy = with_noise(vectors, positions, labels, noise, alpha=self.neftune)
            inputs["inputs_embeds"] = noisy
        if self.kind in _PLAIN_HEADS:
            states = self.model.base_model(**inputs)[0]
            head = self.model.get_output_embeddings()
        else:
            states, head = self.model(**inputs).logits, nn.Identity()
        labels = labels[:, 1:]  # each is told from the state before it
        nats = _nats_told(
            states[:, :-1], head, where=labels != IGNORED, targets=labels, width=self.width
        )
        return functional.pad(nats, (1, 0))


def isolates(network: CausalNetwork) -> bool:
    """No passage of a row sees the one before it: tried on two of four tokens.

    Not every model of transformers starts anew where positions do.
    """
    mode = network.training
    first = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]]) % network.model.config.vocab_size
    ids = torch.cat([first, first[:1].expand(2, 4)], dim=1)
    positions = torch.arange(4).repeat(2).expand(2, 8)
    labels = ids.masked_fill(positions == 0, IGNORED)
    with torch.no_grad():
        nats = network.eval()(ids, positions, labels)
    network.train(mode)
    return torch.equal(nats[0, 4:], nats[1, 4:]) and not torch.equal(nats[0, :4], nats[1, :4])


class MaskedNetwork(LanguageNetwork):
    """Hidden tokens from those on both sides."""

    def forward(self, ids: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
        """Nats.

        Args:
            ids: Shape (B, T).
            mask: True where a token is there, shape (B, T).
            labels: What the hidden tokens were, -100 elsewhere; shape (B, T).
        """
        if self.kind == "bert":
            states = self.model.bert(ids, attention_mask=mask.long())[0]
            head = self.model.cls
        else:
            states = self.model(input_ids=ids, attention_mask=mask.long()).logits
            head = nn.Identity()
        return _nats_told(states, head, where=labels != IGNORED, targets=labels, width=self.width)


class Seq2SeqNetwork(LanguageNetwork):
    """What a decoder tells of what an encoder read."""

    def forward(self, read_ids: Tensor, read_mask: Tensor, ids: Tensor, labels: Tensor) -> Tensor:
        """Nats.

        Args:
            read_ids: What the encoder reads, shape (B, S).
            read_mask: True where a token is there, shape (B, S).
            ids: What the decoder has told before each token; shape (B, T).
            labels: The tokens to be told, -100 at padding; shape (B, T).
        """
        logits = self.model(
            input_ids=read_ids,
            attention_mask=read_mask.long(),
            decoder_input_ids=ids,
            use_cache=False,
        ).logits
        return _nats_told(
            logits, nn.Identity(), where=labels != IGNORED, targets=labels, width=self.width
        )


def token_nats(
    head: Callable[[Tensor], Tensor],
    states: Tensor,
    targets: Tensor,
    *,
    width: int,
    at_once: int = LOGITS_AT_ONCE,
) -> Tensor:
    """-ln of the probability of each target, in float32 at least; shape (N,).

    Args:
        head: States to logits.
        states: Shape (N, D).
        targets: Ids, shape (N,).
        width: Logits a token.
        at_once: Logits that are held at once; more go in pieces, each computed again in the backward pass.
    """
    size = max(1, at_once // width)
    if len(states) <= size:
        return _cross_entropy(head, states, targets)
    pieces = zip(torch.split(states, size), torch.split(targets, size), strict=True)
    if not torch.is_grad_enabled():
        return torch.cat([_cross_entropy(head, *piece) for piece in pieces])
    return torch.cat(
        [checkpoint(_cross_entropy, head, *piece, use_reentrant=False) for piece in pieces]
    )


def _cross_entropy(head: Callable[[Tensor], Tensor], states: Tensor, targets: Tensor) -> Tensor:
    logits = head(states)
    if logits.dtype in (torch.bfloat16, torch.float16):
        logits = logits.float()
    return functional.cross_entropy(logits, targets, reduction="none")


def _nats_told(
    states: Tensor, head: nn.Module, *, where: Tensor, targets: Tensor, width: int
) -> Tensor:
    """Nats where something is told, 0 elsewhere; shape (B, T)."""
    places = (
        where.flatten().nonzero().squeeze(1)
    )  # a selection by numbers is quicker to go back through
    told = states.flatten(0, 1).index_select(0, places)
    found = token_nats(head, told, targets.flatten().index_select(0, places), width=width)
    return found.new_zeros(where.numel()).index_copy(0, places, found).view(where.shape)
