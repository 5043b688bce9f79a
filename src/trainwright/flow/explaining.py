"""Why the winner does as it does: over- or underfitting in words, and which columns it leans on."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from trainwright.core.artifacts import Diagnosis, Evaluation, Snapshot
from trainwright.core.clock import Pacer
from trainwright.core.columns import ColumnType
from trainwright.core.protocols import AsksOutside
from trainwright.core.seeds import derive_seed
from trainwright.evaluation.choice import row_losses
from trainwright.evaluation.diagnosis import diagnose
from trainwright.evaluation.importance import permutation_importance
from trainwright.flow.rows import Rows
from trainwright.flow.selection import Selection
from trainwright.models.fitted import FittedModel

IMPORTANCE_ROWS = 2_000
PREDICTIONS = 4  # a column: as it is, and three times permuted
_ASKED = Diagnosis(
    "balanced",
    "nothing is learnt from train rows: an endpoint answers as it does; which columns it leans on was not"
    " asked, since every answer is paid for",
)


def explain(
    evaluation: Evaluation,
    model: FittedModel,
    selection: Selection,
    *,
    train: Rows,
    validation: Rows,
    snapshot: Snapshot,
    seed: int,
    pacer: Pacer,
) -> Evaluation:
    """The evaluation with diagnosis and importance; importance ends where the clock says so.

    A column is looked at only where there is time for it, going by what the one before it took.
    """
    spec = snapshot.target
    winner = selection.winner
    if isinstance(winner.fit.estimator, AsksOutside):  # it learnt nothing, and asking costs
        return replace(evaluation, diagnosis=_ASKED)
    baseline = selection.candidates[0]
    diagnosis = diagnose(
        train_loss=float(
            np.mean(row_losses(winner.train_output, train.head(winner.train_rows), spec))
        ),
        validation_loss=float(np.mean(row_losses(winner.output, validation.target, spec))),
        baseline_loss=float(np.mean(row_losses(baseline.output, validation.target, spec))),
        curve=winner.fit.curve,
        verdict=selection.choice.verdict,
    )
    importance: dict[str, tuple[float, float]] = {}
    needs = PREDICTIONS * IMPORTANCE_ROWS * winner.row_seconds
    for index, column in enumerate(snapshot.inputs if _is_table(snapshot) else ()):
        if not pacer.go_on("importance", index, needs=needs):
            break
        started = time.perf_counter()
        importance |= permutation_importance(
            model.predict,
            validation.frame,
            validation.target,
            spec=spec,
            columns=[column.name],
            units=validation.units,
            seed=derive_seed(seed, "importance", column.name),
            max_rows=IMPORTANCE_ROWS,
        )
        needs = time.perf_counter() - started
    return replace(evaluation, diagnosis=diagnosis, importance=importance)


def _is_table(snapshot: Snapshot) -> bool:
    """Columns can be permuted one by one; a lone text or image, or steps of a series, cannot."""
    whole = (ColumnType.IMAGE, ColumnType.SERIES, ColumnType.WORDS)
    return len(snapshot.inputs) > 1 and not any(c.type in whole for c in snapshot.inputs)
