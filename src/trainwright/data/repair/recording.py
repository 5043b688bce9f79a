"""Which cells were mended, by which step, and how they read before and after.

One line a cell and step, in the order of columns and rows; personal data and secrets stand in it by their
mere shape. It is worked out where values are mended, block by block, so that a table larger than memory has
it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.names import SUFFIX
from trainwright.data.privacy.masking import masked, shape_of
from trainwright.data.privacy.naming import finder_of
from trainwright.data.repair.apply import repair_series
from trainwright.data.repair.turns import in_turns, step_of

REPAIRS_FILE = "repairs.parquet"
MOST_CHARS = 200
Line = tuple[str, str, str | None, str | None]  # value, step, before, after
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
    if before.dtype == pl.String:
        lines = _text_lines(column, pairs["key"].to_list(), pairs["new"].to_list())
    else:
        lines = [(key, "limits", _number(key), _number(new)) for key, new in pairs.iter_rows()]
    names = ("key", "step", "before", "after")
    schema = {"key": before.dtype, **{name: SCHEMA[name] for name in names[1:]}}
    told = pl.DataFrame(lines, schema=schema, orient="row")
    return told.with_columns(pl.lit(column.name).alias("column"))


def _text_lines(column: Column, keys: list[str], news: list[str | None]) -> list[Line]:
    """One line a text and step that changed it, text by text."""
    repair = column.repair
    assert repair is not None
    stages = [keys]
    for name in repair.text:
        stages.append(step_of(column, name).mend_all(stages[-1]))
    shown = [_shown(column, repair.text[at:], stage) for at, stage in enumerate(stages)]
    lines: list[Line] = []
    for place, (key, new) in enumerate(zip(keys, news, strict=True)):
        mine: list[Line] = [
            (key, name.partition(":")[0], shown[at][place], shown[at + 1][place])
            for at, name in enumerate(repair.text)
            if stages[at][place] != stages[at + 1][place]
        ]
        last = stages[-1][place]
        if new is None and mine:
            mine[-1] = (*mine[-1][:3], None)
        elif last != new:
            tell = shape_of if _is_whole(repair.text) else masked
            told = None if new is None else tell(new)[:MOST_CHARS]
            mine.append((key, "variants", shown[-1][place], told))
        lines += mine
    return lines


def _shown(column: Column, steps: Sequence[str], texts: Sequence[str]) -> list[str]:
    """The texts as they may be told while these steps are still to be taken."""
    if _is_whole(steps):
        return [shape_of(text)[:MOST_CHARS] for text in texts]
    if column.type is ColumnType.MESSAGES:
        texts = in_turns(texts, lambda said: _masked(steps, said))
    else:
        texts = _masked(steps, texts)
    return [text[:MOST_CHARS] for text in texts]


def _masked(steps: Sequence[str], texts: Sequence[str]) -> list[str]:
    """The texts with the shape of what the steps look for, and of all else that is private."""
    for name in steps:
        if name.partition(":")[0].endswith(SUFFIX):
            texts = finder_of(name.rpartition(":")[2]).masked(texts)
    return [masked(text) for text in texts]


def _is_whole(steps: Sequence[str]) -> bool:
    return any(name.startswith(("redact-whole", "hash-whole")) for name in steps)


def _number(value: float | None) -> str | None:
    if value is None:
        return None
    return f"{value:.17g}" if value != int(value) else f"{value:.0f}"
