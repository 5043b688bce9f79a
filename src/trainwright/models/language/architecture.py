"""The architecture of a language model: the config of transformers' class, and how an answer is read off.

The config says all that the model is, so that a package is built again without the base that it came from.
An answer is what the tokens of a row cost: sums in float64, over all passages that the row was cut into.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainwright.core.errors import RecipeError
from trainwright.core.language import Passages
from trainwright.core.parts import Part
from trainwright.models.language.bases import bert_config, drawn, llama_config, t5_config
from trainwright.models.language.families import CausalLM, LanguageFamily
from trainwright.models.language.hiding import (
    MaskedSource,
    Seq2SeqSource,
    bytes_of_share,
    tokens_hidden,
)
from trainwright.models.language.network import (
    CausalNetwork,
    LanguageNetwork,
    MaskedNetwork,
    Seq2SeqNetwork,
)
from trainwright.models.language.objectives import Masked, Span
from trainwright.models.language.samples import CausalSource, tokens_taught
from trainwright.models.networks.architecture import Architecture
from trainwright.training.objectives import IGNORED

if TYPE_CHECKING:
    from trainwright.training.protocols import Source, Tensors


@dataclass(frozen=True, slots=True)
class LanguageArchitecture(Architecture):
    """What the three have in common.

    Attributes:
        config: Of the model, as the Hub's config.json.
    """

    rows_at_once: ClassVar[int] = 16

    config: Mapping[str, Any]

    @property
    def generates(self) -> bool:
        return self.kind != "masked-lm"

    def to_json(self) -> dict[str, Any]:
        return {"config": dict(self.config)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(**value)

    def build(self) -> LanguageNetwork:
        return self.around(drawn(self.kind, self.config))

    @classmethod
    @abstractmethod
    def small(cls, family: LanguageFamily, passages: Passages) -> dict[str, Any]:
        """The config of a model from scratch, in the sizes that the recipe asks for."""

    @classmethod
    @abstractmethod
    def of(cls, config: Mapping[str, Any], objective: Part, passages: Passages) -> Self:
        """The architecture of a config that learns by an objective from such passages."""

    @abstractmethod
    def taught(
        self,
        passages: Passages,
        family: LanguageFamily,
        *,
        weights: NDArray[np.float64] | None,
        seed: int,
    ) -> Source:
        """Samples to learn from.

        Args:
            passages: Each with something to tell.
            family: Says how they share rows.
            weights: How often each comes, on average; None: once.
            seed: Of what is drawn.
        """

    @abstractmethod
    def around(self, model: Any) -> LanguageNetwork:  # noqa: ANN401 - a class of transformers
        """The network around a model that is there already."""

    def answer(self, outputs: Tensor, batch: Tensors) -> NDArray[np.float64]:
        """Nats and tokens of each passage, shape (passages, 2)."""
        tokens = (batch["labels"] != IGNORED).sum(-1)
        nats = outputs.double().sum(-1)
        return np.stack([nats.numpy(), tokens.double().numpy()], axis=1)

    def combine(self, answers: NDArray[np.float64], features: Passages) -> NDArray[np.float64]:
        """Nats, tokens and bytes of each row, shape (rows, 3)."""
        found = np.zeros((features.num_rows, 3))
        np.add.at(found[:, :2], features.rows, answers)
        found[:, 2] = self.bytes_told(answers, features)
        return found

    def bytes_told(
        self,
        answers: NDArray[np.float64],
        features: Passages,
    ) -> NDArray[np.float64]:
        """UTF-8 bytes of what the nats are spent on, shape (rows,): all of a row, or what is hidden of it."""
        return features.row_bytes


@dataclass(frozen=True, slots=True)
class CausalArchitecture(LanguageArchitecture):
    """A decoder."""

    inputs: ClassVar[tuple[str, ...]] = ("ids", "positions", "labels")

    @property
    def kind(self) -> str:
        return "causal-lm"

    @classmethod
    def of(cls, config: Mapping[str, Any], objective: Part, passages: Passages) -> Self:  # noqa: ARG003
        return cls(config)

    @classmethod
    def small(cls, family: LanguageFamily, passages: Passages) -> dict[str, Any]:
        return llama_config(
            vocabulary=passages.vocabulary,
            max_length=family.max_length,
            hidden=family.hidden,
            layers=family.layers,
            heads=family.heads,
            dropout=family.dropout or 0.0,
            special=special_ids(passages),
        )

    def around(self, model: Any) -> CausalNetwork:  # noqa: ANN401
        return CausalNetwork(model)

    def taught(
        self,
        passages: Passages,
        family: LanguageFamily,
        *,
        weights: NDArray[np.float64] | None,
        seed: int,
    ) -> Source:
        assert isinstance(family, CausalLM)
        return CausalSource(
            passages,
            width=family.max_length if family.packing else None,
            weights=weights,
            seed=seed,
            noise=family.neftune is not None,
        )

    def source(
        self,
        features: Passages,
        target: NDArray[np.float64] | None = None,
        *,
        seed: int = 0,
    ) -> Source:
        """A sample is a passage; what is told stands in the passages themselves."""
        return CausalSource(features, seed=seed)


@dataclass(frozen=True, slots=True)
class MaskedArchitecture(LanguageArchitecture):
    """An encoder.

    Attributes:
        config: Of the model, as the Hub's config.json.
        fraction: Of the tokens that is hidden.
    """

    inputs: ClassVar[tuple[str, ...]] = ("ids", "mask", "labels")

    fraction: float = 0.15

    @property
    def kind(self) -> str:
        return "masked-lm"

    def to_json(self) -> dict[str, Any]:
        return {"config": dict(self.config), "fraction": self.fraction}

    @classmethod
    def of(cls, config: Mapping[str, Any], objective: Part, passages: Passages) -> Self:
        assert isinstance(objective, Masked)
        if passages.special.mask is None:
            raise RecipeError(
                "the tokenizer has no token that stands for a hidden one",
                where="model.pretrained",
                mend="family: causal-lm, or a base that was trained on hidden tokens",
            )
        return cls(config, objective.fraction)

    @classmethod
    def small(cls, family: LanguageFamily, passages: Passages) -> dict[str, Any]:
        return bert_config(
            vocabulary=passages.vocabulary,
            max_length=family.max_length,
            hidden=family.hidden,
            layers=family.layers,
            heads=family.heads,
            dropout=family.dropout or 0.0,
            special=special_ids(passages),
        )

    def around(self, model: Any) -> MaskedNetwork:  # noqa: ANN401 - a class of transformers
        return MaskedNetwork(model)

    def source(
        self,
        features: Passages,
        target: NDArray[np.float64] | None = None,
        *,
        seed: int = 0,
    ) -> Source:
        """A sample is a passage; what is hidden of it depends on it alone."""
        return MaskedSource(features, fraction=self.fraction, seed=seed)

    def taught(
        self,
        passages: Passages,
        family: LanguageFamily,
        *,
        weights: NDArray[np.float64] | None,
        seed: int,
    ) -> Source:
        return MaskedSource(passages, fraction=self.fraction, weights=weights, seed=seed)

    def bytes_told(self, answers: NDArray[np.float64], features: Passages) -> NDArray[np.float64]:
        return bytes_of_share(answers[:, 1], tokens_taught(features).astype(np.float64), features)


@dataclass(frozen=True, slots=True)
class Seq2SeqArchitecture(LanguageArchitecture):
    """An encoder that reads and a decoder that tells.

    Attributes:
        config: Of the model, as the Hub's config.json.
        fraction: Of a document that is hidden.
        mean_length: Tokens of a hidden span, on average.
    """

    inputs: ClassVar[tuple[str, ...]] = ("read_ids", "read_mask", "ids", "labels")

    fraction: float = 0.15
    mean_length: float = 3.0

    @property
    def kind(self) -> str:
        return "seq2seq-lm"

    def to_json(self) -> dict[str, Any]:
        return {
            "config": dict(self.config),
            "fraction": self.fraction,
            "mean_length": self.mean_length,
        }

    @classmethod
    def of(cls, config: Mapping[str, Any], objective: Part, passages: Passages) -> Self:
        assert isinstance(objective, Span)
        if passages.read_ids is None and not passages.special.sentinels:
            raise RecipeError(
                "the tokenizer has no tokens that stand for hidden spans",
                where="model.pretrained",
                mend="family: causal-lm, or a base in the manner of T5",
            )
        return cls(config, objective.fraction, objective.mean_length)

    @classmethod
    def small(cls, family: LanguageFamily, passages: Passages) -> dict[str, Any]:
        return t5_config(
            vocabulary=passages.vocabulary,
            hidden=family.hidden,
            layers=family.layers,
            heads=family.heads,
            dropout=family.dropout or 0.0,
            special=special_ids(passages),
        )

    def around(self, model: Any) -> Seq2SeqNetwork:  # noqa: ANN401 - a class of transformers
        return Seq2SeqNetwork(model)

    def source(
        self,
        features: Passages,
        target: NDArray[np.float64] | None = None,
        *,
        seed: int = 0,
    ) -> Source:
        """A sample is a passage; what is hidden of a document depends on it alone."""
        return self._source(features, seed=seed)

    def taught(
        self,
        passages: Passages,
        family: LanguageFamily,
        *,
        weights: NDArray[np.float64] | None,
        seed: int,
    ) -> Source:
        return self._source(passages, weights=weights, seed=seed)

    def bytes_told(self, answers: NDArray[np.float64], features: Passages) -> NDArray[np.float64]:
        if features.read_ids is not None:
            return features.row_bytes
        ends = features.ends[features.ends > 0] - 1
        sizes = np.diff(features.ends, prepend=0)
        sizes[features.ends > 0] -= features.ids[ends] == features.special.end
        sizes = np.maximum(sizes, 0)
        hidden = tokens_hidden(sizes, self.fraction)
        return bytes_of_share(hidden.astype(np.float64), sizes.astype(np.float64), features)

    def _source(
        self, passages: Passages, *, weights: NDArray[np.float64] | None = None, seed: int
    ) -> Source:
        start = self.config.get("decoder_start_token_id")
        return Seq2SeqSource(
            passages,
            start=passages.special.padding if start is None else start,
            fraction=self.fraction,
            mean_length=self.mean_length,
            weights=weights,
            seed=seed,
        )


def special_ids(passages: Passages) -> dict[str, int | None]:
    """Ids with a meaning of their own, as configs name them."""
    special = passages.special
    start = special.end if special.start is None else special.start
    return {
        "bos_token_id": start,
        "eos_token_id": special.end,
        "pad_token_id": special.padding,
    }


ARCHITECTURES: Mapping[str, type[LanguageArchitecture]] = {
    "causal-lm": CausalArchitecture,
    "masked-lm": MaskedArchitecture,
    "seq2seq-lm": Seq2SeqArchitecture,
}
