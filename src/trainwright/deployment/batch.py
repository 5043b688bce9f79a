"""Batch scoring: a block in, a block out, in order; an interrupted job goes on where it stopped.

Answers are appended to a hidden file beside the output. A small note beside that says how many rows and bytes
of it are sound, and of which model and source. A later call with the same two cuts the file to what the note
says, skips the rows that are done and goes on: the result is the same bytes as without the interruption. When
all rows are there the file takes its name. The cost is one hash of the source and a flush every two seconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Target, Task
from trainwright.core.durable import (
    FILE_MODE,
    disk_fault,
    lock,
    make_folder,
    read_json,
    sha256_file,
    write_json,
)
from trainwright.core.errors import DataError, EnvironmentFault, TrustError
from trainwright.core.language import GenerationSettings, generator_of
from trainwright.core.protocols import Model, Progress, Silent
from trainwright.deployment.contract import check_columns, check_contract
from trainwright.deployment.texts import ROWS_AT_ONCE, Writing, told_columns
from trainwright.deployment.writers import Writer, writer_for

NOTE_EVERY_SECONDS = 2.0  # work that a killed job may have to do again
_NUMBERS = pl.List(pl.Float64)


class Block(Protocol):
    """A block of typed rows, as stage 1 reads them."""

    @property
    def frame(self) -> pl.DataFrame: ...

    @property
    def first_row(self) -> int: ...


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What was written.

    Attributes:
        rows: Lines of the output.
        output: The file.
        seconds: Wall time.
        rows_per_second: Of the rows that this call scored.
    """

    rows: int
    output: Path
    seconds: float
    rows_per_second: float


@dataclass(frozen=True, slots=True)
class _Done:
    """How much of the hidden file is sound."""

    rows: int = 0
    size: int = 0


def predict_file(
    model: Model,
    blocks: Iterable[Block],
    output: Path,
    *,
    key: str | None = None,
    source: Path | None = None,
    model_hash: str | None = None,
    settings: GenerationSettings | None = None,
    resume: bool = True,
    progress: Progress | None = None,
) -> BatchResult:
    """Score blocks of rows into a file: row, prediction, and for classes probability_CLASS each.

    For texts that are written `finish` stands beside the prediction, for documents `tokens`.
    What tells rows apart stands behind their number: the `id` of a series, or what `key` names.

    Args:
        model: The model.
        blocks: Rows in order, with the model's input columns; others are ignored.
        output: .csv, .parquet or .jsonl; takes its name when it is whole.
        key: A column of text in the blocks that is no input and stands in the output too.
        source: The file that the blocks come from.
        model_hash: The package's hash; only with it and `source` can an interrupted call be gone on with.
        settings: How a model that writes does so; likeliest tokens where not said.
        resume: Go on with an interrupted call of equal model and source; False starts over.
        progress: Shows how far the work is.

    Raises:
        CommandError: the output's ending is not known.
        DataError: an input column is missing; a null or unseen category where the contract forbids it.
            Nothing is left.
        EnvironmentFault: the disk refuses, or another process writes this output.
    """
    writer = writer_for(output)
    make_folder(output.parent)
    started = time.monotonic()
    with lock(_beside(output, ".lock"), wait=False):
        job = _Job(
            model,
            output,
            writer,
            key,
            _identity(source, model_hash),
            progress or Silent(),
            _writing(model, settings or GenerationSettings()),
        )
        try:
            job.run(blocks, resume=resume)
            job.finish()
        except EnvironmentFault:
            raise
        except OSError as error:
            raise disk_fault(error, output) from error
        finally:
            _beside(output, ".lock").unlink(missing_ok=True)
    seconds = time.monotonic() - started
    rate = job.scored / seconds if seconds else 0.0
    return BatchResult(job.done.rows, output, seconds, rate)


