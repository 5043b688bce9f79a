"""What the data report shows beside the profile: looked up in a snapshot, never in its test rows.

Of the test split only its number of rows is told: a report that is read before a model is made must
not be a look into the lockbox. Examples leave out the columns in which personal data were found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Snapshot, Split
from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.data.privacy.hiding import hidden_columns
from trainwright.data.privacy.masking import masked
from trainwright.data.snapshot import read_labels, read_places, read_receipts, read_split
from trainwright.summaries.associations import associations
from trainwright.summaries.columns import ColumnProfile
from trainwright.summaries.distances import population_stability_index
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
_DAY = 86_400e6  # microseconds
_LEAST_CHANCE = 0.005  # of a label to be wrong: less is 0.00
TO_LOOK_AT = (
    "label-error",
    "conflicting-label",
    "near-duplicate",
    "duplicate",
    "outlier",
    "encoding",
)
_PLAIN = (ColumnType.NUMBER, ColumnType.CATEGORY, ColumnType.BOOLEAN, ColumnType.DATETIME)


def data_facts(snapshot: Snapshot, profile: Profile) -> dict[str, Any]:
    """The facts: `associations`, `shifts`, `fates`, `receipts`, `labels` and `examples`, as JSON values."""
    columns = [column for column in snapshot.inputs if column.type in _PLAIN]
    train = read_split(snapshot, Split.TRAIN)
    validation = read_split(snapshot, Split.VALIDATION)
    return {
        "associations": _associations(train, columns, snapshot),
        "shifts": _shifts(profile, validation, columns),
        "fates": _fates(snapshot),
        "receipts": read_receipts(snapshot),
        "labels": _labels(snapshot, train),
        "examples": _examples(snapshot, pl.concat([train, validation], how="diagonal")),
    }


def _associations(
    train: pl.DataFrame, columns: Sequence[Column], snapshot: Snapshot
) -> dict[str, Any]:
    """The pairs of inputs, and of each with the target."""
    target = snapshot.target
    names = [column.name for column in columns[:MOST_COLUMNS]]
    plain = target.frame_column in train.columns and not isinstance(
        train.schema[target.frame_column], pl.List
    )
    names += [target.name] if plain else []
    if len(names) < 2:
        return {"names": [], "matrix": []}
    step = max(1, train.height // MOST_ROWS)
    rows = train.select(names).gather_every(step)
    matrix = associations({name: rows[name] for name in names})
    told = [
        [None if np.isnan(value) else round(float(value), 3) for value in row] for row in matrix
    ]
    return {"names": names, "matrix": told}


def _shifts(
    profile: Profile, validation: pl.DataFrame, columns: Sequence[Column]
) -> list[dict[str, Any]]:
    """How train and validation differ: shares of rows in the bins of train, and their distance."""
    found = []
    for column in columns:
        if column.name not in profile or not validation.height:
            continue
        labels, then, now = _binned(profile[column.name], validation[column.name])
        if sum(then) == 0:
            continue
        distance = population_stability_index(np.array(then), np.array(now))
        found.append(
            {
                "column": column.name,
                "distance": round(distance, 4),
                "bins": labels,
                "train": _shares(then),
                "validation": _shares(now),
            }
        )
    return sorted(found, key=lambda one: (-one["distance"], one["column"]))


def _binned(known: ColumnProfile, values: pl.Series) -> tuple[list[str], list[int], list[int]]:
    """Names of the bins, and how many rows of train and of validation are in each."""
    histogram = known.to_json()["histogram"]
    missing = ["missing"], [known.nulls], [values.null_count()]
    if known.type in (ColumnType.NUMBER, ColumnType.DATETIME):
        edges = np.array(histogram["edges"], dtype=np.float64)
        if len(edges) < 2:
            return missing
        numbers = values.to_physical() if values.dtype.is_temporal() else values
        there = numbers.cast(pl.Float64).drop_nulls().to_numpy()
        places = np.clip(np.searchsorted(edges, there, side="right") - 1, 0, len(edges) - 2)
        counts = np.bincount(places, minlength=len(edges) - 1)
        labels = _from(edges, is_time=known.type is ColumnType.DATETIME)
        return (
            [*labels, *missing[0]],
            [*histogram["counts"], *missing[1]],
            [*counts.tolist(), *missing[2]],
        )
    top = dict(list(known.top.items())[:12])
    words = values.cast(pl.String)
    counted = {name: int((words == name).sum()) for name in top}
    others = known.count - known.nulls - sum(top.values())
    others_now = len(words) - words.null_count() - sum(counted.values())
    return (
        [*top, "others", *missing[0]],
        [*top.values(), others, *missing[1]],
        [*counted.values(), others_now, *missing[2]],
    )


def _from(edges: NDArray[np.float64], *, is_time: bool) -> list[str]:
    """Where each bin begins, in as few digits as tell them apart; of times the day, or the minute."""
    if is_time:
        form = "%Y-%m-%d" if edges[1] - edges[0] >= _DAY else "%Y-%m-%d %H:%M"
        moments = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=e) for e in edges[:-1]]
        return [moment.strftime(form) for moment in moments]
    step = np.diff(edges).min()
    decimals = max(0, 1 - int(np.floor(np.log10(step)))) if step > 0 else _DIGITS
    if decimals > _DIGITS or np.abs(edges).max() >= 10**_DIGITS:
        return [f"{edge:.{_DIGITS}g}" for edge in edges[:-1]]
    return [f"{edge:.{decimals}f}" for edge in edges[:-1]]


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts) or 1
    return [round(count / total, 4) for count in counts]


def _fates(snapshot: Snapshot) -> list[dict[str, Any]]:
    """What was done to rows that are in no split: how many, by step and reason."""
    ledger = read_places(snapshot).filter(pl.col("bucket") == "dropped")
    reasons = pl.col("reason").str.replace_all(r"\d+(\.\d+)?", "…")
    counted = ledger.group_by("step", reasons).agg(
        rows=pl.len(),
        first=pl.col("place").first(),
    )
    return (
        counted.sort("rows", "step", "reason", descending=[True, False, False])
        .head(MOST_REASONS)
        .to_dicts()
    )


def _labels(snapshot: Snapshot, train: pl.DataFrame) -> list[dict[str, Any]]:
    """The most suspect labels, by the place of their rows: those that may be wrong, and five at least."""
    ranking = read_labels(snapshot)
    if ranking is None:
        return []
    first = ranking.sort("rank").head(MOST_LABELS)
    likely = int((first["probability"] >= _LEAST_CHANCE).sum())
    first = first.head(max(likely, _FEWEST_LABELS))
    places = read_places(snapshot).select("row", "place")
    if snapshot.target.name in _hidden(snapshot):
        shapes = pl.col("given", "proposed").map_elements(masked, return_dtype=pl.String)
        first = first.with_columns(shapes)
    joined = first.join(places, on="row", how="left", maintain_order="left")
    pictures = _pictures(snapshot, train, joined["row"].to_list())
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
