"""The whole loop: rows without a label, labelled on the page, written out, and a model trained on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from flow.label_desk import served
from trainwright.flow.labelling import Wishes, open_desk, wishes_of

Command = Callable[..., tuple[int, dict[str, Any]]]
RECIPE = """data: {{source: shop.csv, target: label, inputs: {{text: text}}{labels}}}
model: {{families: [baseline, linear]}}
training: {{budget: 20s, threads: 1}}
tracking: {{kind: none}}
"""


def write_mails(folder: Path, rows: int = 160) -> list[str]:
    """Mails of which none has a label, and what each would be called by who reads it."""
    rng = np.random.default_rng(0)
    words = [f"word{number}" for number in range(60)]
    tell = {"spam": ["prize", "cheap", "winner"], "ham": ["lunch", "minutes", "regards"]}
    truth = ["spam" if number % 3 == 0 else "ham" for number in range(rows)]
    texts = [
        " ".join([*rng.choice(words, 6), *rng.choice(tell[label], 2), f"n{number}"])
        for number, label in enumerate(truth)
    ]
    pl.DataFrame({"text": texts}).write_csv(folder / "shop.csv")
    return truth


def test_rows_without_a_label_become_a_model(
    trainwright: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    truth = write_mails(tmp_path)
    recipe = tmp_path / "shop.yaml"
    recipe.write_text(RECIPE.format(labels=""))
    desk = open_desk(
        recipe, Wishes(classes=("ham", "spam"), strategy="random"), workspace=tmp_path / "workspace"
    )
    with served(desk) as page:
        labelled = set()
        for _ in range(7):
            for item in page.call("next", annotator="anna", count=20)["items"]:
                label = truth[int(item["row"].rpartition(":")[2])]
                page.call("answer", annotator="anna", row=item["row"], label=label)
                labelled.add(item["row"])
    assert len(labelled) == 140
    arguments = ("label", recipe, "--classes", "ham,spam", "--export", "labels.csv")
    assert trainwright(*arguments) == (0, {"taken": 0, "written": 140, "output": "labels.csv"})

    recipe.write_text(RECIPE.format(labels=", labels: {corrections: labels.csv}"))
    status, result = trainwright("run", recipe)
    assert status == 0, result
    assert result["validation"]["accuracy"]["value"] > 0.9
    kept = tmp_path / "workspace" / "snapshots" / result["snapshot"]
    ledger = pl.read_parquet(kept / "rows.parquet")
    assert ledger.filter(reason="no target").height == 20


def test_rows_that_a_finding_names_are_shown_with_the_label_they_have(
    trainwright: Command, tmp_path: Path
):
    truth = write_mails(tmp_path, rows=60)
    frame = pl.read_csv(tmp_path / "shop.csv").with_columns(label=pl.Series(truth))
    pl.concat([frame, frame[5:7]]).write_csv(tmp_path / "shop.csv")
    recipe = tmp_path / "shop.yaml"
    recipe.write_text(RECIPE.format(labels=""))
    _, prepared = trainwright("prepare", recipe)
    (found,) = [one for one in prepared["findings"] if one["kind"] == "duplicate"]
    wishes = wishes_of(
        classes=None,
        strategy="combined",
        known=("combined",),
        answers=1,
        rows=Path(found["rows_path"]),
    )
    items = open_desk(recipe, wishes, workspace=tmp_path / "workspace").next("anna", 20)
    named = [int(item["row"].rpartition(":")[2]) for item in items]
    assert named == found["rows"]
    assert [item["given"] for item in items] == [(truth + truth[5:7])[row] for row in named]
