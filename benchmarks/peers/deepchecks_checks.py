"""What Deepchecks names in one table: its single-table and train-test suites with their own conditions.

    python deepchecks_checks.py FOLDER

FOLDER holds train.csv, test.csv and about.json (target, task, categories, index: a column or null). Prints
JSON: check -> what its failed or warned conditions say, with the columns of its value.
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
    """Run both suites."""
    folder = Path(sys.argv[1])
    about = json.loads((folder / "about.json").read_text())
    words = dict.fromkeys([*about["categories"], about["target"]], str)
    train, test = (
        pd.read_csv(folder / f"{part}.csv", dtype=words, keep_default_na=False, na_values=[""])
        for part in ("train", "test")
    )
    parts = [_dataset(frame, about) for frame in (train, test)]
    whole = _dataset(pd.concat([train, test], ignore_index=True), about)
    found: dict[str, list[str]] = {}
    results = [
        data_integrity().run(whole),
        train_test_validation().run(*parts),
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
    print(json.dumps({"found": found, "not run": failed}))


def _dataset(frame: pd.DataFrame, about: dict[str, Any]) -> Dataset:
    return Dataset(
        frame,
        label=about["target"],
        cat_features=[name for name in about["categories"] if name != about.get("index")],
        index_name=about.get("index"),
        label_type="multiclass" if about["task"] == "classification" else "regression",
    )


if __name__ == "__main__":
    main()
