"""Texts become token ids: fitted on train rows, or as a pre-trained base learned them.

What becomes of a text that is longer than the network takes is one of four things, chosen by the recipe and
told for every row: cut off, split into pieces whose answers are averaged, left out of what is learned
from, or refused. A text's tokens depend on it alone, so a frame and a single row give the same ids. A text
cut into words keeps track of which token begins which word. Cost: about 20 MB/s of text on one core for
WordPiece, half of that for byte pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.core.durable import read_json, write_json, write_text
from trainwright.core.errors import DataError, RecipeError, TrustError, shorten
from trainwright.core.features import TextNeeds, Tokens
from trainwright.core.pretrained import Base, locate
from trainwright.data.texts.tokenizers import (
    PADDING,
    Frame,
    bare,
    fit_tokenizer,
    frame_of,
    longest_of,
    padding_of,
    tokenizer_of,
)
from trainwright.data.texts.too_long import refuse_long

OverLong = Literal["truncate", "split", "drop", "error"]
_FILE, _TOKENIZER = "preparation.json", "tokenizer.json"
_BLOCK = 1_024  # texts that are encoded at once


@dataclass(frozen=True, slots=True)
class TextPreparation:
    """A tokenizer with what is done about long texts (`core.protocols.Preparation`).

    Attributes:
        column: The text, or the list of words, that it reads.
        tokenizer: Neither cuts nor pads.
        max_length: Tokens a piece, special ones included.
        over_long: What becomes of longer texts.
        padding: The id that fills up a batch.
    """

    column: Column
    tokenizer: Tokenizer
    max_length: int
    over_long: OverLong
    padding: int
    _frame: Frame = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_frame", frame_of(self.tokenizer))

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "text-preparation"

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The one column."""
        return (self.column,)

    @property
    def of_words(self) -> bool:
        """Each word has an answer of its own."""
        return self.column.type is ColumnType.WORDS

    def transform(self, frame: pl.DataFrame) -> Tokens:
        """Token ids of typed rows.

        Raises:
            TooLong: texts are too long, and `over_long` is error; names their rows.
        """
        rows = frame[ROW].to_list() if ROW in frame.columns else range(frame.height)
        return self._tokens(frame[self.column.name].to_list(), rows)

    def transform_rows(self, rows: Sequence[Mapping[str, Any]]) -> Tokens:
        values = [row.get(self.column.name) for row in rows]
        if self.of_words:
            values = [None if words is None else [*map(_sound, words)] for words in values]
        else:
            values = [None if text is None else _sound(text) for text in values]
        return self._tokens(values, range(len(rows)))

    def unseen(self, rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        return [[] for _ in rows]

    def fate(
        self, frame: pl.DataFrame, tokens: Tokens | None = None, *, training: bool = True
    ) -> pl.DataFrame:
        """What became of the rows whose text was too long, for the row ledger.

        Args:
            frame: Rows of a snapshot.
            tokens: Of the same rows, where they are there already.
            training: Rows are learned from; else none is left out.

        Returns:
            Columns row, step, action (truncated, split or dropped) and reason; one line a row concerned.
        """
        tokens = self.transform(frame) if tokens is None else tokens
        lost = np.zeros(tokens.num_rows, np.int64) if tokens.lost is None else tokens.lost
        pieces = np.bincount(tokens.rows, minlength=tokens.num_rows)
        cut = "dropped" if self.over_long == "drop" and training else "truncated"
        concerned = np.flatnonzero((lost > 0) | (pieces > 1))
        limit = f"over the limit of {self.max_length}"
        reasons = [
            f"{lost[row]} tokens are {limit}"
            if lost[row]
            else f"{pieces[row]} pieces: {limit} tokens"
            for row in concerned
        ]
        actions = ["split" if pieces[row] > 1 else cut for row in concerned]
        return pl.DataFrame(
            {
                "row": frame[ROW].gather(concerned),
                "step": pl.Series(["text"] * len(concerned), dtype=pl.String),
                "action": pl.Series(actions, dtype=pl.String),
                "reason": pl.Series(reasons, dtype=pl.String),
            }
        )

    def save(self, folder: Path) -> None:
        document = {
            "column": self.column.to_json(),
            "max_length": self.max_length,
            "over_long": self.over_long,
            "padding": self.padding,
        }
        write_json(folder / _FILE, document)
        write_text(folder / _TOKENIZER, self.tokenizer.to_str())

    @classmethod
    def load(cls, folder: Path) -> TextPreparation:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: a file is missing or is no preparation.
        """
        document = read_json(folder / _FILE)
        try:
            return cls(
                column=Column.from_json(document["column"]),
                tokenizer=bare(Tokenizer.from_str((folder / _TOKENIZER).read_text("utf-8"))),
                max_length=int(document["max_length"]),
                over_long=document["over_long"],
                padding=int(document["padding"]),
            )
        except TrustError:
            raise
        except Exception as error:  # the library raises bare exceptions
            raise TrustError(
                f"not a preparation of ours: {error!r:.120}",
                where=str(folder / _FILE),
                mend="restore the package; the file was changed, or is from another version",
            ) from error

    def _tokens(self, texts: Sequence[Any], rows: Sequence[int]) -> Tokens:
        made = _Made(self.padding)
        room = self.max_length - self._frame.size
        cut = _whole_words if self.of_words else _evenly
        for encoding in self._encodings(texts):
            starts = _word_starts(encoding) if self.of_words else None
            pieces = cut(len(encoding.ids), room, starts)
            kept = pieces if self.over_long == "split" else pieces[:1]
            made.add(encoding.ids, kept, frame=self._frame, starts=starts)
        if self.over_long == "error":
            refuse_long(made.lost, rows, column=self.column.name, max_length=self.max_length)
        return Tokens(
            ids=np.fromiter(chain.from_iterable(made.ids), np.int32),
            ends=np.cumsum([len(piece) for piece in made.ids], dtype=np.int64),
            rows=np.array(made.rows, np.int64),
            num_rows=len(texts),
            vocabulary=self.tokenizer.get_vocab_size(with_added_tokens=True),
            padding=self.padding,
            words=np.fromiter(chain.from_iterable(made.words), np.int32) if self.of_words else None,
            row_words=np.array([len(text or ()) for text in texts], np.int64)
            if self.of_words
            else None,
            lost=np.array(made.lost, np.int64) if any(made.lost) else None,
        )

    def _encodings(self, texts: Sequence[Any]) -> Iterable[Encoding]:
        if self.of_words:
            encode: Callable[..., list[Encoding]] = self.tokenizer.encode_batch
            empty: Any = []
        else:
            encode, empty = self.tokenizer.encode_batch_fast, ""
        for start in range(0, len(texts), _BLOCK):
            block = [empty if text is None else text for text in texts[start : start + _BLOCK]]
            yield from encode(block, is_pretokenized=self.of_words, add_special_tokens=False)


def fit_text_preparation(
    frame: pl.DataFrame, inputs: Sequence[Column], needs: TextNeeds, *, base: Path
) -> TextPreparation:
    """The tokenizer of a pre-trained base, or one fitted on these rows, which must be train rows.

    Args:
        frame: Typed rows; holds at least `inputs`.
        inputs: One column of texts or of words.
        needs: What the model family asks for.
        base: The recipe's folder, where the path of a pre-trained base starts.

    Raises:
        RecipeError: there is not exactly one column of texts, or the base takes no texts so long.
        DataError: no train row has any text.
    """
    column = _the_text(inputs)
    if needs.pretrained is not None:
        found = locate(needs.pretrained, base=base)
        longest = longest_of(found)
        if longest is not None and needs.max_length > longest:
            raise RecipeError(
                f"the pre-trained base {found.name!r} takes {longest} tokens, and max_length is"
                f" {needs.max_length}",
                where="model.max_length",
                mend=f"max_length: {longest}",
            )
        tokenizer = tokenizer_of(found)
        padding = padding_of(found, tokenizer)
        return TextPreparation(column, tokenizer, needs.max_length, needs.over_long, padding)
    of_words = column.type is ColumnType.WORDS
    values = frame[column.name].drop_nulls().to_list()
    texts = list(chain.from_iterable(values)) if of_words else values
    if not any(text.strip() for text in texts):
        raise DataError(
            "no train row has any text, so that no tokenizer can be fitted",
            where=f"column {shorten(column.name)}",
            mend="data: {inputs: {text: COLUMN}} names another column",
        )
    tokenizer = fit_tokenizer(texts, vocabulary=needs.vocabulary, cased=of_words)
    padding = tokenizer.token_to_id(PADDING) or 0
    return TextPreparation(column, tokenizer, needs.max_length, needs.over_long, padding)


def preparation_in_pieces(base: Base, column: Column, *, max_length: int) -> TextPreparation:
    """A base's own tokenizer; longer texts are split, into pieces that the base takes.

    Args:
        base: With a tokenizer.
        column: Of texts, or of words.
        max_length: Tokens of a piece; fewer where the base takes less.

    Raises:
        RecipeError: the base has no tokenizer of ours.
    """
    needs = TextNeeds(
        pretrained=str(base.folder),
        vocabulary=0,
        max_length=min(max_length, longest_of(base) or max_length),
        over_long="split",
    )
    return fit_text_preparation(pl.DataFrame(), [column], needs, base=base.folder)


def _sound(text: str) -> str:
    """A text that UTF-8 can hold: JSON may bring half a surrogate pair, which a frame never does."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def _the_text(inputs: Sequence[Column]) -> Column:
    texts = [c for c in inputs if c.type in (ColumnType.TEXT, ColumnType.WORDS)]
    if len(texts) == 1:
        return texts[0]
    shown = ", ".join(shorten(column.name, 30) for column in texts[:5])
    raise RecipeError(
        f"a network for texts reads one column, and there are {len(texts)} of text"
        + (f": {shown}" if texts else ""),
        where="data.inputs",
        mend="data: {inputs: {text: COLUMN}}",
    )


class _Made:
    """Pieces so far; one without any token, special ones included, gets the filler."""

    def __init__(self, filler: int) -> None:
        self.filler = filler
        self.ids: list[list[int]] = []
        self.words: list[list[int]] = []
        self.rows: list[int] = []
        self.lost: list[int] = []

    def add(
        self,
        ids: list[int],
        pieces: Sequence[tuple[int, int]],
        *,
        frame: Frame,
        starts: Sequence[int] | None,
    ) -> None:
        """The pieces (first, after) of one more text."""
        row = len(self.lost)
        for first, after in pieces:
            self.ids.append([*frame.before, *ids[first:after], *frame.after] or [self.filler])
            self.rows.append(row)
            if starts is not None:
                begun = [-1] * len(self.ids[-1])
                begun[len(frame.before) : len(frame.before) + after - first] = starts[first:after]
                self.words.append(begun)
        self.lost.append(len(ids) - sum(after - first for first, after in pieces))


def _evenly(length: int, room: int, _: Sequence[int] | None) -> list[tuple[int, int]]:
    """Pieces of `room` tokens, the last one shorter; one at least."""
    return [(at, min(at + room, length)) for at in range(0, max(length, 1), room)]


def _whole_words(length: int, room: int, starts: Sequence[int] | None) -> list[tuple[int, int]]:
    """The same, but each begins with a word, unless one is longer than a piece."""
    assert starts is not None
    pieces: list[tuple[int, int]] = []
    first = 0
    while first < length or not pieces:
        after = min(first + room, length)
        if after < length:
            words = [at for at in range(first + 1, after + 1) if starts[at] >= 0]
            after = words[-1] if words else after
        pieces.append((first, after))
        first = after
    return pieces


def _word_starts(encoding: Encoding) -> list[int]:
    """For each token the number of the word that it begins, or -1."""
    found: NDArray[np.int64] = np.array(
        [-1 if word is None else word for word in encoding.word_ids], dtype=np.int64
    )
    begins = np.ones(len(found), dtype=bool)
    begins[1:] = found[1:] != found[:-1]
    starts: list[int] = np.where(begins, found, -1).tolist()
    return starts
