"""57 dirty columns, read by Trainwright and by others: right, told, left as text, or silently wrong.

The peers live in an environment of their own, whose Python is named: one with duckdb, pandas and polars.

    python benchmarks/dirty_columns.py --peers VENV/bin/python > docs/benchmarks/dirty-columns.md
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # the columns and their judge are those of the tests

from dirty.dirty_columns import DirtyColumn, write_files  # noqa: E402
from dirty.judging import Verdict, verdict  # noqa: E402
from trainwright.core.errors import DataError  # noqa: E402
from trainwright.data.reading import read_source  # noqa: E402
from trainwright.data.types.inference import type_columns  # noqa: E402
from trainwright.recipe.data import DataSettings  # noqa: E402

OURS = "Trainwright"
VERDICTS: tuple[Verdict, ...] = ("right", "told", "text", "wrong")
HEAD = """\
# Dirty columns

57 columns in 19 files: identifiers with leading zeros or 18 digits, `NA`, `Null` and `None` as real
values, dates in many forms, numbers with separators, brackets, units and currencies, booleans in many
spellings, Latin-1, separators at the ends of lines, titles, rows of units, totals and footnotes, marks
for missing, and types that change after row 30,000. What each column holds is drawn first and
written afterwards (`tests/dirty`), so the expected values owe nothing to any reader. Every reader
runs with its defaults and is judged by one rule:

- **right**: every cell holds what it should; an identifier may be a whole number of the same digits;
- **told**: not so, but the reader refused the file or the column, or warned about it (any warning
  counts for all columns of its file);
- **text**: not so, and nothing was said, but the column still holds the texts as they stand, or whole
  numbers of the same digits;
- **wrong**: not so, nothing was said, and the values are others than what stands there means. A
  mark such as -999 that is kept among numbers is wrong by this rule, whoever keeps it; so is a row of
  units or totals among the rows.

We wrote the columns knowing our own rules, and 12.5 % counts as 0.125: mind the last column more than the
first.

"""
AFTER = """
Told by Trainwright, each with a mend to paste: {told}. Each can be meant in more than one way, or needs a
setting that only its owner knows.

Made by `python benchmarks/dirty_columns.py --peers VENV/bin/python > docs/benchmarks/dirty-columns.md`;
peers: {versions}. `tests/dirty` holds Trainwright to its column.
"""


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--peers", type=Path, required=True, help="Python of the peers' environment"
    )
    python = parser.parse_args().peers
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        columns = write_files(folder)
        files = list(dict.fromkeys(column.file for column in columns))
        script = ROOT / "benchmarks" / "peers" / "dirty_readers.py"
        command = [str(python), str(script), str(folder), *files]
        peers = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        found = {OURS: {file: _ours(folder, file) for file in files}, **peers["readers"]}
    table = {
        reader: [_judged(column, of[column.file]) for column in columns]
        for reader, of in found.items()
    }
    _print(columns, table, peers["versions"])


def _ours(folder: Path, file: str) -> dict[str, Any]:
    settings = DataSettings(source=file, target="-")
    try:
        raw = read_source(settings, base=folder)
    except DataError as error:
        return {"refused": str(error)}
    told = [f.message for f in raw.findings if f.severity in ("warning", "error")]
    typed = type_columns(raw, settings)
    return {
        "columns": {one.column.name: one.values.to_list() for one in typed},
        "warned": told,
        "warned_of": {
            one.column.name
            for one in typed
            if any(finding.severity in ("warning", "error") for finding in one.findings)
        },
        "refused_of": {
            one.column.name for one in typed if any(f.severity == "error" for f in one.findings)
        },
    }


def _judged(column: DirtyColumn, read: dict[str, Any]) -> Verdict:
    if "refused" in read or column.name in read.get("refused_of", ()):
        return verdict(column.values, column.texts, None, told=True)
    told = bool(read["warned"]) or column.name in read.get("warned_of", ())
    cells = read["columns"].get(column.name)
    got = None if cells is None else [_moment(cell) for cell in cells]
    return verdict(column.values, column.texts, got, told=told)


def _moment(cell: Any) -> Any:
    return datetime.fromisoformat(cell["moment"]) if isinstance(cell, dict) else cell


def _print(
    columns: list[DirtyColumn], table: dict[str, list[Verdict]], versions: dict[str, str]
) -> None:
    print(HEAD + "| reader | right | told | text | wrong |\n| --- | ---: | ---: | ---: | ---: |")
    for reader, verdicts in table.items():
        counts = Counter(verdicts)
        print(f"| {reader} | " + " | ".join(str(counts[one]) for one in VERDICTS) + " |")
    print(f"\n| file | column | what | {' | '.join(table)} |")
    print("| --- | --- | --- |" + " --- |" * len(table))
    for at, column in enumerate(columns):
        cells = " | ".join(_marked(verdicts[at]) for verdicts in table.values())
        print(f"| {column.file} | {column.name} | {column.what} | {cells} |")
    told = [
        f"`{c.name}` ({c.what})"
        for c, one in zip(columns, table[OURS], strict=True)
        if one == "told"
    ]
    said = ", ".join(f"{name} {version}" for name, version in versions.items())
    print(AFTER.format(told=", ".join(told), versions=said), end="")


def _marked(one: Verdict) -> str:
    return f"**{one}**" if one == "wrong" else one


if __name__ == "__main__":
    main()