class _Job:
    """One output in the making."""

    def __init__(
        self,
        model: Model,
        output: Path,
        writer: Writer,
        key: str | None,
        identity: dict[str, str] | None,
        progress: Progress,
        writing: Writing | None,
    ) -> None:
        self.writing = writing
        self.model = model
        self.output = output
        self.writer = writer
        self.key = key
        self.identity = identity
        self.progress = progress
        self.part = _beside(output, ".part")
        self.note = _beside(output, ".part.json")
        self.done = _Done()
        self.scored = 0

    def run(self, blocks: Iterable[Block], *, resume: bool) -> None:
        """Score what is not yet scored."""
        self.done = self._noted() if resume else _Done()
        self.progress.stage("predict")
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        with os.fdopen(os.open(self.part, flags, FILE_MODE), "r+b") as file:
            file.truncate(self.done.size)
            file.seek(self.done.size)
            if not self.done.size:
                self._write(file, self.writer.head(self._no_answers()), rows=0)
            try:
                self._score(blocks, file)
            except DataError:
                self.forget()
                raise
            except BaseException:
                self._keep(file)
                raise
            self._keep(file)

    def finish(self) -> None:
        """Give the file its name."""
        self.writer.finish(self.part, self.output)
        self.forget()

    def forget(self) -> None:
        """Leave nothing but the output."""
        self.note.unlink(missing_ok=True)
        self.part.unlink(missing_ok=True)

    def _score(self, blocks: Iterable[Block], file: IO[bytes]) -> None:
        noted = time.monotonic()
        for block in blocks:
            check_columns(self.model, block.frame)
            frame = block.frame.slice(max(0, self.done.rows - block.first_row))
            if not frame.height:
                continue
            check_contract(self.model, frame, first_row=self.done.rows)
            for piece in frame.iter_slices(frame.height if self.writing is None else ROWS_AT_ONCE):
                table = self._answers(self._table(piece), piece)
                self._write(file, self.writer.lines(table), rows=piece.height)
                self.scored += piece.height
                self.progress.advance(self.done.rows, 0, f"{self.done.rows} rows")
                if time.monotonic() - noted > NOTE_EVERY_SECONDS:
                    self._keep(file)
                    noted = time.monotonic()

    def _table(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Row and prediction of each row, with what stands beside it."""
        if self.writing is None:
            return _table(self.model.target, self.done.rows, self.model.predict(frame))
        names = [column.name for column in self.model.inputs]
        answers = self.writing.answers(frame.select(names).to_dicts())
        return pl.DataFrame([_rows(self.done.rows, frame.height), *answers])

    def _answers(self, table: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
        """The lines of the output, typed."""
        identifier = self.model.target.identifier
        if identifier is not None:
            return table.insert_column(1, frame[identifier.name].alias("id"))
        return table if self.key is None else table.insert_column(1, frame[self.key])

    def _no_answers(self) -> pl.DataFrame:
        """The typed columns of the output without a row."""
        target = self.model.target
        probabilities = np.empty((0, len(target.classes))) if target.classes else None
        width = target.horizon or (len(target.classes) if target.task is Task.MULTI_LABEL else 0)
        values = np.empty((0, width) if width else 0)
        words = np.empty(0, np.int64) if target.task is Task.TOKEN_CLASSIFICATION else None
        key = self.key if target.identifier is None else target.identifier.name
        none = pl.DataFrame({} if key is None else {key: pl.Series([], dtype=pl.String)})
        if self.writing is not None:
            empty = pl.DataFrame([_rows(0, 0), *self.writing.answers([])])
        elif target.task.is_language:
            empty = _table(target, 0, Prediction(np.empty((0, 3))))
        else:
            empty = _table(target, 0, Prediction(values, probabilities, words))
        return self._answers(empty, none)

    def _write(self, file: IO[bytes], data: bytes, *, rows: int) -> None:
        file.write(data)
        self.done = _Done(self.done.rows + rows, self.done.size + len(data))

    def _keep(self, file: IO[bytes]) -> None:
        """Note what is done, after it is on the disk."""
        file.flush()
        os.fsync(file.fileno())
        if self.identity is not None:
            note = {"of": self.identity, "rows": self.done.rows, "bytes": self.done.size}
            write_json(self.note, note)

    def _noted(self) -> _Done:
        """What an interrupted call left, where it is this very job's."""
        try:
            note = read_json(self.note)
        except TrustError:
            return _Done()
        if self.identity is None or note.get("of") != self.identity:
            return _Done()
        if not self.part.is_file() or self.part.stat().st_size < note["bytes"]:
            return _Done()
        return _Done(note["rows"], note["bytes"])


def _table(target: Target, first_row: int, answer: Prediction) -> pl.DataFrame:
    values, probabilities = np.asarray(answer.values), answer.probabilities
    num_rows = len(values) if answer.row_words is None else len(answer.row_words)
    rows = _rows(first_row, num_rows)
    if target.task.is_language:
        return pl.DataFrame([rows, *told_columns(values)])
    if answer.row_words is not None:
        return pl.DataFrame([rows, *_tags(target, answer, answer.row_words)])
    if probabilities is None and values.ndim == 2:
        steps = pl.Array(pl.Float64, values.shape[1])
        return pl.DataFrame([rows, pl.Series("prediction", values.tolist(), dtype=steps)])
    if probabilities is None:
        return pl.DataFrame([rows, pl.Series("prediction", values, dtype=pl.Float64)])
    if values.ndim == 2:
        return pl.DataFrame([rows, *_label_sets(target, answer)])
    labels = pl.Series("prediction", [target.label(code) for code in range(len(target.classes))])
    told = labels.gather(np.asarray(values, dtype=np.int64))
    return pl.DataFrame([rows, told, *_probabilities(target, probabilities)])


def _probabilities(target: Target, found: NDArray[np.float64]) -> list[pl.Series]:
    """A column a class."""
    return [
        pl.Series(f"probability_{name}", np.ascontiguousarray(found[:, code]), dtype=pl.Float64)
        for code, name in enumerate(target.classes)
    ]


def _label_sets(target: Target, answer: Prediction) -> list[pl.Series]:
    """Of each row the list of the labels that are told, and how likely each label is."""
    assert answer.probabilities is not None
    labels = [target.label(code) for code in range(len(target.classes))]
    kind = pl.Int64 if target.class_kind == "integer" else pl.String
    lists = [[labels[code] for code in np.flatnonzero(row)] for row in np.asarray(answer.values)]
    told = pl.Series("prediction", lists, dtype=pl.List(kind))
    return [told, *_probabilities(target, answer.probabilities)]


def _rows(first_row: int, num_rows: int) -> pl.Series:
    return pl.Series("row", np.arange(first_row, first_row + num_rows, dtype=np.int64))


def _writing(model: Model, settings: GenerationSettings) -> Writing | None:
    """What writes texts, where that is the model's task and it can."""
    generator = generator_of(model)
    if generator is None or not model.target.task.is_generated:
        return None
    return Writing(model, generator, settings)


def _tags(target: Target, answer: Prediction, row_words: NDArray[np.int64]) -> list[pl.Series]:
    """Of each row the list of its words' tags, and of their probabilities."""
    assert answer.probabilities is not None
    codes = np.asarray(answer.values, dtype=np.int64)
    sure = answer.probabilities[np.arange(len(codes)), codes]
    labels = [target.label(int(code)) for code in codes]
    ends = np.cumsum(row_words).tolist()
    cuts = [(end - size, end) for end, size in zip(ends, row_words.tolist(), strict=True)]
    kind = pl.Int64 if target.class_kind == "integer" else pl.String
    return [
        pl.Series("prediction", [labels[a:b] for a, b in cuts], dtype=pl.List(kind)),
        pl.Series("probability", [sure[a:b].tolist() for a, b in cuts], dtype=_NUMBERS),
    ]


def _identity(source: Path | None, model_hash: str | None) -> dict[str, str] | None:
    """What must be equal for a job to be gone on with; None when it cannot be told."""
    if source is None or model_hash is None or not source.is_file():
        return None
    return {"model": model_hash, "source": sha256_file(source.resolve())}


def _beside(output: Path, suffix: str) -> Path:
    return output.with_name(f".{output.name}{suffix}")
