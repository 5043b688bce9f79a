"""What a family asks of the preparation, and what it gets: features of rows, and rows to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from trainwright.core.columns import Target
from trainwright.core.language import LanguageNeeds, Passages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, slots=True)
class Features:
    """What an estimator sees.

    Attributes:
        dense: Shape (rows, features), float64; NaN where missing, category codes as whole numbers.
        names: One name a dense feature.
        categorical: Positions of dense features that are category codes (-1 never occurs; unseen
            is NaN).
        sparse: Text features, shape (rows, terms), or None.
        sparse_names: One name a term.
        row_words: Words of each row, shape (rows,), int64; None where no column holds words.
    """

    dense: NDArray[np.float64]
    names: tuple[str, ...]
    categorical: tuple[int, ...] = ()
    sparse: csr_matrix | None = None
    sparse_names: tuple[str, ...] = ()
    row_words: NDArray[np.int64] | None = None

    @property
    def num_rows(self) -> int:
        """Rows."""
        return int(self.dense.shape[0])


@dataclass(frozen=True, slots=True)
class FeatureNeeds:
    """What a family asks of the preparation.

    Attributes:
        scale: Numbers centred and scaled (median and interquartile range), missing ones imputed
            with an indicator.
        one_hot: Categories as one column each; otherwise as codes.
        text: Text columns as TF-IDF.
    """

    scale: bool = False
    one_hot: bool = False
    text: bool = True


@dataclass(frozen=True, slots=True)
class TextNeeds:
    """What a family of networks for text asks of the preparation.

    Attributes:
        pretrained: Whose tokenizer, as the recipe names it; None: one is fitted on train rows.
        vocabulary: Tokens of a fitted tokenizer, at most.
        max_length: Tokens a text, special ones included.
        over_long: What becomes of longer texts.
    """

    pretrained: str | None = None
    vocabulary: int = 8_000
    max_length: int = 256
    over_long: Literal["truncate", "split", "drop", "error"] = "truncate"


@dataclass(frozen=True, slots=True)
class ImageNeeds:
    """What a family of networks for images asks of the preparation.

    Attributes:
        size: Height and width in pixels; None: the commonest of the train rows, at most 224.
        channels: 1 or 3; None: 1 where every train image is grey.
        pretrained: A base in Hub layout whose own size and channels are taken where none are said.
    """

    size: int | None = None
    channels: int | None = None
    pretrained: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesNeeds:
    """What a family of networks for sequences asks of the preparation: channels scaled by train rows."""


@dataclass(frozen=True, slots=True)
class PromptNeeds:
    """What a family that asks an endpoint asks of the preparation.

    Attributes:
        template: With column names in braces; None: every column on a line of its own.
    """

    template: str | None = None


@dataclass(frozen=True, slots=True)
class Prompts:
    """Rows as texts that a model elsewhere is asked by.

    Attributes:
        texts: One a row.
    """

    texts: tuple[str, ...]

    @property
    def num_rows(self) -> int:
        """Rows."""
        return len(self.texts)


Needs = FeatureNeeds | TextNeeds | ImageNeeds | SeriesNeeds | LanguageNeeds | PromptNeeds


@dataclass(frozen=True, slots=True)
class Tokens:
    """Texts as token ids, one piece after another; a text has one piece unless long ones are split.

    Attributes:
        ids: Token ids of all pieces, shape (tokens,), int32.
        ends: Where each piece ends in `ids`, shape (pieces,), int64.
        rows: The row that each piece belongs to, ascending, shape (pieces,), int64.
        num_rows: Rows.
        words: Number of the word within its row that each token begins, -1 for other and special
            tokens; shape (tokens,), int32; None where words are not labelled.
        row_words: Words of each row, shape (rows,), int64; None where words are not labelled.
        vocabulary: Number of ids.
        padding: The id that fills up a batch.
        lost: Tokens of each row that were cut off, shape (rows,), int64; None where none were.
    """

    ids: NDArray[np.int32]
    ends: NDArray[np.int64]
    rows: NDArray[np.int64]
    num_rows: int
    vocabulary: int
    padding: int
    words: NDArray[np.int32] | None = None
    row_words: NDArray[np.int64] | None = None
    lost: NDArray[np.int64] | None = None


class Images(Protocol):
    """Images that are decoded when they are asked for, in whatever process asks."""

    @property
    def num_rows(self) -> int: ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        ...

    def pixels(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Decoded, turned upright and resized; shape (rows, channels, height, width)."""
        ...


@dataclass(frozen=True, slots=True)
class Series:
    """Series one after another, all channels side by side.

    Attributes:
        values: Scaled by train rows, missing ones filled in; shape (steps, channels), float64.
        ends: Where each series ends in `values`, shape (rows,), int64.
        names: One a channel; a forecast's own channel is the first.
        centre: What was taken off each channel, shape (channels,).
        scale: What each channel was divided by, shape (channels,).
    """

    values: NDArray[np.float64]
    ends: NDArray[np.int64]
    names: tuple[str, ...]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]

    @property
    def num_rows(self) -> int:
        """Rows."""
        return len(self.ends)


AnyFeatures = Features | Tokens | Images | Series | Passages | Prompts


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows ready to learn from.

    Attributes:
        features: What `Preparation.transform` gives.
        target: Class codes as float64 whole numbers, or values; shape (rows,); of forecasting
            (rows, horizon); of several labels (rows, labels), 1 or 0; of token classification (words,),
            row after row; of language the bytes that each row tells.
        further: Further targets of the same rows that a network may learn beside it.
        teacher: What a teacher says of the rows: probabilities, shape (rows, classes); or None.
        weights: How much each row counts in the loss, above 0, shape (rows,); None: all alike. A row
            of weight 2 teaches as two equal rows would. Only rows to learn from have any: what
            stops or judges a fit is never weighted.
    """

    features: Any  # of AnyFeatures: each family gets what it asked for
    target: NDArray[np.float64]
    further: tuple[tuple[Target, NDArray[np.float64]], ...] = ()
    teacher: NDArray[np.float64] | None = None
    weights: NDArray[np.float64] | None = None
