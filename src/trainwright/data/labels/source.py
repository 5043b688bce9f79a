"""The target of staged rows where it comes from several hands, before any type is decided.

Only the columns that are asked are held in memory: those of annotators, those that functions look at, and
further columns of labels where a file corrects some. From here on the labels stand as if the source had
come with them; the identity of the source is still that of the rows as they were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import ROW
from trainwright.data.labels.settle import Settled, settle
from trainwright.data.staging.staged import StagedSource
from trainwright.data.types.inference import type_columns
from trainwright.data.types.tags import refuse_lists
from trainwright.data.weights import Weights
from trainwright.recipe.data import DataSettings
from trainwright.recipe.labels import LabelSettings, Rule

PROBABILITIES = "label_probabilities"


def settle_source(
    staged: StagedSource, settings: DataSettings, *, base: Path
) -> tuple[StagedSource, Settled | None]:
    """The rows with the target that `data.labels` makes; as they are where it makes none.

    Raises:
        RecipeError: a column, class, function or file is not there.
        DataError: an annotation or correction names a row or class that is not there.
    """
    said = settings.labels
    if not (said.annotators or said.annotations or said.functions or said.corrections):
        return staged, None
    target = settings.target
    named = [name for name in staged.schema if name in _asked(said, staged) and name != target]
    frame = pl.DataFrame({ROW: np.arange(staged.num_rows)})
    if named:
        raw = replace(staged.table, frame=pl.concat(list(staged.blocks(named))))
        typed = type_columns(raw, settings, without=target)
        frame = frame.hstack([column.values for column in typed])
    if target in staged.schema:
        given = pl.concat(list(staged.blocks([target])))[target]
        refuse_lists(given)
        frame = frame.with_columns(given.cast(pl.String).str.strip_chars().replace("", None))
    if said.corrections is not None:
        frame = frame.hstack(_further(staged, said, without=[*frame.columns, target]))
    files = [(one.file.name, one.file.num_rows) for one in staged.files]
    settled = settle(frame, said, target=target, base=base, files=files)
    assert settled is not None
    made = settled.labels.fill_null("").to_frame().hstack(settled.further)
    return replace(staged, settled=made), settled


def label_tables(settled: Settled, *, train: NDArray[np.int64]) -> dict[str, pl.DataFrame]:
    """What is kept of it beside the splits, by name: a line an annotator and a function, and probabilities.

    Args:
        settled: As it was taught.
        train: Global positions of train rows; those of other rows are not told, for the test is sealed.

    Returns:
        The tables of `settled`, and `label_probabilities`: `row`, `label`,
        `probability` of every class of each train row that annotators or functions labelled.
    """
    if settled.probabilities is None:
        return dict(settled.tables)
    mine = settled.probabilities.filter(pl.col(ROW).is_in(pl.Series(train).implode()))
    told = mine.unpivot(index=ROW, variable_name="label", value_name="probability")
    told = told.rename({ROW: "row"}).sort("row", maintain_order=True)
    return {**settled.tables, PROBABILITIES: told}


def weights_of(settled: Settled) -> Weights | None:
    """How much the rows count by the confidence in their labels; None where all count alike."""
    if settled.weights is None:
        return None
    rows = np.flatnonzero((settled.weights != 1.0) & (settled.weights > 0))
    return Weights(rows, settled.weights[rows])


def _further(staged: StagedSource, said: LabelSettings, *, without: Sequence[str]) -> pl.DataFrame:
    """The other columns of labels, as read; what of them is corrected stands in their place."""
    names = [name for name in said.also if name in staged.schema and name not in without]
    if not names:
        return pl.DataFrame()
    return pl.concat(list(staged.blocks(names))).cast(pl.String)


def _asked(said: LabelSettings, staged: StagedSource) -> frozenset[str]:
    """The columns that labels are made from; a function of the user's own may look at any."""
    if any(isinstance(function, str) for function in said.functions):
        return frozenset(staged.schema) - {staged.images}
    return frozenset([*said.annotators, *_conditioned(said)])


def _conditioned(said: LabelSettings) -> Iterator[str]:
    for function in said.functions:
        if isinstance(function, Rule):
            yield from (condition.column for condition in function.conditions)
