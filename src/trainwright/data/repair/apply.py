"""What a column's contract mends in its values, the same for a whole column and for one value.

Texts go through their steps (`repair.texts`), spellings become the one that they stand for, numbers beyond
their limits become the limit or missing. It is the last thing that happens to a value that is typed, in
training, batch scoring and the server, so that a model never sees another text than it was taught.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import polars as pl

from trainwright.core.columns import Column, ColumnType, Repair
from trainwright.data.repair.texts import mend_texts, step, suspicious
from trainwright.data.repair.turns import step_of


def repair_series(column: Column, values: pl.Series) -> pl.Series:
    """The values of a typed column as its contract mends them; of equal type and length."""
    repair = column.repair
    if repair is None:
        return values
    if values.dtype == pl.String:
        return _respelt(repair, _mended(column, repair, values))
    if values.dtype == pl.Float64 and not (repair.low is None and repair.high is None):
        return _within(repair, values)
    return values


def check_ready(columns: Sequence[Column]) -> None:
    """Refuse (EnvironmentFault) to begin where a key that hashes personal data is not at hand."""
    for column in columns:
        for name in column.repair.text if column.repair else ():
            step(name)


def repair_value(column: Column, value: Any) -> Any:  # noqa: ANN401 - of a typed column
    """The same of one value, as `types.values.parse_value` gives it."""
    repair = column.repair
    if repair is None or value is None:
        return value
    if isinstance(value, str):
        text = _texts(column, repair, [value])[0] if repair.text else value
        return _spellings(repair).get(text, text) if text is not None else None
    if isinstance(value, float):
        return _limited(repair, value)
    return value


def _texts(column: Column, repair: Repair, texts: Sequence[str]) -> list[str | None]:
    """The mended texts; None where nothing is left, or a mark that means missing."""
    mended = mend_texts([step_of(column, name) for name in repair.text], texts)
    return [None if text in column.nulls else text for text in mended]


def _mended(column: Column, repair: Repair, values: pl.Series) -> pl.Series:
    """Only distinct texts that a scan marks as suspicious go through Python."""
    if not repair.text:
        return values
    is_talk = column.type is ColumnType.MESSAGES  # of which each turn is looked at by itself
    pattern = r"[\s\S]" if is_talk else suspicious(repair.text)
    rows = values.str.contains(pattern).arg_true()
    if not len(rows):
        return values
    odd = values.gather(rows)
    old = odd.unique()
    new = pl.Series(_texts(column, repair, old.to_list()), dtype=pl.String)
    mended = odd.replace_strict(old, new, return_dtype=pl.String)
    return values.clone().scatter(rows, mended)  # which changes a series in place


def _respelt(repair: Repair, values: pl.Series) -> pl.Series:
    return values.replace(_spellings(repair)) if repair.variants else values


def _within(repair: Repair, values: pl.Series) -> pl.Series:
    if repair.beyond == "clip":
        return values.clip(repair.low, repair.high)
    inside = pl.Series(values.name, [True]).new_from_index(0, len(values))
    if repair.low is not None:
        inside &= values >= repair.low
    if repair.high is not None:
        inside &= values <= repair.high
    return pl.select(pl.when(inside).then(values).alias(values.name)).to_series()


def _limited(repair: Repair, value: float) -> float | None:
    low, high = repair.low, repair.high
    if low is not None and value < low:
        return low if repair.beyond == "clip" else None
    if high is not None and value > high:
        return high if repair.beyond == "clip" else None
    return value


@lru_cache(maxsize=256)
def _spellings(repair: Repair) -> dict[str, str]:
    return dict(repair.variants)
