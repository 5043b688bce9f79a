"""Tokens that a run learnt from and judged on, and what a mixture came to in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Split
from trainwright.data.language.counting import TokenCounts, shares_of, token_counts
from trainwright.flow.fitting import weights_of
from trainwright.flow.rows import Rows
from trainwright.flow.training import Trained


def tokens_of(trained: Trained) -> dict[str, Any] | None:
    """Counts by split, and shares by source where there is a mixture; None where nothing is told.

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
    return {
        Split.TRAIN.value: counts.to_json(),
        Split.VALIDATION.value: judged.to_json(),
        "sources": _sources(counts, train, weights_of(train, passages)),
    }


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
