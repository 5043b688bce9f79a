"""`trainwright evaluate`: validation metrics again, or one recorded look into the lockbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainwright.core.artifacts import Evaluation, MetricValue, Split
from trainwright.core.clock import Replay, Unhurried
from trainwright.core.errors import CommandError
from trainwright.core.record import Head
from trainwright.core.seeds import derive_seed
from trainwright.deployment.package import load_package
from trainwright.evaluation.evaluate import evaluate as measure_all
from trainwright.evaluation.lockbox import Lockbox, lockbox_statement
from trainwright.flow.assessment import assess, flat, raw_output, slice_values
from trainwright.flow.generating import Generated
from trainwright.flow.packaging import Decisions
from trainwright.flow.reporting import write_run_report
from trainwright.flow.resolving import answering, fitted_model_of, require_package, snapshot_of
from trainwright.flow.rows import load_rows
from trainwright.flow.training import generated_by, written_by
from trainwright.models.fitted import FittedModel
from trainwright.recipe import load_recipe
from trainwright.runs.folder import RunFolder, utc_now
from trainwright.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """Attributes.

    run: Whose model.
    split: Which rows.
    confidence: Level of `metrics`: 0.95, or 1 - 0.05/k² at look k into the lockbox.
    metrics: With intervals at that level.
    plain: The test metrics with plain 95 % intervals; empty for validation.
    opened: How often the lockbox of these rows has been opened, this look included.
    statement: What the numbers mean after that many looks.
    """

    run: str
    split: Split
    confidence: float
    metrics: Mapping[str, MetricValue]
    plain: Mapping[str, MetricValue]
    opened: int
    statement: str

    def to_json(self) -> dict[str, Any]:
        """The contract of `evaluate --json`."""
        return {
            "run": self.run,
            "split": self.split.value,
            "confidence": self.confidence,
            "metrics": {name: value.to_json() for name, value in self.metrics.items()},
            "plain_95": {name: value.to_json() for name, value in self.plain.items()},
            "lockbox": {"opened": self.opened, "statement": self.statement},
        }


def evaluate(run: str, *, split: Split, workspace: Path | None = None) -> EvaluationResult:
    """Evaluate the package of a run.

    Args:
        run: Id, prefix, name or `latest`.
        split: Validation, or test: that opens the lockbox, and is recorded before a row is read.
        workspace: The workspace's folder.

    Raises:
        CommandError: no such run.
        TrustError: package, snapshot or lockbox ledger were changed.
    """
    store = Workspace.open(workspace)
    folder = store.find_run(run)
    require_package(folder)
    if split is Split.VALIDATION:
        return _validation(folder, store)
    with folder.hold():
        return _open_lockbox(folder, store)


def check_lockbox(folder: RunFolder, workspace: Workspace) -> None:
    """Refuse a lockbox ledger that no longer holds what the run noted of it (TrustError)."""
    for event in folder.events():
        if "lockbox" in event:
            workspace.lockbox.check_head(Head(**event["lockbox"]))
    decisions = folder.path / "decisions.json"
    if decisions.exists():
        noted = Decisions.from_json(folder.read_json("decisions.json"))
        workspace.lockbox.check_head(noted.lockbox)


def _validation(folder: RunFolder, workspace: Workspace) -> EvaluationResult:
    """Once more from the package and the snapshot: the numbers that the run printed."""
    snapshot, recipe = snapshot_of(folder, workspace), load_recipe(folder.recipe)
    rows, model = load_rows(snapshot, Split.VALIDATION), fitted_model_of(folder)
    record = folder.read_json("run.json")
    assessment = assess(
        raw_output(model, rows.frame),
        rows,
        snapshot=snapshot,
        recipe=recipe,
        num_candidates=len(record["candidates"]) - 1,
    )
    points = Decisions.from_json(folder.read_json("decisions.json")).points
    generated = generated_by(
        model, rows, snapshot=snapshot, recipe=recipe, pacer=Replay(points).share("generate", 1.0)
    )
    return EvaluationResult(
        run=folder.id,
        split=Split.VALIDATION,
        confidence=0.95,
        metrics={**assessment.evaluation.metrics, **(generated.metrics if generated else {})},
        plain={},
        opened=len(Lockbox(workspace.lockbox).looks(snapshot.source_key)),
        statement="the lockbox was not opened",
    )


def _open_lockbox(folder: RunFolder, workspace: Workspace) -> EvaluationResult:
    check_lockbox(folder, workspace)
    snapshot = snapshot_of(folder, workspace)
    package = load_package(folder.package)
    model = package.model
    if isinstance(model, FittedModel):
        model = answering(model, folder)
    lockbox = Lockbox(workspace.lockbox)
    earlier = lockbox.looks(snapshot.source_key)
    look = lockbox.open(
        snapshot.source_key,
        run=folder.id,
        snapshot=snapshot.hash,
        model=package.hash,
        when=utc_now(),
    )
    head = workspace.lockbox.head()
    folder.event(
        "lockbox opened", look=look.number, lockbox={"length": head.length, "hash": head.hash}
    )
    recipe = load_recipe(folder.recipe)
    rows = load_rows(snapshot, Split.TEST)
    prediction = model.predict(rows.frame)
    judged = replace(prediction, values=flat(prediction.values, snapshot.target))

    def measured(confidence: float) -> Evaluation:
        return measure_all(
            judged,
            rows.items,
            spec=snapshot.target,
            units=rows.item_units,
            split=Split.TEST,
            threshold=getattr(model, "threshold", None),
            confidence=confidence,
            slices=slice_values(rows, recipe.evaluation.slices),
            seed=derive_seed(recipe.training.seed, "intervals"),
        )

    evaluation, plain = measured(look.confidence), measured(0.95)
    known = written_by(model, rows, snapshot=snapshot, recipe=recipe, pacer=Unhurried())

    def texts(confidence: float) -> Generated | None:
        if known is None:
            return None
        return generated_by(
            model,
            rows,
            snapshot=snapshot,
            recipe=recipe,
            pacer=Unhurried(),
            known=known,
            confidence=confidence,
        )

    generated, plainly = texts(look.confidence), texts(0.95)
    if generated is not None:
        evaluation = replace(
            evaluation,
            metrics={**evaluation.metrics, **generated.metrics},
            plots={**evaluation.plots, "generated": generated.to_json()},
        )
    changed = any(entry["model"] != package.hash for entry in earlier)
    result = EvaluationResult(
        run=folder.id,
        split=Split.TEST,
        confidence=look.confidence,
        metrics=evaluation.metrics,
        plain={**plain.metrics, **(plainly.metrics if plainly else {})},
        opened=look.number,
        statement=lockbox_statement(look.number, models_changed=changed),
    )
    folder.write_json(f"lockbox-{look.number}.json", {**evaluation.to_json(), **result.to_json()})
    write_run_report(folder, snapshot)
    return result


def as_split(text: str) -> Split:
    """The split that a user names.

    Raises:
        CommandError: it is neither validation nor test.
    """
    if text not in ("validation", "test"):
        raise CommandError(
            f"no split {text!r} to evaluate",
            where="--split",
            mend="--split validation, or --split test",
        )
    return Split(text)
