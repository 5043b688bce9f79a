"""Label errors: train labels that models which were not shown them hold for wrong.

Looked for by default, on a sample of train rows; nothing is said where wrong labels cannot be told from
hard rows, or where fewer than three stand out. What is named is cut so that at most `labels.false_alarms` of
it (0.2) is right after all, in 19 cases of 20; the whole ranking of the labels that
were judged is written to the snapshot's labels.parquet. With `labels: {errors: drop}` the same rows are left
out of train, before anything is fitted; validation and test keep theirs, lest the numbers flatter.

Of a target that is a set of labels each label is judged against the rest (`labels.label_sets`). Where rows
carry several labels in columns of their own, `labels: {also: [COLUMN]}` has those judged one by one
beside the target, from the same inputs and without each other; they are named, never dropped, and their
ranking is in labels_also.parquet.

Cost: some forty quick fits a column of labels, half of the time that is left at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline, Pacer, Unhurried
from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.core.errors import RecipeError, shorten
from trainwright.core.protocols import FoldModels
from trainwright.data.detection import LeftOut
from trainwright.data.findings import finding
from trainwright.data.hashing import Hashes, hash_rows, positions
from trainwright.data.labels.judging import Judged, judge_classes, judge_numbers
from trainwright.data.labels.probe_folds import ProbeFolds
from trainwright.data.view import View

SAMPLE_ROWS = 6_000
PART_ROWS = 20_000  # judged together where rows are to be left out
_PARTS_HELD = 64  # in memory at a time
FEWEST_ROWS, FEWEST_NAMED, FEWEST_OF_CLASS = 100, 3, 5
MOST_OF_CLASS = 0.5  # named wrong; of more the models just do not know the class
FEWEST_DISTINCT = 20  # equal rows share a fold: fewer might all be in one, with none to learn from
NUM_FOLDS = 5
_SHARE = 0.5  # of the time that is left
_UNFIT = (ColumnType.WORDS, ColumnType.SERIES)
FURTHER = "labels_also"  # the table of columns beside the target
RANKING = {
    "row": pl.Int64(),
    "label": pl.String(),
    "told": pl.String(),
    "score": pl.Float64(),
    "wrong": pl.Float64(),
}


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Name train labels that look wrong: those of the target, then those of further label columns."""
    if view.target.task is Task.MULTI_LABEL:
        from trainwright.data.labels.label_sets import find_in_sets

        return find_in_sets(view, pacer=deadline.share("label-error", _SHARE))
    asked = [_target_of(view), *_further(view)]
    if view.settings.labels.errors == "off":
        return []
    if view.settings.labels.errors == "drop":  # the target's were left out before
        asked = asked[1:]
    pacer = deadline.share("label-error", _SHARE)
    found: list[Finding] = []
    for number, question in enumerate(asked):
        alone = len(asked) == 1
        name, part = f"label {question.target.name}", 1 / (len(asked) - number)
        found += _find(view, question, pacer if alone else pacer.share(name, part))
    return found


def _find(view: View, asked: Question, pacer: Deadline) -> list[Finding]:
    sample = view.sample(asked.names, size=SAMPLE_ROWS, split=Split.TRAIN)
    sample = sample.filter(pl.col(asked.target.name).is_not_null())
    judged = _judge(view, asked, sample, pacer=pacer)
    if judged is not None:
        ranking = _ranking(_table(asked, sample, judged))
        if asked.target.name == view.target.name:
            view.tables["labels"] = ranking
        else:
            _add_further(view, asked, ranking)
        return _findings(view, asked, sample, judged)
    if pacer.seconds_left > 0:
        return []
    return [
        finding(
            "not-run",
            "warning",
            f"no time was left to look for label errors in {asked.target.name!r}",
            remedy="data: {budget: 10m}",
        )
    ]


@dataclass(frozen=True, slots=True)
class Question:
    """Whose labels are judged, and by which columns."""

    target: Target
    inputs: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [*(column.name for column in self.inputs), self.target.name]


def _target_of(view: View) -> Question:
    labels = view.settings.labels.also
    return Question(view.target, tuple(c for c in usable_inputs(view) if c.name not in labels))


def _further(view: View) -> list[Question]:
    """The label columns beside the target; none of them tells of another one.

    Raises:
        RecipeError: there is no such column, or it is not one of classes.
    """
    labels = view.settings.labels.also
    columns = {column.name: column for column in view.columns}
    inputs = _target_of(view).inputs
    found = []
    for name in labels:
        column = columns.get(name)
        if column is None or column.type not in (ColumnType.BOOLEAN, ColumnType.CATEGORY):
            is_what = "no column" if column is None else f"a column of type {column.type.value}"
            raise RecipeError(
                f"{shorten(name)} is {is_what}, and labels are yes or no, or a class",
                where="data.labels.also",
                mend="data: {labels: {also: [COLUMN]}}, or data: {columns: {COLUMN: category}}",
            )
        values = view.sample([name], size=SAMPLE_ROWS, split=Split.TRAIN)[name]
        classes = tuple(values.drop_nulls().cast(pl.String).unique().sort().to_list())
        found.append(Question(Target(column, Task.CLASSIFICATION, classes), inputs))
    return found


