"""Labels from several hands become the target: annotators, labelling functions, corrections.

In this order: what annotators say together is the target where there are annotators; corrections stand
above it; functions label the rows that have no label still. Rows that only functions labelled are for
training: nothing is ever measured on a label that a rule made. Their confidence is their weight. How the
functions are believed is settled after the split, by train rows alone (`labels.weak`). What changed is told
row by row, before and after, as any repair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.columns import ROW, Target, Task
from trainwright.core.errors import DataError, RecipeError, shorten
from trainwright.data.labels.agreement import agreement_table
from trainwright.data.labels.annotators import agreement_findings
from trainwright.data.labels.combining import Combined, combine
from trainwright.data.labels.corrections import read_corrections, read_lines
from trainwright.data.labels.functions import ask_functions
from trainwright.data.labels.naming import positions_of
from trainwright.data.labels.spellings import Spellings, is_value, joined
from trainwright.data.labels.votes import Floats, Votes, votes_of_columns, votes_of_lines
from trainwright.data.labels.weak import Asked
from trainwright.data.types.tags import refuse_lists
from trainwright.recipe.code import file_of
from trainwright.recipe.labels import LabelSettings, Rule

AGREEMENT = "agreement"
ANNOTATORS = "annotators"
FUNCTIONS = "labelling_functions"
EDITS = {
    "row": pl.Int64(),
    "column": pl.String(),
    "step": pl.String(),
    "before": pl.String(),
    "after": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Settled:
    """The target, and how it came about.

    Attributes:
        rows: Global positions; shape (rows,), int64.
        labels: The target as text, null where nobody gave one; shape (rows,).
        further: Other columns of labels that were corrected, as text.
        weights: What each row counts in training, 0 to 1; None where all count alike. Shape (rows,).
        train_only: Rows that only functions labelled; shape (rows,), bool.
        probabilities: ROW, and a column a class, of rows that annotators or functions labelled.
        edits: row, column, step, before, after: every label that is not as it came.
        findings: Agreement, quality and coverage.
        tables: Numbers behind the findings, by name: `ANNOTATORS`, `AGREEMENT`, `FUNCTIONS`.
        asked: What the functions voted, where there are functions. The labels and weights of
            `train_only` are provisional until `taught`; edits, findings and tables of theirs come with it.
    """

    rows: NDArray[np.int64]
    labels: pl.Series
    further: pl.DataFrame
    weights: Floats | None
    train_only: NDArray[np.bool_]
    probabilities: pl.DataFrame | None
    edits: pl.DataFrame
    findings: tuple[Finding, ...]
    tables: dict[str, pl.DataFrame]
    asked: Asked | None = None

    def taught(self, train: NDArray[np.bool_], *, of: Target | None = None) -> Settled:
        """The same with the functions believed as the known labels of these rows show them.

        Args:
            train: Rows of the train split; shape (rows,), bool.
            of: The target as it was typed.

        Raises:
            RecipeError: the target is a number, of which functions that vote for classes know nothing.
        """
        if self.asked is None:
            return self
        if of is not None and of.task is Task.REGRESSION:
            raise RecipeError(
                f"labelling functions vote for classes, and the target {shorten(of.name)} is a number",
                where="data.labels.functions",
                mend="task: classification, where its numbers are classes; else leave the functions out",
            )
        classes = self.asked.votes.classes
        there = set(self.labels.unique())  # what the target was typed by
        answer = self.asked.answer(train, among=np.array([one in there for one in classes]))
        open_rows = np.flatnonzero(self.asked.open)
        labels = self.labels.clone().scatter(open_rows.tolist(), answer.labels)  # in place
        weights = np.ones(len(self.rows)) if self.weights is None else self.weights.copy()
        weights[open_rows] = answer.weights
        before = self.labels.clone().scatter(open_rows.tolist(), None)
        usable = labels.clone().scatter(open_rows[answer.weights == 0].tolist(), None)
        edits = edits_of(self.rows, labels.name, before, usable, step="labels: functions")
        return replace(
            self,
            labels=labels,
            weights=weights,
            probabilities=_by_row(self.rows[open_rows], answer.probabilities, classes),
            edits=pl.concat([self.edits, edits]),
            findings=(*self.findings, *answer.findings),
            tables={**self.tables, FUNCTIONS: answer.table},
            asked=None,
        )


def settle(
    frame: pl.DataFrame,
    settings: LabelSettings,
    *,
    target: str,
    base: Path,
    files: Sequence[tuple[str, int]] = (),
) -> Settled | None:
    """Make the target; None where the recipe has none of it.

    Args:
        frame: Typed rows with ROW; the target's column may be missing, or empty in some rows. Columns of
            `also` are there where they may be corrected.
        settings: Of the recipe.
        target: The target's name.
        base: The recipe's folder, where files and code are looked for.
        files: Name and number of rows of each file of the source, by which labels name rows.

    Raises:
        RecipeError: a column, class, function or file is not there.
        DataError: an annotation or correction names a row or class that is not there.
    """
    if not (
        settings.annotators or settings.annotations or settings.functions or settings.corrections
    ):
        return None
    if target in frame.columns:
        refuse_lists(frame[target])
    given = (
        frame[target].cast(pl.String)
        if target in frame.columns
        else pl.Series(target, [None] * frame.height, dtype=pl.String)
    )
    state = _State(frame, given, target, base, files)
    if settings.annotators or settings.annotations:
        state.annotate(settings)
    if settings.corrections is not None:
        state.correct(settings.corrections, also=[n for n in settings.also if n in frame.columns])
    if settings.functions:
        state.ask(settings.functions)
    return state.settled()


def label_files(settings: LabelSettings, *, base: Path) -> list[Path]:
    """Files beside the recipe that the labels depend on: annotations, corrections, code."""
    named = [settings.annotations, settings.corrections]
    code = [
        file_of(function, base=base) for function in settings.functions if isinstance(function, str)
    ]
    return [*(base / name for name in named if name is not None), *filter(None, code)]


class _State:
    """Labels on their way."""

    def __init__(
        self,
        frame: pl.DataFrame,
        given: pl.Series,
        target: str,
        base: Path,
        files: Sequence[tuple[str, int]],
    ) -> None:
        self._frame = frame
        self._rows = frame[ROW].to_numpy()
        self._target = target
        self._base = base
        self._files = files
        self._labels = given
        self._weights = np.ones(frame.height)
        self._train_only = np.zeros(frame.height, dtype=bool)
        self._probabilities: pl.DataFrame | None = None
        self._edits = [pl.DataFrame(schema=EDITS)]
        self._findings: list[Finding] = []
        self._further: dict[str, pl.Series] = {}
        self._tables: dict[str, pl.DataFrame] = {}
        self._asked: Asked | None = None

    def annotate(self, settings: LabelSettings) -> None:
        """The target is what the annotators say together."""
        votes, told = joined(self._annotations(settings), self._rows)
        self._findings += told
        combined = combine(votes, settings.combine)
        labels = pl.Series(np.array(votes.classes, dtype=object)[combined.labels].tolist())
        known = pl.Series(combined.labelled)
        after = pl.select(pl.when(known).then(labels)).to_series()
        self._change(after, step=f"labels: {settings.combine}")
        places = combined.labelled
        self._probabilities = _by_row(
            self._rows[places], combined.probabilities[places], votes.classes
        )
        self._weights = np.where(combined.labelled, _confidence(combined.probabilities), 1.0)
        self._tables[AGREEMENT] = agreement_table(votes)
        self._tables[ANNOTATORS] = annotator_table(votes, combined)
        self._findings += agreement_findings(votes, combined, how=settings.combine)

    def ask(self, functions: Sequence[str | Rule]) -> None:
        """Functions label the rows that have no label still."""
        named = [function.label for function in functions if isinstance(function, Rule)]
        known = self._labels.drop_nulls().unique().to_list()
        spellings, own = Spellings(known), list[str]()
        for one in named:
            own += (
                [one] if spellings.meant(one) is None and Spellings(own).meant(one) is None else []
            )
        classes = tuple(sorted([*known, *own]))
        if len(classes) < 2:
            raise RecipeError(
                f"the functions and the labelled rows know one class: {', '.join(classes)}",
                where="data.labels.functions",
                mend="add a rule for another class, or label some rows",
            )
        inputs = self._frame.drop(self._target, ROW, strict=False)
        votes = ask_functions(inputs, functions, classes=classes, base=self._base)
        codes = {label: code for code, label in enumerate(classes)}
        truth = (
            self._labels.replace_strict(codes, default=-1, return_dtype=pl.Int64)
            .fill_null(-1)
            .to_numpy()
        )
        self._asked = Asked(votes, truth)
        self._train_only = self._asked.open
        answer, places = self._asked.answer(), np.flatnonzero(self._train_only)
        self._labels = self._labels.clone().scatter(places.tolist(), answer.labels)
        self._weights[places] = answer.weights

    def correct(self, file: str, *, also: Sequence[str]) -> None:
        """A file of corrections has the last word, of the target and of further columns of labels."""
        said = read_corrections(
            self._base / file,
            target=self._target,
            also=also,
            rows=self._rows,
            files=self._files,
        )
        after = self._labels.to_list()
        spellings = Spellings(self._labels.drop_nulls().unique())
        for place, label in said.pop(self._target, {}).items():
            same = spellings.meant(label) if label is not None and is_value(label) else None
            after[place] = label if same is None else same
            self._weights[place] = 1.0
        self._change(pl.Series(after, dtype=pl.String), step="labels: corrections")
        for name, labels in said.items():
            before = self._frame[name].cast(pl.String)
            cells = before.to_list()
            for place, label in labels.items():
                cells[place] = label
            self._further[name] = pl.Series(name, cells, dtype=pl.String)
            self._tell(name, before, self._further[name], step="labels: corrections")

    def settled(self) -> Settled:
        return Settled(
            self._rows,
            self._labels.alias(self._target),
            pl.DataFrame(self._further),
            None if (self._weights == 1).all() else self._weights,
            self._train_only,
            self._probabilities,
            pl.concat(self._edits),
            tuple(self._findings),
            self._tables,
            self._asked,
        )

    def _annotations(self, settings: LabelSettings) -> Votes:
        if settings.annotations is None:
            lost = [name for name in settings.annotators if name not in self._frame.columns]
            if lost:
                raise RecipeError(
                    f"there is no column {lost[0]!r}",
                    where="data.labels.annotators",
                    mend=f"columns are: {', '.join(self._frame.columns[:20])}",
                )
            return votes_of_columns(self._frame, settings.annotators)
        file = settings.annotations
        lines = read_lines(
            self._base / file, ("row", "annotator", "label"), key="data.labels.annotations"
        )
        places = pl.Series(np.arange(len(self._rows)))
        named = lines["row"].cast(pl.String)
        rows = pl.Series(positions_of(named, self._files), dtype=pl.Int64)
        at = rows.replace_strict(pl.Series(self._rows), places, default=None, return_dtype=pl.Int64)
        if lost := named.filter(at.is_null()).to_list():
            last = ", ".join(f"{name}:{many - 1}" for name, many in self._files) or self._rows[-1]
            raise DataError(
                f"row {shorten(lost[0] or '')} is not there; {len(lost)} of {len(named)} labels are for such",
                where=str(file),
                mend=f"rows are named FILE:POSITION, from 0; the last ones are {last}"[:300],
            )
        if lines["label"].null_count() == lines.height:
            raise DataError("nobody gave a label", where=str(file), mend="label some rows first")
        return votes_of_lines(lines.with_columns(at.alias("row")), num_rows=len(self._rows))

    def _change(self, after: pl.Series, *, step: str) -> None:
        self._tell(self._target, self._labels, after, step=step)
        self._labels = after

    def _tell(self, column: str, before: pl.Series, after: pl.Series, *, step: str) -> None:
        self._edits.append(edits_of(self._rows, column, before, after, step=step))


def edits_of(
    row: NDArray[np.int64], column: str, before: pl.Series, after: pl.Series, *, step: str
) -> pl.DataFrame:
    """A line of `EDITS` for each row whose label is not as it was."""
    at = np.flatnonzero(before.ne_missing(after).to_numpy())
    return pl.DataFrame(
        {
            "row": row[at],
            "column": [column] * len(at),
            "step": [step] * len(at),
            "before": before[at],
            "after": after[at],
        },
        schema=EDITS,
    )


def annotator_table(votes: Votes, combined: Combined) -> pl.DataFrame:
    """A line an annotator: labels given, quality, and agreement with all others together."""
    best = combined.labels
    agree = np.bincount(votes.voters, best[votes.rows] == votes.labels, len(votes.names))
    given = np.bincount(votes.voters, minlength=len(votes.names))
    return pl.DataFrame(
        {
            "annotator": votes.names,
            "labels": given,
            "quality": combined.quality,
            "agrees": agree / np.maximum(1, given),
        }
    )


def _by_row(row: NDArray[np.int64], probabilities: Floats, classes: Sequence[str]) -> pl.DataFrame:
    """ROW, and a column a class."""
    columns = {label: probabilities[:, code] for code, label in enumerate(classes)}
    return pl.DataFrame({ROW: row, **columns})


def _confidence(probabilities: Floats) -> Floats:
    """0 for even odds, 1 for certainty, as of labelling functions; at least a little. Shape (rows,)."""
    classes = probabilities.shape[1]
    if classes < 2:
        return np.ones(len(probabilities))
    found: Floats = np.clip((probabilities.max(axis=1) * classes - 1) / (classes - 1), 0.05, 1.0)
    return found
