"""The classical language model: n-grams of bytes or of tokens, smoothed by Kneser and Ney's method.

No network and no loop: one count of the text. What a neural model spends in bits per byte means
something beside it. A byte model of order 5 or 6 is the usual reference, since no tokenizer has a part in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from trainwright.core.clock import Pacer
from trainwright.core.columns import Target
from trainwright.core.durable import read_json, write_bytes, write_json
from trainwright.core.errors import DataError, RecipeError, TrustError
from trainwright.core.extras import require
from trainwright.core.features import Examples
from trainwright.core.language import LanguageNeeds, Passages
from trainwright.core.parts import families
from trainwright.core.protocols import Fit, Workplace
from trainwright.core.seeds import derive_seed
from trainwright.models.language.counted import Counting, curve_of
from trainwright.models.language.kneser_ney import MARK, Table, distribution, learn, probabilities
from trainwright.recipe.sections import TrainingSettings

_FILE, _TABLES = "estimator.json", "tables.safetensors"
_WHOLE = 1 << 30  # passages are not cut: a count needs no window
_BLOCK = 1 << 20  # tokens that are judged at once


@dataclass(frozen=True, slots=True)
class NgramEstimator:
    """Tables of n-grams.

    Attributes:
        tables: Of the orders from 0 on.
        vocabulary: Number of ids.
    """

    tables: tuple[Table, ...]
    vocabulary: int

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "ngram"

    @property
    def order(self) -> int:
        """Tokens of the longest n-grams."""
        return len(self.tables) - 1

    def predict(self, features: Passages) -> NDArray[np.float64]:
        """Nats, tokens and bytes of what each row tells; shape (rows, 3)."""
        _check(features, self.vocabulary)
        nats, tokens = np.zeros(features.num_rows), np.zeros(features.num_rows)
        for part in _blocks(features.ends):
            symbols, taught, owner = _marked(features, part)
            likely = probabilities(self.tables, symbols, vocabulary=self.vocabulary)
            rows = features.rows[part][owner[taught]]
            nats += np.bincount(rows, -np.log(likely[taught]), minlength=features.num_rows)
            tokens += np.bincount(rows, minlength=features.num_rows)
        return np.stack([nats, tokens, features.row_bytes], axis=1)

    def next_token(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """How likely each id is to come after a passage's ids so far; shape (vocabulary,)."""
        return distribution(self.tables, ids, vocabulary=self.vocabulary)

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save

        arrays = {
            f"{name}.{order}": getattr(table, name)
            for order, table in enumerate(self.tables)
            for name in ("keys", "told", "passed")
        }
        write_bytes(folder / _TABLES, save(arrays))
        write_json(folder / _FILE, {"order": self.order, "vocabulary": self.vocabulary})

    @classmethod
    def load(cls, folder: Path) -> NgramEstimator:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: the files are no such estimator.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        document = read_json(folder / _FILE)
        try:
            arrays = load_file(folder / _TABLES)
            tables = tuple(
                Table(*(arrays[f"{name}.{n}"] for name in ("keys", "told", "passed")))
                for n in range(document["order"] + 1)
            )
            return cls(tables, int(document["vocabulary"]))
        except (KeyError, TypeError, ValueError, SafetensorError) as error:
            raise TrustError(
                f"not an estimator of ours: {error!r:.120}", where=str(folder / _TABLES)
            ) from error


