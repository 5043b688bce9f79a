"""Leakage, shift and bias, planted into real tables: each fault with the column that a detector should name.

    python benchmarks/faults/leakage.py > docs/benchmarks/planted-leakage.md

Prints, for each fault, in how many of the planted tables it is named (recall), and the share of what is named
there that was planted, beyond what the same kind names in the table as it came (precision). Every plant is
a function `plant_x(frame, rng) -> (frame, truth)`; `truth` holds the column (None: the order of the rows),
the kind of the finding and words of the recipe that make the fault matter.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from leakage_false_alarms import _LOADERS, TABLES, Table

from trainwright.core.artifacts import Finding
from trainwright.core.errors import TrainwrightError
from trainwright.data.prepare import prepare
from trainwright.models.tables.probe import probe
from trainwright.recipe import parse_recipe


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted.

    Attributes:
        column: That a finding should name; None: none, the order of the rows.
        kind: Of the finding.
        severity: At least.
        data: Further keys of the recipe's data section.
    """

    column: str | None
    kind: str = "leakage"
    severity: str = "warning"
    data: Mapping[str, Any] = field(default_factory=dict)


Planted = tuple[pd.DataFrame, Truth]


def _signal(frame: pd.DataFrame) -> np.ndarray:
    """The target as a number of unit spread."""
    values = frame["__target__"]
    codes = values if pd.api.types.is_numeric_dtype(values) else pd.factorize(values, sort=True)[0]
    numbers = np.asarray(codes, dtype=float)
    ranks = pd.Series(numbers).rank().to_numpy() / len(numbers)
    return (ranks - ranks.mean()) / ranks.std()


