"""What is done with rows while they are read, so that nearly all of them are looked at once.

Every row gives evidence for the types, and is part of the source's identity. Meanwhile the values are typed
by what the first block suggests, and written. At the end the evidence is whole: where it comes to the same
reading the values stand; a column that it reads otherwise is typed again from the source. So the types are
those that the whole column shows, however it was cut into blocks, and raw texts need not wait on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from trainwright.core.columns import ColumnType, Task
from trainwright.core.errors import TrainwrightError
from trainwright.data.hashing import SourceKey
from trainwright.data.staging.blocks import BlockStore
from trainwright.data.types.case import Context
from trainwright.data.types.columns import ColumnTyping, Reading
from trainwright.data.types.evidence import Evidence
from trainwright.data.types.inference import context_for
from trainwright.data.types.repeats import Repeats
from trainwright.data.types.tally import Tally
from trainwright.data.types.target import TargetTyping
from trainwright.recipe.data import DataSettings

_GUESSED_BY = 200  # texts of each column

Typings = Mapping[str, ColumnTyping | TargetTyping]


@dataclass(slots=True)
class _Guess:
    """A reading of a column, and what came of it so far."""

    reading: Reading
    first: (
        tuple[pl.Series, Tally] | None
    )  # of the block by which it was judged, until that is written
    tally: Tally = field(default_factory=Tally)


class FirstPass:
    """The rows of one source on their only way past.

    Args:
        settings: The recipe's.
        task: Inferred from the target when None.
        store: Where typed values go, block by block.

    Attributes:
        evidence: Of each column.
        store: As above.
    """

    def __init__(self, settings: DataSettings, *, task: Task | None, store: BlockStore) -> None:
        self._settings, self._task = settings, task
        self._key = SourceKey()
        self._num_rows = 0
        self._guesses: dict[str, list[_Guess]] = {}
        self.evidence: dict[str, Evidence] = {}
        self.store = store

    def add(self, block: pl.DataFrame, *, semicolons: bool) -> None:
        """The next rows, all columns as text.

        Args:
            block: Columns by name.
            semicolons: They are separated by semicolons.
        """
        repeats = {name: Repeats.of_long(block[name]) for name in block.columns}
        self._key.add(block, repeats)
        is_first = not self.evidence
        if is_first:
            self.evidence = {name: Evidence.of(Context()) for name in block.columns}
        for name, one in self.evidence.items():
            one.add(block[name], self._num_rows)
        if is_first:
            self._guess(block, repeats, semicolons=semicolons)
        values = []
        for name, guesses in self._guesses.items():
            for guess in guesses:
                typed, tally = guess.first or guess.reading.read(
                    block[name], self._num_rows, repeats[name]
                )
                guess.first = None
                guess.tally = guess.tally.merge(tally)
            values += [typed] if guesses else []
        if values:
            self.store.write(pl.DataFrame(values))
        self._num_rows += block.height

    @property
    def source_key(self) -> str:
        """Identity of the rows as they were read."""
        return self._key.value

    def settle(self, typings: Typings) -> list[str]:
        """Which columns are to be read again, now that all of the evidence has proposed how to read them.

        Args:
            typings: Of all columns, nothing judged yet; those of the columns that are left are used up.
        """
        left = []
        for name, typing in typings.items():
            guesses = self._guesses.get(name, [])
            stands = False
            for guess in guesses:
                if guess.reading != typing.reading:
                    break
                stands = typing.judge(guess.tally)
                if stands:
                    break
            if stands and guess is guesses[-1]:
                continue
            left.append(name)
            if guesses:
                self.store.forget(name)
        return left

    def _guess(
        self, block: pl.DataFrame, repeats: Mapping[str, Repeats | None], *, semicolons: bool
    ) -> None:
        """The readings that the first block goes through; the last of them is the one that is written."""
        contexts = {
            name: context_for(self._settings, name, is_text=True, semicolons=semicolons, place=str)
            for name in self.evidence
        }
        try:
            few = {name: one.few(_GUESSED_BY) for name, one in self.evidence.items()}
            typings = propose(few, contexts, self._settings, task=self._task)
        except TrainwrightError:
            return  # told when all rows were read, after what is wrong with those
        for name, typing in typings.items():
            self._guesses[name] = guesses = []
            try:
                stands = False
                while not stands:
                    read = typing.reading.read(block[name], 0, repeats[name])
                    guesses.append(_Guess(typing.reading, read))
                    stands = typing.judge(read[1])
            except TrainwrightError:
                continue  # as above


def propose(
    evidence: Mapping[str, Evidence],
    contexts: Mapping[str, Context],
    settings: DataSettings,
    *,
    task: Task | None,
) -> dict[str, ColumnTyping | TargetTyping]:
    """A decision to be made about each column, which begins with what its evidence suggests."""
    found: dict[str, ColumnTyping | TargetTyping] = {}
    texts = texts_of(settings, task)
    for name, one in evidence.items():
        context = contexts[name]
        if name in texts:
            found[name] = ColumnTyping(one, replace(context, type=ColumnType.TEXT))
        elif name == settings.target:
            found[name] = TargetTyping(one, context, task=task)
        else:
            found[name] = ColumnTyping(one, context)
    return found


def texts_of(settings: DataSettings, task: Task | None) -> set[str]:
    """The one text that is learned from, and the one that is told."""
    inputs = settings.inputs
    found = {inputs.text} if inputs is not None and inputs.text else set()
    return {*found, settings.target} if task is Task.TEXT_TO_TEXT else found


def is_enough(settings: DataSettings, task: Task | None) -> bool:
    """Are all columns plain values that stand in the source, so that one pass can type them?"""
    labels = settings.labels
    settled = labels.annotators or labels.annotations or labels.functions or labels.corrections
    plain = task in (None, Task.CLASSIFICATION, Task.REGRESSION)
    return plain and settings.inputs is None and not settled
