"""Networks for tables through the verbs: a table of all kinds of columns, with a further target."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

LOANS = """
data: {source: loans.csv, target: late, further_targets: [limit]}
model: {family: FAMILY, hidden: 16, layers: 1, frequencies: 4, text_dim: 8}
training: {budget: 60s, threads: 1, epochs: 6, optimizer: {kind: adamw, learning_rate: 0.01}}
tracking: {kind: none}
"""


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    rows = 400
    age = rng.integers(18, 80, rows)
    region = rng.choice(["north", "south", "east"], rows)
    note = rng.choice(["pays on time", "asked for more time", "no answer to letters"], rows)
    risk = 0.1 * (age - 45) + 2.0 * (region == "north") + 2.0 * (note == "no answer to letters") - 1
    frame = pl.DataFrame(
        {
            "age": age,
            "opened": pl.date_range(pl.date(2020, 1, 1), pl.date(2021, 2, 3), eager=True).head(
                rows
            ),
            "region": region,
            "member": rng.random(rows) < 0.5,
            "note": [f"{text} number {n}" for n, text in enumerate(note)],
            "limit": np.round(1000 - 100 * risk + rng.normal(size=rows) * 50, 1),
            "late": np.where(rng.random(rows) < 1 / (1 + np.exp(-2 * risk)), "yes", "no"),
        }
    )
    frame.with_columns(
        pl.when(pl.int_range(rows) % 9 == 0).then(None).otherwise("age").alias("age"),
        pl.when(pl.int_range(rows) % 7 == 0).then(None).otherwise("limit").alias("limit"),
    ).write_csv(tmp_path / "loans.csv")
    return tmp_path


@pytest.mark.parametrize("family", ["mlp", "tabm"])
def test_a_network_goes_the_whole_way(family, folder, trainwright, monkeypatch):
    monkeypatch.setattr("trainwright.flow.selection.is_small", lambda *_, **__: False)  # no folds
    recipe = folder / "loans.yaml"
    recipe.write_text(LOANS.replace("FAMILY", family))
    status, result = trainwright("run", recipe)
    assert status == 0
    assert result["model"]["family"] == family
    losses = {row["name"]: row["loss"] for row in result["candidates"]}
    assert losses[family] < 0.9 * losses["baseline"]

    status, audited = trainwright("audit", result["run"], "--refit")
    assert [check for check in audited["checks"] if not check["passed"]] == []
    assert status == 0
    assert trainwright("reproduce", result["run"])[1]["equal"]

    status, _ = trainwright(
        "predict", "loans@champion", folder / "loans.csv", "-o", folder / "out.csv"
    )
    assert status == 0
    out = pl.read_csv(folder / "out.csv")
    assert out.columns == ["row", "prediction", "probability_no", "probability_yes"]
    assert out.height == 400


def test_a_network_is_proven(folder, trainwright):
    recipe = folder / "loans.yaml"
    recipe.write_text(LOANS.replace("FAMILY", "mlp"))
    status, result = trainwright("prove", recipe)
    assert [check for check in result["checks"] if not check["passed"]] == []
    assert status == 0
