"""The trainer: a module, an objective and sources in, a trained module and its history out.

    Trainer(model, objective, train=source, validation=held_out, epochs=10, folder=Path("run")).fit()

Called again on the same folder it goes on where it was, bit for bit on the CPU, also after a kill.
What happens is told by the parts: `loop` (the epoch), `step` (the update), `state` and
`checkpoints` (what is kept), `fit` (how they join).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from torch import nn

from trainwright.core.clock import Pacer, Unhurried
from trainwright.core.durable import lock, make_folder, sweep
from trainwright.core.errors import EnvironmentFault, RecipeError
from trainwright.core.parts import Part
from trainwright.recipe.sections import Averaging, CheckpointSettings, EarlyStopping, Mixing
from trainwright.training.assembly import feed_of
from trainwright.training.evaluation import evaluate
from trainwright.training.fit import Fit
from trainwright.training.generators import own_generators
from trainwright.training.history import Record
from trainwright.training.optimizers import AdamW, ParameterGroup
from trainwright.training.outcome import Outcome
from trainwright.training.plan import Plan, check_plan
from trainwright.training.protocols import Evaluated, Objective, Observer, Source
from trainwright.training.schedules import Constant
from trainwright.training.signals import deferred_signals
from trainwright.training.step import Precision
from trainwright.training.utilisation import Work

if TYPE_CHECKING:
    from trainwright.training.protocols import Indices

DEFAULT_EVALUATION_BATCH = 256
USUAL_CHECKPOINTS = CheckpointSettings()
UNHURRIED = Unhurried()


class Trainer:
    """The loop with everything around it: feeding, precision, evaluation, checkpoints, observers.

    Args:
        model: Trained in place; moved to `device`.
        objective: What a step minimises.
        train: Samples to learn from.
        validation: Samples to judge by, at the end of each epoch or every `evaluate_every` steps.
        optimizer: A part with `build(groups)`; AdamW where not said.
        schedule: A part with `build(total_steps)`; the base rate throughout where not said.
        evaluation: What validation is judged by; `objective` where not said.
        groups: Parameters with rates of their own; all that are trainable, as one, where empty.
        unfreeze: Epoch to names of groups that are frozen until it.
        epochs: Passes over `train`, at most.
        max_steps: Updates, at most.
        batch_size: Samples an update; "auto": what memory takes, up to 1,024.
        tokens_per_batch: Padded tokens an update, in place of samples; `train` must be `Measured`.
        accumulate: Pieces that a batch is cut into, to need less memory; the gradient is that of the whole.
        precision: Of forward and backward; weights, and evaluations, stay in fp32.
        clip_norm: Gradients are scaled down to this global L2 norm.
        compile: Use torch.compile.
        activation_checkpointing: Compute activations again in the backward pass.
        averaging: EMA or SWA of the weights, judged and kept in place of the last ones.
        mixing: Mixup or cutmix.
        evaluate_every: Steps; None: after each epoch.
        early_stopping: End where the validation loss no longer falls.
        restore_best: The module ends with the weights of the best evaluation.
        seed: Of order, dropout and all else that is drawn.
        threads: Of torch on the CPU, for the time of the fit.
        workers: Processes that make batches; 0: this one.
        device: "cpu", "cuda", "cuda:1" ...
        log_every: Steps between two records of the history.
        folder: Checkpoints go below it, and `fit` goes on from the newest; None: none are written.
        checkpoints: How often, how many.
        observers: Told of each step and evaluation; the first reason that one gives ends training.
        pacer: Asked before each update but the first whether there is time.
        describe_rows: Names rows in messages, by the source's own names.
        work: Tokens and operations of a sample, for throughput and utilisation in the history.

    Raises:
        RecipeError: settings that do not go together.
        DataError: no samples.
        EnvironmentFault: no such device.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        *,
        train: Source,
        validation: Source | None = None,
        optimizer: Part | None = None,
        schedule: Part | None = None,
        evaluation: Objective | None = None,
        groups: Sequence[ParameterGroup] = (),
        unfreeze: Mapping[int, Sequence[str]] = {},
        epochs: int = 1,
        max_steps: int | None = None,
        batch_size: int | Literal["auto"] = 32,
        tokens_per_batch: int | None = None,
        accumulate: int = 1,
        precision: Precision = "fp32",
        clip_norm: float | None = None,
        compile: bool = False,
        activation_checkpointing: bool = False,
        averaging: Averaging | None = None,
        mixing: Mixing | None = None,
        evaluate_every: int | None = None,
        early_stopping: EarlyStopping | None = None,
        restore_best: bool = True,
        seed: int = 0,
        threads: int = 1,
        workers: int = 0,
        device: str = "cpu",
        log_every: int = 10,
        folder: Path | str | None = None,
        checkpoints: CheckpointSettings = USUAL_CHECKPOINTS,
        observers: Sequence[Observer] = (),
        pacer: Pacer = UNHURRIED,
        describe_rows: Callable[[Indices], str] | None = None,
        work: Work | None = None,
    ) -> None:
        everything = tuple(p for p in model.parameters() if p.requires_grad)
        self._threads = threads
        self._records: list[Record] = []
        self._plan = Plan(
            model=model,
            objective=objective,
            train=train,
            validation=validation,
            optimizer=optimizer or AdamW(),
            schedule=schedule or Constant(),
            evaluation=evaluation or objective,
            groups=tuple(groups) or (ParameterGroup("all", everything),),
            unfreeze=dict(unfreeze),
            epochs=epochs,
            max_steps=max_steps,
            batch_size=batch_size,
            tokens_per_batch=tokens_per_batch,
            accumulate=accumulate,
            precision=precision,
            clip_norm=clip_norm,
            compile=compile,
            activation_checkpointing=activation_checkpointing,
            averaging=averaging,
            mixing=mixing,
            evaluate_every=evaluate_every,
            early_stopping=early_stopping,
            restore_best=restore_best,
            seed=seed,
            workers=workers,
            device=_device(device),
            log_every=log_every,
            folder=None if folder is None else Path(folder),
            checkpoints=checkpoints,
            observers=tuple(observers),
            pacer=pacer,
            describe_rows=describe_rows,
            work=work,
            records=self._records,
        )
        check_plan(self._plan, threads=threads)
        model.to(self._plan.device)

    @property
    def history(self) -> tuple[Record, ...]:
        """The records so far; also after a fit that ended with an error."""
        return tuple(self._records)

    def fit(self) -> Outcome:
        """Train, from the newest sound checkpoint in `folder` if there is one.

        Returns:
            Where it ended and why, the best evaluation, the history, and which step the weights are of.

        Raises:
            TrainingError: the loss or the gradient left the numbers (the batch is kept in
                `folder/poisoned`), or
                memory ran out.
            Interrupted: a signal came; a checkpoint was made after the update that was under way.
            EnvironmentFault: a checkpoint could not be written, or another process is at work in `folder`.
            RecipeError: the checkpoint is of another training, or the batch may not be cut into pieces.
        """
        plan = self._plan
        self._records.clear()
        with (
            torch_threads(self._threads),
            held(plan.folder),
            deferred_signals() as flag,
            own_generators(plan.device, seed=plan.seed) as generators,
        ):
            if plan.folder is None:
                flag.kept = "nothing is kept but the weights in memory: there is no folder"
                flag.mend = "Trainer(..., folder=Path('FOLDER')): fit() then goes on where it was"
            return Fit(plan, flag=flag, generators=generators).run()

    def evaluate(self, source: Source, *, batch_size: int | None = None) -> Evaluated:
        """Judge the module as it is now.

        Args:
            source: All of it, once, nothing augmented.
            batch_size: Samples a pass; changes the speed and no number.
        """
        plan = self._plan
        size = DEFAULT_EVALUATION_BATCH if plan.batch_size == "auto" else plan.batch_size
        feed = feed_of(plan, batch_size=size)
        with torch_threads(self._threads):
            evaluated = evaluate(
                plan.model,
                plan.evaluation,
                feed.evaluation(source, batch_size=batch_size),
                device=plan.device,
                seed=plan.seed,
            )
        assert evaluated is not None  # nothing breaks it off
        return evaluated


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Torch computes with so many threads in the block; part of what results are a function of."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    make_folder(folder)
    with lock(folder / "lock", wait=False):
        sweep(folder)
        yield


def held(folder: Path | None) -> AbstractContextManager[None]:
    """This process alone is at work in the folder, and nothing half-written lies there."""
    return nullcontext() if folder is None else _held(folder)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise RecipeError(
            f"no device is called {name!r}",
            where="training.device",
            mend="use one of: cpu, cuda, cuda:1, mps",
        ) from error
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device.type, True):
        raise EnvironmentFault(
            f"there is no {device.type.upper()} device here",
            where=f"device: {name}",
            mend="device: cpu",
        )
    return device