def leave_out(view: View) -> LeftOut:
    """The train rows whose labels look wrong, where the recipe has them dropped."""
    rows: list[NDArray[np.int64]] = []
    reasons: list[str] = []
    found: list[Finding] = []
    tables: list[pl.DataFrame] = []
    if view.settings.labels.errors == "drop":
        asked = _target_of(view)
        for part in _parts(view):
            judged = _judge(view, asked, part, pacer=Unhurried())
            if judged is None:
                continue
            tables.append(_table(asked, part, judged))
            table = tables[-1][_named(view, asked, tables[-1], judged)]
            rows.append(table["row"].to_numpy())
            reasons += [
                f"label {shorten(label, 40)} looks wrong: rather {shorten(told, 40)}"
                for label, told in table.select("label", "told").iter_rows()
            ]
            found += [
                replace(
                    said,
                    severity="info",
                    message=f"left out of train: {said.message}",
                    remedy="",
                )
                for said in _findings(view, asked, part, judged)
            ]
    if tables:
        view.tables["labels"] = _ranking(pl.concat(tables))
    return LeftOut(np.concatenate(rows) if rows else np.empty(0, np.int64), reasons, tuple(found))


def rank(view: View, *, size: int = SAMPLE_ROWS, pacer: Pacer | None = None) -> pl.DataFrame:
    """All labels of a sample of train rows, the most suspect first.

    Returns:
        Columns row, label, told (what the models say), score (the greater, the more suspect), wrong
        (probability that the label is wrong, 0 where that cannot be said). Empty where nothing was
        judged.
    """
    sample = view.sample(_names(view), size=size, split=Split.TRAIN)
    asked = _target_of(view)
    judged = _judge(view, asked, sample, pacer=pacer or Unhurried())
    if judged is None:
        return pl.DataFrame(schema=RANKING)
    return _table(asked, sample, judged).sort("score", "row", descending=[True, False])


def _judge(view: View, asked: Question, rows: pl.DataFrame, *, pacer: Pacer) -> Judged | None:
    """None where there is nothing to judge, or no time to."""
    inputs, target = asked.inputs, asked.target
    task = target.task
    if not inputs or rows.height < FEWEST_ROWS:
        return None
    if task not in (Task.CLASSIFICATION, Task.REGRESSION):
        return None
    hashes = hash_rows(rows, [column.name for column in inputs])
    values = _values(target, rows[target.name])
    models = models_of(view, asked, rows)

    def folds(number: int) -> NDArray[np.int64]:
        return folds_of(hashes, number)

    if len(np.unique(positions(hashes, "labels", "fold", 0))) < FEWEST_DISTINCT:
        return None
    if task is Task.REGRESSION:
        return judge_numbers(models, values, folds=folds, pacer=pacer)
    codes = values.astype(np.int64)
    sizes = np.bincount(codes, minlength=len(target.classes))
    if (sizes >= FEWEST_OF_CLASS).sum() < 2:
        return None
    return judge_classes(models, codes, folds=folds, pacer=pacer)


def _findings(view: View, asked: Question, rows: pl.DataFrame, judged: Judged) -> list[Finding]:
    cut = judged.noise.cut(view.settings.labels.false_alarms)
    whole_table = _table(asked, rows, judged)
    named = _named(view, asked, whole_table, judged)
    if len(named) < FEWEST_NAMED:
        return []
    table = whole_table[named]
    examples = "; ".join(
        f"{view.place(row)}: {shorten(label, 40)}, rather {shorten(told, 40)}"
        for row, label, told in table.select("row", "label", "told").head(3).iter_rows()
    )
    whole = "" if judged.rounds.whole else " (there was no time for all passes)"
    if asked.target.classes:
        severity, what = "warning", "labels look wrong to models that were not shown them"
        promise = (
            f"of those named about {cut.expected:.0%} are expected to be right after all (at most"
            f" {cut.at_most:.0%}, in 19 cases of 20), and {judged.noise.rate:.1%} of all labels to be wrong"
        )
    else:  # a heavier tail than the model of noise has looks like errors: nothing can be promised
        severity, what = "info", "values lie far from what models expect that were not shown them"
        promise = "in a target with heavy tails true values do so too"
    return [
        finding(
            "label-error",
            severity,  # type: ignore[arg-type]
            f"{len(named)} of {rows.height} train {what}; {promise}{whole}. The surest: {examples}",
            column=asked.target.name,
            rows=table["row"].to_numpy(),
            remedy="data: {labels: {errors: drop}}  # or, after a look, {corrections: FILE}"
            if asked.target.name == view.target.name
            else "data: {labels: {corrections: FILE}}  # with columns row, column and label; what models"
            f" propose is in the snapshot's {FURTHER}.parquet",
        )
    ]


