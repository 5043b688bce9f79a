"""Batch scoring by language models: a text for each row, or what a row's own text costs.

A row that says nothing has no text, and a prompt that leaves no room for an answer has none either: the
column `finish` says why, so that one long row does not end a long job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from trainwright.core.errors import DataError
from trainwright.core.language import (
    TOKENS,
    Generates,
    Generation,
    GenerationSettings,
    PromptTooLong,
)
from trainwright.core.protocols import Model
from trainwright.deployment.prompts import prompt_of
from trainwright.deployment.told import bits_per_byte

ROWS_AT_ONCE = 32  # that are written side by side, and that an interrupted job may have to do again
EMPTY, TOO_LONG, REFUSED = "empty", "prompt too long", "prompt refused"


class Writing:
    """Writes texts for rows.

    Args:
        model: Whose inputs the rows have.
        generator: The same model.
        settings: How it writes.
    """

    def __init__(self, model: Model, generator: Generates, settings: GenerationSettings) -> None:
        self._model = model
        self._settings = settings
        self._table = generator.decoding()

    def answers(self, rows: Sequence[Mapping[str, Any]]) -> list[pl.Series]:
        """Columns `prediction` and `finish` (stop, length, or why there is none), a value a row."""
        why: list[str] = []
        places: dict[int, int] = {}
        for place, row in enumerate(rows):
            try:
                prompt = prompt_of(row, self._model)
                if prompt is not None:
                    places[self._table.add(prompt, self._settings)] = place
                why.append(EMPTY)
            except PromptTooLong:
                why.append(TOO_LONG)
            except DataError:
                why.append(REFUSED)
        found: dict[int, Generation] = {}
        try:
            while self._table.active:
                for piece in self._table.step():
                    if piece.generation is not None:
                        found[places[piece.request]] = piece.generation
        finally:  # after a failure or a signal nobody waits for the others
            for request, place in places.items():
                if place not in found:
                    self._table.cancel(request)
        texts = [found[place].text if place in found else None for place in range(len(rows))]
        ends = [found[place].finish if place in found else why[place] for place in range(len(rows))]
        return [
            pl.Series("prediction", texts, dtype=pl.String),
            pl.Series("finish", ends, dtype=pl.String),
        ]


def told_columns(values: Any) -> list[pl.Series]:  # noqa: ANN401 - an array
    """Columns `prediction` (bits per byte, null where a row tells nothing) and `tokens`.

    Args:
        values: Nats, tokens and bytes, shape (rows, 3).
    """
    bits = pl.Series("prediction", bits_per_byte(values), dtype=pl.Float64).fill_nan(None)
    return [bits, pl.Series("tokens", values[:, TOKENS]).cast(pl.Int64)]
