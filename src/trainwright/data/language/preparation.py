"""Rows of language become token ids, with what of them a model must tell.

A document is told whole; of a pair the answer; of a conversation the assistant's turns. Each ends with a
token that is told as well, so that a model learns to stop. A row's tokens depend on it alone, and a
prompt for generation is what stands before the answer in training, token for token. What is cut off is
counted. Cost: see docs/benchmarks/language.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
from tokenizers import Tokenizer

from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.core.durable import canonical_json, read_json, write_json, write_text
from trainwright.core.errors import DataError, TrustError
from trainwright.core.language import (
    Message,
    Opening,
    Passages,
    Prompt,
    PromptTokens,
    SpecialTokens,
)
from trainwright.data.language.collecting import Collected, Memory, Store
from trainwright.data.language.encoding import (
    BLANKS,
    Alphabet,
    Bytes,
    Pairs,
    framing_of_documents,
)
from trainwright.data.language.fate import fate_of
from trainwright.data.language.pieces import OverLong
from trainwright.data.language.readers import Conversations, Documents, PairsOfTexts, Reader, Row
from trainwright.data.language.shards import FORMAT, LEAST_BYTES, kept_passages
from trainwright.data.language.templates import ChatTemplate
from trainwright.data.texts.tokenizers import bare
from trainwright.data.texts.too_long import refuse_long

Form = Literal["causal", "masked", "span", "bytes"]
_FILE, _TOKENIZER = "preparation.json", "tokenizer.json"
_LIMIT_TOKENIZER = 512 << 20
_BLOCK_ROWS, _BLOCK_CHARACTERS = 2_048, 4 << 20


@dataclass(frozen=True, slots=True)
class LanguagePreparation:
    """A tokenizer, a template, and what is done about long rows (`core.protocols.Preparation`).

    Attributes:
        column: What is read: a text, or a conversation.
        told: The answers to it; None where the column tells itself.
        form: How a row becomes token ids.
        alphabet: Texts to ids.
        special: Ids with a meaning of their own; `end` ends what is told.
        max_length: Tokens a passage.
        over_long: What becomes of longer rows.
        template: Of conversations, and of pairs that are told in one run.
        shards: Where token ids of a large corpus are kept; None: in memory.
    """

    column: Column
    told: Column | None
    form: Form
    alphabet: Alphabet
    special: SpecialTokens
    max_length: int
    over_long: OverLong
    template: ChatTemplate | None = None
    shards: Path | None = field(default=None, compare=False)
    _reader: Reader = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reader", self._make_reader())

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "language-preparation"

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The one column."""
        return (self.column,)

    @property
    def vocabulary(self) -> int:
        """Token ids are below it."""
        return self.alphabet.vocabulary

    def transform(self, frame: pl.DataFrame) -> Passages:
        """Passages of typed rows; where the told column is missing a row tells its own text.

        Raises:
            TooLong: rows are too long, and `over_long` is error; names them.
            DataError: the template refuses a conversation; names its row.
        """
        names = frame[ROW].to_numpy() if ROW in frame.columns else np.arange(frame.height)
        if self.shards is None or self._bytes_of(frame) < LEAST_BYTES:
            return self._passages(self._rows(frame), frame.height, names, Memory())
        return kept_passages(
            self.shards,
            self._key(frame),
            lambda store: self._passages(self._rows(frame), frame.height, names, store),
        )

    def transform_rows(self, rows: Sequence[Mapping[str, Any]]) -> Passages:
        told = self.told.name if self.told else ""
        values = (Row(_sound(row.get(self.column.name)), _sound(row.get(told))) for row in rows)
        return self._passages(values, len(rows), np.arange(len(rows)), Memory())

    def unseen(self, rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        return [[] for _ in rows]

    def prompt_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """What a model is given before it goes on: the beginning of a document, a text, or a conversation.

        Raises:
            DataError: it is empty, or not of the kind that the model has learnt.
        """
        if isinstance(prompt, PromptTokens):
            return self._checked(prompt.ids)
        if isinstance(prompt, str):
            ids = self._reader.prompt(_sound(prompt) or "")
        elif isinstance(self._reader, Conversations):
            ids = self._reader.prompt_of(
                [Message(one.role, _sound(one.content) or "") for one in prompt]
            )
        elif isinstance(self._reader, PairsOfTexts) and len(prompt) == 1:
            ids = self._reader.prompt(_sound(prompt[0].content) or "")
        else:
            raise DataError(
                "a conversation, and this model has learnt none",
                mend="send one text; or train with task: instruction-tuning",
            )
        return tuple(int(token) for token in ids)

    def opening(self, prompt: Prompt) -> Opening:
        """The same with what is known of its end: a document's last blanks are told with what follows.

        Raises:
            DataError: as `prompt_ids`.
        """
        if not isinstance(prompt, str) or not isinstance(self._reader, Documents):
            return Opening(self.prompt_ids(prompt))
        framing = int(self.form in ("causal", "bytes"))
        bare = prompt.rstrip(BLANKS) if self.form == "causal" and self.blanks() else prompt
        return Opening(self.prompt_ids(bare), prompt[len(bare) :], framing)

    def blanks(self) -> Mapping[int, str]:
        """Tokens that begin with a blank, with their texts: what a prompt's last blanks are told by."""
        return self.alphabet.blanks()

    def piece(self, token: int) -> str:
        """A token by itself: its text, or as the tokenizer writes what is no whole character."""
        return self.alphabet.piece(token)

    def _checked(self, ids: tuple[int, ...]) -> tuple[int, ...]:
        """Ids of somebody else's.

        Raises:
            DataError: one is none of the tokenizer's.
        """
        wrong = next((token for token in ids if not 0 <= token < self.vocabulary), None)
        if wrong is not None:
            raise DataError(
                f"there is no token {wrong}: the tokenizer has {self.vocabulary}",
                where="prompt",
                mend="send ids of this model's own tokenizer, or a text",
            )
        return ids

    def of_documents(self) -> LanguagePreparation:
        """The same tokens for documents, in a column `text`, cut into passages where they are long."""
        special = self.special
        if isinstance(self.alphabet, Pairs):
            special = framing_of_documents(special, self.alphabet)
        return LanguagePreparation(
            column=Column("text", ColumnType.TEXT),
            told=None,
            form=self.form,
            alphabet=self.alphabet,
            special=special,
            max_length=self.max_length,
            over_long="split",
        )

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, without special tokens."""
        return self.alphabet.decode(ids)

    def fate(
        self, frame: pl.DataFrame, passages: Passages | None = None, *, training: bool = True
    ) -> pl.DataFrame:
        """What became of the rows that are too long, or tell nothing, for the row ledger.

        Args:
            frame: Rows of a snapshot.
            passages: Of the same rows, where they are there already.
            training: Rows are learned from; else none is left out.

        Returns:
            Columns row, step, action (truncated, split or dropped) and reason; one line a row concerned.
        """
        found = self.transform(frame) if passages is None else passages
        return fate_of(
            found,
            frame[ROW],
            over_long=self.over_long,
            max_length=self.max_length,
            training=training,
        )

    def save(self, folder: Path) -> None:
        write_json(folder / _FILE, self._document())
        if isinstance(self.alphabet, Pairs):
            write_text(folder / _TOKENIZER, self.alphabet.tokenizer.to_str())

    def _document(self) -> dict[str, Any]:
        template = self.template
        return {
            "column": self.column.to_json(),
            "told": self.told.to_json() if self.told else None,
            "form": self.form,
            "special": self.special.to_json(),
            "max_length": self.max_length,
            "over_long": self.over_long,
            "template": template.source if template else None,
            "markup": {
                "name": template.name,
                "tokens": dict(template.tokens),
                "specials": list(template.specials),
                "end": template.end,
            }
            if template
            else None,
        }

    @classmethod
    def load(cls, folder: Path) -> LanguagePreparation:
        """From a folder whose hashes the caller has verified.

        Raises:
            TrustError: a file is missing, is no preparation, or names ids that the tokenizer has not.
        """
        document = read_json(folder / _FILE)
        try:
            found = cls(
                column=Column.from_json(document["column"]),
                told=Column.from_json(document["told"]) if document["told"] else None,
                form=document["form"],
                alphabet=Bytes() if document["form"] == "bytes" else _load_pairs(folder),
                special=SpecialTokens.from_json(document["special"]),
                max_length=int(document["max_length"]),
                over_long=document["over_long"],
                template=_load_template(document),
            )
        except TrustError:
            raise
        except Exception as error:  # the libraries raise bare exceptions
            raise TrustError(
                f"not a preparation of ours: {error!r:.120}",
                where=str(folder / _FILE),
                mend="restore the package; the file was changed, or is from another version",
            ) from error
        special = found.special
        ids = [special.padding, special.end, special.start, special.mask, *special.sentinels]
        if not all(one is None or 0 <= one < found.vocabulary for one in ids):
            raise TrustError(
                f"a special token is beyond the {found.vocabulary} tokens of the tokenizer",
                where=str(folder / _FILE),
                mend="restore the package; the file was changed",
            )
        return found

    def _make_reader(self) -> Reader:
        shape = (self.alphabet, self.special, self.max_length, self.over_long)
        if self.column.type is ColumnType.MESSAGES:
            assert self.template is not None
            return Conversations(*shape, self.template, is_span=self.form == "span")
        if self.told is not None:
            return PairsOfTexts(*shape, self.template, is_span=self.form == "span")
        return Documents(*shape, "causal" if self.form == "bytes" else self.form)

    def _rows(self, frame: pl.DataFrame) -> Iterator[Row]:
        texts = frame[self.column.name]
        known = self.told is not None and self.told.name in frame.columns
        answers = frame[self.told.name] if self.told is not None and known else None
        for start in range(0, frame.height, _BLOCK_ROWS):  # a frame is not copied whole
            block = texts.slice(start, _BLOCK_ROWS).to_list()
            told = answers.slice(start, _BLOCK_ROWS).to_list() if answers is not None else None
            for at, text in enumerate(block):
                yield Row(text, told[at] if told is not None else None)

    def _passages(
        self,
        rows: Iterable[Row],
        num_rows: int,
        names: Any,  # noqa: ANN401 - an array
        store: Store,
    ) -> Passages:
        collected = Collected(num_rows, store, has_read=self._reader.is_span)
        for block in _blocks(rows):
            collected.add(self._reader.read(block))
        if self.over_long == "error":
            refuse_long(collected.lost, names, column=self.column.name, max_length=self.max_length)
        return collected.passages(vocabulary=self.vocabulary, special=self.special)

    def _columns(self, frame: pl.DataFrame) -> list[str]:
        names = [self.column.name, *([self.told.name] if self.told else [])]
        return [name for name in dict.fromkeys(names) if name in frame.columns]

    def _bytes_of(self, frame: pl.DataFrame) -> int:
        return sum(int(frame[name].str.len_bytes().sum()) for name in self._columns(frame))

    def _key(self, frame: pl.DataFrame) -> str:
        """SHA-256 of all that the passages are made from."""
        digest = hashlib.sha256(canonical_json([FORMAT, self._document(), self._columns(frame)]))
        if isinstance(self.alphabet, Pairs):
            digest.update(self.alphabet.tokenizer.to_str().encode())
        for name in self._columns(frame):
            for text in frame[name]:
                data = b"" if text is None else text.encode()
                digest.update(f"{-1 if text is None else len(data)}:".encode())
                digest.update(data)
        return digest.hexdigest()


def _load_pairs(folder: Path) -> Pairs:
    file = folder / _TOKENIZER
    if file.stat().st_size > _LIMIT_TOKENIZER:
        raise TrustError("a tokenizer of more than 512 MB", where=str(file))
    return Pairs(bare(Tokenizer.from_str(file.read_text("utf-8"))))


def _load_template(document: Mapping[str, Any]) -> ChatTemplate | None:
    if document["template"] is None:
        return None
    markup = document["markup"]
    return ChatTemplate(
        markup["name"],
        document["template"],
        markup["tokens"],
        tuple(markup["specials"]),
        markup["end"],
    )


def _blocks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    block: list[Row] = []
    held = 0
    for row in rows:
        block.append(row)
        held += len(row.text or "") + len(row.answer or "")
        if len(block) == _BLOCK_ROWS or held > _BLOCK_CHARACTERS:
            yield block
            block, held = [], 0
    if block:
        yield block


def _sound(text: Any) -> str | None:  # noqa: ANN401 - a JSON value
    """A text that UTF-8 can hold: JSON may bring half a surrogate pair, which a frame never does."""
    if text is None:
        return None
    try:
        text.encode()
    except UnicodeEncodeError:
        return str(text.encode(errors="replace").decode())
    return str(text)
