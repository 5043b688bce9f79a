"""Fit the preparation that a family asks for: of table columns, a text, an image or series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from trainwright.core.columns import Column, Target
from trainwright.core.features import FeatureNeeds, ImageNeeds, Needs, PromptNeeds, TextNeeds
from trainwright.core.language import LanguageNeeds
from trainwright.core.protocols import Preparation
from trainwright.data.preparation import fit_table_preparation


def fit_preparation(
    frame: pl.DataFrame,
    inputs: Sequence[Column],
    needs: Needs,
    *,
    base: Path,
    target: Target | None = None,
    shards: Path | None = None,
) -> Preparation:
    """Fit on these rows, which must be train rows.

    Args:
        frame: Typed rows; holds at least `inputs`.
        inputs: The columns to prepare.
        needs: What the model family asks for.
        base: The recipe's folder, where the path of a pre-trained tokenizer starts.
        target: What is predicted; of language alone, where it is the text that is told.
        shards: Where token ids of a large corpus are kept; None: in memory.

    Returns:
        A function of the rows, their order, `needs` and the pre-trained base alone.
    """
    if isinstance(needs, FeatureNeeds):
        return fit_table_preparation(frame, inputs, needs)
    if isinstance(needs, TextNeeds):
        from trainwright.data.texts.preparation import fit_text_preparation

        return fit_text_preparation(frame, inputs, needs, base=base)
    if isinstance(needs, ImageNeeds):
        from trainwright.data.images.preparation import fit_image_preparation

        return fit_image_preparation(frame, inputs, needs, base=base)
    if isinstance(needs, LanguageNeeds):
        from trainwright.data.language.fitting import fit_language_preparation

        assert target is not None
        return fit_language_preparation(
            frame, inputs, needs, base=base, target=target, shards=shards
        )
    if isinstance(needs, PromptNeeds):
        from trainwright.data.prompts import fit_prompts

        return fit_prompts(inputs, needs)
    from trainwright.data.series.preparation import fit_series_preparation

    return fit_series_preparation(frame, inputs, needs)
