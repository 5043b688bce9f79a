"""An architecture: the JSON values from which a network is built again, and how it reads and answers.

The same `source` makes batches in training, in `predict` and in the server, so that what a network is
trained on and what it is asked cannot differ. Kinds are found by name, and only the room asked for is
imported.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

from trainwright.core.errors import TrustError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from trainwright.training.protocols import Source, Tensors

# Kind -> "module:class".
ARCHITECTURES = {
    "mlp": "trainwright.models.tables.networks.mlp:MLPArchitecture",
    "tabm": "trainwright.models.tables.networks.tabm:TabMArchitecture",
    "text-encoder": "trainwright.models.text.architecture:TextEncoderArchitecture",
    "cnn": "trainwright.models.images.architecture:ImageArchitecture",
    "vit": "trainwright.models.images.architecture:ImageArchitecture",
    "lstm": "trainwright.models.sequences.recurrent:RecurrentArchitecture",
    "gru": "trainwright.models.sequences.recurrent:RecurrentArchitecture",
    "tcn": "trainwright.models.sequences.convolutional:TCNArchitecture",
    "series-transformer": "trainwright.models.sequences.transformer:SeriesTransformerArchitecture",
    "causal-lm": "trainwright.models.language.architecture:CausalArchitecture",
    "masked-lm": "trainwright.models.language.architecture:MaskedArchitecture",
    "seq2seq-lm": "trainwright.models.language.architecture:Seq2SeqArchitecture",
}


class Architecture(ABC):
    """Base of the architectures; subclasses are frozen dataclasses of JSON values.

    Attributes:
        inputs: Names of the batch's tensors that the module is called with, in this order.
        rows_at_once: Rows of a batch when predicting.
    """

    inputs: ClassVar[tuple[str, ...]] = ("inputs",)
    rows_at_once: ClassVar[int] = 256

    @property
    @abstractmethod
    def kind(self) -> str:
        """Its name in `ARCHITECTURES`."""

    @property
    def generates(self) -> bool:
        """True for a language model that writes texts."""
        return False

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Everything `from_json` needs, without the kind."""

    @classmethod
    @abstractmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Inverse of `to_json`."""

    @abstractmethod
    def build(self) -> nn.Module:
        """The module, its weights drawn from torch's generator (the caller seeds it)."""

    @abstractmethod
    def source(
        self,
        features: Any,  # noqa: ANN401 - of AnyFeatures
        target: NDArray[np.float64] | None = None,
        *,
        seed: int = 0,
    ) -> Source:
        """Samples as batches of the tensors `inputs`, with "target" where it is given.

        Augmentation, where the architecture has any, is drawn from (seed, epoch, index) in training.
        """

    @abstractmethod
    def answer(self, outputs: Tensor, batch: Tensors) -> NDArray[np.float64]:
        """What the module's outputs say: probabilities (rows, classes), or values (rows,) or (rows, horizon).

        In the target's own units. Of token classification (words, classes), row after row.
        """

    def combine(
        self,
        answers: NDArray[np.float64],
        features: Any,  # noqa: ANN401 - of AnyFeatures
    ) -> NDArray[np.float64]:
        """Answers of samples as answers of rows, where a row can be several samples."""
        return answers


def load_architecture(document: Mapping[str, Any]) -> Architecture:
    """The architecture that `{"kind": ..., **to_json()}` tells of.

    Raises:
        TrustError: no such kind, or its values do not fit.
    """
    kind = document.get("kind")
    if kind not in ARCHITECTURES:
        raise TrustError(f"no architecture is of kind {kind!r}", where="estimator.json")
    module, name = ARCHITECTURES[kind].split(":")
    values = {key: value for key, value in document.items() if key != "kind"}
    try:
        found: Architecture = getattr(import_module(module), name).from_json(values)
    except (KeyError, TypeError, ValueError) as error:
        raise TrustError(
            f"the architecture's values do not fit: {error!r:.120}", where="estimator.json"
        ) from error
    return found
