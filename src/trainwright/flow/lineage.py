"""`trainwright lineage`: what came from what, and one row's life."""

from __future__ import annotations

import re
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

_LINE = re.compile(r"\s*line\s*([0-9]{1,15})\s*")


def lineage(name: str, *, row: str | None = None, workspace: Path | None = None) -> dict[str, Any]:
    """Where a run or model came from.

    Args:
        name: RUN or MODEL.
        row: SOURCE:POSITION of an input row, or its global position: its life in the run's
            snapshot. SOURCE:line LINE of a line that is no row, such as a title or a row of totals.
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
    mine = _named(row, read_ledger(snapshot))
    here = mine.to_dicts()[0]
    if here["row"] is None:
        return {**found, "row": {**here, "repairs": [], "run": []}}
    mended = read_repairs(snapshot).filter(pl.col("row") == here["row"]).drop("row")
    life = {**here, "repairs": mended.to_dicts(), "run": fate_of(folder, here["row"])}
    if tokens := tokens_of_row(folder, here["row"]):
        life["tokens"] = tokens
    return {**found, "row": life}


def _named(row: str, ledger: pl.DataFrame) -> pl.DataFrame:
    """The ledger's entries of this name, one at least.

    Raises:
        CommandError: there is none.
    """
    source, _, position = row.rpartition(":")
    line = _LINE.fullmatch(position)
    if line is None and not position.isdigit():
        raise CommandError(
            f"no row {row!r}",
            where="--row",
            mend="--row flights.csv:17, --row 17, or of a line that is no row --row 'flights.csv:line 1'",
        )
    if line is not None:
        of_line = pl.col("reason").str.ends_with(f"(line {int(line[1])})")
        wanted = pl.col("row").is_null() & of_line
    else:
        wanted = pl.col("position" if source else "row") == int(position)
    mine = ledger.filter(wanted & (pl.col("source") == source) if source else wanted)
    if mine.height:
        return mine
    sources = ", ".join(ledger["source"].unique().sort().to_list()[:10])
    none = ledger.filter(pl.col("row").is_null()).height
    raise CommandError(
        f"no row {row!r} among {ledger.height - none} rows and {none} lines that are none"
        if none
        else f"no row {row!r} among {ledger.height}",
        where="--row",
        mend=f"the sources are: {sources}"
        + ("; lines that are no rows go as SOURCE:line LINE" if none else ""),
    )
