"""`trainwright lineage`: what came from what, and one row's life."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from trainwright.core.errors import CommandError
from trainwright.data.snapshot import read_ledger, read_lines, read_paths, read_repairs
from trainwright.flow.counting import tokens_of_row
from trainwright.flow.fates import fate_of
from trainwright.flow.resolving import snapshot_of
from trainwright.runs.lineage import lineage as lineage_of
from trainwright.runs.workspace import Workspace

_ROW = re.compile(r"(.+) row ([0-9]{1,15})")
_LINE = re.compile(r"\s*line\s*([0-9]{1,15})\s*")


def lineage(name: str, *, row: str | None = None, workspace: Path | None = None) -> dict[str, Any]:
    """Where a run or model came from.

    Args:
        name: RUN or MODEL.
        row: SOURCE:POSITION of an input row, or SOURCE:line LINE, or its global position, or the path
            of a row that is a file: its life in the run's snapshot. A line may also be none of a row,
            such as a title or a row of totals. A source or path goes without its folders where that is
            one.
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
    paths = read_paths(snapshot)
    lines = read_lines(snapshot)
    mine = _named(row, read_ledger(snapshot), paths, lines)
    here = mine.to_dicts()[0]
    if here["row"] is None:
        return {**found, "row": {**here, "repairs": [], "run": []}}
    mended = read_repairs(snapshot).filter(pl.col("row") == here["row"]).drop("row")
    if (line := _line_of(here, lines)) is not None:
        here["line"] = line
    life = {**here, "repairs": mended.to_dicts(), "run": fate_of(folder, here["row"])}
    if paths is not None and (known := paths.filter(row=here["row"])["path"].to_list()):
        life["path"] = known[0]
    if tokens := tokens_of_row(folder, here["row"]):
        life["tokens"] = tokens
    return {**found, "row": life}


def _named(
    row: str, ledger: pl.DataFrame, paths: pl.DataFrame | None, lines: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The ledger's entries of this name, one at least.

    Raises:
        CommandError: there is none, or the name fits several.
    """
    mine = _by_path(row, ledger, paths)
    if mine is None:
        mine = _by_position(row, ledger, lines)
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
        + ("; lines go as SOURCE:line LINE" if none or lines is not None else ""),
    )


def _by_path(row: str, ledger: pl.DataFrame, paths: pl.DataFrame | None) -> pl.DataFrame | None:
    """The row that is this file; None where no row is one of that name."""
    if paths is None:
        return None
    known = _one_of(row, paths["path"].to_list())
    return None if known is None else ledger.join(paths.filter(path=known), on="row", how="semi")


def _by_position(row: str, ledger: pl.DataFrame, lines: pl.DataFrame | None) -> pl.DataFrame:
    told = _ROW.fullmatch(row)  # as findings name the rows of files that have no lines
    source, _, position = (told[1], "", told[2]) if told else row.rpartition(":")
    line = _LINE.fullmatch(position)
    if line is None and not position.isdecimal():
        raise CommandError(
            f"no row {row!r}",
            where="--row",
            mend="--row flights.csv:17, --row 17, or by its line --row 'flights.csv:line 19'",
        )
    names = ledger["source"].unique().sort().to_list()
    if source:
        source = _one_of(source, names) or source
    elif line is not None and len(names) == 1:
        source = names[0]
    if line is not None:
        of_line = pl.col("reason").str.ends_with(f"(line {int(line[1])})")
        wanted = pl.col("row").is_null() & of_line
        if (at := _position_of(source, int(line[1]), lines)) is not None:
            wanted |= pl.col("position") == at
    else:
        wanted = pl.col("position" if source else "row") == int(position)
    return ledger.filter(wanted & (pl.col("source") == source) if source else wanted)


def _line_of(row: Mapping[str, Any], lines: pl.DataFrame | None) -> int | None:
    """The line on which a row begins; None where its file has none, or the rows there keep no step."""
    for first, line in _spans(row["source"], lines):
        if first <= row["position"]:
            return None if line is None else int(line + row["position"] - first)
    return None


def _position_of(source: str, line: int, lines: pl.DataFrame | None) -> int | None:
    """The position of the row that begins on this line; None where it cannot be told."""
    after: int | None = None
    for first, start in _spans(source, lines):
        if start is not None and start <= line:
            position = int(first + line - start)
            return position if after is None or position < after else None
        after = first
    return None


def _spans(source: str, lines: pl.DataFrame | None) -> list[tuple[int, int | None]]:
    """Where rows of a file begin to keep step with its lines, the last first."""
    if lines is None:
        return []
    mine = lines.filter(pl.col("source") == source).sort("position", descending=True)
    return list(mine.select("position", "line").iter_rows())


def _one_of(name: str, names: Sequence[str]) -> str | None:
    """The one of these names that this is, in full or without the folders before it.

    Raises:
        CommandError: it is several.
    """
    if name in names:
        return name
    found = [one for one in names if one.endswith(f"/{name.removeprefix('./')}")]
    if len(found) > 1:
        shown = ", ".join(found[:5])
        raise CommandError(
            f"{name!r} is {len(found)} files: {shown}", where="--row", mend=f"--row {found[0]}"
        )
    return found[0] if found else None
