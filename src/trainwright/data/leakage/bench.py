"""What the leakage check works on: a sample of train rows as numbers, and the model on some columns.

Sample and folds are decided by the rows' hashes: the same rows, in whatever order, are judged the
same, and equal rows are in one fold, so that none is told by its copy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.protocols import Probe
from trainwright.data.hashing import Hashes, count_distinct, mix, positions
from trainwright.data.leakage.pairs import Pair, like_pairs, likeness
from trainwright.data.leakage.scores import (
    Answer,
    Values,
    build_answer,
    column_answers,
    column_score,
    ranks,
)
from trainwright.data.staging.arrays import Arrays
from trainwright.summaries.sketches import HyperLogLog

SAMPLE_ROWS = 20_000
COUNTED_ROWS = 1 << 20  # whose distinct ones are counted
FEW_ROWS = 3_000  # for a first look at pairs
NUM_FOLDS = 3
SAME = 0.999  # rank correlation of a column and its copy in another unit
KIN = 0.97  # of a column and what was made from it


@dataclass(frozen=True)
class Bench:
    """A sample of train rows.

    Attributes:
        columns: What is judged, by name; texts are not.
        values: Numbers, times, or codes of categories, NaN where missing; each of shape (rows,).
        target: Class codes, or ranks in [0, 1]; shape (rows,).
        plain: Class codes, or the values as they are; shape (rows,).
        answer: The target, as scores need it.
        probe: A quick model.
    """

    columns: Mapping[str, Column]
    values: Mapping[str, Values]
    target: Values
    plain: Values
    answer: Answer
    probe: Probe

    @cached_property
    def scores(self) -> dict[str, float]:
        """How well each column alone tells the target."""
        return {
            name: column_score(
                self.values[name], self.answer, ordered=column.type is not ColumnType.CATEGORY
            )
            for name, column in self.columns.items()
        }

    @cached_property
    def few(self) -> dict[str, Values]:
        """Every so manieth row of the values."""
        return {name: values[:: self.stride] for name, values in self.values.items()}

    @property
    def stride(self) -> int:
        """How many rows the small sample goes on at a time."""
        return max(1, len(self.target) // FEW_ROWS)

    @cached_property
    def pairs(self) -> dict[Pair, Values]:
        """Pairs of like columns, with their values on the small sample."""
        return {pair: pair.of(self.few) for pair in like_pairs(self.columns, self.few)}

    def skill(self, score: float) -> float:
        """A score from 0, knowing nothing, to 1, perfect."""
        return 2 * score - 1 if self.answer.task is Task.CLASSIFICATION else score

    def others(self, without: set[str]) -> float:
        """Score of the model on all columns but these; at least that of the best one alone.

        On a hundred rows the model may do worse than a column, and would make that one look odd.
        """
        names = [name for name in self.values if name not in without]
        if not names:
            return 0.5 if self.answer.task is Task.CLASSIFICATION else 0.0
        best = max(self.scores[name] for name in names)
        told = self.probe(
            np.column_stack([self.values[name] for name in names]),
            self.target,
            folds=self.answer.folds,
            task=self.answer.task.value,
        )
        told = told[:, None] if told.ndim == 1 else told
        return max(best, self.answer.score(told[:, 1:] if told.shape[1] == 2 else told))

    def where(self, rows: NDArray[np.bool_]) -> Bench:
        """The same of some rows only; regression ranks them anew."""
        values = {name: column[rows] for name, column in self.values.items()}
        plain = self.plain[rows]
        answer = build_answer(plain, task=self.answer.task, folds=self.answer.folds[rows])
        truth = answer.columns[:, 0] if answer.task is Task.REGRESSION else plain
        return Bench(self.columns, values, truth, plain, answer, self.probe)

    def tie(self, name: str, *, without: set[str]) -> float:
        """Share of what the target leaves open of a column that the other columns tell; about 0 for a leak.

        Two models of the column's ranks, out of fold: one is told the target alone, one the others as well.

        Args:
            name: The column; categories are in the order of what they answer, missing values below all.
            without: It, its kin, and what is known to leak.
        """
        values = self.values[name]
        if self.columns[name].type is ColumnType.CATEGORY:
            values = column_answers(values, self.answer, ordered=False)[:, 0]
        wanted = ranks(np.where(np.isnan(values), -np.inf, values)) / len(values)
        others = [self.values[one] for one in self.values if one not in without]
        losses = []
        for features in ([self.target], [self.target, *others]):
            told = self.probe(
                np.column_stack(features),
                wanted,
                folds=self.answer.folds,
                task=Task.REGRESSION.value,
            )
            losses.append(float(np.square(told - wanted).sum()))
        return 1 - losses[1] / losses[0] if losses[0] > 0 else 0.0

    def copies_of(self, few: Values, *, least: float) -> set[str]:
        """Columns that are near-copies of these values, alone or as a difference of two.

        Args:
            few: Values on the small sample.
            least: Rank correlation that makes a copy.
        """
        alone = {name for name, values in self.few.items() if likeness(values, few) >= least}
        joint = [pair for pair, values in self.pairs.items() if likeness(values, few) >= least]
        return alone | {
            name for pair in joint if pair.sign == "-" for name in (pair.left, pair.right)
        }


def build_bench(
    train: pl.DataFrame,
    inputs: Sequence[Column],
    *,
    target: Target,
    probe: Probe,
    hashes: Hashes,
) -> Bench | None:
    """A bench of at most 20,000 rows; None when there is nothing to judge.

    Args:
        train: Typed train rows with the target.
        inputs: The columns to judge.
        target: What is predicted.
        probe: A quick model.
        hashes: Of the rows' inputs; shape (rows,).
    """
    chosen = choose_rows(hashes, np.zeros(len(hashes), dtype=np.int8), Arrays())
    frame = train[chosen]
    columns = {column.name: column for column in inputs if column.type is not ColumnType.TEXT}
    folds = (positions(_apart(hashes[chosen]), "leakage", "fold") * NUM_FOLDS).astype(np.int64)
    if not columns or len(np.unique(folds)) < NUM_FOLDS:
        return None
    plain = _encode_target(frame[target.name], target)
    answer = build_answer(plain, task=target.task, folds=folds)
    truth = answer.columns[:, 0] if target.task is Task.REGRESSION else plain
    values = {name: encode(frame[name]) for name in columns}
    return Bench(columns, values, truth, plain, answer, probe)


def choose_rows(hashes: Hashes, parts: NDArray[np.int8], arrays: Arrays) -> NDArray[np.int64]:
    """The at most 20,000 train rows of the lowest places; of equal ones the first. Positions, ascending.

    Args:
        hashes: Of the rows' inputs; shape (rows,).
        parts: Of each row; 0 is train; shape (rows,).
        arrays: Where long arrays live.
    """
    few = _are_few_distinct(hashes, parts, arrays)
    at, places = np.empty(0, dtype=np.int64), np.empty(0)
    limit, seen = np.inf, 0
    for span in arrays.spans(len(hashes)):
        mine = np.flatnonzero(parts[span] == 0)
        here = hashes[span][mine]
        number = np.arange(seen, seen + len(mine), dtype=np.uint64)
        seen += len(mine)
        place = positions(mix(here ^ mix(number)) if few else here, "leakage", "sample")
        low = place <= limit
        at = np.concatenate([at, mine[low] + span.start])
        places = np.concatenate([places, place[low]])
        if len(at) > SAMPLE_ROWS:
            limit = np.partition(places, SAMPLE_ROWS - 1)[SAMPLE_ROWS - 1]
            below, same = np.flatnonzero(places < limit), np.flatnonzero(places == limit)
            kept = np.sort(np.concatenate([below, same[: SAMPLE_ROWS - len(below)]]))
            at, places = at[kept], places[kept]
    return at


def _are_few_distinct(hashes: Hashes, parts: NDArray[np.int8], arrays: Arrays) -> bool:
    """Is under a tenth of the train rows distinct? Of very many rows by an estimate."""
    if len(hashes) <= COUNTED_ROWS:
        mine = hashes[parts == 0]
        return count_distinct(mine) * 10 < len(mine)
    num_rows, distinct = 0, HyperLogLog.of(np.empty(0, dtype=np.uint64))
    for span in arrays.spans(len(hashes)):
        mine = hashes[span][parts[span] == 0]
        num_rows += len(mine)
        distinct = distinct.merge(HyperLogLog.of(mine))
    return distinct.estimate * 10 < num_rows


def encode(values: pl.Series) -> Values:
    """Numbers and times as float64, words as codes in their order; NaN where missing."""
    if values.dtype == pl.String:
        words = values.unique().drop_nulls().sort()
        if not len(words):  # in train; there may be some in the other parts
            return np.full(len(values), np.nan)
        codes = values.replace_strict(
            words, pl.Series(np.arange(len(words), dtype=np.float64)), return_dtype=pl.Float64
        )
        return codes.fill_null(float("nan")).to_numpy()
    numbers = values.to_physical() if values.dtype.is_temporal() else values
    return numbers.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _encode_target(values: pl.Series, target: Target) -> Values:
    if target.task is Task.REGRESSION:
        return values.cast(pl.Float64).to_numpy()
    codes = {label: float(code) for code, label in enumerate(target.classes)}
    return values.replace_strict(codes, return_dtype=pl.Float64).to_numpy()


def _apart(hashes: Hashes) -> Hashes:
    """The hashes, or, where few rows are distinct, told apart by their position as well."""
    if count_distinct(hashes) * 10 >= len(hashes):
        return hashes
    found: NDArray[np.uint64] = mix(hashes ^ mix(np.arange(len(hashes), dtype=np.uint64)))
    return found
