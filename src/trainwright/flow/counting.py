"""Tokens that a run learnt from and judged on, and what a mixture came to in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from trainwright.core.artifacts import Split
from trainwright.data.language.counting import TokenCounts, shares_of, token_counts
from trainwright.flow.rows import Rows
from trainwright.flow.training import Trained
from trainwright.recipe.schema import Recipe


def tokens_of(trained: Trained, recipe: Recipe) -> dict[str, Any] | None:
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
    parts = {Split.TRAIN: trained.training, Split.VALIDATION: trained.validation}
    counts = {
        split: token_counts(preparation.transform(rows.frame)) for split, rows in parts.items()
    }
    told = {split.value: one.to_json() for split, one in counts.items()}
    return {**told, "sources": _sources(counts[Split.TRAIN], trained.training, recipe)}


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


def _sources(counts: TokenCounts, train: Rows, recipe: Recipe) -> list[dict[str, Any]]:
    mixture = recipe.data.mixture
    if mixture is None or mixture.column is None or mixture.column not in train.frame.columns:
        return []
    weights = np.ones(train.frame.height) if train.weights is None else train.weights
    found = shares_of(counts, train.frame[mixture.column], weights, asked=mixture.weights)
    return [one.to_json() for one in found]
