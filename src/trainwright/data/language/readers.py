"""How a row is read: a document, a text with its answer, or a conversation.

Each reader turns a block of rows into passages, and a prompt into the ids that stand before an answer. A
text that is answered in one run with its answer has at most three quarters of the length, in training and
in generation alike, so that a long one never leaves its answer without room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from trainwright.core.errors import DataError
from trainwright.core.language import Message, SpecialTokens
from trainwright.data.language.conversations import from_text
from trainwright.data.language.encoding import Alphabet, Pairs
from trainwright.data.language.pieces import (
    Cut,
    Ids,
    OverLong,
    Piece,
    causal_document,
    causal_runs,
    framed,
    joined,
    masked_document,
    span_answer,
    span_document,
)
from trainwright.data.language.templates import ChatTemplate, Run
from trainwright.data.texts.tokenizers import Frame, frame_of


@dataclass(frozen=True, slots=True)
class Row:
    """What is read of a row; the answer where one is known."""

    text: str | None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A row's passages.

    Attributes:
        cut: They, and what is in none.
        num_bytes: UTF-8 bytes of what they tell.
    """

    cut: Cut
    num_bytes: int


class Reader(Protocol):
    """Rows to passages."""

    @property
    def is_span(self) -> bool:
        """An encoder reads something of its own."""
        ...

    def read(self, rows: Sequence[Row]) -> list[Told]:
        """A block of rows."""
        ...

    def prompt(self, text: str) -> Ids:
        """What a model is given before it goes on."""
        ...


@dataclass(frozen=True, slots=True)
class Documents:
    """A text that is told whole."""

    alphabet: Alphabet
    special: SpecialTokens
    max_length: int
    over_long: OverLong
    form: Literal["causal", "masked", "span"]
    _frame: Frame = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = frame_of(self.alphabet.tokenizer) if isinstance(self.alphabet, Pairs) else None
        object.__setattr__(self, "_frame", found or Frame((), ()))

    @property
    def is_span(self) -> bool:
        return False  # what is hidden is drawn when it is learnt from

    def read(self, rows: Sequence[Row]) -> list[Told]:
        texts = [row.text or "" for row in rows]
        cuts = [self._cut(ids) for ids in self.alphabet.encode(texts)]
        return [
            Told(cut, _bytes(text if not cut.lost else self.alphabet.beginning(text, cut.kept)))
            for text, cut in zip(texts, cuts, strict=True)
        ]

    def prompt(self, text: str) -> Ids:
        (ids,) = self.alphabet.encode([text])
        if self.form == "causal":
            return framed(ids, before=(self._start,))
        return ids

    @property
    def _start(self) -> int:
        return self.special.end if self.special.start is None else self.special.start

    def _cut(self, ids: Ids) -> Cut:
        length, over_long = self.max_length, self.over_long
        if self.form == "causal":
            end = self.special.end
            return causal_document(
                ids, start=self._start, end=end, length=length, over_long=over_long
            )
        if self.form == "masked":
            return masked_document(
                ids,
                before=self._frame.before,
                after=self._frame.after,
                length=length,
                over_long=over_long,
            )
        return span_document(ids, end=self.special.end, length=length, over_long=over_long)


@dataclass(frozen=True, slots=True)
class Conversations:
    """Turns, of which the assistant's are told."""

    alphabet: Alphabet
    special: SpecialTokens
    max_length: int
    over_long: OverLong
    template: ChatTemplate
    is_span: bool = False

    def read(self, rows: Sequence[Row]) -> list[Told]:
        runs = [self._runs(from_text(row.text)) for row in rows]
        ids = encode_runs(self.alphabet, runs)
        tell = self._span if self.is_span else self._causal
        return [tell(one, found) for one, found in zip(runs, ids, strict=True)]

    def prompt(self, text: str) -> Ids:
        return self.prompt_of([Message("user", text)])

    def prompt_of(self, messages: Sequence[Message]) -> Ids:
        """A conversation up to where the assistant's next turn begins."""
        if not messages:
            raise DataError(
                "the conversation is empty",
                mend='send at least one message: {"role": "user", "content": "..."}',
            )
        (ids,) = encode_runs(self.alphabet, [self.template.prompt(messages)])
        found = joined(ids)
        if not self.is_span:
            return found
        return framed(found[-(self.max_length - 1) :], after=(self.special.end,))  # the newest

    def _runs(self, messages: Sequence[Message]) -> list[Run]:
        if any(one.role == "assistant" for one in messages):
            return self.template.runs(messages)
        return self.template.prompt(messages) if messages else []

    def _causal(self, runs: Sequence[Run], ids: Sequence[Ids]) -> Told:
        cut = causal_runs(ids, [run.taught for run in runs], length=self.max_length)
        return Told(cut, self._told_bytes(runs, ids, cut.kept))

    def _span(self, runs: Sequence[Run], ids: Sequence[Ids]) -> Told:
        """Each answer is a passage; what stands before it is read, its newest tokens where it is long."""
        pieces: list[Piece] = []
        lost = num_bytes = 0
        for first, after in _answers(runs):
            read, answer = joined(ids[:first]), joined(ids[first:after])
            room = self.max_length - 1
            cut = span_answer(
                read[-room:], answer[:-1], end=self.special.end, length=self.max_length
            )
            lost += cut.lost + max(len(read) - room, 0)
            pieces += cut.pieces
            num_bytes += self._told_bytes(runs[first:after], ids[first:after], cut.kept)
        if not pieces:
            nothing = np.empty(0, np.int32)
            return Told(span_answer(joined(ids), nothing, end=self.special.end, length=1), 0)
        return Told(Cut(pieces, lost, 0), num_bytes)

    def _told_bytes(self, runs: Sequence[Run], ids: Sequence[Ids], kept: int) -> int:
        """Bytes of the taught runs that are among the first `kept` tokens, without what ends them."""
        total = 0
        for run, found in zip(runs, ids, strict=True):
            if run.taught and kept > 0:
                text = run.text.removesuffix(self.template.end) if run.markup else run.text
                whole = len(found) <= kept
                total += _bytes(text if whole else self.alphabet.beginning(text, kept))
            kept -= len(found)
        return total


