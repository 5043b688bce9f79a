"""What every peer is measured by: the same clock, the same rows, the same questions.

    python PEER.py FOLDER BUDGET_SECONDS OUT

FOLDER holds train, valid and test as Parquet and about.json; OUT is a new folder for the saved model
and the answers. This file needs numpy, pandas and pyarrow only: it runs in each peer's environment.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

SINGLE_ROWS = 200
BATCH_ROWS = 50_000
THREADS = 2


@dataclass(frozen=True)
class Work:
    """One table to learn.

    Attributes:
        folder: Holds the splits.
        target: The column to predict.
        classes: In the order of probabilities; empty for regression.
        budget: Seconds for the fit.
        out: Where the model is saved.
    """

    folder: Path
    target: str
    classes: list[str]
    budget: float
    out: Path

    def frame(self, split: str) -> Any:
        """A split as a pandas frame, texts as plain objects."""
        import pandas

        return pandas.read_parquet(self.folder / f"{split}.parquet")


@dataclass(frozen=True)
class Fitted:
    """A model as its own documentation says to use it.

    Attributes:
        save: Writes it into a folder.
        load: Brings it back from there, ready to predict.
    """

    save: Callable[[Path], None]
    load: Callable[[Path], Callable[[Any], np.ndarray]]


def measure(
    fit: Callable[[Work], Fitted],
    *,
    packages: tuple[str, ...],
    frames: Callable[[Work], tuple[Any, list[Any], Any]] | None = None,
) -> None:
    """Fit, save, load again, predict; write answers.npy and result.json into OUT.

    Args:
        fit: Learns within the budget.
        packages: Whose versions are reported.
        frames: The test rows as this peer takes them: all, one by one, and many. Pandas otherwise.
    """
    folder, out = Path(sys.argv[1]).resolve(), Path(sys.argv[3]).resolve()
    budget = float(sys.argv[2])
    about = json.loads((folder / "about.json").read_text())
    work = Work(folder, about["target"], about["classes"], budget, out)
    started = time.perf_counter()
    fitted = fit(work)
    fit_seconds = time.perf_counter() - started
    model = out / "model"
    model.mkdir(parents=True)
    fitted.save(model)
    predict = fitted.load(model)
    rows, singles, many = (frames or pandas_frames)(work)
    answers = np.asarray(predict(rows), dtype=np.float64)
    np.save(out / "answers.npy", answers)
    result = {
        "fit_seconds": fit_seconds,
        "single_row_milliseconds": 1000 * median_seconds(predict, singles),
        "rows_per_second": batch_speed(predict, many),
        "folder_bytes": sum(path.stat().st_size for path in model.rglob("*") if path.is_file()),
        "peak_bytes": peak_bytes(),
        "versions": {name: metadata.version(name) for name in packages},
    }
    (out / "result.json").write_text(json.dumps(result))


def pandas_frames(work: Work) -> tuple[Any, list[Any], Any]:
    """All test rows, single rows, and 50,000 of them, as pandas frames without the target."""
    import pandas

    rows = work.frame("test").drop(columns=[work.target])
    singles = [rows.iloc[n % len(rows) : n % len(rows) + 1] for n in range(SINGLE_ROWS)]
    many = pandas.concat([rows] * -(-BATCH_ROWS // len(rows)), ignore_index=True)
    return rows, singles, many[:BATCH_ROWS]


def median_seconds(predict: Callable[[Any], Any], singles: list[Any]) -> float:
    """The median over single rows, after ten to warm up; at most 30 seconds of them."""
    found: list[float] = []
    begin = time.perf_counter()
    for number, row in enumerate(singles):
        started = time.perf_counter()
        predict(row)
        if number >= 10:
            found.append(time.perf_counter() - started)
        if time.perf_counter() - begin > 30 and found:
            break
    return float(np.median(found))


def batch_speed(predict: Callable[[Any], Any], many: Any) -> float:
    """Rows a second, the better of two passes."""
    best = np.inf
    for _ in range(2):
        started = time.perf_counter()
        predict(many)
        best = min(best, time.perf_counter() - started)
    return BATCH_ROWS / best


def peak_bytes() -> int:
    """The most memory that this process held, its own children not counted."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM: this needs Linux")
