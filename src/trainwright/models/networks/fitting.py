"""From a plan to a fitted network: the recipe's settings where it has any, the family's own elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from trainwright.core.artifacts import CurvePoint
from trainwright.core.clock import Pacer
from trainwright.core.errors import RecipeError
from trainwright.core.parts import Part
from trainwright.core.protocols import Fit, Workplace
from trainwright.models.networks.estimator import NetworkEstimator
from trainwright.models.networks.plan import NetworkPlan
from trainwright.models.networks.watching import Watcher
from trainwright.recipe.sections import EarlyStopping, TrainingSettings
from trainwright.training.feeding.batching import num_batches
from trainwright.training.objectives.watched import watched
from trainwright.training.optimizers import OptimizerPart
from trainwright.training.outcome import Outcome
from trainwright.training.protocols import Observer
from trainwright.training.trainer import Trainer

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices


def fit_network(
    plan: NetworkPlan,
    *,
    training: TrainingSettings,
    seed: int,
    pacer: Pacer,
    workplace: Workplace,
) -> Fit:
    """Train a plan and give back what is packaged.

    Raises:
        RecipeError: settings that do not fit this network (accumulation where rows are coupled).
        TrainingError: it diverged.
        Interrupted: a signal came; a checkpoint was written.
    """
    watcher = Watcher(
        workplace,
        num_samples=len(plan.train),
        epochs=length_of(plan, training, seed=seed).epochs,
        every=training.log_every,
    )
    trainer = trainer_of(
        plan,
        training=training,
        seed=seed,
        pacer=pacer,
        workplace=workplace,
        observers=(watcher,),
    )
    watcher.follow(lambda: trainer.history)
    try:
        outcome = trainer.fit()
    finally:
        watcher.pass_on()
    with torch.no_grad():
        module = plan.finish(plan.module.to("cpu")).eval()
    estimator = NetworkEstimator(plan.architecture, module, dict(plan.origin))
    return Fit(
        estimator,
        iterations=outcome.best.step if outcome.best else outcome.progress.step,
        stopped=_WORDS.get(outcome.progress.stop, outcome.progress.stop),
        curve=_curve(outcome),
        history=tuple(
            {"step": record.step, "epoch": record.epoch, **record.values}
            for record in outcome.history
        ),
        best=_told(outcome),
    )


def trainer_of(
    plan: NetworkPlan,
    *,
    training: TrainingSettings,
    seed: int,
    pacer: Pacer,
    workplace: Workplace,
    observers: Sequence[Observer] = (),
) -> Trainer:
    """The trainer of a plan, with every setting resolved."""
    defaults = plan.defaults
    length = length_of(plan, training, seed=seed)
    return Trainer(
        plan.module,
        plan.objective,
        train=plan.train,
        validation=plan.validation,
        evaluation=watched(plan.judge),
        optimizer=_optimizer(training.optimizer, usual=defaults.optimizer),
        schedule=training.schedule or defaults.schedule,
        groups=plan.groups,
        unfreeze=plan.unfreeze,
        epochs=length.epochs,
        max_steps=length.steps,
        batch_size=training.batch_size or defaults.batch_size,
        tokens_per_batch=training.tokens_per_batch or defaults.tokens_per_batch,
        accumulate=training.accumulate,
        precision=training.precision or "fp32",
        clip_norm=training.clip_norm or defaults.clip_norm,
        compile=training.compile,
        activation_checkpointing=training.activation_checkpointing,
        averaging=training.averaging,
        mixing=training.mixing if plan.mixes else None,
        early_stopping=_stopping(training.early_stopping, plan),
        seed=seed,
        threads=training.threads,
        device=training.device,
        workers=training.workers,
        log_every=training.log_every,
        folder=workplace.folder,
        checkpoints=training.checkpoints,
        observers=observers,
        pacer=pacer,
        describe_rows=_describing(workplace.name_rows),
        work=plan.work,
    )


@dataclass(frozen=True, slots=True)
class Length:
    """How long training goes on, at most.

    Attributes:
        epochs: Passes over the train samples.
        steps: Updates; None: as many as the epochs have.
    """

    epochs: int
    steps: int | None = None


def length_of(plan: NetworkPlan, training: TrainingSettings, *, seed: int) -> Length:
    """Epochs as the recipe or the family says; of a budget of tokens as many updates as it pays for.

    Raises:
        RecipeError: a budget of tokens, where batches are sized by the memory there is.
    """
    epochs = training.epochs or plan.defaults.epochs
    if training.tokens is None or plan.work is None:
        return Length(epochs)
    size = training.batch_size or plan.defaults.batch_size
    if size == "auto":
        raise RecipeError(
            "a budget of tokens needs a batch size that is known",
            where="training.batch_size",
            mend=f"batch_size: {plan.defaults.batch_size}",
        )
    updates = num_batches(
        plan.train,
        seed=seed,
        epoch=0,
        batch_size=size,
        tokens_per_batch=training.tokens_per_batch or plan.defaults.tokens_per_batch,
    )
    passes = training.tokens / (plan.work.tokens * len(plan.train))
    steps = max(1, math.ceil(passes * updates))
    if training.epochs is not None and passes >= training.epochs:
        return Length(training.epochs)
    return Length(math.ceil(steps / updates), steps)


def _describing(
    name_rows: Callable[[Sequence[int]], str] | None,
) -> Callable[[Indices], str] | None:
    return None if name_rows is None else lambda rows: f"rows {name_rows(rows.tolist())}"


def _optimizer(stated: Part | None, *, usual: Part) -> Part:
    """The recipe's; where it says no learning rate, with the family's."""
    if isinstance(stated, OptimizerPart) and isinstance(usual, OptimizerPart):
        return stated.or_rate_of(usual)
    return stated or usual


def _stopping(settings: EarlyStopping | None, plan: NetworkPlan) -> EarlyStopping | None:
    """With the family's patience where none is said; nothing where nothing is judged."""
    if settings is None or plan.validation is None:
        return None
    return settings.model_copy(update={"patience": settings.patience or plan.defaults.patience})


_WORDS = {"epochs": "limit", "steps": "limit"}  # as the other families say it


def _curve(outcome: Outcome) -> tuple[CurvePoint, ...]:
    """Loss after each evaluation, with the train loss recorded last before it; what burst is left out."""
    points: list[CurvePoint] = []
    train: float | None = None
    for record in outcome.history:
        values = {name: value for name, value in record.values.items() if math.isfinite(value)}
        train = values.get("loss", train)
        validation = values.get("validation_loss")
        if validation is not None:
            points.append(CurvePoint(record.step, train, validation))
    return tuple(points)


def _told(outcome: Outcome) -> str:
    best, last = outcome.best, outcome.progress
    if best is None:
        return f"the weights are those of the last step, {last.step}"
    return (
        f"the weights are those of step {best.step} (epoch {best.epoch}) of {last.step}:"
        f" its validation loss, {best.loss:.6g}, is the lowest"
    )
