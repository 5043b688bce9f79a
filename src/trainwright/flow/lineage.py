"""`trainwright lineage`: what came from what, and one row's life."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from trainwright.core.errors import CommandError
from trainwright.data.snapshot import read_ledger, read_repairs
from trainwright.flow.counting import tokens_of_row
from trainwright.flow.fates import fate_of
from trainwright.flow.resolving import snapshot_of
from trainwright.runs.lineage import lineage as lineage_of
from trainwright.runs.workspace import Workspace


def lineage(name: str, *, row: str | None = None, workspace: Path | None = None) -> dict[str, Any]:
    """Where a run or model came from.

    Args:
        name: RUN or MODEL.
        row: SOURCE:POSITION of an input row, or its global position: its life in the run's
            snapshot.
        workspace: The workspace's folder.

    Raises:
        CommandError: there is no such name, or no such row.
    """
    store = Workspace.open(workspace)
    found = lineage_of(store, name)
    if row is None:
        return found
    if found["run"] is None:
        raise CommandError("the run that made it is gone, and its ledger with it", where=name)
    folder = store.find_run(found["run"]["id"])
    snapshot = snapshot_of(folder, store)
    ledger = read_ledger(snapshot)
    source, _, position = row.rpartition(":")
    if not position.isdigit():
        raise CommandError(
            f"no row {row!r}", where="--row", mend="--row flights.csv:17, or --row 17"
        )
    mine = (
        ledger.filter((pl.col("source") == source) & (pl.col("position") == int(position)))
        if source
        else ledger.filter(pl.col("row") == int(position))
    )
    if mine.height == 0:
        sources = ", ".join(ledger["source"].unique().sort().to_list()[:10])
        raise CommandError(
            f"no row {row!r} among {ledger.height}",
            where="--row",
            mend=f"the sources are: {sources}",
        )
    here = mine.to_dicts()[0]
    mended = read_repairs(snapshot).filter(pl.col("row") == here["row"]).drop("row")
    life = {**here, "repairs": mended.to_dicts(), "run": fate_of(folder, here["row"])}
    if tokens := tokens_of_row(folder, here["row"]):
        life["tokens"] = tokens
    return {**found, "row": life}