@dataclass(frozen=True, slots=True)
class PairsOfTexts:
    """A text and its answer: in one run by a template, or read by an encoder and told by a decoder."""

    alphabet: Alphabet
    special: SpecialTokens
    max_length: int
    over_long: OverLong
    template: ChatTemplate | None
    is_span: bool = False

    def read(self, rows: Sequence[Row]) -> list[Told]:
        texts = [row.text or "" for row in rows]
        answers = [
            text if row.answer is None else row.answer
            for text, row in zip(texts, rows, strict=True)
        ]
        return self._span(texts, answers) if self.is_span else self._causal(texts, answers)

    def prompt(self, text: str) -> Ids:
        if self.is_span:
            (ids,) = self.alphabet.encode([text])
            return framed(ids[: self.max_length - 1], after=(self.special.end,))
        runs, _, _ = self._prompts([text])[0]
        return joined(runs)

    def _span(self, texts: Sequence[str], answers: Sequence[str]) -> list[Told]:
        found = self.alphabet.encode([*texts, *answers])
        told = []
        for read, answer, text in zip(
            found[: len(texts)], found[len(texts) :], answers, strict=True
        ):
            cut = span_answer(read, answer, end=self.special.end, length=self.max_length)
            whole = cut.kept == len(answer)
            told.append(Told(cut, _bytes(text if whole else self._beginning(text, cut.kept))))
        return told

    def _causal(self, texts: Sequence[str], answers: Sequence[str]) -> list[Told]:
        assert self.template is not None
        prompts = self._prompts(texts)
        runs = [
            self._answer(kept, answer)
            for (_, kept, _), answer in zip(prompts, answers, strict=True)
        ]
        ids = encode_runs(self.alphabet, runs)
        chat = Conversations(
            self.alphabet, self.special, self.max_length, self.over_long, self.template
        )
        told = []
        for one, found, (_, _, lost) in zip(runs, ids, prompts, strict=True):
            made = chat._causal(one, found)
            cut = Cut(made.cut.pieces, made.cut.lost + lost, made.cut.kept)
            told.append(Told(cut, made.num_bytes))
        return told

    def _answer(self, text: str, answer: str) -> list[Run]:
        assert self.template is not None
        return self.template.runs([Message("user", text), Message("assistant", answer)])

    def _prompts(self, texts: Sequence[str]) -> list[tuple[list[Ids], str, int]]:
        """For each text the ids of its prompt, as much of it as there is room for, and the tokens lost."""
        assert self.template is not None
        room = self.max_length * 3 // 4
        runs = [self.template.prompt([Message("user", text)]) for text in texts]
        found = []
        for text, ids in zip(texts, encode_runs(self.alphabet, runs), strict=True):
            size = sum(map(len, ids))
            if size <= room:
                found.append((ids, text, 0))
                continue
            (bare,) = self.alphabet.encode([text])
            keep = max(len(bare) - (size - room), 0)
            kept = self._beginning(text, keep)
            again = [self.template.prompt([Message("user", kept)])]
            found.append((encode_runs(self.alphabet, again)[0], kept, len(bare) - keep))
        return found

    def _beginning(self, text: str, tokens: int) -> str:
        return self.alphabet.beginning(text, tokens)


def encode_runs(alphabet: Alphabet, rows: Sequence[Sequence[Run]]) -> list[list[Ids]]:
    """Ids of each run of each row; those that are no markup are encoded as they are read."""
    found: dict[tuple[int, int], Ids] = {}
    for markup in (True, False):
        places = [
            (row, at)
            for row, runs in enumerate(rows)
            for at, run in enumerate(runs)
            if run.markup is markup
        ]
        texts = [rows[row][at].text for row, at in places]
        found.update(zip(places, alphabet.encode(texts, markup=markup), strict=True))
    return [[found[row, at] for at in range(len(runs))] for row, runs in enumerate(rows)]


def _answers(runs: Sequence[Run]) -> list[tuple[int, int]]:
    """First and after of each stretch of taught runs."""
    found: list[tuple[int, int]] = []
    for at, run in enumerate(runs):
        if run.taught and found and found[-1][1] == at and runs[at - 1].taught:
            found[-1] = (found[-1][0], at + 1)
        elif run.taught:
            found.append((at, at + 1))
    return found


def _bytes(text: str) -> int:
    return len(text.encode())
