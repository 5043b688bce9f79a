"""Repair of staged rows, between the types of their columns and everything that is counted in them.

Block by block: a column that has something to mend is written once more. Cost: memory for the record of
what was mended, not for the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column
from trainwright.data.contract import contracted, load_contract
from trainwright.data.findings import finding
from trainwright.data.repair.apply import repair_series
from trainwright.data.repair.planning import Plan, plan_repairs
from trainwright.data.repair.recording import SCHEMA, repair_frame
from trainwright.data.repair.variants import shown
from trainwright.data.staging.blocks import BlockStore
from trainwright.data.staging.typed import TypedRows
from trainwright.recipe.data import DataSettings


def repair_rows(
    typed: TypedRows, settings: DataSettings, *, base: Path, folder: Path, tagger: str = ""
) -> tuple[TypedRows, BlockStore]:
    """The rows as the recipe wants them mended, and the record of what was changed (`repair.recording`).

    Its columns then also say what the contract file asks of them (`data.contract`).

    Args:
        typed: The rows; the values of mended columns are written into its store anew.
        settings: The recipe's data section.
        base: The recipe's folder.
        folder: Where the record is kept.
        tagger: Hash of the model that finds names of persons; "" where there is none.

    Raises:
        RecipeError, EnvironmentFault: as `plan_repairs` and `contracted`.
    """
    is_text = typed.target.is_text
    mendable = [column for column in typed.columns if is_text or column.name != typed.target.name]

    def spellings(column: Column) -> pl.DataFrame:
        counts = [
            repair_series(column, block.to_series()).alias("value").value_counts()
            for block in typed.blocks([column.name])
        ]
        return pl.concat(counts).group_by("value", maintain_order=True).agg(pl.col("count").sum())

    plan = plan_repairs(
        mendable, settings, target=typed.target.name, spellings=spellings, tagger=tagger
    )
    columns = tuple(plan.of(column) for column in typed.columns)
    contract = load_contract(settings, base)
    columns = columns if contract is None else contracted(columns, contract)
    edits = BlockStore(folder / "repairs.blocks")
    mended = [column for column in columns if column.repair is not None]
    names = [column.name for column in mended]
    blocks = _mended(typed, mended, names, edits) if mended else iter(())
    typed.store.replace(names, blocks)
    findings = (*typed.findings, *told(plan, edits))
    (itself,) = [column for column in columns if column.name == typed.target.name]
    target = replace(typed.target, column=itself) if is_text else typed.target
    return replace(typed, columns=columns, target=target, findings=findings), edits


def _mended(
    typed: TypedRows, columns: list[Column], names: list[str], edits: BlockStore
) -> Iterator[pl.DataFrame]:
    """The columns as their contract mends them; what was changed is noted."""
    first_row = 0
    for block in typed.blocks(names):
        repaired = repair_frame(block, columns, first_row=first_row)
        if repaired.edits.height:
            edits.write(repaired.edits)
        yield repaired.frame
        first_row += block.height


def told(plan: Plan, edits: BlockStore) -> Iterator[Finding]:
    """What was mended, a line a column and step; and which groups of spellings were accepted."""
    names = ["column", "step", "row"]
    noted = [pl.DataFrame(schema={name: SCHEMA[name] for name in names})]
    noted += [block.clone() for block in edits.blocks(names)] if edits.columns else []
    counts = pl.concat(noted).group_by("column", "step", maintain_order=True).agg(pl.col("row"))
    order = {name: place for place, name in enumerate(plan.repairs)}
    for column, step, rows in sorted(counts.iter_rows(), key=lambda line: order[line[0]]):
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
    **dict.fromkeys(
        ("redact", "redact-whole", "redact-names", "hash", "hash-whole", "hash-names"),
        "personal-data",
    ),
}
