"""Tokens that a run learnt from and judged on: of each row in its part of the ledger, and in sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Split
from trainwright.core.columns import ROW
from trainwright.core.durable import write_with
from trainwright.data.language.counting import TokenCounts, shares_of, token_counts
from trainwright.flow.fitting import weights_of
from trainwright.flow.rows import Rows
from trainwright.flow.training import Trained
from trainwright.runs.folder import RunFolder

FILE = "tokens.parquet"


def count_tokens(trained: Trained, folder: RunFolder) -> dict[str, Any] | None:
    """Counts by split, and shares by source where there is a mixture; None where nothing is told.

    Those of each row are written into the run: columns row, split, total, taught, read and lost.

    Returns:
        JSON values: `train` and `validation`, each {total, taught, read, lost}; `sources`, each {name,
        rows, tokens, asked, share, epochs}.
    """
    if not trained.model.target.task.is_language:
        return None
    from trainwright.data.language.preparation import LanguagePreparation

    preparation = trained.selection.winner.preparation
    if not isinstance(preparation, LanguagePreparation):
        return None
    train = trained.training
    passages = preparation.transform(train.frame)
    counts = token_counts(passages)
    judged = token_counts(preparation.transform(trained.validation.frame))
    rows = pl.concat(
        [
            counted.by_row(frame[ROW]).insert_column(1, pl.lit(split.value).alias("split"))
            for split, counted, frame in (
                (Split.TRAIN, counts, train.frame),
                (Split.VALIDATION, judged, trained.validation.frame),
            )
        ]
    )
    write_with(folder.path / FILE, lambda path: rows.write_parquet(path))
    return {
        Split.TRAIN.value: counts.to_json(),
        Split.VALIDATION.value: judged.to_json(),
        "sources": _sources(counts, train, weights_of(train, passages)),
    }


def tokens_of_row(folder: RunFolder, row: int) -> dict[str, Any] | None:
    """The tokens of one row; None where the run counted none."""
    path = folder.path / FILE
    if not path.exists():
        return None
    found = pl.read_parquet(path).filter(pl.col("row") == row)
    return found.drop("row").to_dicts()[0] if found.height else None


def token_lines(tokens: Mapping[str, Any]) -> Iterator[str]:
    """The same for people."""
    train = tokens["train"]
    lost = f", {train['lost']:,} cut off" if train["lost"] else ""
    yield f"tokens: {train['taught']:,} taught of {train['total'] + train['read']:,} in train{lost}"
    for one in tokens["sources"]:
        yield (
            f"  {one['name']}: {one['share']:.1%} of the taught tokens (asked for {one['asked']:.1%}),"
            f" {one['epochs']:.2f} times an epoch"
        )


def _sources(
    counts: TokenCounts, train: Rows, weights: NDArray[np.float64] | None
) -> list[dict[str, Any]]:
    if train.mixture is None or weights is None:
        return []
    found = shares_of(counts, train.mixture, train.frame, weights)
    return [one.to_json() for one in found]
