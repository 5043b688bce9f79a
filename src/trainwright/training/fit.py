"""One fit, assembled: what is restored, the epochs, and which weights the module ends with.

Everything that a fit does beside updates is a part here: each has its own file, its own state in a
checkpoint, and is asked at one place.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from trainwright.core.errors import EnvironmentFault, RecipeError, TrainingError, TrainwrightError
from trainwright.training.activations import recomputed
from trainwright.training.assembly import (
    averaging_of,
    batch_size_of,
    checkpoints_of,
    feed_of,
    update_of,
)
from trainwright.training.best import BestWeights
from trainwright.training.evaluation import evaluate
from trainwright.training.feeding.making import named
from trainwright.training.generators import Generators, own_generators
from trainwright.training.guard import Guard
from trainwright.training.history import Record, Recorder
from trainwright.training.limits import Limits
from trainwright.training.loop import run_epoch
from trainwright.training.memory import is_out_of_memory
from trainwright.training.modes import check_accumulation, training_mode
from trainwright.training.outcome import Outcome
from trainwright.training.plan import Plan, check_settings, settings_of
from trainwright.training.protocols import (
    Evaluated,
    Observer,
    Progress,
    StepResult,
)
from trainwright.training.saving import Saver
from trainwright.training.signals import SignalFlag
from trainwright.training.state import Stateful, TrainingState, capture, restore
from trainwright.training.statistics import refresh_statistics
from trainwright.training.stopping import EarlyStopper
from trainwright.training.symptoms import Symptoms
from trainwright.training.utilisation import peak_flops
from trainwright.training.validation import Validation

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors

# Ends that a later start lifts and judges anew; "early" and the reasons of other observers stand.
LIFTED = ("epochs", "steps", "budget", "signal")


class Fit:
    """A fit from its assembly to its end; used once.

    Args:
        plan: What to do.
        flag: Set by a signal.
        generators: Begun from the plan's seed.
    """

    def __init__(self, plan: Plan, *, flag: SignalFlag, generators: Generators) -> None:
        self._plan = plan
        self._flag = flag
        self._grace = plan.checkpoints.grace
        self._checkpoints = checkpoints_of(plan)
        self._found = None if self._checkpoints is None else self._checkpoints.newest()
        self._begin_epoch(0)
        check_accumulation(plan.model, plan.objective, accumulate=plan.accumulate)
        self._optimizer: torch.optim.Optimizer = plan.optimizer.build(plan.groups)
        self._averaging = averaging_of(plan)
        batch_size = batch_size_of(plan, self._optimizer, found=self._found)
        self._feed = feed_of(plan, batch_size=batch_size)
        self._total = self._feed.num_updates(plan.epochs)
        limited = plan.max_steps is not None and plan.max_steps < self._total
        if plan.max_steps is not None and limited:
            self._total = plan.max_steps
        self._schedule = plan.schedule.build(self._total)
        self._update = update_of(plan, self._optimizer, self._schedule, averaging=self._averaging)
        self._best = BestWeights(plan.model, keep=plan.restore_best)
        parameters = [p for group in plan.groups for p in group.parameters]
        self._recorder = Recorder(
            parameters,
            every=plan.log_every,
            records=plan.records,
            work=plan.work,
            peak=_peak(plan),
        )
        stopper = [EarlyStopper(plan.early_stopping)] if plan.early_stopping else []
        listeners = (self._recorder, *plan.observers, *stopper)
        self._validation = Validation(self._judge, every=plan.evaluate_every, listeners=listeners)
        self._limits = Limits(
            total_steps=self._total,
            limited=limited,
            pacer=plan.pacer,
            reserve=lambda: self._validation.seconds,
            flag=flag,
        )
        self._guard = Guard(
            every=1 if plan.device.type == "cpu" else plan.log_every,
            remake=self._remake,
            history=self._history,
            folder=plan.folder,
            describe=plan.describe_rows,
            optimizer=getattr(plan.optimizer, "kind", "adamw"),
            clips=plan.clip_norm is not None,
        )
        symptoms = Symptoms(plan.records)
        self._settings = settings_of(plan, batch_size=batch_size)
        self._parts: dict[str, Stateful] = {
            "model": plan.model,
            "optimizer": self._optimizer,
            "update": self._update,
            "schedule": self._schedule,
            "generators": generators,
            "best": self._best,
            "recorder": self._recorder,
            "validation": self._validation,
            "guard": self._guard,
            "symptoms": symptoms,
        }
        if self._averaging is not None:
            self._parts["averaging"] = self._averaging
        for place, one in enumerate((*plan.observers, *stopper)):
            self._parts[f"observer {place} {type(one).__name__}"] = one
        self._saver = (
            None
            if self._checkpoints is None
            else Saver(self._checkpoints, plan.checkpoints, self._capture, now=flag.now)
        )
        self._observers: tuple[Observer, ...] = (
            self._recorder,
            self._guard,
            symptoms,
            *plan.observers,
            *stopper,
            self._limits,
            *([self._validation] if plan.validation is not None else []),
            *([self._saver] if self._saver is not None else []),
        )

    def run(self) -> Outcome:
        """Train to the end.

        Raises:
            TrainingError: the loss left the numbers, or memory ran out.
            EnvironmentFault: a checkpoint could not be written.
        """
        try:
            with self._memory_runs_out_in_words(), self._workers():
                return self._conclude(self._epochs(self._resumed()))
        finally:
            if self._saver is not None:
                self._saver.close()

    def _epochs(self, progress: Progress) -> Progress:
        recomputing: AbstractContextManager[object] = (
            recomputed(self._plan.model) if self._plan.activation_checkpointing else nullcontext()
        )
        with recomputing:
            while not progress.stop and self._goes_on(progress):
                self._begin_epoch(progress.epoch)
                batches = self._feed.epoch(progress.epoch, skip=progress.batch)
                if self._saver is not None:
                    batches = self._saver.between(batches)
                progress = run_epoch(self._update, batches, self._observers, progress)
                if not progress.stop:
                    progress = self._end_epoch(progress)
        return progress

    def _goes_on(self, progress: Progress) -> bool:
        return progress.epoch < self._plan.epochs and progress.step < self._total

    def _begin_epoch(self, epoch: int) -> None:
        opened = {name: at for at, names in self._plan.unfreeze.items() for name in names}
        for group in self._plan.groups:
            if group.name in opened:
                for parameter in group.parameters:
                    parameter.requires_grad_(epoch >= opened[group.name])
        training_mode(self._plan.model)

    def _end_epoch(self, progress: Progress) -> Progress:
        if self._averaging is not None:
            self._averaging.after_epoch(progress.epoch)
        progress = self._evaluated_if_due(progress)
        if self._saver is not None and not progress.stop:
            self._saver.save_if_due(progress)
        return progress

    def _evaluated_if_due(self, progress: Progress) -> Progress:
        if self._plan.validation is None or not self._validation.is_due(progress):
            return progress
        return replace(progress, stop=self._validation.run(progress) or progress.stop)

    def _conclude(self, progress: Progress) -> Outcome:
        self._guard.look()
        if not self._flag:
            progress = replace(progress, stop=progress.stop or "epochs")
            self._recorder.write(progress)
            if self._plan.validation is not None and self._validation.step != progress.step:
                self._validation.run(progress)
        if self._saver is not None and (self._found is None or self._found.progress != progress):
            self._save_at_the_end(self._saver, progress)
        if self._flag:
            return self._outcome(progress, "stopped by a signal")
        return self._outcome(progress, self._place_weights())

    def _save_at_the_end(self, saver: Saver, progress: Progress) -> None:
        """The last checkpoint; none where a SIGKILL would come before it is written."""
        grace = self._grace
        if grace is None or self._flag.number != signal.SIGTERM:
            saver.finish(progress)
            return
        needed = saver.finish(progress, seconds_left=lambda: grace - self._flag.seconds)
        if needed:
            kept = f"step {saver.saved_step} is kept" if saver.saved_step else "no step is kept"
            self._flag.kept = (
                f"{kept}, and step {progress.step} was not saved: that takes {needed:.3g} s, and of"
                f" the grace of {grace:.3g} s {max(0.0, grace - self._flag.seconds):.3g} s were left"
            )

    def _place_weights(self) -> str:
        """Give the module the weights that it ends with; why these, in words."""
        best = self._best.best
        if best is not None and self._plan.restore_best and self._best.put_back():
            count = sum("validation_loss" in record.values for record in self._recorder.records)
            return f"validation loss {best.loss:.6g}, the least of {count}"
        averaged = self._averaging is not None and self._averaging.put_in()
        self._refresh()
        why = "nothing was evaluated" if best is None else "restore_best is off"
        return f"the last step{', averaged' if averaged else ''}; {why}"

    def _outcome(self, progress: Progress, reason: str) -> Outcome:
        best = self._best.best
        step = best.step if best is not None and self._plan.restore_best else progress.step
        return Outcome(progress, best, tuple(self._recorder.records), step, reason)

    def _resumed(self) -> Progress:
        """Where to begin: where the newest checkpoint is, else at the beginning."""
        found = self._found
        if found is None:
            return Progress()
        check_settings(found, self._settings, folder=self._plan.folder)
        if set(found.parts) != set(self._parts):
            odd = sorted(set(found.parts) ^ set(self._parts))
            raise RecipeError(
                f"the checkpoint has other parts than this training: {', '.join(odd)}",
                where=str(self._plan.folder),
                mend="name another folder, or remove this one",
            )
        restore(found, self._parts)
        progress = found.progress
        if progress.stop in LIFTED:
            progress = replace(progress, stop="")
        if self._saver is not None:
            self._saver.resumed(progress)
        if progress.stop or not progress.step:
            return progress
        progress = self._evaluated_if_due(progress)
        reason = self._limits.reason(progress) if self._goes_on(progress) else None
        return replace(progress, stop=progress.stop or reason or "")

    def _capture(self, progress: Progress) -> TrainingState:
        loss = self._validation.loss if self._validation.step == progress.step else None
        if loss is not None and not math.isfinite(loss):
            loss = None
        return capture(progress, self._parts, settings=self._settings, loss=loss)

    def _judge(self, progress: Progress) -> Evaluated | None:
        plan = self._plan
        assert plan.validation is not None
        applied = self._averaging.applied() if self._averaging is not None else nullcontext()
        with applied:
            self._refresh()
            evaluated = evaluate(
                plan.model,
                plan.evaluation,
                self._feed.evaluation(plan.validation),
                device=plan.device,
                seed=plan.seed,
                stopped=lambda: bool(self._flag),
            )
            if evaluated is not None:
                self._best.consider(progress, evaluated)
                self._schedule.after_evaluation(evaluated.loss)
        return evaluated

    def _refresh(self) -> None:
        """Statistics of averaged weights, while the module has them."""
        plan = self._plan
        if self._averaging is not None and self._averaging.needs_statistics:
            with own_generators(plan.device, seed=plan.seed):
                refresh_statistics(plan.model, plan.objective, self._feed.epoch(0))

    def _history(self, progress: Progress) -> Sequence[Record]:
        self._recorder.write(progress)
        return self._recorder.records

    def _remake(self, progress: Progress, result: StepResult) -> Tensors:
        return self._feed.again(result.rows, epoch=progress.epoch)

    @contextmanager
    def _workers(self) -> Iterator[None]:
        """Worker processes for as long as training takes, where they are wanted."""
        plan = self._plan
        if not plan.workers:
            yield
            return
        from trainwright.training.feeding.workers import Workers

        describe = plan.describe_rows or named
        with Workers(plan.train, plan.workers, describe_rows=describe) as self._feed.workers:
            yield
        self._feed.workers = None

    @contextmanager
    def _memory_runs_out_in_words(self) -> Iterator[None]:
        plan = self._plan
        try:
            yield
        except TrainwrightError:
            raise
        except (MemoryError, RuntimeError) as error:
            if is_out_of_memory(error):
                raise TrainingError(
                    f"memory ran out: {str(error).splitlines()[0][:200] if str(error) else 'MemoryError'}",
                    where=f"training.batch_size: {self._settings['batch_size']}",
                    mend=f"accumulate: {2 * plan.accumulate}"
                    if not plan.objective.couples_rows
                    else "activation_checkpointing: true",
                ) from error
            if plan.compile and type(error).__module__.startswith(
                ("torch._dynamo", "torch._inductor")
            ):
                raise EnvironmentFault(
                    f"torch.compile failed: {type(error).__name__}: {str(error).splitlines()[0][:200]}",
                    where="training.compile",
                    mend="compile: false",
                ) from error
            raise


def _peak(plan: Plan) -> float:
    """Of the machine, where utilisation is recorded."""
    if plan.work is None:
        return math.inf
    return peak_flops(plan.device, plan.precision)
