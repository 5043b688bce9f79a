"""`trainwright run`: every stage, from raw files to a registered package."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.core.artifacts import Snapshot
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW
from trainwright.core.durable import write_with
from trainwright.core.errors import (
    EnvironmentFault,
    Interrupted,
    TrainingError,
    TrainwrightError,
)
from trainwright.core.extras import require
from trainwright.core.protocols import Progress
from trainwright.deployment.package import load_package
from trainwright.evaluation.text_metrics import TEXT_LOSS
from trainwright.flow import training as fits
from trainwright.flow.checkpoints import Checkpoints, drop
from trainwright.flow.counting import count_tokens
from trainwright.flow.fates import write_fates
from trainwright.flow.fit_progress import FitProgress
from trainwright.flow.packaging import Decisions
from trainwright.flow.pretraining import unseen
from trainwright.flow.release import End, keep, register
from trainwright.flow.reporting import write_failure_report, write_run_report
from trainwright.flow.resuming import GoOn, named, never, newest, warn_if_killed
from trainwright.flow.run_result import (
    RunResult,
    candidate_rows,
    cross_validation_of,
    model_facts,
    warnings_of,
)
from trainwright.flow.session import JUDGED, Session
from trainwright.flow.teaching import find_teacher
from trainwright.recipe.sections import TrackingSettings
from trainwright.runs import tensorboard
from trainwright.runs.folder import RunFolder, utc_now
from trainwright.runs.history import History
from trainwright.runs.memory import MemoryGroup
from trainwright.runs.provenance import provenance
from trainwright.runs.tracking import mirror

MIRROR_SECONDS = 30.0
LEAST_WAIT_SECONDS = 1.0
AGAIN = "run the same command again; it goes on"


def run(
    recipe: Path,
    *,
    workspace: Path | None = None,
    overrides: Sequence[str] = (),
    new: bool = False,
    progress: Progress | None = None,
) -> RunResult:
    """Run a recipe through every stage up to a registered package.

    Args:
        recipe: The recipe's file.
        workspace: The workspace's folder; `.trainwright` by default.
        overrides: `section.key=value` each.
        new: Begin a new run even where an unfinished one of equal recipe and snapshot could go on.
        progress: Shows how far the work is.

    Returns:
        The result; its package is kept and registered also where a gate said no.

    Raises:
        RecipeError, DataError, EnvironmentFault, TrainingError: as their names say.
    """
    session = Session.open(recipe, workspace=workspace, overrides=overrides, progress=progress)
    again = "run the same command without --new; it goes on" if new else AGAIN
    return _run(session, register, go_on=never if new else newest, again=again)


def train(
    recipe: Path,
    *,
    resume: str | None = None,
    workspace: Path | None = None,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
) -> RunResult:
    """Fit, choose, judge and package, on the snapshot; nothing is registered and no gate is asked.

    Args:
        recipe: The recipe's file.
        resume: The run to go on with: an id, a prefix, a name or `latest`; a new one when None.
        workspace: The workspace's folder; `.trainwright` by default.
        overrides: `section.key=value` each.
        progress: Shows how far the work is.

    Raises:
        CommandError: the run to go on with is through, or is of another recipe or snapshot.
        RecipeError, DataError, EnvironmentFault, TrainingError: as their names say.
    """
    session = Session.open(recipe, workspace=workspace, overrides=overrides, progress=progress)
    go_on = never if resume is None else partial(named, resume)
    return _run(session, keep, go_on=go_on, again="the same command with --resume {run} goes on")


def _run(session: Session, end: End, *, go_on: GoOn, again: str) -> RunResult:
    """Prepare, train, and end as `end` says; in the folder that `go_on` finds, or a new one.

    `again` says how a stopped run is gone on with.
    """
    started = time.monotonic()
    if session.recipe.tracking.tensorboard:
        require(tensorboard.EXTRA, what="tracking.tensorboard")
    snapshot = session.prepare()
    leave_at = time.monotonic() + 0.9 * session.recipe.training.budget  # ending takes time as well
    session.workspace.sweep_runs()
    found = go_on(session, snapshot)
    owned = session.workspace.begun_run(session.recipe.name) if found is None else found.hold()
    with owned as folder:
        warn_if_killed(folder)
        with _recorded(folder, session, snapshot, again=again.format(run=folder.id)):
            with _provenance(folder, session.base), _events(folder, session.recipe.tracking):
                result = _train_and_end(session, snapshot, folder, end, started=started)
            write_run_report(folder, snapshot)
        drop(folder.checkpoints)  # only now: until here a stopped run goes on from them
    warning = _mirror(session, wait_seconds=max(LEAST_WAIT_SECONDS, leave_at - time.monotonic()))
    return result if warning is None else replace(result, warnings=(*result.warnings, warning))


def _mirror(session: Session, *, wait_seconds: float) -> str | None:
    """What the tracker did not take. A signal ends only the wait: the run itself is through."""
    session.progress.stage("mirror")
    try:
        return mirror(
            session.workspace,
            session.recipe.tracking,
            timeout_seconds=MIRROR_SECONDS,
            wait_seconds=wait_seconds,
        ).warning
    except Interrupted:
        return "a signal ended the wait for the mirror; `trainwright runs --sync` catches up"


def _train_and_end(
    session: Session, snapshot: Snapshot, folder: RunFolder, end: End, *, started: float
) -> RunResult:
    recipe, workspace = session.recipe, session.workspace
    with session.reads.by(*JUDGED), History(folder.history) as history:
        untold = unseen(recipe, snapshot, base=session.base, snapshots=workspace.snapshots)
        progress = FitProgress(session.progress, budget_seconds=recipe.training.budget)
        deadline = Deadline(recipe.training.budget, tick=progress.tick)
        checkpoints = Checkpoints(
            folder.checkpoints,
            deadline.decisions,
            reads=session.reads,
            progress=progress,
            record=history.append,
            answers=folder.answers,
        )
        trained = fits.train(
            recipe,
            snapshot,
            base=session.base,
            teacher=find_teacher(recipe, snapshot, run=folder, workspace=workspace),
            pacer=deadline,
            progress=progress,
            checkpoints=checkpoints,
            tell=lambda line: folder.event("candidate", detail=line),
        )
        decisions = Decisions(dict(deadline.decisions), workspace.lockbox.head())
        session.progress.stage("package")
        if not folder.package.exists():  # one that was stopped after it has it already
            folder.write_json("decisions.json", decisions.to_json())
            fits.package(
                folder.package, trained, snapshot=snapshot, recipe=recipe, decisions=decisions
            )
        loaded = load_package(folder.package)  # its golden rows are replayed: what leaves is sound
    folder.write_json("evaluation.json", trained.evaluation.to_json())
    _write_predictions(folder, trained, snapshot)
    cut = write_fates(folder, trained)
    ending = end(session, snapshot, folder, trained, loaded)
    result = RunResult(
        run=folder.id,
        run_dir=folder.path,
        snapshot=snapshot.hash,
        task=snapshot.target.task.value,
        model=model_facts(trained),
        validation=trained.evaluation.metrics,
        package=folder.package,
        version=ending.version,
        champion=ending.champion,
        gates=ending.gates,
        candidates=candidate_rows(trained),
        cross_validation=cross_validation_of(trained),
        rows=snapshot.rows,
        findings=snapshot.findings,
        warnings=(*untold, *cut, *warnings_of(session, trained)),
        seconds=time.monotonic() - started,
        tokens=count_tokens(trained, folder),
    )
    used = recipe.training.budget - deadline.seconds_left
    folder.write_json(
        "run.json", {**result.to_json(), "name": recipe.name, "budget_used": round(used, 3)}
    )
    return result


@contextmanager
def _recorded(
    folder: RunFolder, session: Session, snapshot: Snapshot, *, again: str
) -> Iterator[None]:
    """Write down that the run began and how it ended; mirror it afterwards."""
    recipe = session.recipe
    secrets = folder.write_recipe(recipe.resolved())
    folder.event(
        "started",
        recipe_hash=recipe.hash,
        snapshot=snapshot.hash,
        source_key=snapshot.source_key,
        base=str(session.base),
        secrets=list(secrets),
        lockbox=asdict(session.workspace.lockbox.head()),
        memory_kills=MemoryGroup.ours().kills,
    )
    try:
        yield
    except KeyboardInterrupt:
        _told(folder, "interrupted")
        raise
    except Interrupted as error:
        _told(folder, "interrupted", what=error.what)
        raise Interrupted(error.what, mend=again) from error
    except EnvironmentFault as error:  # a full disk is no fault of the run: it can go on
        _told(folder, "interrupted", what=error.what, status=error.status)
        raise
    except TrainwrightError as error:
        _told(folder, "failed", what=error.what, status=error.status)
        with suppress(TrainwrightError):  # what went wrong first is what is told
            write_failure_report(folder, snapshot, error)
            if isinstance(error, TrainingError):
                error.where += f"; the curves up to there: {folder.report}"
        raise
    except BaseException as error:
        _told(folder, "failed", what=type(error).__name__, status=70)
        raise
    folder.event("done")


def _told(folder: RunFolder, kind: str, **facts: Any) -> None:  # noqa: ANN401 - any JSON value
    """An event on the way out; a disk that refuses it must not hide what went wrong first."""
    with suppress(EnvironmentFault):
        folder.event(kind, **facts)


@contextmanager
def _provenance(folder: RunFolder, base: Path) -> Iterator[None]:
    """Write down what the run was made with, however it ends; the report comes after and shows it."""
    started = utc_now()
    try:
        yield
    except BaseException:
        with suppress(EnvironmentFault):  # what went wrong first is what is told
            folder.write_json("provenance.json", provenance(base, started=started, ended=utc_now()))
        raise
    folder.write_json("provenance.json", provenance(base, started=started, ended=utc_now()))


@contextmanager
def _events(folder: RunFolder, settings: TrackingSettings) -> Iterator[None]:
    """Write TensorBoard's files where they are wanted, however the work ends: curves say why it did."""
    try:
        yield
    except BaseException:
        if settings.tensorboard:
            with suppress(EnvironmentFault):
                tensorboard.write_events(folder)
        raise
    if settings.tensorboard:
        tensorboard.write_events(folder)


def _write_predictions(folder: RunFolder, trained: fits.Trained, snapshot: Snapshot) -> None:
    """Validation predictions by row, so that runs can be compared pair by pair."""
    prediction = trained.assessment.prediction
    rows = trained.validation
    columns: dict[str, Any] = {
        ROW: np.repeat(rows.frame[ROW].to_numpy(), rows.items_a_row),
        "unit": rows.item_units,
        "target": rows.items,
        "prediction": prediction.values,
    }
    if snapshot.target.task.has_classes and prediction.probabilities is not None:
        for code, label in enumerate(snapshot.target.classes):
            columns[f"probability_{label}"] = prediction.probabilities[:, code]
    if trained.text_losses:
        columns[TEXT_LOSS] = [trained.text_losses.get(row) for row in columns[ROW].tolist()]
    frame = pl.DataFrame(columns)
    write_with(folder.path / "predictions.parquet", lambda path: frame.write_parquet(path))
