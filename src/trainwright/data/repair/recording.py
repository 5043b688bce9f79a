"""Which cells were mended, by which step, and how they read before and after.

One line a cell and step, in the order of columns and rows; personal data and secrets stand in it by their
mere shape. It is worked out where values are mended, block by block, so that a table larger than memory has
it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from trainwright.core.columns import Column
from trainwright.data.privacy.masking import masked, shape_of
from trainwright.data.repair.apply import repair_series
from trainwright.data.repair.texts import step

REPAIRS_FILE = "repairs.parquet"
MOST_CHARS = 200
SCHEMA = {
    "row": pl.Int64(),
    "column": pl.String(),
    "step": pl.String(),
    "before": pl.String(),
    "after": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Repaired:
    """Rows as their contract mends them, and what was changed.

    Attributes:
        frame: Of the same columns, types and rows.
        edits: row (global position), column, step, before, after; None where there is nothing.
    """

    frame: pl.DataFrame
    edits: pl.DataFrame


def repair_frame(frame: pl.DataFrame, columns: Sequence[Column], *, first_row: int = 0) -> Repaired:
    """Mend typed rows.

    Args:
        frame: As typed without the columns' repairs.
        columns: Those that have one are mended.
        first_row: Global position of the first row.
    """
    edits = [no_edits()]
    for column in columns:
        if column.repair is None:
            continue
        before = frame[column.name]
        after = repair_series(column, before)
        rows = before.ne_missing(after).arg_true()
        if len(rows):
            frame = frame.with_columns(after.alias(column.name))
            changed = _edits(column, before.gather(rows), after.gather(rows))
            places = pl.DataFrame(
                {"row": rows.cast(pl.Int64) + first_row, "key": before.gather(rows)}
            )
            found = places.join(changed, on="key", maintain_order="left_right")
            edits.append(found.select(list(SCHEMA)))
    return Repaired(frame, pl.concat(edits))


def no_edits() -> pl.DataFrame:
    """A record without a line."""
    return pl.DataFrame(schema=SCHEMA)


def _edits(column: Column, before: pl.Series, after: pl.Series) -> pl.DataFrame:
    """Of each distinct value that was changed (`key`) the steps that changed it."""
    pairs = pl.DataFrame({"key": before, "new": after}).unique("key", maintain_order=True)
    lines = [(key, *line) for key, new in pairs.iter_rows() for line in _steps(column, key, new)]
    names = ("key", "step", "before", "after")
    schema = {"key": before.dtype, **{name: SCHEMA[name] for name in names[1:]}}
    told = pl.DataFrame(lines, schema=schema, orient="row")
    return told.with_columns(pl.lit(column.name).alias("column"))


def _steps(
    column: Column, key: str | float, new: str | float | None
) -> list[tuple[str, str | None, str | None]]:
    repair = column.repair
    assert repair is not None
    if not isinstance(key, str):
        return [("limits", _number(key), None if new is None else _number(float(new)))]
    lines: list[tuple[str, str | None, str | None]] = []
    text, hides = key, any(name.startswith(("redact-whole", "hash-whole")) for name in repair.text)
    for name in repair.text:
        mended = step(name).mend(text)
        if mended != text:
            is_private = name.startswith(("redact", "hash"))
            lines.append(
                (
                    name.partition(":")[0],
                    _told(text, hides),
                    _told(mended, hides and not is_private),
                )
            )
        text = mended
    if text != new:
        after = None if new is None else _told(str(new), hides)
        if new is None and lines:
            lines[-1] = (*lines[-1][:2], None)
        else:
            lines.append(("variants", _told(text, hides), after))
    return lines


def _told(text: str, hides: bool) -> str:  # noqa: FBT001 - one of two ways to hide
    return (shape_of(text) if hides else masked(text))[:MOST_CHARS]


def _number(value: float) -> str:
    return f"{value:.17g}" if value != int(value) else f"{value:.0f}"
