"""Does memory stay flat while a CSV file grows?

    python benchmarks/streaming.py 1 3 10

prepares files of so many gigabytes, each in a process of its own, and prints its peak memory: of its
own pages (RssAnon, looked at twenty times a second) and of everything resident (VmHWM), CPU seconds
and rows per CPU second, the data report included. The rows: numbers, categories, a date-time, a text,
copies and gaps. The disk must have room for about four times the file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BLOCK_ROWS = 200_000
BUDGET = 5  # seconds for the detectors, which look at samples


def main(sizes: list[float]) -> None:
    """Prepare a file of each size (GB) and print a line for each."""
    with tempfile.TemporaryDirectory(dir=".") as folder:
        print("| CSV GB | rows | peak own MB | peak resident MB | CPU s | rows per CPU s |")
        print("| ---: | ---: | ---: | ---: | ---: | ---: |")
        for size in sizes:
            source = Path(folder, "rows.csv")
            write_rows(source, num_bytes=int(size * 1e9))
            found = prepared_alone(source)
            print(
                f"| {source.stat().st_size / 1e9:.2f} | {found['rows']:,} | {found['own_mb']:.0f}"
                f" | {found['resident_mb']:.0f} | {found['cpu']:.0f}"
                f" | {found['rows'] / found['cpu']:,.0f} |",
                flush=True,
            )


def write_rows(path: Path, *, num_bytes: int) -> None:
    """A CSV file of at least so many bytes; equal sizes give equal files."""
    import numpy as np
    import polars as pl

    written = block = 0
    with path.open("wb") as file:
        while written < num_bytes:
            random = np.random.default_rng(block)
            x = random.normal(size=BLOCK_ROWS)
            frame = pl.DataFrame(
                {
                    "x": x.round(4),
                    "gaps": np.where(random.random(BLOCK_ROWS) < 0.05, np.nan, x * 3).round(3),
                    "count": random.integers(0, 10_000, BLOCK_ROWS),
                    "kind": random.choice([f"kind {i}" for i in range(40)], BLOCK_ROWS),
                    "when": 1_600_000_000_000_000
                    + (block * BLOCK_ROWS + np.arange(BLOCK_ROWS)) * 1_000_000,
                    "note": random.choice(
                        [f"a remark on case {i}" for i in range(5_000)], BLOCK_ROWS
                    ),
                    "y": np.where(x + random.normal(size=BLOCK_ROWS) > 0, "up", "down"),
                }
            ).with_columns(pl.col("when").cast(pl.Datetime("us")), pl.col("gaps").fill_nan(None))
            frame = pl.concat([frame[:-500], frame[:500]])  # copies
            written += file.write(frame.write_csv(include_header=not block).encode())
            block += 1


def prepared_alone(source: Path, **said: Any) -> dict[str, Any]:
    """Prepare a file in a process of its own; its memory, CPU seconds, rows and the snapshot's hash."""
    command = [sys.executable, __file__, "--child", str(source), json.dumps(said)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = [0.0]

    def watch() -> None:
        while child.poll() is None:
            peak[0] = max(peak[0], memory_of(child.pid).get("RssAnon", 0.0))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    told, _ = child.communicate()
    watcher.join()
    if child.returncode:
        raise RuntimeError(f"the preparation of {source} ended with status {child.returncode}")
    return {**json.loads(told.splitlines()[-1]), "own_mb": peak[0]}


def memory_of(process: int | str) -> dict[str, float]:
    """What the kernel says of a process's memory, in MB; nothing where it has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":")[::2] for line in lines if line.startswith(("Rss", "VmHWM")))
    return {name: int(value.split()[0]) * 1024 / 1e6 for name, value in pairs}


def child(source: Path, said: Mapping[str, Any]) -> None:
    """What the process of its own does."""
    from trainwright.flow.preparation import prepare

    data = {"source": str(source.resolve()), "target": "y", "budget": BUDGET, **said}
    started = time.process_time()
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        recipe = Path(folder, "recipe.yaml")
        recipe.write_text(json.dumps({"data": data}))
        found, _ = prepare(recipe, workspace=Path(folder, "workspace"))
    told = {
        "rows": found.rows["input"],
        "hash": found.hash,
        "cpu": time.process_time() - started,
        "resident_mb": memory_of("self")["VmHWM"],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]), json.loads(sys.argv[3]))
    else:
        main([float(size) for size in sys.argv[1:]] or [1, 3, 10])
