"""What a fitted network lays open when it leaves in a format of others, and how it is asked there.

Weights are numpy arrays under the names that the Hub's classes use, a tokenizer is its JSON document:
who writes a format needs neither torch nor the module that was trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from trainwright.core.language import SpecialTokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LanguageKind = Literal["causal-lm", "masked-lm", "seq2seq-lm"]


@dataclass(frozen=True, slots=True)
class HubNetwork:
    """A language model as the Hub keeps it.

    Attributes:
        kind: How it tells text.
        config: config.json, `model_type` and `architectures` included.
        weights: By the Hub's names, float32; a weight that is tied to another one stands here once.
    """

    kind: LanguageKind
    config: Mapping[str, Any]
    weights: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Codec:
    """From text to token ids and back, as a document.

    Attributes:
        document: tokenizer.json.
        special: Ids with a meaning of their own.
        template: A chat template (Jinja), or None.
        max_length: Tokens that the model was taught with, at most.
        starts: A prompt begins with the start token, where nobody says otherwise.
    """

    document: str
    special: SpecialTokens
    template: str | None
    max_length: int
    starts: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """One passage as a network reads it, and what it has to tell.

    Attributes:
        batch: Arrays by the names of the network's inputs, one row each: ids and mask, shape (1,
            tokens); of an encoder-decoder also told, what the decoder has told so far.
        labels: The token that each place of the answer has to tell, -1 where none; shape (places,).
        row: The row that it belongs to.
    """

    batch: Mapping[str, NDArray[np.int64]]
    labels: NDArray[np.int64]
    row: int


class Answers(Protocol):
    """A network in whatever runtime."""

    def answers(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """What it says of a batch: of language logits, shape (rows, places, vocabulary)."""
        ...
