"""What a fit did to single rows: the run's own part of the row ledger.

The snapshot's ledger ends with the split. A text that is longer than a model takes is cut, split or left out
after that, so it is told beside the run: `rows.parquet`, a line a row concerned.
"""

from __future__ import annotations

import polars as pl

from trainwright.core.artifacts import Split
from trainwright.core.durable import write_with
from trainwright.core.language import NOTHING_TOLD
from trainwright.core.protocols import KnowsFate
from trainwright.flow.training import Trained
from trainwright.runs.folder import RunFolder

FILE = "rows.parquet"
NAMED_ROWS = 10


def fates_of(trained: Trained) -> pl.DataFrame | None:
    """Columns row, split, step, action, reason; None where the preparation leaves every row whole."""
    preparation = trained.selection.winner.preparation
    if not isinstance(preparation, KnowsFate):
        return None
    parts = (
        (Split.TRAIN, trained.training.frame),
        (Split.VALIDATION, trained.validation.frame),
    )
    told = [
        preparation.fate(frame, training=split is Split.TRAIN).insert_column(
            1, pl.lit(split.value).alias("split")
        )
        for split, frame in parts
    ]
    return pl.concat(told)


def write_fates(folder: RunFolder, trained: Trained) -> tuple[str, ...]:
    """Write the run's part of the ledger; the warnings that it asks for."""
    found = fates_of(trained)
    if found is None or not found.height:
        return ()
    write_with(folder.path / FILE, lambda path: found.write_parquet(path))
    rows = trained.training.frame.height + trained.validation.frame.height
    silent = found.filter((pl.col("reason") == NOTHING_TOLD) & (pl.col("action") == "dropped"))
    counts = found.join(silent, on="row", how="anti").group_by("action").len().sort("action")
    told = [
        f"{count} of {rows} texts are longer than the model takes: {action};"
        f" `trainwright lineage {folder.id} --row N` tells of one, model.over_long chooses"
        for action, count in counts.iter_rows()
    ]
    return (*told, *_silent(silent, trained.training.frame.height))


def _silent(found: pl.DataFrame, rows: int) -> tuple[str, ...]:
    """Rows that nothing can be learnt from though they are whole: the template teaches nothing of them."""
    if not found.height:
        return ()
    named = ", ".join(str(row) for row in found["row"].head(NAMED_ROWS))
    more = f" and {found.height - NAMED_ROWS} more" if found.height > NAMED_ROWS else ""
    return (
        f"{found.height} of {rows} train rows have no token to learn from and are left out of training:"
        f" rows {named}{more}; look at one with `trainwright prepare RECIPE --show N`, and at model.template",
    )


def fate_of(folder: RunFolder, row: int) -> list[dict[str, object]]:
    """What the run did to one row: one mapping a deed; none where it was left whole."""
    path = folder.path / FILE
    if not path.exists():
        return []
    return pl.read_parquet(path).filter(pl.col("row") == row).to_dicts()
