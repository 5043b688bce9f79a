"""Repeated k-fold over train and validation rows, for when validation alone is too small to choose by.

In each fold one part judges, the next one stops early, and the others are learnt from, so the
judging rows decide nothing about the fit that they judge. Whole repeats of all candidates only, as
many as there is time for (a recorded decision): one that the clock cut short would compare the
candidates on different rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainwright.core.artifacts import Snapshot
from trainwright.core.clock import Pacer
from trainwright.core.columns import Target, Task
from trainwright.core.protocols import Family
from trainwright.core.seeds import derive_seed
from trainwright.evaluation.choice import row_losses
from trainwright.evaluation.folds import make_folds
from trainwright.flow.checkpoints import NoCheckpoints
from trainwright.flow.fitting import Bench, fit_candidates
from trainwright.flow.rows import Rows
from trainwright.recipe.sections import TrainingSettings

MIN_ROWS = 1_000
MIN_CLASS_ROWS = 100
FOLDS = 5
REPEATS = 3
FOLD_COST = 0.75  # of a fit on train: a fold learns from fewer rows


@dataclass(frozen=True, slots=True)
class FoldScores:
    """Out-of-fold results of each candidate.

    Attributes:
        losses: Name -> mean loss of each row over the repeats, shape (rows,).
        outputs: Name -> raw out-of-fold predictions of the first repeat.
        folds: How many folds.
        repeats: How many whole repeats there was time for.
    """

    losses: dict[str, NDArray[np.float64]]
    outputs: dict[str, NDArray[np.float64]]
    folds: int
    repeats: int


def is_small(validation: Rows, *, target: Target) -> bool:
    """True when validation cannot choose alone: under 1,000 rows, or 100 of a class.

    Windows of one series overlap, and a text has many words: there folds are not cut.
    """
    num_classes = len(target.classes)
    if target.task not in (Task.CLASSIFICATION, Task.REGRESSION):
        return False
    if len(validation.target) < MIN_ROWS:
        return True
    if num_classes == 0:
        return False
    counts = np.bincount(validation.target.astype(np.int64), minlength=num_classes)
    return bool(counts.min() < MIN_CLASS_ROWS)


def score_by_folds(
    rows: Rows,
    families: Sequence[Family],
    *,
    snapshot: Snapshot,
    folds: int,
    repeats: int,
    training: TrainingSettings,
    base: Path,
    pacer: Pacer,
    served: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda output: output,
) -> FoldScores | None:
    """Judge each family on rows that its fit did not see; None without time for all of them once.

    `served` turns raw out-of-fold output into what is judged.
    """
    spec, seed = snapshot.target, training.seed
    codes = rows.target.astype(np.int64) if spec.task is Task.CLASSIFICATION else None
    totals: dict[str, NDArray[np.float64]] = {}
    outputs: dict[str, NDArray[np.float64]] = {}
    done, last_seconds = 0, 0.0
    for repeat in range(1 if snapshot.by_time else repeats):  # by time there is one way to cut
        if repeat and not pacer.go_on("repeats", repeat, needs=last_seconds):
            break
        started = time.perf_counter()
        parts = make_folds(
            codes,
            rows.units,
            folds=folds,
            repeats=1,
            seed=derive_seed(seed, "folds", repeat),
            by_time=snapshot.by_time,
        )
        scored = _one_repeat(
            rows,
            [held_out for _, held_out in parts],
            families,
            snapshot=snapshot,
            training=training,
            seed=derive_seed(seed, "fold-fits", repeat),
            base=base,
            pacer=pacer.share(f"repeat-{repeat}", 1.0),
        )
        last_seconds = time.perf_counter() - started
        if len(scored) < len(families):
            break
        for name, raw in scored.items():
            output = served(raw)
            loss = row_losses(output, rows.target, spec)
            totals[name] = totals.get(name, 0.0) + loss
            outputs.setdefault(name, output)
        done += 1
    if not done:
        return None
    return FoldScores(
        {name: total / done for name, total in totals.items()}, outputs, folds=folds, repeats=done
    )


def _one_repeat(
    rows: Rows,
    held_out: Sequence[NDArray[np.int64]],
    families: Sequence[Family],
    *,
    snapshot: Snapshot,
    training: TrainingSettings,
    seed: int,
    base: Path,
    pacer: Pacer,
) -> dict[str, NDArray[np.float64]]:
    """Out-of-fold outputs of each candidate that finished every fold."""
    outputs: dict[str, NDArray[np.float64]] = {}
    finished: dict[str, int] = {}
    everything = np.arange(len(rows.target))
    for index, judged in enumerate(held_out):
        stopping = held_out[(index + 1) % len(held_out)]
        if len(held_out) == 2:  # the one other part both teaches and stops, with every second row
            stopping = stopping[::2]
        learnt = np.setdiff1d(everything, np.concatenate([judged, stopping]))
        bench = Bench(
            rows.take(learnt),
            stop=rows.take(stopping),
            judge=rows.take(judged),
            inputs=snapshot.inputs,
            base=base,
            target=snapshot.target,
        )
        for candidate in fit_candidates(
            bench,
            families,
            target=snapshot.target,
            training=training,
            seed=derive_seed(seed, index),
            pacer=pacer.share(f"fold-{index}", 1 / (len(held_out) - index)),
            checkpoints=NoCheckpoints(),
        ):
            shape = (len(rows.target), *candidate.output.shape[1:])
            outputs.setdefault(candidate.name, np.empty(shape))[judged] = candidate.output
            finished[candidate.name] = finished.get(candidate.name, 0) + 1
    return {name: out for name, out in outputs.items() if finished[name] == len(held_out)}
