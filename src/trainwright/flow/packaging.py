"""From the winner to a package.

It is a pure function of snapshot, resolved recipe, recorded decisions, libraries and thread count.
No time, duration, host, path or run id goes in; those stand in the run's provenance.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from trainwright.core.artifacts import Evaluation, Snapshot
from trainwright.core.columns import Task
from trainwright.core.language import generator_of
from trainwright.core.protocols import AsksOutside
from trainwright.core.record import Head
from trainwright.core.seeds import derive_seed
from trainwright.data.card import said_text
from trainwright.data.snapshot import load_profile
from trainwright.deployment.package import write_package
from trainwright.flow.assessment import Assessment
from trainwright.flow.fitting import Candidate
from trainwright.flow.rows import Rows
from trainwright.models.fitted import FittedModel
from trainwright.monitoring.reference import build_reference
from trainwright.recipe.schema import Recipe
from trainwright.runs.redaction import redacted_recipe
from trainwright.summaries.profile import draw_rows

GOLDEN_ROWS = 32
LIBRARIES = ("numpy", "scipy", "polars", "pyarrow", "lightgbm", "trainwright")
NETWORK_LIBRARIES = ("torch", "safetensors", "transformers", "tokenizers", "pillow")
_TOLERANCES = {"lightgbm": 0.0, "network": 1e-5}  # by kind of estimator; others to rounding


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided while the run went on, and is replayed by `reproduce` and `audit`.

    Attributes:
        points: Where the clock ended something: point -> step.
        lockbox: The lockbox record as it was when the package was made.
    """

    points: Mapping[str, int]
    lockbox: Head

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "points": dict(self.points),
            "lockbox": {"length": self.lockbox.length, "hash": self.lockbox.hash},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Decisions:
        """Inverse of `to_json`."""
        return cls(value["points"], Head(value["lockbox"]["length"], value["lockbox"]["hash"]))


def fitted_model(
    candidate: Candidate, assessment: Assessment, *, snapshot: Snapshot
) -> FittedModel:
    """Preparation, estimator, calibrator and threshold as one model."""
    return FittedModel(
        preparation=candidate.preparation,
        estimator=candidate.fit.estimator,
        calibrator=assessment.decision.calibrator,
        threshold=assessment.decision.threshold,
        target=snapshot.target,
        inputs=snapshot.inputs,
    )


def build_package(
    folder: Path,
    *,
    model: FittedModel,
    candidate: Candidate,
    evaluation: Evaluation,
    verdict: str,
    validation: Rows,
    snapshot: Snapshot,
    recipe: Recipe,
    decisions: Decisions,
) -> None:
    """Write the package of a fitted model."""
    resolved, _ = redacted_recipe(recipe.decisive())
    metrics = {name: value.to_json() for name, value in evaluation.metrics.items()}
    facts = {
        "name": recipe.name,
        "family": candidate.family.family,
        "candidate": candidate.name,
        "iterations": candidate.fit.iterations,
        "stopped": candidate.fit.stopped,
        "verdict": verdict,
        "snapshot": snapshot.hash,
        "source_key": snapshot.source_key,
        "rows": dict(snapshot.rows),
        "left_out": dict(snapshot.left_out),
        "recipe": resolved,
        "recipe_hash": recipe.hash,
        "decisions": decisions.to_json(),
        "best": candidate.fit.best,
        "libraries": {name: metadata.version(name) for name in _libraries(candidate)},
        "threads": recipe.training.threads,
        "validation": {"confidence": evaluation.confidence, "metrics": metrics},
    }
    if (
        generator_of(model) is not None
    ):  # what `predict`, `serve` and `chat` do unless told otherwise
        facts["generation"] = recipe.evaluation.generation.settings().to_json()
    reference = build_reference(
        validation.frame,
        snapshot.inputs,
        prediction=model.predict(validation.frame),
        target=snapshot.target,
        quality={"confidence": evaluation.confidence, "metrics": metrics},
        by_time=snapshot.by_time,
        units=validation.units,
    )
    golden = draw_rows(
        load_profile(snapshot),
        snapshot.inputs,
        count=GOLDEN_ROWS,
        seed=derive_seed(recipe.training.seed, "golden"),
    )
    if isinstance(model.estimator, AsksOutside):  # so that loading the package asks nobody
        asked = model.preparation.transform_rows(golden)
        model = replace(model, estimator=model.estimator.remembering(asked))
    write_package(
        folder,
        model=model,
        card=model_card(facts, snapshot=snapshot),
        facts=facts,
        reference=reference,
        golden_rows=golden,
        tolerance=_TOLERANCES.get(candidate.fit.estimator.kind, 1e-9),
    )


def _libraries(candidate: Candidate) -> tuple[str, ...]:
    """The libraries that the package's numbers are a function of."""
    if candidate.fit.estimator.kind == "network":
        return (*LIBRARIES, *NETWORK_LIBRARIES)
    return LIBRARIES


def model_card(facts: Mapping[str, Any], *, snapshot: Snapshot) -> str:
    """The package's card.

    What it predicts, from what, how well, and what it must not be used for.
    """
    target = snapshot.target
    kind = f"one of {len(target.classes)} classes of" if target.task.has_classes else "a number,"
    if target.task is Task.MULTI_LABEL:
        kind = f"any of {len(target.classes)} labels of"
    metrics = "\n".join(
        f"| {name} | {value['value']:.4g} | {value['low']:.4g} to {value['high']:.4g} |"
        for name, value in facts["validation"]["metrics"].items()
    )
    inputs = "\n".join(f"| {_cell(c.name)} | {c.type.value} |" for c in snapshot.inputs)
    out = "\n".join(f"- {_cell(name)}: {why}" for name, why in sorted(snapshot.left_out.items()))
    rows = snapshot.rows
    return f"""# {facts["name"]}

Predicts {kind} `{_cell(target.name)}`. Family {facts["family"]}, {facts["iterations"]} iterations
(stopped: {facts["stopped"]}). {_sentence(facts["best"])}
Verdict of the comparison with the baseline: {facts["verdict"]}.

Learnt from {rows["train"]} rows, judged on {rows["validation"]}; {rows["test"]} rows are sealed in
the
lockbox and {rows["dropped"]} were left out. Snapshot {snapshot.hash[:16]}.

## Quality on validation

| metric | value | 95 % interval |
| --- | --- | --- |
{metrics}

Intervals are corrected for the choice among candidates; calibrator and threshold are cross-fitted.

## Inputs

| column | type |
| --- | --- |
{inputs}

## Left out

{out or "Nothing."}

## Data

{said_text(snapshot.card.get("said", {}))}

## Limits

The numbers hold for rows like those of the snapshot. Watch live data with `trainwright monitor`;
they say nothing of rows from another time, place or way of recording.
"""


def _sentence(text: str) -> str:
    """Words as a sentence of their own; nothing where there are none."""
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _cell(text: str) -> str:
    """A name of the user's, inert in a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("`", "'")
