"""What a run came to, and how each part of it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.core.artifacts import Check, Finding, MetricValue
from trainwright.core.protocols import AsksOutside
from trainwright.data.prompts import PromptPreparation
from trainwright.evaluation.choice import row_losses

if TYPE_CHECKING:
    from trainwright.flow.fitting import Candidate
    from trainwright.flow.session import Session
    from trainwright.flow.training import Trained


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to.

    Attributes:
        run: Its id.
        run_dir: Its folder.
        snapshot: Hash of the data it used.
        task: "classification", "regression", "forecasting" or "token-classification".
        model: Family, candidate, iterations, verdict of the choice.
        validation: Metrics with intervals.
        package: The package's folder.
        version: "name/3"; "" where nothing was registered.
        champion: Whether the version became champion.
        gates: What had to hold, and whether it did.
        candidates: One row a candidate, best first.
        cross_validation: The winner's metrics out of fold, where families were compared by folds.
        rows: Input, train, validation, test, dropped.
        findings: What stage 1 saw.
        warnings: What else the user should know.
        seconds: Wall time of the whole run.
        tokens: Of language: what was learnt from and judged on (`flow.counting`); None otherwise.
    """

    run: str
    run_dir: Path
    snapshot: str
    task: str
    model: Mapping[str, Any]
    validation: Mapping[str, MetricValue]
    package: Path
    version: str
    champion: bool
    gates: tuple[Check, ...]
    candidates: tuple[Mapping[str, Any], ...]
    cross_validation: Mapping[str, Any] | None
    rows: Mapping[str, int]
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    seconds: float
    tokens: Mapping[str, Any] | None = None

    @property
    def passed(self) -> bool:
        """True when every gate held."""
        return all(gate.passed for gate in self.gates)

    def to_json(self) -> dict[str, Any]:
        """The contract of `run --json`."""
        return {
            **{key: getattr(self, key) for key in ("run", "snapshot", "task", "version")},
            "run_dir": str(self.run_dir),
            "model": dict(self.model),
            "confidence": 0.95,
            "validation": {name: value.to_json() for name, value in self.validation.items()},
            "package": str(self.package),
            "champion": self.champion,
            "gates": [gate.to_json() for gate in self.gates],
            "candidates": [dict(row) for row in self.candidates],
            "cross_validation": self.cross_validation,
            "rows": dict(self.rows),
            "findings": [finding.to_json() for finding in self.findings],
            "warnings": list(self.warnings),
            "seconds": round(self.seconds, 3),
            **({"tokens": dict(self.tokens)} if self.tokens is not None else {}),
        }


def model_facts(trained: Trained) -> dict[str, Any]:
    """The chosen model, how it was fitted, and why it was chosen."""
    winner, choice = trained.selection.winner, trained.selection.choice
    return {
        "family": winner.family.family,
        "candidate": winner.name,
        "iterations": winner.fit.iterations,
        "stopped": winner.fit.stopped,
        "best": winner.fit.best,
        "verdict": choice.verdict,
        "reason": choice.reason,
        "threshold": trained.assessment.decision.threshold,
        "calibrated": trained.assessment.decision.calibrator is not None,
    }


def warnings_of(session: Session, trained: Trained) -> tuple[str, ...]:
    """What was asked for and could not be had, or has a price."""
    told = []
    if found := trained.evaluation.plots.get("canaries"):
        told.append(
            f"{found['planted_rows']} rows with secrets were planted in the train rows, and this"
            " model has learnt them: evaluation.json lists them; remove evaluation.canaries for a"
            " model that leaves"
        )
    if trained.selection.left_out:
        told.append(
            f"no time for {', '.join(trained.selection.left_out)}: not tried;"
            " a longer training.budget mends it"
        )
    level = getattr(session.recipe.training.objective, "q", 0.5)
    if level != 0.5:
        told.append(
            "candidates are compared by squared or absolute error, which no estimate of the quantile"
            f" {level:g} makes small: the baseline may be chosen though the quantile is right;"
            " trainwright.training trains such a network without a comparison"
        )
    wanted = session.recipe.evaluation.cross_validation
    if wanted is not None and trained.selection.folds is None:
        told.append(
            f"no time for {wanted} folds: the candidates were compared on validation rows alone;"
            " a longer training.budget mends it"
        )
    return tuple(told)


def cross_validation_of(trained: Trained) -> dict[str, Any] | None:
    """The winner's metrics out of fold; None where families were not compared by folds."""
    folds, evaluation = trained.selection.folds, trained.selection.cross_validation
    if folds is None or evaluation is None:
        return None
    metrics = {name: value.to_json() for name, value in evaluation.metrics.items()}
    return {"folds": folds.folds, "repeats": folds.repeats, "metrics": metrics}


def candidate_rows(trained: Trained) -> tuple[dict[str, Any], ...]:
    """The choice's table with what each fit came to."""
    fitted = {candidate.name: candidate for candidate in trained.selection.candidates}
    table = [*trained.selection.choice.table]
    compared = {row["name"] for row in table}
    table += [_left_behind(c, trained) for name, c in fitted.items() if name not in compared]
    return tuple(
        {
            **row,
            "iterations": fitted[row["name"]].fit.iterations,
            "stopped": fitted[row["name"]].fit.stopped,
            "best": fitted[row["name"]].fit.best,
            "seconds": round(fitted[row["name"]].seconds, 3),
            "chosen": row["name"] == trained.selection.winner.name,
            **_texts(row["name"], trained),
            **_usage(fitted[row["name"]], trained),
        }
        for row in table
    )


def _usage(candidate: Candidate, trained: Trained) -> dict[str, Any]:
    """What the answers to validation rows took, of a candidate that asks an endpoint."""
    estimator = candidate.fit.estimator
    if not isinstance(estimator, AsksOutside):
        return {}
    texts = trained.selection.texts
    if texts is None:
        return {"usage": estimator.usage(candidate.preparation.transform(trained.validation.frame))}
    assert isinstance(candidate.preparation, PromptPreparation)
    asked = [
        (candidate.preparation.turns(one.prompt), texts.written.settings)
        for one in texts.written.asked
        if one.prompt
    ]
    return {"usage": estimator.usage(asked)}


def _texts(name: str, trained: Trained) -> dict[str, Any]:
    """The metrics of what a candidate wrote, where candidates were compared by their texts."""
    texts = trained.selection.texts
    if texts is None:
        return {}
    found = texts.metrics.get(name)
    told = None if found is None else {key: value.to_json() for key, value in found.items()}
    return {"texts": told}


def _left_behind(candidate: Candidate, trained: Trained) -> dict[str, Any]:
    """The line of one that was too far behind on validation to be compared by folds."""
    losses = row_losses(candidate.output, trained.validation.target, trained.model.target)
    numbers = ("metric", "standard_error", "difference", "difference_error", "better_than_baseline")
    return {
        **dict.fromkeys(numbers),
        "name": candidate.name,
        "family": candidate.family.family,
        "cost": candidate.family.cost,
        "loss": float(np.mean(losses)),
        "tied": False,
        "behind": True,
    }
