"""What is mended and asked in training is mended and asked when predicting, and told by lineage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from trainwright.data.types import parse_value
from trainwright.flow.resolving import resolve_model
from trainwright.runs.workspace import Workspace

ROWS = 240
RECIPE = """
name: cities
data:
  source: rows.csv
  target: price
  contract: contract.yaml
  repair:
    text: [mojibake, whitespace]
    variants: {city: {New York: ["N.Y.", "new york"]}}
    limits: {age: [0, 120]}
    beyond: clip
model: {family: linear}
training: {budget: 20s}
"""
CONTRACT = """
columns:
  city: {categories: [New York, "São Paulo"]}
  age: {range: [0, 120]}
rules: ["rooms <= size"]
"""


def rows() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    city = rng.choice(["New York", "São Paulo"], ROWS)
    age = rng.integers(1, 100, ROWS).astype(float)
    size = rng.integers(10, 60, ROWS).astype(float)
    price = (city == "New York") * 50 + size + rng.normal(size=ROWS)
    frame = pl.DataFrame(
        {"city": city, "age": age, "size": size, "rooms": np.ceil(size / 12), "price": price}
    )
    return frame.with_columns(
        pl.when(pl.int_range(ROWS) == 3).then(pl.lit("N.Y."))
        .when(pl.int_range(ROWS) == 4).then(pl.lit("SÃ£o Paulo"))
        .otherwise("city").alias("city"),
        pl.when(pl.int_range(ROWS) == 5).then(400.0).otherwise("age").alias("age"),
    )  # fmt: skip


def test_training_batch_server_and_lineage_agree_on_what_is_mended(trainwright, tmp_path: Path):
    rows().write_csv(tmp_path / "rows.csv")
    (tmp_path / "contract.yaml").write_text(CONTRACT)
    (tmp_path / "r.yaml").write_text(RECIPE)
    status, run = trainwright("run", tmp_path / "r.yaml")
    assert status == 0, run

    status, told = trainwright("lineage", run["run"], "--row", "rows.csv:4")
    assert status == 0, told
    assert told["row"]["repairs"] == [
        {"column": "city", "step": "mojibake", "before": "SÃ£o Paulo", "after": "São Paulo"}
    ]

    pairs = pl.DataFrame(
        {"city": ["new york", "New York", "SÃ£o Paulo ", "São Paulo"], "age": [-7.0, 0.0, 999.0, 120.0],
         "size": [30.0] * 4, "rooms": [2.0] * 4}
    )  # fmt: skip
    pairs.write_csv(tmp_path / "today.csv")
    status, said = trainwright(
        "predict", run["run"], tmp_path / "today.csv", "-o", tmp_path / "out.csv"
    )
    assert status == 0, said
    predicted = pl.read_csv(tmp_path / "out.csv")["prediction"].to_list()
    assert predicted[0] == predicted[1] != predicted[2] == predicted[3]

    model = resolve_model(run["run"], Workspace.open(None)).load().model
    sent = [{c.name: parse_value(c, row[c.name]) for c in model.inputs} for row in pairs.to_dicts()]
    assert model.predict_rows(sent).values.tolist() == predicted

    broken = pairs.with_columns(pl.Series("rooms", [2.0, 2.0, 31.0, 2.0]))
    broken.write_csv(tmp_path / "broken.csv")
    status, refused = trainwright(
        "predict", run["run"], tmp_path / "broken.csv", "-o", tmp_path / "no.csv"
    )
    assert status == 3
    assert "rooms <= size" in refused["error"]["what"]
    assert refused["error"]["where"] == "column 'rooms', row 2"
    assert not (tmp_path / "no.csv").exists()

    status, made = trainwright(
        "prepare", tmp_path / "r.yaml", "--contract-out", tmp_path / "written.yaml"
    )
    assert status == 0, made
    assert (
        "  city: {type: category, required: true, categories: ["
        in (tmp_path / "written.yaml").read_text()
    )
