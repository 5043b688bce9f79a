"""Label errors where a row has several labels: each label against the rest, told by row and label.

Whether a row has a label is a question of two classes, judged like any other (`labels.judging`) by models
that were not shown the answer. The doubts of all labels are cut together, so that of everything that is
named at most `labels.false_alarms` is right after all; and since every label is a look for chance to
deceive, the noise of each must be the surer, the more labels there are. A row's own chance is that of one
wrong label at least, one minus the product of theirs.

The ranking is written to the snapshot's labels.parquet, the surest first. Rows are never dropped for it: a
label too many leaves the others right.

Cost: some forty quick fits a label, from the commonest on; labels that there is no time for are named.

Source: label by label and then one score a row: Thyagarajan et al. 2022, arXiv:2211.13895, section 3; theirs
is an average of each label's own doubt, ours the chance of an error.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW
from trainwright.core.errors import shorten
from trainwright.core.protocols import FoldModels
from trainwright.data.findings import finding
from trainwright.data.hashing import hash_rows, positions
from trainwright.data.label_questions import ABSENT, PRESENT, commonest, question_of, told_labels
from trainwright.data.labels.errors import (
    FEWEST_DISTINCT,
    FEWEST_NAMED,
    FEWEST_OF_CLASS,
    FEWEST_ROWS,
    MOST_OF_CLASS,
    SAMPLE_ROWS,
    Question,
    folds_of,
    models_of,
    usable_inputs,
)
from trainwright.data.labels.judging import Judged, judge_classes
from trainwright.data.labels.noise import Noise
from trainwright.data.view import View

MOST_RANKED = 200_000  # rows and labels
_CLASSES = (ABSENT, PRESENT)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was found of one label; arrays have one entry a row."""

    label: str
    codes: NDArray[np.int64]
    judged: Judged


def find_in_sets(view: View, *, pacer: Deadline) -> list[Finding]:
    """Name labels of train rows that look wrong, or lacking."""
    inputs, name = usable_inputs(view), view.target.name
    if view.settings.labels.errors == "off" or not inputs:
        return []
    names = [*(column.name for column in inputs), name]
    rows = view.sample(names, size=SAMPLE_ROWS, split=Split.TRAIN)
    hashes = hash_rows(rows, [column.name for column in inputs])
    distinct = len(np.unique(positions(hashes, "labels", "fold", 0)))
    if rows.height < FEWEST_ROWS or distinct < FEWEST_DISTINCT:
        return []
    labels = [
        label
        for label in commonest(rows[name], view.target, most=len(view.target.classes))
        if _can_be_judged(_codes(rows[name], label))
    ]
    if not labels:
        return []
    asked = Question(question_of(view.target), tuple(inputs))
    models = models_of(view, asked, rows)
    found: list[_Answer] = []
    for label in labels:
        codes = _codes(rows[name], label)
        part = pacer.share(f"label {label}", 1.0)
        judged = _judge(models, codes, hashes, pacer=part, looks=len(labels))
        if judged is not None:
            found.append(_Answer(label, codes, judged))
    known = {answer.label for answer in found}
    late = [label for label in labels if label not in known]
    findings = _findings(view, rows, found) if found else []
    return findings + _late(late, name) if late else findings


def _codes(lists: pl.Series, label: str) -> NDArray[np.int64]:
    return (told_labels(lists, label) == PRESENT).to_numpy().astype(np.int64)


def _can_be_judged(codes: NDArray[np.int64]) -> bool:
    return FEWEST_OF_CLASS <= int(codes.sum()) <= len(codes) - FEWEST_OF_CLASS


def _judge(
    models: FoldModels,
    codes: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    *,
    pacer: Deadline,
    looks: int,
) -> Judged | None:
    def folds(number: int) -> NDArray[np.int64]:
        return folds_of(hashes, number)

    return judge_classes(models, codes, folds=folds, pacer=pacer, looks=looks)


