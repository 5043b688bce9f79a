"""What a fit did to single rows: the run's own part of the row ledger.

The snapshot's ledger ends with the split. A text that is longer than a model takes is cut, split or left out
after that, so it is told beside the run: `rows.parquet`, a line a row concerned.
"""

from __future__ import annotations

import polars as pl

from trainwright.core.artifacts import Split
from trainwright.core.durable import write_with
from trainwright.core.protocols import KnowsFate
from trainwright.flow.training import Trained
from trainwright.runs.folder import RunFolder

FILE = "rows.parquet"


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
    counts = found.group_by("action").len().sort("action")
    rows = trained.training.frame.height + trained.validation.frame.height
    return tuple(
        f"{count} of {rows} texts are longer than the model takes: {action};"
        f" `trainwright lineage {folder.id} --row N` tells of one, model.over_long chooses"
        for action, count in counts.iter_rows()
    )


def fate_of(folder: RunFolder, row: int) -> list[dict[str, object]]:
    """What the run did to one row: one mapping a deed; none where it was left whole."""
    path = folder.path / FILE
    if not path.exists():
        return []
    return pl.read_parquet(path).filter(pl.col("row") == row).to_dicts()