@families.register
class Ngram(Counting):
    """Interpolated modified Kneser-Ney."""

    family: Literal["ngram"] = "ngram"
    """n-grams, the classical language model."""
    order: int = Field(default=5, ge=1, le=16)
    """Tokens of the longest n-grams: a token is told from the `order` - 1 before it."""
    unit: Literal["bytes", "tokens"] = "bytes"
    """What a token is: a byte of UTF-8, or a token of a tokenizer fitted on train rows."""
    vocabulary: int = Field(default=8_000, ge=260, le=300_000)
    """Of `unit: tokens`: tokens of the tokenizer."""
    max_tokens: int = Field(default=30_000_000, ge=1)
    """Tokens that are counted; of more, passages drawn by the seed. Memory is 13 bytes a token while
    counting, and 44 for each distinct n-gram."""

    @model_validator(mode="after")
    def _fits(self) -> Ngram:
        if (
            self.unit == "bytes"
            and self.vocabulary != type(self).model_fields["vocabulary"].default
        ):
            raise ValueError("a byte needs no vocabulary | mend: remove it, or unit: tokens")
        return self

    @property
    def needs(self) -> LanguageNeeds:
        """Whole documents: nothing is cut."""
        return LanguageNeeds(
            form="bytes" if self.unit == "bytes" else "causal",
            vocabulary=self.vocabulary,
            max_length=_WHOLE,
        )

    @property
    def cost(self) -> int:
        """A few searches a token."""
        return 2

    def fit(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        pacer: Pacer,
        workplace: Workplace,
    ) -> Fit:
        """Count; where time runs out, the order that is reached is the highest.

        The curve tells nats a token.
        """
        require("networks", what="family 'ngram'")
        if train.weights is not None:
            raise RecipeError(
                "family 'ngram' counts every row once: it cannot weigh rows",
                where="model.family",
                mend="model: {family: causal-lm}, or no weights",
            )
        told: Passages = train.features
        _check(told, told.vocabulary)
        chosen = _chosen(told.ends, self.max_tokens, seed=derive_seed(seed, "ngram"))
        symbols, taught, _ = _marked(told, chosen)
        tables = learn(
            symbols,
            taught,
            vocabulary=told.vocabulary,
            order=self.order,
            go_on=lambda order: pacer.go_on("ngram-order", order),
        )
        estimator = NgramEstimator(tables, told.vocabulary)
        num_tokens, counted = len(told.ids), len(symbols) - len(chosen)
        drawn = "" if counted == num_tokens else f"{counted:,} of {num_tokens:,} tokens counted"
        return Fit(
            estimator,
            iterations=estimator.order,
            stopped="limit" if estimator.order == self.order else "budget",
            curve=curve_of(estimator, train, validation),
            best=drawn,
        )


def _check(told: Passages, vocabulary: int) -> None:
    if len(told.ids) and not 0 <= int(told.ids.min()) <= int(told.ids.max()) < vocabulary:
        raise DataError(
            f"token ids reach from {told.ids.min()} to {told.ids.max()}; there are {vocabulary}",
            where="passages",
            mend="prepare the texts with the preparation that belongs to the model",
        )


def _chosen(ends: NDArray[np.int64], max_tokens: int, *, seed: int) -> NDArray[np.int64]:
    """Passages that are counted, in order: all, or drawn ones of at most `max_tokens`, but one at least."""
    if not len(ends) or ends[-1] <= max_tokens:
        return np.arange(len(ends))
    drawn = np.random.default_rng(seed).permutation(len(ends))
    held = np.cumsum(np.diff(ends, prepend=0)[drawn])
    return np.sort(drawn[: max(1, int((held <= max_tokens).sum()))])


def _marked(
    told: Passages, chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.int64]]:
    """Symbols of these passages, a mark before each; which are taught; the passage of each position."""
    sizes = np.diff(told.ends, prepend=0)[chosen]
    owner = np.repeat(np.arange(len(chosen)), sizes + 1)
    firsts = np.cumsum(sizes + 1) - (sizes + 1)
    is_token = np.ones(len(owner), dtype=bool)
    is_token[firsts] = False
    begins = told.ends[chosen] - sizes
    source = np.arange(len(owner))[is_token] - np.repeat(firsts + 1 - begins, sizes)
    symbols = np.full(len(owner), MARK, np.int32)
    symbols[is_token] = told.ids[source] + 1
    taught = np.zeros(len(owner), dtype=bool)
    taught[is_token] = told.taught[source]
    return symbols, taught, owner


def _blocks(ends: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Passages one after another, of about a million tokens together; a longer one alone."""
    block = (ends - 1) // _BLOCK
    yield from np.split(np.arange(len(ends)), np.flatnonzero(np.diff(block)) + 1)
