"""From a recipe that weighs rows to a package whose probabilities are those of the rows as they come."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest


@pytest.fixture
def rare(tmp_path: Path) -> Path:
    """A table in which one row in eight is a yes."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1_500, 3))
    yes = x[:, 0] + rng.normal(size=1_500) > 1.6
    frame = pl.DataFrame(x, schema=list("abc")).with_columns(
        sex=pl.Series(rng.choice(["f", "m"], 1_500)), y=pl.Series(np.where(yes, "yes", "no"))
    )
    frame.write_csv(tmp_path / "t.csv")
    return tmp_path


def recipe_of(folder: Path, name: str, data: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(
        f"name: {name}\n"
        f"data: {{source: t.csv, target: y, {data}}}\n"
        "model: {family: linear}\n"
        "training: {budget: 60s, threads: 1}\n"
        "tracking: {kind: none}\n"
    )
    return path


@pytest.mark.parametrize("balance", ["class-weights", "oversample", "undersample"])
def test_balanced_fits_tell_probabilities_of_the_rows_as_they_come(rare, trainwright, balance):
    results = {}
    for name, data in (("plain", "balance: none"), ("balanced", f"balance: {balance}")):
        status, told = trainwright("run", recipe_of(rare, name, data))
        assert status == 0, told
        results[name] = told
    folder = Path(results["balanced"]["run_dir"])
    model = json.loads((folder / "run.json").read_text())["model"]
    assert model["family"] == "linear"
    assert model["verdict"] == "signal"
    assert model["calibrated"]
    losses = {name: told["validation"]["log_loss"] for name, told in results.items()}
    assert losses["balanced"]["value"] < losses["plain"]["high"]
    assert results["balanced"]["validation"]["ece"]["value"] < 0.08
    status, audit = trainwright("audit", results["balanced"]["run"])
    assert status == 0, audit


def test_protected_groups_are_judged_in_the_evaluation_and_reweighed(rare, trainwright):
    recipe = recipe_of(rare, "fair", "protected: [sex], drop: [sex], balance: reweighing")
    status, told = trainwright("run", recipe)
    assert status == 0, told
    folder = Path(told["run_dir"])
    (entry,) = json.loads((folder / "evaluation.json").read_text())["fairness"]
    assert entry["column"] == "sex"
    assert {group["name"] for group in entry["groups"]} == {"f", "m"}
    assert set(entry["differences"]) == {"yes"}
    assert "By sex" in (folder / "report.html").read_text()
    card = next((folder / "package").glob("*.md")).read_text()
    assert "| Consent | not said |" in card
    status, audit = trainwright("audit", told["run"])
    assert status == 0, audit


def test_the_threshold_is_chosen_within_a_limit_on_the_difference_between_groups(
    tmp_path, trainwright
):
    rng = np.random.default_rng(3)
    group = rng.integers(0, 2, 2_400)
    x = rng.normal(size=2_400) + 0.9 * group
    yes = x + rng.normal(size=2_400) > 0.8
    pl.DataFrame(
        {"x": x, "sex": np.where(group, "m", "f"), "y": np.where(yes, "yes", "no")}
    ).write_csv(tmp_path / "t.csv")
    differences = {}
    for name, limits in (
        ("free", ""),
        ("limited", "evaluation: {fairness: {demographic_parity_difference: 0.15}}\n"),
    ):
        recipe = recipe_of(tmp_path, name, "protected: [sex], drop: [sex]")
        recipe.write_text(recipe.read_text() + limits)
        status, told = trainwright("run", recipe)
        assert status == 0, told
        (entry,) = json.loads((Path(told["run_dir"]) / "evaluation.json").read_text())["fairness"]
        differences[name] = entry["differences"]["yes"]["demographic_parity_difference"]
    assert differences["limited"] < 0.22 < differences["free"]
    status, audit = trainwright("audit", told["run"])
    assert status == 0, audit


@pytest.mark.parametrize(
    ("data", "target", "message"),
    [
        ("balance: none", "y", "no groups whose differences could be limited"),
        ("protected: [sex]", "a", "only two classes have one"),
    ],
)
def test_a_limit_that_cannot_be_kept_is_refused(rare, trainwright, data, target, message):
    recipe = recipe_of(rare, "refused", data)
    text = recipe.read_text().replace("target: y", f"target: {target}")
    recipe.write_text(text + "evaluation: {fairness: {equalized_odds_difference: 0.1}}\n")
    status, told = trainwright("run", recipe)
    assert status == 2
    assert message in json.dumps(told)
