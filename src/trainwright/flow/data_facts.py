"""What the data report shows beside the profile: looked up in a snapshot, never in its test rows.

Of the test split only its number of rows is told: a report that is read before a model is made must
not be a look into the lockbox. Examples leave out the columns in which personal data were found. Rows
are gone through block by block: what is held are a sample of train, counts, and the rows that are shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding, Snapshot, Split
from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.data.privacy.hiding import hidden_columns
from trainwright.data.privacy.masking import masked
from trainwright.data.snapshot import (
    PLACE,
    read_blocks,
    read_label_sources,
    read_labels,
    read_ledger_blocks,
    read_places,
    read_receipts,
)
from trainwright.data.staging.blocks import detached
from trainwright.flow.data_shifts import shifts
from trainwright.summaries.associations import associations
from trainwright.summaries.profile import Profile

MOST_ROWS = 5_000  # of the associations
MOST_COLUMNS = 16  # of them, and of the columns of an example
MOST_EXAMPLES = 5  # of a finding
MOST_CHARS = 500  # of a value: some are whole books
MOST_REASONS = 20
MOST_TABLES = 12  # of examples
_DIGITS = 6  # of a number in an example
MOST_LABELS = 20
_FEWEST_LABELS = 5
_LEAST_CHANCE = 0.005  # of a label to be wrong: less is 0.00
TO_LOOK_AT = (
    "label-error",
    "conflicting-label",
    "near-duplicate",
    "duplicate",
    "outlier",
    "encoding",
)
_SHOWN = (Split.TRAIN, Split.VALIDATION)
_PLAIN = (ColumnType.NUMBER, ColumnType.CATEGORY, ColumnType.BOOLEAN, ColumnType.DATETIME)


def data_facts(snapshot: Snapshot, profile: Profile) -> dict[str, Any]:
    """What the report tells beside findings and profile (see `reports.data_report`), as JSON values."""
    columns = [column for column in snapshot.inputs if column.type in _PLAIN]
    first = _suspects(snapshot)
    suspects = [] if first is None else first["row"].to_list()
    rows = _rows_shown(snapshot, [*suspects, *_example_rows(snapshot)])
    return {
        "associations": _associations(snapshot, columns),
        "shifts": shifts(snapshot, profile, columns),
        "fates": _fates(snapshot),
        "receipts": read_receipts(snapshot),
        "label_sources": {
            name: table.to_dicts() for name, table in read_label_sources(snapshot).items()
        },
        "labels": [] if first is None else _labels(snapshot, first, rows),
        "examples": _examples(snapshot, rows),
    }


def _example_rows(snapshot: Snapshot) -> list[int]:
    """Of each finding that is shown the first rows that are in train, or else in validation."""
    wanted = [finding.rows for finding in snapshot.findings if finding.kind in TO_LOOK_AT]
    kept = [
        {
            row
            for block in _blocks_of(snapshot, split, {*chain(*wanted)}, [ROW])
            for row in block[ROW]
        }
        for split in _SHOWN
    ]
    there = ([row for part in kept for row in sorted(part.intersection(rows))] for rows in wanted)
    return [row for rows in there for row in rows[:MOST_EXAMPLES]]


def _rows_shown(snapshot: Snapshot, wanted: Collection[int]) -> pl.DataFrame:
    """These rows with all of their columns, those of train first."""
    found = [block for split in _SHOWN for block in _blocks_of(snapshot, split, wanted)]
    return pl.concat(found, how="diagonal")


def _blocks_of(
    snapshot: Snapshot, split: Split, rows: Collection[int], columns: Sequence[str] | None = None
) -> Iterator[pl.DataFrame]:
    """What a split has of these rows, block by block, and before it no row of its columns."""
    mask = pl.col(ROW).is_in(pl.Series(sorted(set(rows)), dtype=pl.Int64).implode())
    for number, block in enumerate(read_blocks(snapshot, split, columns=columns)):
        if number == 0:
            yield pl.DataFrame(schema=block.schema)
        if not rows:
            return
        found = block.filter(mask)
        if found.height:  # no rows of a block may still hold its memory
            yield detached(found)


def _associations(snapshot: Snapshot, columns: Sequence[Column]) -> dict[str, Any]:
    """The pairs of inputs, and of each with the target."""
    target = snapshot.target
    names = [column.name for column in columns[:MOST_COLUMNS]]
    first = next(read_blocks(snapshot, Split.TRAIN)).schema
    plain = target.frame_column in first and not isinstance(first[target.frame_column], pl.List)
    names += [target.name] if plain else []
    if len(names) < 2:
        return {"names": [], "matrix": []}
    rows = _every(snapshot, names, max(1, snapshot.rows[Split.TRAIN.value] // MOST_ROWS))
    matrix = associations({name: rows[name] for name in names})
    told = [
        [None if np.isnan(value) else round(float(value), 3) for value in row] for row in matrix
    ]
    return {"names": names, "matrix": told}


def _every(snapshot: Snapshot, names: Sequence[str], step: int) -> pl.DataFrame:
    """Every so many-th row of train."""
    found, start = [], 0
    for block in read_blocks(snapshot, Split.TRAIN, columns=names):
        found.append(detached(block.gather_every(step, offset=-start % step)))
        start += block.height
    return pl.concat(found)


def _fates(snapshot: Snapshot) -> list[dict[str, Any]]:
    """What was done to rows that are in no split: how many, by step and reason."""
    reasons = pl.col("reason").str.replace_all(r"\d+(\.\d+)?", "…")
    by = ["step", "reason"]
    first = [
        pl.col("row").first(),
        pl.col("first").first(),
    ]  # a line that is no row has a place alone
    fates: pl.DataFrame | None = None
    for block in read_ledger_blocks(snapshot):
        gone = block.filter(pl.col("bucket") == "dropped")
        gone = gone.with_columns(reason=reasons, first=PLACE)
        here = gone.group_by(by, maintain_order=True).agg(pl.len().alias("rows"), *first)
        both = here if fates is None else pl.concat([fates, here])
        fates = both.group_by(by, maintain_order=True).agg(pl.col("rows").sum(), *first)
    assert fates is not None
    shown = fates.sort("rows", *by, descending=[True, False, False]).head(MOST_REASONS)
    places = read_places(snapshot, shown["row"].drop_nulls().to_list()).select("row", "place")
    told = shown.join(places, on="row", how="left", maintain_order="left")
    return told.select(*by, "rows", first=pl.coalesce("place", "first")).to_dicts()


def _suspects(snapshot: Snapshot) -> pl.DataFrame | None:
    """The most suspect labels: those that may be wrong, and five at least; None where none were judged."""
    ranking = read_labels(snapshot)
    if ranking is None:
        return None
    first = ranking.sort("rank").head(MOST_LABELS)
    likely = int((first["probability"] >= _LEAST_CHANCE).sum())
    return first.head(max(likely, _FEWEST_LABELS))


def _labels(snapshot: Snapshot, first: pl.DataFrame, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The most suspect labels, by the place of their rows."""
    places = read_places(snapshot, first["row"].to_list()).select("row", "place")
    if snapshot.target.name in _hidden(snapshot):
        shapes = pl.col("given", "proposed").map_elements(masked, return_dtype=pl.String)
        first = first.with_columns(shapes)
    if "label" in first.columns:  # of several a row: which one is meant
        named = [pl.format("{}: {}", "label", name).alias(name) for name in ("given", "proposed")]
        first = first.with_columns(named)
    joined = first.join(places, on="row", how="left", maintain_order="left")
    pictures = _pictures(snapshot, rows, joined["row"].to_list())
    told = joined.select("row", "rank", "place", "given", "proposed", "probability").to_dicts()
    return [{**one, "picture": pictures.get(one.pop("row"))} for one in told]


