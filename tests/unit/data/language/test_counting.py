"""Tokens counted by row and by source, and weights that give each source its share of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from tests.unit.data.language.conftest import Fit

from trainwright.data.language.counting import Mixture, shares_of, token_counts


def test_tokens_are_counted_by_row(documents: pl.DataFrame, pairs: pl.DataFrame, fit: Fit) -> None:
    found = token_counts(fit(documents, max_length=12, over_long="split").transform(documents))
    whole = token_counts(fit(documents, max_length=400).transform(documents))
    assert found.taught.tolist() == whole.taught.tolist()
    assert (whole.total - whole.taught).tolist() == [1, 1, 1, 1]
    assert whole.taught[3] == 1  # the end of an empty document
    assert whole.lost.tolist() == [0, 0, 0, 0]
    cut = token_counts(fit(documents, max_length=12).transform(documents))
    assert (cut.taught + cut.lost)[:3].tolist() == (whole.taught - 1)[:3].tolist()
    assert cut.to_json()["lost"] == int(cut.lost.sum())
    spans = token_counts(fit(pairs, form="span").transform(pairs))
    assert (spans.read > spans.taught).all()


def test_weights_are_brought_to_shares_of_tokens(documents: pl.DataFrame, fit: Fit) -> None:
    counts = token_counts(fit(documents).transform(documents))
    frame = documents.with_columns(pl.Series("label", ["a", "a", None, None]))
    mixture = Mixture("label", {"a": 1, "(missing)": 3})
    for before in (None, np.array([2.0, 2.0, 0.5, 0.25])):
        weights = mixture.weights(counts, frame, before)
        assert (weights * counts.taught).sum() == pytest.approx(counts.taught.sum())
        found = shares_of(counts, mixture, frame, weights)
        assert [one.asked for one in found] == [0.25, 0.75]
        assert [one.share for one in found] == pytest.approx([0.25, 0.75])
        assert [one.rows for one in found] == [2, 2]
        told = counts.taught
        assert found[0].tokens == told[0] + told[1]
        assert found[0].epochs == pytest.approx(told.sum() / 4 / (told[0] + told[1]))
    assert weights[2] == pytest.approx(2 * weights[3])  # within a source rows keep to each other


def test_a_source_that_has_no_tokens_here_leaves_its_share_to_the_others(
    documents: pl.DataFrame, fit: Fit
) -> None:
    counts = token_counts(fit(documents).transform(documents))
    frame = documents.with_columns(label=pl.lit("a"))
    weights = Mixture("label", {"a": 1, "b": 1}).weights(counts, frame, None)
    assert weights.tolist() == [1, 1, 1, 1]
