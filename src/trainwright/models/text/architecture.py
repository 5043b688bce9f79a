"""The architecture of a network for texts: the encoder's config, and how an answer is read off.

The config says all that the encoder is, so that a package is built again without the base that it came from.
A text that was split has the mean of its pieces' answers. A word whose tokens were cut off has
the shares of the classes among the train rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from trainwright.core.features import Tokens
from trainwright.models.links import Link
from trainwright.models.networks.architecture import Architecture
from trainwright.models.networks.tasks import learnt_target
from trainwright.models.text.encoders import build_encoder
from trainwright.models.text.network import Pooling, TextNetwork
from trainwright.training.feeding.sources import RaggedSource
from trainwright.training.objectives import IGNORED

if TYPE_CHECKING:
    from trainwright.training.protocols import Source, Tensors


@dataclass(frozen=True, slots=True)
class TextEncoderArchitecture(Architecture):
    """Encoder and head.

    Attributes:
        config: Of the encoder, as the Hub's config.json.
        num_classes: 0 for regression.
        by_label: Of the classes a text has any number: each is told by itself.
        pooling: None: each word has an answer.
        dropout: Before the head.
        link: From the learnt scale to the target's.
        shares: Of the classes among train words; for words that were cut off.
    """

    inputs: ClassVar[tuple[str, ...]] = ("ids", "mask")
    rows_at_once: ClassVar[int] = 32

    config: Mapping[str, Any]
    num_classes: int
    pooling: Pooling | None
    dropout: float
    link: Link = field(default_factory=Link)
    shares: tuple[float, ...] = ()
    by_label: bool = False

    @property
    def kind(self) -> str:
        return "text-encoder"

    @property
    def width(self) -> int:
        """Length of a token's vector."""
        return int(self.config.get("hidden_size") or self.config["dim"])

    def to_json(self) -> dict[str, Any]:
        return {
            "config": dict(self.config),
            "num_classes": self.num_classes,
            "pooling": self.pooling,
            "dropout": self.dropout,
            "link": self.link.to_json(),
            "shares": list(self.shares),
            **({"by_label": True} if self.by_label else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        rest = {"link": Link.from_json(value["link"]), "shares": tuple(value["shares"])}
        return cls(**{**value, **rest})

    def build(self) -> nn.Module:
        return self.with_head(build_encoder(self.config))

    def with_head(self, encoder: nn.Module) -> TextNetwork:
        """The network around an encoder that is there already."""
        return TextNetwork(
            encoder,
            width=self.width,
            num_outputs=self.num_classes or 1,
            pooling=self.pooling,
            dropout=self.dropout,
        )

    def source(
        self,
        features: Tokens,
        target: NDArray[np.float64] | None = None,
        *,
        seed: int = 0,
    ) -> Source:
        """A sample is a piece of a text; by its "weight" each text counts once, however it was split."""
        if features.words is not None:
            return _words_source(features, target)
        columns: dict[str, NDArray[Any]] = {}
        if target is not None:
            columns["target"] = learnt_target(target, self.num_classes, self.link)[features.rows]
            columns["weight"] = weights_of(features)
        padding = {"ids": features.padding}
        return RaggedSource(features.ends, {"ids": features.ids}, padding=padding, columns=columns)

    def answer(self, outputs: Tensor, batch: Tensors) -> NDArray[np.float64]:
        if "words" in batch:
            outputs = outputs[batch["words"] >= 0]
        if self.by_label:
            return np.asarray(outputs.double().sigmoid().numpy())
        if self.num_classes:
            probabilities: NDArray[np.float64] = outputs.double().softmax(-1).numpy()
            return probabilities
        return self.link.inverse(outputs.double().squeeze(-1).numpy())

    def combine(self, answers: NDArray[np.float64], features: Tokens) -> NDArray[np.float64]:
        if features.words is None:
            return mean_of_pieces(answers, features)
        assert features.row_words is not None
        found = np.tile(np.array(self.shares), (int(features.row_words.sum()), 1))
        found[places_of_words(features)] = answers.reshape(-1, self.num_classes)
        return found


def weights_of(features: Tokens) -> NDArray[np.float32]:
    """One over the pieces of its text, for each piece; shape (pieces,)."""
    pieces = np.bincount(features.rows, minlength=features.num_rows)
    return (1.0 / pieces[features.rows]).astype(np.float32)


def mean_of_pieces(answers: NDArray[np.float64], features: Tokens) -> NDArray[np.float64]:
    """Answers of pieces (pieces, ...) as answers of texts (rows, ...)."""
    if len(features.rows) == features.num_rows:
        return answers
    total = np.zeros((features.num_rows, *answers.shape[1:]))
    np.add.at(total, features.rows, answers)
    pieces = np.bincount(features.rows, minlength=features.num_rows)
    return total / pieces.reshape(-1, *[1] * (answers.ndim - 1))


def places_of_words(features: Tokens) -> NDArray[np.int64]:
    """For each token that begins a word, that word's place among all words of all rows."""
    assert features.words is not None
    assert features.row_words is not None
    begins = features.words >= 0
    sizes = np.diff(features.ends, prepend=0)
    first = np.cumsum(features.row_words) - features.row_words
    return first[np.repeat(features.rows, sizes)[begins]] + features.words[begins]


def _words_source(features: Tokens, target: NDArray[np.float64] | None) -> Source:
    assert features.words is not None
    values: dict[str, NDArray[Any]] = {"ids": features.ids, "words": features.words}
    padding = {"ids": features.padding, "words": -1, "target": IGNORED}
    begins = np.add.accumulate(features.words >= 0, dtype=np.int64)
    words = np.diff(begins[features.ends - 1], prepend=0)
    if target is not None:
        tags = np.full(len(features.ids), IGNORED, dtype=np.int64)
        known = target[places_of_words(features)]
        tags[features.words >= 0] = np.where(np.isnan(known), IGNORED, known).astype(np.int64)
        values["target"] = tags
    return RaggedSource(features.ends, values, padding=padding, columns={"row_words": words})