def _hidden(snapshot: Snapshot) -> frozenset[str]:
    """Columns of which no value is shown."""
    return hidden_columns(snapshot.findings)


def _examples(snapshot: Snapshot, rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows to look at, of the findings that are best understood by looking."""
    hidden = _hidden(snapshot)
    known = [column.name for column in snapshot.inputs if column.type is not ColumnType.IMAGE]
    every = dict.fromkeys([snapshot.target.frame_column, *known])  # what tells itself is both
    shown = [name for name in every if name not in hidden]
    examples: list[dict[str, Any]] = []
    for finding in snapshot.findings:
        if len(examples) >= MOST_TABLES:
            break
        if finding.kind in TO_LOOK_AT and finding.rows and (found := _told(finding, rows, shown)):
            pictures = _pictures(snapshot, rows, [row["row"] for row in found])
            seen = [pictures.get(row["row"]) for row in found] if pictures else []
            one = {"kind": finding.kind, "column": finding.column, "rows": found, "pictures": seen}
            examples.append(one)
    return examples


def _told(finding: Finding, rows: pl.DataFrame, names: Sequence[str]) -> list[Mapping[str, Any]]:
    there = rows.filter(pl.col(ROW).is_in(list(finding.rows))).head(MOST_EXAMPLES)
    spoken = [name for name in names if name == finding.column]  # may stand far behind the others
    names = list(dict.fromkeys([*spoken, *names]))[:MOST_COLUMNS]
    return [
        {
            "row": line[ROW],
            **{name: _cut(_shown(line[name])) for name in names if line[name] is not None},
        }
        for line in there.select(ROW, *names).to_dicts()
    ]


def _pictures(snapshot: Snapshot, rows: pl.DataFrame, wanted: Sequence[int]) -> dict[int, str]:
    """Small pictures by row, of a snapshot of images."""
    hidden = _hidden(snapshot)
    names = [c.name for c in snapshot.inputs if c.type is ColumnType.IMAGE and c.name not in hidden]
    if not names:
        return {}
    from trainwright.data.images.thumbnails import thumbnail

    there = rows.filter(pl.col(ROW).is_in(wanted)).select(ROW, names[0]).drop_nulls()
    pictures = {row: thumbnail(data) for row, data in there.iter_rows()}
    return {row: picture for row, picture in pictures.items() if picture is not None}


def _shown(value: object) -> str:
    """A number as a person reads it; its further digits are in the snapshot."""
    return (
        f"{value:.{_DIGITS}g}"
        if isinstance(value, float) and abs(value) < 10**_DIGITS
        else str(value)
    )


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]} ..."
