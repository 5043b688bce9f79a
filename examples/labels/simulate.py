"""E-mails to label: does it pay to be asked about the right ones?

    python examples/labels/simulate.py

600 real mails without a label (examples/spam makes them; `npm pack` is needed). Somebody who knows the
answers labels what `trainwright label` hands out, once in random order and once as it orders by default.
After 50, 100 and 200 labels a linear model is fitted on what is labelled so far, and judged on 300 mails
that are never asked about. A person takes seconds for a mail, in which the order is made anew; here it is
waited for.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.flow.labelling import Desk, Wishes, open_desk
from trainwright.flow.out_of_fold import out_of_fold

SPAM = Path(__file__).parents[1] / "spam"
SEEDS = range(3)
RECIPE = "data: {source: pool.csv, target: label, inputs: {text: text}}\ntracking: {kind: none}\n"


@dataclass(frozen=True)
class Mails:
    """Mails to be asked about, and mails to judge by: columns text and label."""

    pool: pl.DataFrame
    held: pl.DataFrame


def main() -> None:
    """Simulate both orders, and print their accuracies side by side."""
    if not (SPAM / "mails.csv").exists():
        subprocess.run([sys.executable, str(SPAM / "data.py")], check=True)
    table = pl.read_csv(SPAM / "mails.csv")
    counts = (50, 100, 200)
    print("accuracy after", *counts, "labels, mean of", len(SEEDS))
    for strategy in ("random", "combined"):
        scores = [
            simulate(split(table, seed=seed), strategy, counts=counts, seed=seed) for seed in SEEDS
        ]
        means = np.mean(scores, axis=0)
        print(f"  {strategy:9}", *(f"{mean:.3f}" for mean in means), flush=True)


def split(table: pl.DataFrame, *, seed: int, pool: int = 600, held: int = 300) -> Mails:
    """Mails drawn at random."""
    order = np.random.default_rng(seed).permutation(table.height)
    return Mails(table[order[:pool]], table[order[pool : pool + held]])


def simulate(
    mails: Mails,
    strategy: Literal["random", "combined"],
    *,
    counts: Sequence[int],
    seed: int = 0,
) -> list[float]:
    """Accuracy after so many labels each."""
    truth = mails.pool["label"].to_list()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mails.pool.select("text").write_csv(folder / "pool.csv")
        (folder / "mails.yaml").write_text(RECIPE)
        wishes = Wishes(classes=tuple(sorted(set(truth))), strategy=strategy, seed=seed)
        desk = open_desk(folder / "mails.yaml", wishes, workspace=folder / "workspace")
        found = []
        for number in range(1, max(counts) + 1):
            (item,) = desk.next("who knows", 1)
            row = item["row"]
            desk.answer(row, truth[int(row.rpartition(":")[2])], "who knows", shown=item["shown"])
            desk.wait()
            if number in counts:
                found.append(accuracy(desk, mails))
        desk.close()
    return found


def accuracy(desk: Desk, mails: Mails) -> float:
    """Of a linear model that learns from the labels so far, on the mails that are held back."""
    labels = desk.labels()
    rows = [int(row.rpartition(":")[2]) for row in labels["row"]]
    text = pl.concat([mails.pool["text"][rows], mails.held["text"]])
    said = [*labels["label"], *mails.held["label"]]
    target = Target(
        Column("label", ColumnType.CATEGORY), Task.CLASSIFICATION, classes=tuple(sorted(set(said)))
    )
    codes = np.array([target.classes.index(label) for label in said], dtype=np.float64)
    models = out_of_fold(text.to_frame(), [Column("text", ColumnType.TEXT)], target=target)
    held = np.arange(len(codes)) >= len(rows)
    folds = np.where(held, 5, np.arange(len(codes)) % 5)  # those held back are a fold of their own
    answer = models.predict("linear", codes, folds=folds, learn=~held)
    return float((answer[held].argmax(axis=1) == codes[held]).mean())


if __name__ == "__main__":
    main()
