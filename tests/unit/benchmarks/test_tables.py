"""The pure parts of the benchmark of tables: scores, ranks, and what the page owns up to."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import log_loss, roc_auc_score

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "tables.py"


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_tables", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def written(folder: Path, target: list, classes: list[str]) -> Path:
    pl.DataFrame({"y": target}).write_parquet(folder / "test.parquet")
    (folder / "about.json").write_text(json.dumps({"target": "y", "classes": classes}))
    return folder


def results(tables: ModuleType, errors: dict[str, list[float]]) -> list[dict]:
    return [
        {"table": table, "peer": peer.name, "load": 1.0, "scores": {"log loss": error}}
        for table, found in errors.items()
        for peer, error in zip(tables.PEERS, found, strict=False)
    ]


def test_classes_are_scored_as_scikit_learn_scores_them(tables, tmp_path):
    generator = np.random.default_rng(5)
    codes = generator.integers(0, 2, 200)
    score = np.round(0.6 * generator.random(200) + 0.3 * codes, 2)  # rounded: there are ties
    answers = np.stack([1 - score, score], axis=1)
    folder = written(tmp_path, ["ny"[code] for code in codes], ["n", "y"])
    found = tables.scores(answers, folder)
    assert found["AUC"] == pytest.approx(roc_auc_score(codes, score), abs=1e-12)
    assert found["log loss"] == pytest.approx(log_loss(codes, np.clip(answers, 1e-12, 1)), rel=1e-9)


def test_numbers_are_scored_by_squared_and_absolute_error(tables, tmp_path):
    found = tables.scores(np.array([1.0, 2.0, 6.0]), written(tmp_path, [1.0, 4.0, 3.0], []))
    assert found == pytest.approx({"RMSE": np.sqrt(13 / 3), "MAE": 5 / 3})


def test_the_least_error_is_rank_1_and_ties_share_theirs(tables):
    found = results(tables, {"ames": [0.2, 0.1, 0.2, 0.9], "jobs": [0.3, 0.2]})
    assert tables.ranks_of(found, "ames") == [2.5, 1.0, 2.5, 4.0]
    assert tables.ranks_of(found, "jobs") is None


def test_seen_and_unseen_tables_are_ranked_apart(tables):
    found = results(
        tables, {"ames": [1.0, 2, 3, 4], "star": [2.0, 1, 3, 4], "jobs": [4.0, 3, 2, 1]}
    )
    rows = tables.ranking(found, ["ames", "star", "jobs"])
    assert "| 2 tables seen while tuning | 1.50 | 1.50 | 3.00 | 4.00 |" in rows
    assert "| 1 tables not seen | 4.00 | 3.00 | 2.00 | 1.00 |" in rows


def test_a_peer_that_failed_is_shown_as_failed(tables):
    row = tables.row_of({"peer": "FLAML", "table": "ames", "failed": "no message"})
    assert row.startswith("| FLAML | failed: no message |")
