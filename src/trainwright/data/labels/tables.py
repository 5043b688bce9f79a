"""What each labelling function does, in a table: how often it votes, with whom, against whom, how well."""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.data.labels.votes import Floats, Ints, Votes

SCHEMA = {
    "function": pl.String(),
    "votes_for": pl.String(),
    "coverage": pl.Float64(),
    "overlap": pl.Float64(),
    "conflict": pl.Float64(),
    "precision": pl.Float64(),
    "known_rows": pl.Int64(),
    "known_precision": pl.Float64(),
}


def function_table(votes: Votes, *, precision: Floats, known: Ints | None = None) -> pl.DataFrame:
    """A line a function.

    Args:
        votes: Of the functions.
        precision: As the label model has it; shape (functions,).
        known: True class codes, -1 where not known; shape (rows,).

    Returns:
        Shares of all rows: coverage (it votes), overlap (and another does), conflict (and another
        votes for another class). Precision as estimated, and on rows with known labels.
    """
    table = votes.table()
    voted = table >= 0
    lines = []
    for place, name in enumerate(votes.names):
        mine = voted[:, place]
        others = np.delete(table, place, axis=1)
        against = ((others >= 0) & (others != table[:, [place]])).any(axis=1)
        truth = np.full(len(table), -1) if known is None else known
        judged = mine & (truth >= 0)
        labels = sorted(set(table[mine, place].tolist()))
        lines.append(
            (
                name,
                ", ".join(votes.classes[label] for label in labels),
                float(mine.mean()),
                float((mine & (others >= 0).any(axis=1)).mean()),
                float((mine & against).mean()),
                float(precision[place]),
                int(judged.sum()),
                float((table[judged, place] == truth[judged]).mean()) if judged.any() else None,
            )
        )
    return pl.DataFrame(lines, schema=SCHEMA, orient="row")
