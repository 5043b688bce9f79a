"""Vectors of texts for stage 1, which knows no models (`core.protocols.Embedder`).

The tokenizer is the base's own. A text that is longer than the encoder was made for is split, and all its
pieces have a say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import canonical_json, sha256_bytes
from trainwright.core.errors import EnvironmentFault, RecipeError
from trainwright.core.extras import require
from trainwright.core.pretrained import Base, locate

_TOKENS = 256  # what sentence encoders are made for; shorter where the base takes less
_TEXT = Column("text", ColumnType.TEXT)
_WHERE = "data.near_duplicates.pretrained"


@dataclass(frozen=True, slots=True)
class TextEmbedder:
    """Encoders by their names.

    Attributes:
        base: The recipe's folder, where the path of an encoder starts.
    """

    base: Path

    def hash(self, pretrained: str) -> str:
        return sha256_bytes(canonical_json(self._found(pretrained).origin))

    def vectors(
        self, texts: Iterable[pl.Series], *, pretrained: str
    ) -> Iterator[NDArray[np.float32]]:
        """As `core.protocols.Embedder`.

        Raises:
            RecipeError: the name means nothing, or the folder holds no encoder of texts.
            EnvironmentFault: networks are not installed, or the base is not there.
        """
        require("networks", what="comparing texts by meaning")
        from trainwright.data.texts.preparation import preparation_in_pieces
        from trainwright.models.text.vectors import TextVectors

        found = self._found(pretrained)
        try:
            preparation = preparation_in_pieces(found, _TEXT, max_length=_TOKENS)
            encoder = TextVectors(found)
        except RecipeError as error:
            raise RecipeError(error.what, where=_WHERE, mend=error.mend) from error
        for block in texts:
            plain = block.fill_null("").alias(_TEXT.name)
            vectors = encoder.of(preparation.transform(plain.to_frame()))
            vectors[(plain.str.strip_chars() == "").to_numpy()] = 0
            yield vectors

    def _found(self, pretrained: str) -> Base:
        try:
            return locate(pretrained, base=self.base)
        except (RecipeError, EnvironmentFault) as error:
            raise type(error)(error.what, where=_WHERE, mend=error.mend) from error
