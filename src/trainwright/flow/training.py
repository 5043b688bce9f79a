"""From a snapshot to a package, as a function that `run`, `reproduce` and `audit` share.

It reads train and validation rows and nothing else: whoever calls it, the test rows cannot leak in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from trainwright.core.artifacts import Evaluation, Snapshot
from trainwright.core.clock import Pacer
from trainwright.core.language import generator_of
from trainwright.core.protocols import Model, Progress
from trainwright.core.seeds import derive_seed
from trainwright.data.privacy.hiding import hidden_columns
from trainwright.evaluation.text_metrics import TEXT_LOSS
from trainwright.flow.assessment import Assessment, assess
from trainwright.flow.checkpoints import Checkpoints, NoCheckpoints
from trainwright.flow.explaining import explain
from trainwright.flow.fairness import fairness_of
from trainwright.flow.fitting import Candidate
from trainwright.flow.generating import Generated, Written, generate_for, write_for
from trainwright.flow.packaging import Decisions, build_package, fitted_model
from trainwright.flow.planting import canaries_of, look_for, planted
from trainwright.flow.rehearsal import forgetting
from trainwright.flow.rows import Rows, load_both
from trainwright.flow.selection import Selection, select
from trainwright.flow.teaching import taught
from trainwright.models.auto import candidates
from trainwright.models.fitted import FittedModel
from trainwright.models.language.families import LanguageFamily
from trainwright.recipe.schema import Recipe


@dataclass(frozen=True, slots=True)
class Trained:
    """Attributes.

    selection: What was tried and chosen.
    assessment: The winner's decision rule and its predictions on validation.
    model: The winner, whole.
    evaluation: Metrics, diagnosis, importance.
    training: The rows learnt from.
    validation: The rows judged on.
    text_losses: Of validation rows that the winner wrote for, by their global position.
    """

    selection: Selection
    assessment: Assessment
    model: FittedModel
    evaluation: Evaluation
    training: Rows
    validation: Rows
    text_losses: Mapping[int, float] = field(default_factory=dict)


def train(
    recipe: Recipe,
    snapshot: Snapshot,
    *,
    base: Path,
    teacher: Model | None,
    pacer: Pacer,
    progress: Progress,
    checkpoints: Checkpoints | NoCheckpoints,
    tell: Callable[[str], object],
) -> Trained:
    """Fit, choose, judge and explain.

    Args:
        recipe: Sections model, training and evaluation are read.
        snapshot: Its train and validation rows are read.
        base: The recipe's folder.
        teacher: Of a distillation; None where there is none.
        pacer: Records, or replays, where the clock ended something.
        progress: Shows how far the work is.
        checkpoints: Keeps finished fits.
        tell: Told in a line what each candidate came to.
    """
    training_rows, validation = load_both(snapshot, further=recipe.data.further_targets)
    training_rows = taught(training_rows, teacher)
    spec, seed = snapshot.target, recipe.training.seed
    canaries = canaries_of(recipe.evaluation.canaries or 0, seed=seed)
    learnt = planted(training_rows, canaries, target=spec, inputs=snapshot.inputs)
    progress.stage("fit")
    selection = select(
        learnt,
        validation,
        candidates(recipe.model, inputs=snapshot.inputs, target=snapshot.target),
        snapshot=snapshot,
        recipe=recipe,
        base=base,
        pacer=pacer,
        checkpoints=checkpoints,
        tell=tell,
    )
    progress.stage("evaluate")
    winner = selection.winner
    if any(_writes(candidate, snapshot) for candidate in selection.candidates):
        recipe.evaluation.generation.settings()  # heeded, also where the baseline is chosen
    assessment = assess(
        winner.output,
        validation,
        snapshot=snapshot,
        recipe=recipe,
        num_candidates=len(selection.candidates) - 1,
        slices=recipe.evaluation.slices,
        curve=winner.fit.curve,
    )
    model = fitted_model(winner, assessment, snapshot=snapshot)
    by_group = fairness_of(
        assessment.prediction, validation, snapshot=snapshot, protected=recipe.data.protected
    )
    evaluation = explain(
        replace(assessment.evaluation, fairness=tuple(by_group)),
        model,
        selection,
        train=learnt,
        validation=validation,
        snapshot=snapshot,
        seed=seed,
        pacer=pacer.share("explain", 0.6),
    )
    if canaries:
        found = look_for(model, canaries, pacer=pacer.share("canaries", 0.5), seed=seed)
        evaluation = replace(evaluation, plots={**evaluation.plots, "canaries": found})
    kept = forgetting(winner.family, model, base=base)
    if kept is not None:
        evaluation = replace(evaluation, plots={**evaluation.plots, "rehearsal": kept.to_json()})
    generated = generated_by(
        model,
        validation,
        snapshot=snapshot,
        recipe=recipe,
        pacer=pacer.share("generate", 0.8),
        before=_before(winner, model, validation, base=base),
        known=None if selection.texts is None else selection.texts.of(winner.name),
    )
    if selection.texts is not None:
        loss = (TEXT_LOSS, selection.texts.loss_of(winner.name))
        evaluation = replace(evaluation, loss=loss)
    if generated is not None:
        progress.stage("evaluate")
        metrics = {**evaluation.metrics, **generated.metrics}
        assessment = replace(assessment, evaluation=replace(assessment.evaluation, metrics=metrics))
        plots = {**evaluation.plots, "generated": generated.to_json()}
        evaluation = replace(evaluation, metrics=metrics, plots=plots)
    losses = {} if generated is None else generated.losses
    return Trained(selection, assessment, model, evaluation, training_rows, validation, losses)


def _writes(candidate: Candidate, snapshot: Snapshot) -> bool:
    whole = FittedModel(
        candidate.preparation, candidate.fit.estimator, snapshot.target, snapshot.inputs
    )
    return generator_of(whole) is not None


def _before(winner: Candidate, model: FittedModel, rows: Rows, *, base: Path) -> FittedModel | None:
    """The pre-trained base that a language model was made from; None where there is none."""
    family = winner.family
    if not isinstance(family, LanguageFamily) or not model.target.task.is_generated:
        return None
    from trainwright.models.language.untouched import untouched

    estimator = untouched(family, model.preparation.transform(rows.frame.head(1)), base=base)
    return None if estimator is None else replace(model, estimator=estimator)


def written_by(
    model: Model, rows: Rows, *, snapshot: Snapshot, recipe: Recipe, pacer: Pacer
) -> Written | None:
    """What a model writes for validation or test rows, unjudged; None where its task is not to write."""
    generator = generator_of(model)
    if generator is None or not snapshot.target.task.is_generated:
        return None
    return write_for(
        [generator],
        rows,
        target=snapshot.target,
        inputs=snapshot.inputs,
        pacer=pacer,
        settings=recipe.evaluation.generation.settings(),
    )


def generated_by(
    model: Model,
    rows: Rows,
    *,
    snapshot: Snapshot,
    recipe: Recipe,
    pacer: Pacer,
    before: Model | None = None,
    known: Written | None = None,
    confidence: float = 0.95,
) -> Generated | None:
    """What a model writes for validation or test rows, where its task is to write.

    `before`, a base that was fine-tuned, is asked the same; `known` is what was written already.
    """
    generator = generator_of(model)
    if generator is None:
        return None
    settings = recipe.evaluation.generation.settings()  # the package keeps them for documents too
    if not snapshot.target.task.is_generated:
        return None
    found = generate_for(
        generator,
        rows,
        target=snapshot.target,
        inputs=snapshot.inputs,
        pacer=pacer,
        seed=derive_seed(recipe.training.seed, "intervals"),
        base=None if before is None else generator_of(before),
        settings=settings,
        known=known,
        confidence=confidence,
    )
    told = {snapshot.target.name, *(column.name for column in snapshot.inputs)}
    if found is None or not told & hidden_columns(snapshot.findings):
        return found
    return replace(found, samples=tuple(sample.masked() for sample in found.samples))


def package(
    folder: Path, trained: Trained, *, snapshot: Snapshot, recipe: Recipe, decisions: Decisions
) -> None:
    """Write the package of what was trained."""
    build_package(
        folder,
        model=trained.model,
        candidate=trained.selection.winner,
        evaluation=trained.assessment.evaluation,
        verdict=trained.selection.choice.verdict,
        validation=trained.validation,
        snapshot=snapshot,
        recipe=recipe,
        decisions=decisions,
    )
