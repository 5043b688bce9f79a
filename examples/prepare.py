"""Show what `prepare` finds in dirty data, and what is left when its remedies stand in the recipe.

    python examples/prepare.py dirty_table
    python examples/prepare.py bad_images

Makes the data, prepares each recipe of the folder in the order of their names, and prints of each the
findings with their remedies, what became of every row, and where the report is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

HERE = Path(__file__).parent
QUIETLY = "info"  # findings of this severity are counted, not told


def main(name: str, *only: str) -> None:
    """Prepare the recipes of the example `name`, or some of them."""
    folder = HERE / name
    subprocess.run([sys.executable, str(folder / "data.py")], check=True)
    os.environ["TRAINWRIGHT_WORKSPACE"] = str(folder / "workspace")
    for recipe in sorted(folder.glob("*.yaml")):
        if not only or any(part in recipe.stem for part in only):
            print(f"\n{recipe.stem}", *told(prepare(recipe)), sep="\n  ", flush=True)


def prepare(recipe: Path) -> dict[str, Any]:
    """`trainwright prepare`, as a user types it; a refusal is a result too."""
    command = ["trainwright", "prepare", str(recipe), "--json"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def told(result: dict[str, Any]) -> Iterator[str]:
    """What came of it, in lines."""
    if "error" in result:
        yield f"refused, exit {result['error']['status']}"
        for fault in [result["error"], *result["others"]]:
            yield f"  {fault['where']}: {fault['what']}"
    for finding in result["findings"]:
        if finding["severity"] != QUIETLY:
            yield f"{finding['severity']}: {finding['message']}"
            if finding["remedy"]:
                yield f"    {finding['remedy']}"
    quiet = sum(finding["severity"] == QUIETLY for finding in result["findings"])
    yield f"and {quiet} notes"
    if "error" not in result:
        rows = result["rows"]
        parts = ("train", "validation", "test", "dropped")
        yield f"rows: {rows['input']} = {' + '.join(f'{rows[part]} {part}' for part in parts)}"
        yield from dropped(Path(result["folder"]))
        yield f"report: {result['report']}"


def dropped(snapshot: Path) -> Iterator[str]:
    """Rows that were left out, and cells that were mended, by their step."""
    ledger = pl.read_parquet(snapshot / "rows.parquet").filter(pl.col("bucket") == "dropped")
    for step, rows in sorted(Counter(ledger["step"]).items()):
        yield f"  left out by {step}: {rows} rows"
    if (snapshot / "repairs.parquet").exists():
        cells = pl.read_parquet(snapshot / "repairs.parquet")
        for (column, step), count in sorted(Counter(cells.select("column", "step").rows()).items()):
            yield f"  mended in {column} ({step}): {count} cells"


if __name__ == "__main__":
    main(*sys.argv[1:])
