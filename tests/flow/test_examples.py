"""The examples of data preparation: what was planted is found, and what the recipe mends is gone."""

from __future__ import annotations

import json
import runpy
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def example(tmp_path, capsys):
    """The folder of an example, copied, with its data."""

    def made(name: str) -> tuple[Path, dict[str, int]]:
        folder = tmp_path / name
        folder.mkdir()
        for path in EXAMPLES.joinpath(name).iterdir():
            if path.suffix in (".py", ".yaml"):
                shutil.copy(path, folder)
        runpy.run_path(str(folder / "data.py"), run_name="__main__")
        return folder, json.loads((folder / "planted.json").read_text())

    return made


def found(result, kind, column=None):
    """How many rows the one finding of this kind and column names."""
    counts = [f["count"] for f in result["findings"] if (f["kind"], f["column"]) == (kind, column)]
    return sum(counts)


def adds_up(rows):
    return rows["input"] == sum(rows[part] for part in ("train", "validation", "test", "dropped"))


def test_the_faults_of_the_dirty_table_are_found_and_then_mended(example, trainwright):
    folder, planted = example("dirty_table")
    status, came = trainwright("prepare", folder / "1-as-it-comes.yaml")
    assert status == 0
    assert adds_up(came["rows"])
    assert came["rows"]["dropped"] == 2  # the title and the totals, which are no rows
    assert found(came, "missing", "debt_to_income") >= planted["debts of -999"]
    assert found(came, "duplicate") >= planted["copies"]
    assert found(came, "near-duplicate") >= 2 * (planted["near-copies"] - 2)
    assert found(came, "encoding", "job") >= planted["jobs in a wrong encoding"]
    assert found(came, "category-variant", "home") >= planted["homes in another case"]
    assert found(came, "category-variant", "state") > 0
    assert found(came, "personal-data", "contact") >= planted["addresses"]
    assert next(f["column"] for f in came["findings"] if f["kind"] == "leakage") == "sub_grade"

    status, mended = trainwright("prepare", folder / "2-mended.yaml")
    assert status == 0
    assert adds_up(mended["rows"])
    assert mended["rows"]["dropped"] >= planted["copies"] + planted["near-copies"] - 2
    left = {(f["kind"], f["column"]) for f in mended["findings"] if f["severity"] != "info"}
    gone = ("duplicate", "near-duplicate", "leakage", "encoding", "category-variant", "missing")
    assert {kind for kind, _ in left}.isdisjoint({*gone, "personal-data"})


def test_bad_images_are_named_then_left_out_and_copies_found_across_the_split(example, trainwright):
    pytest.importorskip("mlxtend")
    folder, planted = example("bad_images")
    bad = planted["cut off"] + planted["no images"]
    status, refused = trainwright("prepare", folder / "1-as-it-comes.yaml")
    assert status == 3
    assert len([refused["error"], *refused["others"]]) == bad

    status, result = trainwright("prepare", folder / "2-quarantined.yaml")
    assert status == 0
    assert adds_up(result["rows"])
    assert result["rows"]["dropped"] == found(result, "unreadable", "image") == bad
    assert found(result, "duplicate") == planted["copies"]
    assert found(result, "near-duplicate", "image") >= 2 * planted["saved again"]
    assert found(result, "leakage", "image") > 0

    status, mended = trainwright("prepare", folder / "3-mended.yaml")
    assert status == 0
    assert mended["rows"]["dropped"] >= bad + planted["copies"] + planted["saved again"]
    assert found(mended, "leakage", "image") == 0


def test_mails_to_label_are_asked_about_in_an_order_that_helps():
    rng = np.random.default_rng(0)
    tell = {"spam": ["prize", "cheap", "winner"], "ham": ["lunch", "minutes", "regards"]}
    truth = np.where(rng.random(120) < 0.2, "spam", "ham")
    words = [
        " ".join([*rng.choice(tell[one], 2), *(f"w{n}" for n in rng.integers(0, 40, 6))])
        for one in truth
    ]
    mails = pl.DataFrame({"text": words, "label": truth})
    example = runpy.run_path(str(EXAMPLES / "labels" / "simulate.py"))
    parts = example["split"](mails, seed=0, pool=70, held=50)
    scores = {
        strategy: example["simulate"](parts, strategy, counts=(12, 18))
        for strategy in ("random", "combined")
    }
    assert all(len(found) == 2 and min(found) > 0.5 for found in scores.values())
    assert scores["combined"][-1] >= 0.8
