"""Labels that several gave to the same rows: one entry a label given, nothing where none was.

Both forms that annotations come in lead here: a column an annotator, or one line a label (row,
annotator, label). Everything that combines or compares labels works on this, in time linear in the
number of labels given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.errors import DataError, shorten

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Votes:
    """Labels given, in the order of rows, then voters.

    Attributes:
        rows: Which row; shape (votes,), int64.
        voters: By whom, as a position in `names`; shape (votes,), int64.
        labels: Class codes; shape (votes,), int64.
        num_rows: Rows, those without a label included.
        names: Annotators or labelling functions.
        classes: Class labels as text.
    """

    rows: Ints
    voters: Ints
    labels: Ints
    num_rows: int
    names: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def counts(self) -> Floats:
        """Votes for each class; shape (rows, classes)."""
        width = len(self.classes)
        cells = self.rows * width + self.labels
        found = np.bincount(cells, minlength=self.num_rows * width).astype(np.float64)
        return found.reshape(self.num_rows, width)

    def table(self) -> Ints:
        """Class codes, -1 where none was given; shape (rows, voters)."""
        found = np.full((self.num_rows, len(self.names)), -1, dtype=np.int64)
        found[self.rows, self.voters] = self.labels
        return found

    def sum_by_row(self, values: Floats) -> Floats:
        """Values of the votes, shape (votes, k), added up by row: (rows, k)."""
        found = np.zeros((self.num_rows, values.shape[1]))
        for k in range(values.shape[1]):
            found[:, k] = np.bincount(self.rows, values[:, k], self.num_rows)
        return found

    def without(self, voter: int) -> Votes:
        """The votes of all others."""
        return self.of(self.voters != voter)

    def of(self, mask: NDArray[np.bool_]) -> Votes:
        """These votes."""
        return Votes(
            self.rows[mask],
            self.voters[mask],
            self.labels[mask],
            self.num_rows,
            self.names,
            self.classes,
        )


def votes_of_table(table: Ints, *, names: Sequence[str], classes: Sequence[str]) -> Votes:
    """From class codes, -1 where none was given; shape (rows, voters)."""
    rows, voters = np.nonzero(table >= 0)
    return Votes(rows, voters, table[rows, voters], len(table), tuple(names), tuple(classes))


def votes_of_columns(
    frame: pl.DataFrame, columns: Sequence[str], *, classes: Sequence[str] | None = None
) -> Votes:
    """From a column an annotator; null where one gave no label.

    Args:
        frame: Holds the columns.
        columns: One an annotator.
        classes: All classes, in order; those that occur, sorted, where not said.

    Raises:
        DataError: no label at all, or one that is none of `classes`.
    """
    texts = frame.select(pl.col(name).cast(pl.String) for name in columns)
    long = texts.unpivot(on=list(columns), variable_name="voter", value_name="label")
    rows = np.tile(np.arange(frame.height), len(columns))
    voters = np.repeat(np.arange(len(columns)), frame.height)
    return _encoded(rows, voters, long["label"], frame.height, tuple(columns), classes)


def votes_of_lines(
    lines: pl.DataFrame,
    *,
    num_rows: int,
    classes: Sequence[str] | None = None,
) -> Votes:
    """From one line a label.

    Args:
        lines: Columns row (positions from 0), annotator and label.
        num_rows: Rows that are labelled.
        classes: All classes, in order; those that occur, sorted, where not said.

    Raises:
        DataError: a row that is not there, an annotator who labelled a row twice, or no label.
    """
    rows = lines["row"].cast(pl.Int64).to_numpy()
    wrong = rows[(rows < 0) | (rows >= num_rows)]
    if len(wrong):
        raise DataError(
            f"{len(wrong)} labels are for rows that are not there: row {wrong[0]} of {num_rows}",
            where="column 'row' of the annotations",
            mend=f"number the rows of the source from 0 to {num_rows - 1}",
        )
    twice = lines.filter(lines.select("row", "annotator").is_duplicated())
    if twice.height:
        raise DataError(
            f"annotator {shorten(twice['annotator'][0])} labelled row {twice['row'][0]} twice"
            f" ({twice.height} lines are such)",
            where="the annotations",
            mend="keep one line for each row and annotator",
        )
    names = lines["annotator"].cast(pl.String).unique().drop_nulls().sort()
    voters = (
        lines["annotator"]
        .cast(pl.String)
        .replace_strict(names, pl.Series(np.arange(len(names))), return_dtype=pl.Int64)
        .to_numpy()
    )
    labels = lines["label"].cast(pl.String)
    return _encoded(rows, voters, labels, num_rows, tuple(names.to_list()), classes)


def _encoded(
    rows: Ints,
    voters: Ints,
    labels: pl.Series,
    num_rows: int,
    names: tuple[str, ...],
    classes: Sequence[str] | None,
) -> Votes:
    known = tuple(classes or labels.drop_nulls().unique().sort().to_list())
    strange = labels.filter(labels.is_not_null() & ~labels.is_in(known))
    if len(strange) or not known:
        what = f"{shorten(strange[0])} is none of the classes" if known else "nobody gave a label"
        raise DataError(
            f"{what}: {', '.join(known[:10])}" if known else what,
            where=f"labels of {', '.join(names[:5])}",
            mend="correct the label, or leave it empty",
        )
    codes = {label: code for code, label in enumerate(known)}
    coded = labels.replace_strict(codes, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()
    given = coded >= 0
    order = np.lexsort((voters[given], rows[given]))
    return Votes(
        rows[given][order], voters[given][order], coded[given][order], num_rows, names, known
    )