def _named(view: View, asked: Question, table: pl.DataFrame, judged: Judged) -> NDArray[np.int64]:
    """The rows that are called wrong: of no class more than half, for such a class the models do not know."""
    named = judged.noise.cut(view.settings.labels.false_alarms).rows
    if not asked.target.classes or not len(named):
        return named
    sizes = dict(table["label"].value_counts().iter_rows())
    labels = table["label"][named]
    found = dict(labels.value_counts().iter_rows())
    known = [label for label, count in found.items() if count <= MOST_OF_CLASS * sizes[label]]
    kept: NDArray[np.int64] = named[labels.is_in(known).to_numpy()]
    return kept


def _table(asked: Question, rows: pl.DataFrame, judged: Judged) -> pl.DataFrame:
    """The ranking, in row order."""
    if asked.target.classes:
        told = np.array(asked.target.classes, dtype=object)[judged.told.astype(np.int64)]
    else:
        told = np.array([f"{value:.6g}" for value in judged.told], dtype=object)
    return pl.DataFrame(
        {
            "row": rows[ROW].to_numpy(),
            "label": rows[asked.target.name].cast(pl.String),
            "told": pl.Series(told.tolist(), dtype=pl.String),
            "score": judged.score,
            "wrong": judged.noise.wrong,
        },
        schema=RANKING,
    )


def _ranking(table: pl.DataFrame) -> pl.DataFrame:
    """For the snapshot: row, given, proposed, probability (that the label is wrong), rank from 1."""
    ranked = table.sort("score", "row", descending=[True, False])
    return ranked.select(
        "row",
        given="label",
        proposed="told",
        probability="wrong",
        rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
    )


def _add_further(view: View, asked: Question, ranking: pl.DataFrame) -> None:
    """Beside the rankings of other columns, each with its name."""
    known = view.tables.get(FURTHER)
    mine = ranking.insert_column(1, pl.lit(asked.target.name).alias("column"))
    view.tables[FURTHER] = mine if known is None else pl.concat([known, mine])


def _parts(view: View) -> Iterator[pl.DataFrame]:
    """Train rows, 20,000 at most at a time, drawn without regard to their order; some parts a pass."""
    names = _names(view)
    size = sum(block.height for block in view.blocks([], split=Split.TRAIN))
    number = max(1, -(-size // PART_ROWS))
    for first in range(0, number, _PARTS_HELD):
        held = range(first, min(first + _PARTS_HELD, number))
        pieces: list[list[pl.DataFrame]] = [[] for _ in held]
        for block in view.blocks(names, split=Split.TRAIN):
            places = hash_rows(block.select(ROW), [ROW])
            part = (positions(places, "labels", "part") * number).astype(np.int64)
            for place, piece in zip(held, pieces, strict=True):
                piece.append(block.filter(pl.Series(part == place)))
        yield from (pl.concat(piece) for piece in pieces if piece)


def usable_inputs(view: View) -> list[Column]:
    """The inputs that the models can read."""
    named = [column for column in view.columns if column.name in view.inputs]
    return [column for column in named if column.type not in _UNFIT]


def _names(view: View) -> list[str]:
    return [*(column.name for column in usable_inputs(view)), view.target.name]


def folds_of(hashes: Hashes, number: int) -> NDArray[np.int64]:
    """Equal rows are in one fold, lest a copy tells."""
    return (positions(hashes, "labels", "fold", number) * NUM_FOLDS).astype(np.int64)


def _values(target: Target, labels: pl.Series) -> NDArray[np.float64]:
    if not target.classes:
        return labels.cast(pl.Float64).to_numpy()
    codes = {label: float(code) for code, label in enumerate(target.classes)}
    return labels.cast(pl.String).replace_strict(codes, return_dtype=pl.Float64).to_numpy()


def models_of(view: View, asked: Question, rows: pl.DataFrame) -> FoldModels:
    """Models of these rows; the probe where no families were handed over."""
    if view.out_of_fold is not None:
        return view.out_of_fold(rows, asked.inputs, target=asked.target)
    return ProbeFolds(rows, asked.inputs, view.probe, num_classes=len(asked.target.classes))
