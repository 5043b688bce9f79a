"""`data.mixture`: which share of what is learnt each source has."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trainwright.recipe.reads import Section

Share = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]


class MixtureSettings(Section):
    """Train rows of a source count so much that it has its share of the text; other parts stay."""

    column: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    """Whose values tell the source: label of a folder of documents, or any other; the file where not said."""
    weights: Annotated[dict[str, Share], Field(min_length=1)]
    """{VALUE: SHARE} of the column, or {FILE: SHARE} of a list of sources; brought to a sum of 1."""