def plant_spilled_groups(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """Each third row comes back two to four times, a little changed, as a patient seen again does."""
    base = frame.iloc[rng.permutation(len(frame))[: max(60, len(frame) // 3)]]
    times = rng.integers(2, 5, len(base))
    rows = base.loc[base.index.repeat(times)].copy()
    rows["patient"] = np.repeat(rng.permutation(len(base)) + 10_000, times)
    for name in rows.columns.difference(["patient", "__target__"]):
        if pd.api.types.is_numeric_dtype(rows[name]) and rows[name].nunique() > 2:
            rows[name] = rows[name] + rng.normal(0, 0.02 * float(rows[name].std()), len(rows))
    return rows.sample(frac=1, random_state=1).reset_index(drop=True), Truth("patient")


def plant_group_effect(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """Rows of one site have like targets, and the site has a name of its own."""
    order = np.argsort(_signal(frame) + rng.normal(0, 0.8, len(frame)))
    sites = max(40, len(frame) // 12)
    labels = rng.permutation(sites)
    site = np.empty(len(frame), dtype=int)
    site[order] = labels[np.minimum(np.arange(len(frame)) * sites // len(frame), sites - 1)]
    planted = frame.assign(site_id=[f"S{number:04d}" for number in site])
    return planted.sample(frac=1, random_state=1).reset_index(drop=True), Truth("site_id")


def _in_time(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Rows put in an order in which the target wanders, slowly, as a level that nobody wrote down."""
    steps = np.arange(len(frame))
    level = np.sin(2 * np.pi * steps / len(frame) * 3.3) * 1.5
    signal = _signal(frame) + rng.normal(0, 0.5, len(frame))
    order = np.empty(len(frame), dtype=int)
    order[np.argsort(level + rng.normal(0, 0.3, len(frame)))] = np.argsort(signal)
    return frame.iloc[order].reset_index(drop=True)


def plant_unmarked_time(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """A date of record along which the target wanders, under a random split; the file is shuffled."""
    moved = _in_time(frame, rng)
    start = pd.Timestamp("2021-01-01")
    moved["recorded"] = [start + pd.Timedelta(hours=int(7 * k)) for k in range(len(moved))]
    return moved.sample(frac=1, random_state=1).reset_index(drop=True), Truth("recorded")


def plant_time_in_rows(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """The file is in the order of time, a sensor drifts along with it, and no column tells the time."""
    moved = _in_time(frame, rng)
    steps = np.arange(len(moved)) / len(moved)
    moved["sensor"] = np.cumsum(rng.normal(0, 1, len(moved))) + 20 * steps
    return moved, Truth(None, severity="info")


def plant_identifier(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """Cases get their number class by class: those of the upper half begin with another letter."""
    upper = _signal(frame) > 0
    wrong = rng.random(len(frame)) < 0.1
    letters = np.where(upper ^ wrong, "K", "C")
    numbers = rng.permutation(len(frame)) + 100_000
    ids = [f"{letter}{number}" for letter, number in zip(letters, numbers, strict=True)]
    return frame.assign(case_id=ids), Truth("case_id", severity="info")


def plant_odd_numbers(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """Odd numbers for the one half, even ones for the other."""
    upper = (_signal(frame) > 0).astype(int)
    numbers = 2 * (rng.permutation(len(frame)) + 50_000) + upper
    return frame.assign(case_no=numbers), Truth("case_no", severity="info")


def plant_row_order(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """The file is sorted by the target, a tenth of the rows apart."""
    order = np.argsort(_signal(frame) + rng.normal(0, 0.1, len(frame)), kind="stable")
    return frame.iloc[order].reset_index(drop=True), Truth(None, severity="info")


def plant_filled_after(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """A column that is filled in after the event, for most of those that had it."""
    upper = _signal(frame) > 0.3
    there = np.where(upper, rng.random(len(frame)) < 0.9, rng.random(len(frame)) < 0.05)
    values = np.where(there, rng.normal(50, 9, len(frame)).round(1), np.nan)
    return frame.assign(discharge=values), Truth("discharge")


def plant_filled_from(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """A test that was brought in half way and is done in one case of eight, under a split by time."""
    rows = np.arange(len(frame))
    mixed = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    done = (rows >= len(rows) // 2) & (rng.random(len(rows)) < 0.125)
    recorded = pd.Timestamp("2021-01-01") + pd.to_timedelta(7 * rows, "h")
    planted = mixed.assign(
        recorded=recorded, marker=np.where(done, rng.normal(50, 9, len(rows)).round(1), np.nan)
    )
    data = {"split": {"by": "time", "column": "recorded"}}
    return planted, Truth("marker", "shift", data=data)


def plant_shift(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """The given test rows come from another clinic: one column has another level there."""
    part = np.where(rng.random(len(frame)) < 0.7, "train", "test")
    part[rng.random(len(frame)) < 0.15] = "validation"
    level = rng.normal(0, 1, len(frame)) + np.where(part == "test", 1.2, 0.0)
    planted = frame.assign(part=part, pressure=level)
    return planted, Truth("pressure", "shift", data={"split": {"by": "given", "column": "part"}})


def plant_label_shift(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """Validation rows of the upper half are half as many as they should be."""
    part = rng.choice(["train", "validation", "test"], len(frame), p=[0.6, 0.2, 0.2])
    gone = (part == "validation") & (_signal(frame) > 0) & (rng.random(len(frame)) < 0.6)
    planted = frame.assign(part=part)[~gone].reset_index(drop=True)
    data = {"split": {"by": "given", "column": "part"}}
    return planted, Truth("__target__", "shift", data=data)


def plant_proxy(frame: pd.DataFrame, rng: np.random.Generator) -> Planted:
    """A protected column, and one that tells it without naming it."""
    sex = rng.choice(["female", "male"], len(frame))
    height = rng.normal(0, 1, len(frame)) + np.where(sex == "male", 1.9, 0.0)
    planted = frame.assign(sex=sex, stature=height)
    return planted, Truth("stature", "bias", severity="info", data={"protected": ["sex"]})


PLANTS: tuple[Callable[[pd.DataFrame, np.random.Generator], Planted], ...] = (
    plant_spilled_groups,
    plant_group_effect,
    plant_unmarked_time,
    plant_time_in_rows,
    plant_identifier,
    plant_odd_numbers,
    plant_row_order,
    plant_filled_after,
    plant_filled_from,
    plant_shift,
    plant_label_shift,
    plant_proxy,
)
PLANTED = (
    "modeldata/credit_data",
    "openintro/yrbss",
    "ISLR/Wage",
    "MASS/Boston",
    "UniversalBank",
    "breast_cancer",
    "diabetes",
    "wine",
)
HEAD = """\
# Planted leakage, shift and bias

Each fault is planted into eight real tables (at most 2,000 rows) and goes through stage 1 with the default
recipe; it counts as named where a finding of the kind says the column, as a warning, or as information where
the column is left out of the inputs anyway. Recall is the share of tables in which it is named; precision
the share of the columns named that was planted, beyond those named in the same table as it came
([the false-alarm table](../leakage-false-alarms.md)).

Made by `PYTHONPATH=benchmarks python benchmarks/faults/leakage.py > docs/benchmarks/planted-leakage.md`.

| fault | what is planted | precision | recall | not named in | named besides |
| --- | --- | ---: | ---: | --- | --- |"""
_RANK = {"info": 0, "warning": 1, "error": 2}


def findings_of(
    frame: pd.DataFrame,
    table: Table,
    data: Mapping[str, Any],
    *,
    files: Mapping[str, str] | None = None,
) -> list[Finding]:
    """What stage 1 says of a table, errors accepted, and what it leaves out; with files beside the recipe."""
    with tempfile.TemporaryDirectory(prefix="planted-") as scratch:
        folder = Path(scratch)
        frame.to_csv(folder / "t.csv", index=False)
        for name, text in (files or {}).items():
            (folder / name).write_text(text)
        said: dict[str, Any] = {"source": "t.csv", "target": table.target, "budget": "10m", **data}
        if table.drop:
            said["drop"] = list(table.drop)
        for _ in range(3):
            try:
                snapshot = prepare(
                    parse_recipe({"data": said}),
                    base=folder,
                    snapshots=folder / "snapshots",
                    probe=probe,
                )
                left = [
                    Finding(f"left out: {why}", "info", why, column=name)  # type: ignore[arg-type]
                    for name, why in snapshot.left_out.items()
                ]
                return [*snapshot.findings, *left]
            except TrainwrightError as error:
                grave = [f.key for f in error.findings if f.severity == "error"]
                if not grave:
                    raise
                said["accept"] = sorted({*said.get("accept", []), *grave})
    return []


def is_named(findings: list[Finding], truth: Truth, target: str) -> bool:
    """Whether a finding of the kind names the column."""
    return any(_names(one, truth, target) for one in findings)


def _names(finding: Finding, truth: Truth, target: str) -> bool:
    column = target if truth.column == "__target__" else truth.column
    return (
        finding.kind == truth.kind
        and _RANK[finding.severity] >= _RANK[truth.severity]
        and (finding.column == column or (column is not None and repr(column) in finding.message))
    )


def besides(
    findings: list[Finding], clean: list[Finding], truth: Truth, target: str
) -> set[str | None]:
    """Other columns that warnings of the kind name, and did not name in the table as it came."""
    known = {one.column for one in clean if one.kind == truth.kind}
    return {
        one.column
        for one in findings
        if one.kind == truth.kind
        and _RANK[one.severity] >= _RANK["warning"]
        and not _names(one, truth, target)
        and one.column not in known
    }


def main() -> None:
    """Plant every fault into every table, and print the table of what was named."""
    quiet = {"labels": {"errors": "off"}}  # none is planted here
    wanted = sys.argv[1:]
    plants = [plant for plant in PLANTS if not wanted or plant.__name__ in wanted]
    frames, clean = {}, {}
    for table in (table for table in TABLES if table.name in PLANTED):
        loaded = _LOADERS[table.package](table.name)
        if loaded is not None:
            frame = loaded[loaded[table.target].notna()].head(2_000).reset_index(drop=True)
            frames[table] = frame
            clean[table] = findings_of(frame, table, quiet)
    print(HEAD)
    for plant in plants:
        missed, wrong = [], []
        for number, (table, frame) in enumerate(frames.items()):
            marked = frame.rename(columns={table.target: "__target__"})
            planted, truth = plant(marked, np.random.default_rng(number))
            planted = planted.rename(columns={"__target__": table.target})
            found = findings_of(planted, table, {**quiet, **truth.data})
            if not is_named(found, truth, table.target):
                missed.append(table.name)
            others = besides(found, clean[table], truth, table.target)
            wrong += [f"{table.name}: {one or 'rows'}" for one in sorted(others, key=str)]
        what = (plant.__doc__ or "").split("\n")[0].rstrip(".")
        name = plant.__name__.removeprefix("plant_").replace("_", " ")
        right = len(frames) - len(missed)
        precision = f"{right / (right + len(wrong)):.3f}" if right + len(wrong) else ""
        cells = (name, what, precision, f"{right / len(frames):.3f}")
        print(f"| {' | '.join(cells)} | {', '.join(missed)} | {', '.join(wrong)} |", flush=True)


if __name__ == "__main__":
    main()
