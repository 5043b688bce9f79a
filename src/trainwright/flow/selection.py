"""Fit the candidates and choose one, by a proper loss on rows that did not teach it.

A small validation set asks for folds. They are made where there is time for a whole repeat of such
fits as train got, going by what those took: fits cut short would compare haste, not families. Where
the recipe asks for folds, half of the time is kept for them, enough or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trainwright.core.artifacts import Evaluation, Snapshot, Split
from trainwright.core.clock import Pacer
from trainwright.core.columns import Target, Task
from trainwright.core.errors import DataError, TrainingError
from trainwright.core.protocols import AsksOutside, Family
from trainwright.data.language.shards import FOLDER as SHARDS
from trainwright.evaluation.choice import CandidateScore, Choice, choose, row_losses
from trainwright.evaluation.decision import as_prediction
from trainwright.evaluation.evaluate import evaluate, measure
from trainwright.evaluation.metrics import is_greater_better
from trainwright.flow.assessment import as_served, flat, told_labels
from trainwright.flow.checkpoints import Checkpoints, NoCheckpoints
from trainwright.flow.fitting import (
    FIT_SHARE,
    LONE_SHARE,
    TREES,
    Bench,
    Candidate,
    fit_candidates,
)
from trainwright.flow.folds import FOLD_COST, FOLDS, REPEATS, FoldScores, is_small, score_by_folds
from trainwright.flow.row_names import RowNames
from trainwright.flow.rows import Rows
from trainwright.flow.text_choice import TextComparison, compare_texts, is_by_texts
from trainwright.models.auto import baseline_of
from trainwright.recipe.schema import Recipe
from trainwright.summaries.intervals import Units, mean_by_unit

FIT_FRACTION = 0.7  # of the budget; the rest is for judging, explaining and packaging
UNASKED_FOLDS = 0.25  # of the time left for fits, where it does not: they must not fill the budget
TEXT_FRACTION = 0.8  # of the time that fits have left, where candidates write to be compared
FAR_BEHIND = 3.0  # standard errors
FOLD_FRACTION = 0.5  # of that, where the recipe asks for folds


@dataclass(frozen=True, slots=True)
class Selection:
    """What was tried, and what was chosen.

    Attributes:
        candidates: In the order tried.
        choice: Verdict, reason and a row a candidate.
        winner: The chosen one.
        folds: Out-of-fold scores, where the choice was made by folds.
        cross_validation: The winner's metrics out of fold, where there are folds.
        left_out: Candidates that there was no time for.
        texts: What the candidates wrote, where the choice was made by that.
    """

    candidates: tuple[Candidate, ...]
    choice: Choice
    winner: Candidate
    folds: FoldScores | None
    cross_validation: Evaluation | None
    left_out: tuple[str, ...]
    texts: TextComparison | None = None


def select(
    train: Rows,
    validation: Rows,
    families: Sequence[Family],
    *,
    snapshot: Snapshot,
    recipe: Recipe,
    base: Path,
    pacer: Pacer,
    checkpoints: Checkpoints | NoCheckpoints,
    tell: Callable[[str], object],
) -> Selection:
    """Fit every family on train, judge on validation (or by folds where that is small), choose."""
    spec = snapshot.target
    wanted = recipe.evaluation.cross_validation
    learning = pacer.share("fit", FIT_FRACTION)
    fits = learning if wanted is None else pacer.share("fit", FIT_FRACTION * (1 - FOLD_FRACTION))
    bench = Bench(
        train,
        stop=validation,
        inputs=snapshot.inputs,
        base=base,
        target=spec,
        name_rows=RowNames(snapshot, train.frame),
        shards=snapshot.folder.with_name(SHARDS),
    )
    candidates = []
    for candidate in fit_candidates(
        bench,
        families,
        target=spec,
        training=recipe.training,
        seed=recipe.training.seed,
        pacer=fits,
        checkpoints=checkpoints,
        fit_share=LONE_SHARE if wanted is None and _is_lone(families, spec) else FIT_SHARE,
    ):
        _check_finite(candidate)
        tell(f"{candidate.name}: {candidate.fit.iterations} iterations, {candidate.fit.stopped}")
        candidates.append(candidate)
    left_out = tuple(
        sorted({family.family for family in families} - {c.family.family for c in candidates})
    )
    if is_by_texts(candidates, snapshot=snapshot, recipe=recipe):
        return _by_texts(candidates, validation, left_out, snapshot, recipe, pacer)
    metric = recipe.evaluation.metric
    judged = [
        replace(one, output=as_served(one.output, validation, snapshot=snapshot, recipe=recipe))
        for one in candidates
    ]
    near = judged if metric else in_reach(judged, validation, target=spec)
    rows, folds = validation, None
    folding = learning if wanted is not None else learning.share("automatic", UNASKED_FOLDS)
    if wanted is not None or (
        train.teacher is None  # it has learnt from the rows that folds would judge by
        and not any(isinstance(one.fit.estimator, AsksOutside) for one in near)  # rows are paid for
        and not spec.task.is_language
        and is_small(validation, target=spec)
        and not is_decided(near, validation, target=spec)
        and folding.go_on("folds", 0, needs=_repeat_seconds(near))
    ):
        both = train.then(validation)
        tried = [candidate.family for candidate in near]
        folds = _by_folds(both, tried, snapshot=snapshot, recipe=recipe, base=base, pacer=folding)
        rows = validation if folds is None else both
    scores = [
        _score(candidate, rows, folds=folds, snapshot=snapshot, recipe=recipe)
        for candidate in (judged if folds is None else near)
    ]
    choice = choose(
        scores,
        units=rows.item_units,
        metric_greater_is_better=is_greater_better(metric) if metric else None,
    )
    name = scores[choice.winner].name
    winner = next(c for c in candidates if c.name == name)
    return Selection(
        tuple(candidates),
        choice,
        winner,
        folds,
        None if folds is None else _cross_validated(folds, name, rows, snapshot=snapshot),
        left_out,
    )


def _by_texts(
    candidates: Sequence[Candidate],
    validation: Rows,
    left_out: tuple[str, ...],
    snapshot: Snapshot,
    recipe: Recipe,
    pacer: Pacer,
) -> Selection:
    """The choice by what the candidates write."""
    texts = compare_texts(
        candidates,
        validation,
        snapshot=snapshot,
        recipe=recipe,
        pacer=pacer.share("texts", TEXT_FRACTION),
    )
    metric = recipe.evaluation.metric
    choice = choose(
        texts.scores,
        units=texts.units,
        metric_greater_is_better=is_greater_better(metric) if metric else None,
    )
    winner = candidates[choice.winner]
    return Selection(tuple(candidates), choice, winner, None, None, left_out, texts)


def _is_lone(families: Sequence[Family], target: Target) -> bool:
    """One candidate beside the baseline."""
    return sum(family.family != baseline_of(target) for family in families) == 1


def in_reach(
    candidates: Sequence[Candidate], validation: Rows, *, target: Target
) -> list[Candidate]:
    """Those that folds can still make the winner: not clearly worse on validation than the best one.

    Clearly: by more than three standard errors of the paired difference. The baseline stays, to be beaten.
    """
    losses = {
        candidate.name: row_losses(candidate.output, validation.target, target).ravel()
        for candidate in candidates
    }
    best = min(losses.values(), key=lambda loss: float(loss.mean()))
    units = Units.of(validation.item_units)
    near = []
    for candidate in candidates:
        behind = mean_by_unit(losses[candidate.name] - best, units)
        is_baseline = candidate.family.family == baseline_of(target)
        if is_baseline or not behind.value > FAR_BEHIND * behind.error:
            near.append(candidate)
    return near


def is_decided(candidates: Sequence[Candidate], validation: Rows, *, target: Target) -> bool:
    """True where folds cannot change the choice: one dear network, and it clearly beats the baseline.

    A network's fits are long, and a fine-tuned base would spend the whole budget on proving the obvious.
    """
    own = [one for one in candidates if one.family.family != baseline_of(target)]
    if len(own) != 1 or own[0].family.cost <= TREES:
        return False
    baseline = next(one for one in candidates if one.family.family == baseline_of(target))
    losses = [
        row_losses(one.output, validation.target, target).ravel() for one in (baseline, own[0])
    ]
    gain = mean_by_unit(losses[0] - losses[1], Units.of(validation.item_units))
    return gain.value > FAR_BEHIND * gain.error


def _by_folds(
    rows: Rows,
    tried: Sequence[Family],
    *,
    snapshot: Snapshot,
    recipe: Recipe,
    base: Path,
    pacer: Pacer,
) -> FoldScores | None:
    """Out-of-fold scores; None where there is no time for them.

    None also where nobody asked for folds and the rows cannot be cut into any.
    """
    wanted = recipe.evaluation.cross_validation
    classification = snapshot.target.task.has_classes
    try:
        return score_by_folds(
            rows,
            tried,
            snapshot=snapshot,
            folds=wanted or _num_folds(rows, classification=classification),
            repeats=REPEATS,
            training=recipe.training,
            base=base,
            pacer=pacer.share("folds", 1.0),
            served=lambda output: as_served(output, rows, snapshot=snapshot, recipe=recipe),
        )
    except DataError:
        if wanted is not None:
            raise
        return None


def _score(
    candidate: Candidate,
    rows: Rows,
    *,
    folds: FoldScores | None,
    snapshot: Snapshot,
    recipe: Recipe,
) -> CandidateScore:
    metric = recipe.evaluation.metric
    output = candidate.output if folds is None else folds.outputs[candidate.name]
    losses = (
        row_losses(output, rows.target, snapshot.target)
        if folds is None
        else folds.losses[candidate.name]
    ).ravel()
    return CandidateScore(
        name=candidate.name,
        family=candidate.family.family,
        cost=candidate.family.cost,
        losses=losses,
        metric=None
        if metric is None
        else measure(
            metric,
            told_labels(output, rows, snapshot=snapshot, recipe=recipe)
            if snapshot.target.task is Task.MULTI_LABEL
            else flat(output, snapshot.target),
            rows.items,
            snapshot.target,
            row_words=rows.words,
        ),
        is_baseline=candidate.family.family == baseline_of(snapshot.target),
    )


def _cross_validated(folds: FoldScores, name: str, rows: Rows, *, snapshot: Snapshot) -> Evaluation:
    return evaluate(
        as_prediction(folds.outputs[name]),
        rows.target,
        spec=snapshot.target,
        units=rows.units,
        split=Split.VALIDATION,
        threshold=None,
    )


def _repeat_seconds(candidates: Sequence[Candidate]) -> float:
    """What the fits of one repeat will take, going by those on train."""
    return FOLDS * FOLD_COST * sum(candidate.seconds for candidate in candidates)


def _num_folds(rows: Rows, *, classification: bool) -> int:
    """Five, or as many as the rarest class and the number of units allow; at least three."""
    most = len(np.unique(rows.units))
    if classification:
        most = min(most, int(np.unique(rows.target, return_counts=True)[1].min()))
    return max(3, min(FOLDS, most))


def _check_finite(candidate: Candidate) -> None:
    if not np.isfinite(candidate.output).all():
        raise TrainingError(
            f"{candidate.name} predicts values that are not finite",
            where=f"model {candidate.name}",
            mend="look for extreme values in the data report; of a network, also a lower rate:"
            " training: {optimizer: {kind: adamw, learning_rate: 0.001}}",
        )
