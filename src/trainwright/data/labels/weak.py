"""Rows that functions label: provisionally by their votes, finally by what labels of train rows teach.

The split wants a class of every row, and what known labels teach about the functions must come from train
rows alone: a label of validation or test that had a part in it would be learned from. So the functions are
asked once and answered for twice: before the split without any known label, after it with those of train.
A row keeps its place; its label and its weight are those of the second answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding
from trainwright.core.errors import counted, nearest, shorten
from trainwright.data.findings import finding
from trainwright.data.labels.label_model import WeakLabels, label_by_votes
from trainwright.data.labels.tables import function_table
from trainwright.data.labels.votes import Floats, Ints, Votes

FEWEST_JUDGED = 10  # known rows that a function votes on, for them to say how right it is


@dataclass(frozen=True, slots=True)
class Answer:
    """What the functions say together of the rows without a label.

    Attributes:
        labels: Of the open rows, as text; shape (open,).
        weights: What they count, 0 (even odds) to 1; shape (open,), float64.
        probabilities: Shape (open, classes).
        table: A line a function.
        findings: Coverage, conflict, which way was taken and why.
    """

    labels: pl.Series
    weights: Floats
    probabilities: Floats
    table: pl.DataFrame
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The votes of the functions.

    Attributes:
        votes: Of all rows.
        known: Class codes of rows with a label, -1 for the others; shape (rows,).
    """

    votes: Votes
    known: Ints

    @property
    def open(self) -> NDArray[np.bool_]:
        """Rows without a label that a function votes on; shape (rows,)."""
        voted = np.zeros(self.votes.num_rows, dtype=bool)
        voted[self.votes.rows] = True
        return voted & (self.known < 0)

    def answer(
        self, teachers: NDArray[np.bool_] | None = None, *, among: NDArray[np.bool_] | None = None
    ) -> Answer:
        """The labels of the open rows.

        Args:
            teachers: Rows whose known labels may teach; shape (rows,), bool. None: no row.
            among: Classes that a label may be of, where not all; shape (classes,), bool.
        """
        known = None if teachers is None else np.where(teachers, self.known, -1)
        weak = label_by_votes(self.votes, known=known)
        if among is not None:
            shares = weak.probabilities * among
            weak = replace(weak, probabilities=shares / shares.sum(axis=1, keepdims=True))
        here = self.open
        classes = np.array(self.votes.classes, dtype=object)
        table = function_table(self.votes, precision=weak.precision, known=known)
        return Answer(
            pl.Series(classes[weak.labels[here]].tolist(), dtype=pl.String),
            weak.weights[here],
            weak.probabilities[here],
            table,
            (*_findings(weak, table, here, unlabelled=self.known < 0), *self._never_measured()),
        )

    def _never_measured(self) -> Iterator[Finding]:
        """Classes that no labelled row has, misspelt ones among them."""
        known = sorted({self.votes.classes[code] for code in np.unique(self.known) if code >= 0})
        for label in sorted({*self.votes.classes} - {*known}) if known else ():
            near = nearest(label, known)
            yield finding(
                "conflicting-label",
                "warning",
                f"functions alone name the class {shorten(label)}: no row that is measured on can have it",
                remedy=f"label: {near}, if that is meant"
                if near
                else "trainwright label RECIPE  # some rows of it",
            )


def _findings(
    weak: WeakLabels,
    table: pl.DataFrame,
    labelled: NDArray[np.bool_],
    *,
    unlabelled: NDArray[np.bool_],
) -> list[Finding]:
    even = int((weak.weights[labelled] == 0).sum())
    silent = int((unlabelled & ~labelled).sum()) + even
    told = "; ".join(
        f"{one['function']} {one['coverage']:.0%} of the rows, {one['conflict']:.0%} in conflict,"
        f" {_how_right(one)}"
        for one in table.head(12).iter_rows(named=True)
    )
    rows = int(labelled.sum()) - even
    found = [
        finding(
            "conflicting-label",
            "info",
            f"{counted(table.height, 'functions')} labelled {rows} rows, for training alone;"
            f" {silent} rows without a target have no usable vote. By {weak.used}: {weak.reason}. {told}",
            count=rows,
        )
    ]
    never = table.filter(pl.col("coverage") == 0)["function"].to_list()
    if never:
        found.append(
            finding(
                "conflicting-label",
                "warning",
                f"{shorten(never[0])} votes on no row ({len(never)} functions are such)",
                remedy="mend or remove it in data.labels.functions",
            )
        )
    return found


def _how_right(line: Mapping[str, Any]) -> str:
    """On rows with known labels where there are some; the votes of others are no more than a guess at it."""
    if line["known_rows"] >= FEWEST_JUDGED:
        return f"right on {line['known_precision']:.0%} of {line['known_rows']} known rows"
    return f"right {line['precision']:.0%} as the votes have it"
