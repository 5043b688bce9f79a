"""Which rows of a view are near-duplicates: by its texts, its images, or its cells, as it has them.

Or, where the recipe says `by: meaning`, by what its texts mean to a pre-trained encoder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from trainwright.core.columns import ROW, ColumnType
from trainwright.core.errors import RecipeError
from trainwright.data.similarity.clusters import Clusters
from trainwright.data.similarity.images import THRESHOLD as IMAGE_THRESHOLD
from trainwright.data.similarity.images import near_images
from trainwright.data.similarity.meaning import THRESHOLD as MEANING_THRESHOLD
from trainwright.data.similarity.meaning import near_meanings
from trainwright.data.similarity.rows import judged_columns, near_rows
from trainwright.data.similarity.texts import THRESHOLD as TEXT_THRESHOLD
from trainwright.data.similarity.texts import near_texts
from trainwright.data.view import View

FEWEST_SHINGLES = 8  # of a text: shorter ones are alike by chance


@dataclass(frozen=True, slots=True)
class Search:
    """What was looked for, and what was found.

    Attributes:
        what: texts, images or rows.
        columns: Whose values were compared.
        measure: What likeness is called.
        threshold: From which on rows are near-duplicates.
        clusters: By global row positions.
    """

    what: str
    columns: tuple[str, ...]
    measure: str
    threshold: float
    clusters: Clusters

    @property
    def column(self) -> str | None:
        """The one column that was looked at; None for several."""
        return self.columns[0] if len(self.columns) == 1 else None


def search(view: View, *, go_on: Callable[[int], bool] = lambda _: True) -> Search | None:
    """Near-duplicates by content; None where the view holds nothing that can be compared.

    Texts of several columns are compared together. A table without texts and images is compared by cells.

    Args:
        view: The rows.
        go_on: See `near_texts`.
    """
    settings = view.settings.near_duplicates
    threshold = settings.threshold
    of_type = {
        kind: [c.name for c in view.columns if c.type is kind and c.name in view.inputs]
        for kind in (ColumnType.TEXT, ColumnType.IMAGE)
    }
    texts = of_type[ColumnType.TEXT]
    if settings.by == "meaning":
        return _placed(_by_meaning(view, texts, go_on), view)
    if texts:
        least = TEXT_THRESHOLD if threshold is None else threshold
        blocks = (_joined(block, texts) for block in view.blocks(texts))
        found = near_texts(
            blocks,
            num_texts=view.num_rows,
            threshold=least,
            fewest=FEWEST_SHINGLES,
            go_on=go_on,
        )
        return _placed(Search("texts", tuple(texts), "Jaccard", least, found), view)
    if images := of_type[ColumnType.IMAGE]:
        least = IMAGE_THRESHOLD if threshold is None else threshold
        files = (data for block in view.blocks(images[:1]) for data in block[images[0]])
        clusters = near_images(files, num_images=view.num_rows, threshold=least)
        return _placed(Search("images", (images[0],), "bits alike", least, clusters), view)
    if columns := judged_columns(view):
        names = tuple(column.name for column in columns)
        return _placed(
            Search("rows", names, "cells alike", 1 - 1 / len(names), near_rows(view)), view
        )
    return None


def _by_meaning(view: View, texts: list[str], go_on: Callable[[int], bool]) -> Search:
    settings = view.settings.near_duplicates
    assert settings.pretrained is not None
    assert view.embedder is not None
    if not texts:
        raise RecipeError(
            "near-duplicates by meaning are told by texts, and the table has no column of them",
            where="data.near_duplicates.by",
            mend="remove by: meaning, or name the column: data: {columns: {NAME: text}}",
        )
    blocks = (_joined(block, texts) for block in view.blocks(texts))
    least = MEANING_THRESHOLD if settings.threshold is None else settings.threshold
    clusters = near_meanings(
        blocks,
        partial(view.embedder.vectors, pretrained=settings.pretrained),
        num_texts=view.num_rows,
        threshold=least,
        go_on=go_on,
    )
    return Search("texts", tuple(texts), "cosine of meaning", least, clusters)


def _joined(block: pl.DataFrame, names: list[str]) -> pl.Series:
    if len(names) == 1:
        return block[names[0]]
    return block.select(pl.concat_str(names, separator="\n", ignore_nulls=True)).to_series()


def _placed(found: Search, view: View) -> Search:
    """With global positions in place of places among the rows that are still in."""
    clusters = found.clusters
    rows, at = np.zeros(len(clusters.row), np.int64), 0
    for block in view.blocks([]):
        low, high = np.searchsorted(clusters.row, [at, at + block.height])
        rows[low:high] = block[ROW].to_numpy()[clusters.row[low:high] - at]
        at += block.height
    named = {
        key: rows[np.searchsorted(clusters.row, getattr(clusters, key))]
        for key in ("row", "first", "left", "right")
    }
    return replace(found, clusters=replace(clusters, **named))
