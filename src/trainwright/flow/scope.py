"""Fit scope: what was fitted after the split, fitted once more without the test rows in reach.

The refit reads train and validation files only. When it comes out byte by byte as packaged, no
test row can have had a part in the
package; an imputer fitted before the split shows here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from trainwright.core.artifacts import Check, Snapshot
from trainwright.core.clock import Replay
from trainwright.core.durable import read_json
from trainwright.core.protocols import AsksOutside, Family, Model, Workplace
from trainwright.core.seeds import derive_seed
from trainwright.flow.assessment import assess, raw_output
from trainwright.flow.fitting import Bench, candidate_name
from trainwright.flow.packaging import Decisions
from trainwright.flow.planting import canaries_of, planted
from trainwright.flow.reproduction import compare_files
from trainwright.flow.resolving import base_of, fitted_model_of
from trainwright.flow.rows import load_both
from trainwright.flow.teaching import find_teacher, taught
from trainwright.models.auto import candidates
from trainwright.models.fitted import FittedModel
from trainwright.recipe import Recipe, load_recipe
from trainwright.runs.folder import RunFolder
from trainwright.runs.workspace import Workspace

_PARTS = {
    "preparation": "preparation",
    "estimator": "model",
    "calibrator": "calibrator",
    "model.json": "threshold and signature",
}


def check_fit_scope(
    folder: RunFolder, snapshot: Snapshot, *, workspace: Workspace, refit_model: bool
) -> Iterator[Check]:
    """Refit and compare.

    Args:
        folder: The run; its package has been verified.
        snapshot: The run's snapshot, verified.
        workspace: Where the teacher of a distillation is.
        refit_model: Also the model; otherwise it is taken from the package and that is said.

    Yields:
        A check a part: preparation, model, calibrator, threshold.
    """
    packaged = fitted_model_of(folder)
    recipe = load_recipe(folder.recipe)
    teacher = (
        find_teacher(recipe, snapshot, run=folder, workspace=workspace) if refit_model else None
    )
    again = _refit(folder, packaged, recipe, snapshot, teacher=teacher, refit_model=refit_model)
    with tempfile.TemporaryDirectory(prefix="trainwright-audit-") as scratch:
        again.save(Path(scratch))
        files = compare_files(folder.package / "model", Path(scratch))
    for prefix, name in _PARTS.items():
        mine = [check for check in files if check.name.removeprefix("package/").startswith(prefix)]
        if not mine:
            continue
        if prefix == "estimator" and not refit_model:
            yield Check("fit scope: model", True, "not refitted: its fit is long; use --refit")
            continue
        differing = [check.name for check in mine if not check.passed]
        yield Check(
            f"fit scope: {name}",
            not differing,
            f"differs from a fit on train rows alone: {', '.join(differing)}"
            if differing
            else "fitted again without the test rows: equal, byte by byte",
        )


def _refit(
    folder: RunFolder,
    packaged: FittedModel,
    recipe: Recipe,
    snapshot: Snapshot,
    *,
    teacher: Model | None,
    refit_model: bool,
) -> FittedModel:
    record = folder.read_json("run.json")
    name = record["model"]["candidate"]
    train_rows, validation = load_both(snapshot, further=recipe.data.further_targets)
    base = base_of(folder)
    canaries = canaries_of(recipe.evaluation.canaries or 0, seed=recipe.training.seed)
    train_rows = taught(train_rows, teacher)
    bench = Bench(
        planted(train_rows, canaries, target=snapshot.target, inputs=snapshot.inputs),
        stop=validation,
        inputs=snapshot.inputs,
        base=base,
        target=snapshot.target,
    )
    family = _family(recipe, name, snapshot)
    preparation, train, stop, _ = bench.prepared(family.needs)
    estimator = packaged.estimator
    if refit_model:
        points = Decisions.from_json(folder.read_json("decisions.json")).points
        estimator = family.fit(
            train,
            stop,
            target=snapshot.target,
            training=recipe.training,
            seed=derive_seed(recipe.training.seed, name),
            pacer=Replay(points, prefix=f"fit/{name}/"),
            workplace=Workplace(base, answers=folder.answers),
        ).estimator
    if isinstance(estimator, AsksOutside):  # what was answered then is the record
        golden = preparation.transform_rows(read_json(folder.package / "golden.json")["rows"])
        estimator = estimator.keeping(folder.answers).remembering(golden)
    model = FittedModel(preparation, estimator, snapshot.target, snapshot.inputs)
    decision = assess(
        raw_output(model, validation.frame),
        validation,
        snapshot=snapshot,
        recipe=recipe,
    ).decision
    return FittedModel(
        preparation=preparation,
        estimator=estimator,
        target=snapshot.target,
        inputs=snapshot.inputs,
        calibrator=decision.calibrator,
        threshold=decision.threshold,
    )


def _family(recipe: Recipe, name: str, snapshot: Snapshot) -> Family:
    families = candidates(recipe.model, inputs=snapshot.inputs, target=snapshot.target)
    names = [candidate_name(families, index) for index in range(len(families))]
    return families[names.index(name)]
