"""Repair of a table in memory, between the types of its columns and everything that is counted in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from trainwright.core.artifacts import Column, Finding
from trainwright.data.contract import contracted, load_contract
from trainwright.data.findings import finding
from trainwright.data.repair.apply import repair_series
from trainwright.data.repair.planning import Plan, plan_repairs
from trainwright.data.repair.recording import repair_frame
from trainwright.data.repair.variants import shown
from trainwright.data.types.inference import TypedTable
from trainwright.recipe.data import DataSettings


def repair_table(
    typed: TypedTable, settings: DataSettings, *, base: Path
) -> tuple[TypedTable, pl.DataFrame]:
    """The table as the recipe wants it mended, and the record of what was changed (`repair.recording`).

    Its columns then also say what the contract file asks of them (`data.contract`).

    Raises:
        RecipeError, EnvironmentFault: as `plan_repairs` and `contracted`.
    """
    inputs = [column for column in typed.columns if column.name != typed.target.name]

    def spellings(column: Column) -> pl.DataFrame:
        return repair_series(column, typed.frame[column.name]).alias("value").value_counts()

    plan = plan_repairs(inputs, settings, spellings=spellings)
    columns = tuple(plan.of(column) for column in typed.columns)
    contract = load_contract(settings, base)
    columns = columns if contract is None else contracted(columns, contract)
    repaired = repair_frame(typed.frame, columns)
    findings = (*typed.findings, *told(plan, repaired.edits))
    table = replace(typed, frame=repaired.frame, columns=columns, findings=findings)
    return table, repaired.edits


def told(plan: Plan, edits: pl.DataFrame) -> Iterator[Finding]:
    """What was mended, a line a column and step; and which groups of spellings were accepted."""
    counts = edits.group_by("column", "step", maintain_order=True).agg(pl.col("row"))
    for column, step, rows in counts.iter_rows():
        kind = _KINDS.get(step, "encoding")
        groups = plan.groups.get(column, ()) if step == "variants" else ()
        of_groups = f": {shown(groups)}" if groups else ""
        yield finding(
            kind,
            "info",
            f"column {column!r}: {len(rows)} cells were mended ({step}){of_groups}",
            column=column,
            rows=pl.Series(rows, dtype=pl.Int64).to_numpy(),
        )
    for column, groups in plan.groups.items():
        if not groups:
            yield finding(
                "category-variant",
                "info",
                f"column {column!r}: no spellings are proposed, so that none was accepted",
                column=column,
            )


_KINDS = {
    "variants": "category-variant",
    "limits": "outlier",
    **dict.fromkeys(("redact", "redact-whole", "hash", "hash-whole"), "personal-data"),
}
