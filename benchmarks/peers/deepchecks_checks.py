"""What Deepchecks names in some tables: checks of its two suites for data, with the conditions that it ships.

    python deepchecks_checks.py FOLDER ...

Each FOLDER holds train.csv, test.csv and about.json (target, task, categories, checks; index, date: columns).
Prints a line of JSON a folder: check -> what its failed or warned conditions say, then its value.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

warnings.filterwarnings("ignore")

from deepchecks.tabular import Dataset  # noqa: E402
from deepchecks.tabular.suites import data_integrity, train_test_validation  # noqa: E402


def main() -> None:
    """Run the checks on each folder."""
    for folder in sys.argv[1:]:
        print(json.dumps(checked(Path(folder))), flush=True)


def checked(folder: Path) -> dict[str, Any]:
    """What the wanted checks of both suites say of a folder."""
    about = json.loads((folder / "about.json").read_text())
    wanted = about["checks"]
    words = dict.fromkeys([*about["categories"], about["target"]], str)
    train, test = (
        pd.read_csv(folder / f"{part}.csv", dtype=words, keep_default_na=False, na_values=[""])
        for part in ("train", "test")
    )
    if "date" in about:
        for frame in (train, test):
            frame[about["date"]] = pd.to_datetime(frame[about["date"]])
    parts = [_dataset(frame, about) for frame in (train, test)]
    whole = _dataset(pd.concat([train, test], ignore_index=True), about)
    found: dict[str, list[str]] = {}
    results = [
        _only(data_integrity(), wanted).run(whole),
        _only(train_test_validation(), wanted).run(*parts),
    ]
    for result in results:
        for one in result.get_not_passed_checks():
            told = [
                f"{c.category.value}: {c.details}"
                for c in one.conditions_results
                if not c.is_pass()
            ]
            found[type(one.check).__name__] = [*told, json.dumps(one.value, default=str)[:4000]]
    failed = [
        f"{type(one.check).__name__}: {one.exception}"[:200]
        for result in results
        for one in result.get_not_ran_checks()
    ]
    return {"found": found, "not run": failed}


def _only(suite: Any, wanted: list[str]) -> Any:
    """The suite without the checks that nobody asks about."""
    for number, check in list(suite.checks.items()):
        if type(check).__name__ not in wanted:
            suite.remove(number)
    return suite


def _dataset(frame: pd.DataFrame, about: dict[str, Any]) -> Dataset:
    return Dataset(
        frame,
        label=about["target"],
        cat_features=[name for name in about["categories"] if name != about.get("index")],
        index_name=about.get("index"),
        datetime_name=about.get("date"),
        label_type="multiclass" if about["task"] == "classification" else "regression",
    )


if __name__ == "__main__":
    main()