def _findings(view: View, rows: pl.DataFrame, found: list[_Answer]) -> list[Finding]:
    places = rows[ROW].to_numpy()
    table = _table(places, found)
    view.tables["labels"] = _ranking(table)
    noise = _joined([answer.judged.noise for answer in found])
    cut = noise.cut(view.settings.labels.false_alarms)
    named = _of_known(table.with_row_index("at")[cut.rows], found)
    if named.height < FEWEST_NAMED:
        return []
    counts = Counter(named["label"].to_list()).most_common(5)
    shown = ", ".join(f"{shorten(label, 30)} {count}" for label, count in counts)
    examples = "; ".join(
        f"{view.place(row)}: {shorten(label, 40)} is {given}, rather {told}"
        for row, label, given, told in named.select("row", "label", "given", "told")
        .head(3)
        .iter_rows()
    )
    ended = any(not answer.judged.rounds.whole for answer in found)
    concerned = named["row"].unique().to_numpy()
    return [
        finding(
            "label-error",
            "warning",
            f"{named.height} labels on {len(concerned)} of {rows.height} train rows look wrong, or lacking,"
            f" to models that were not shown them ({shown}); of those named about {cut.expected:.0%} are"
            f" expected to be right after all (at most {cut.at_most:.0%}, in 19 cases of 20)"
            f"{' (there was no time for all passes)' * ended}. The surest: {examples}",
            column=view.target.name,
            rows=concerned,
            count=named.height,
            remedy="look at these rows and labels, in the snapshot's labels.parquet, and mend the file",
        )
    ]


def _late(labels: list[str], name: str) -> list[Finding]:
    shown = ", ".join(shorten(label, 30) for label in labels[:5])
    return [
        finding(
            "not-run",
            "warning",
            f"no time was left to look for errors in {len(labels)} labels of {name!r}: {shown}",
            remedy="data: {budget: 10m}",
        )
    ]


def _joined(parts: list[Noise]) -> Noise:
    """The doubts of all labels as one: rows of the first label, then those of the second, ..."""
    wrong = np.concatenate([part.wrong for part in parts])
    draws = [part.draws for part in parts if part.draws is not None]
    return Noise(float(wrong.mean()), wrong, np.concatenate(draws, axis=1) if draws else None)


def _table(places: NDArray[np.int64], found: list[_Answer]) -> pl.DataFrame:
    """Every row and label, in the order of `_joined`."""
    classes = np.array(_CLASSES, dtype=object)
    return pl.concat(
        pl.DataFrame(
            {
                "row": places,
                "label": pl.Series([answer.label] * len(places), dtype=pl.String),
                "given": pl.Series(classes[answer.codes].tolist(), dtype=pl.String),
                "told": pl.Series(
                    classes[answer.judged.told.astype(np.int64)].tolist(), dtype=pl.String
                ),
                "score": answer.judged.score,
                "wrong": answer.judged.noise.wrong,
            }
        )
        for answer in found
    )


def _of_known(named: pl.DataFrame, found: list[_Answer]) -> pl.DataFrame:
    """Without the labels that the models do not know: more than half of their rows would be wrong."""
    sizes = {answer.label: np.bincount(answer.codes, minlength=2) for answer in found}
    counts = named.group_by("label", "given").len()
    unknown = [
        (label, given)
        for label, given, count in counts.iter_rows()
        if count > MOST_OF_CLASS * sizes[label][_CLASSES.index(given)]
    ]
    kept = [pair not in unknown for pair in named.select("label", "given").iter_rows()]
    return named.filter(pl.Series(kept, dtype=pl.Boolean))


def _ranking(table: pl.DataFrame) -> pl.DataFrame:
    """The most suspect: row, label, given, proposed, probability, of the row, rank from 1."""
    of_row = 1 - (1 - pl.col("wrong")).product().over("row")
    ranked = table.with_columns(row_probability=of_row).sort(
        ["wrong", "score", "row", "label"], descending=[True, True, False, False]
    )
    return ranked.head(MOST_RANKED).select(
        "row",
        "label",
        "given",
        proposed="told",
        probability="wrong",
        row_probability="row_probability",
        rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
    )
