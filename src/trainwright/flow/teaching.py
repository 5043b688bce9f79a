"""The teacher of a distillation: which package it is, and what it says of the train rows.

It must have learnt from this very snapshot: one that was taught by other rows may have seen the test
rows, and would tell the student of them. Which package it was is noted in the run, so that an alias
that moves on does not change what `audit` and `reproduce` refit.
"""

from __future__ import annotations

from dataclasses import replace

from trainwright.core.artifacts import Snapshot
from trainwright.core.columns import Task
from trainwright.core.errors import RecipeError, TrustError
from trainwright.core.protocols import Model
from trainwright.deployment.package import load_package
from trainwright.flow.resolving import resolve_model
from trainwright.flow.rows import Rows
from trainwright.recipe import Recipe
from trainwright.runs.folder import RunFolder
from trainwright.runs.workspace import Workspace

_EVENT = "teacher"


def find_teacher(
    recipe: Recipe, snapshot: Snapshot, *, run: RunFolder, workspace: Workspace
) -> Model | None:
    """The teacher that the recipe names, noted in the run; the noted one where there is a note.

    Raises:
        CommandError: no such model.
        RecipeError: it was taught by another snapshot, or the task has no classes.
        TrustError: it is damaged, or not the one that was noted.
    """
    settings = recipe.training.distillation
    if settings is None:
        return None
    noted = [event for event in run.events() if event["kind"] == _EVENT]
    if noted:
        package = load_package(workspace.root / noted[-1]["package"])
        if package.hash != noted[-1]["hash"]:
            raise TrustError("the teacher is not the one that taught this run", where=run.id)
        return package.model
    found = resolve_model(settings.teacher, workspace)
    package = found.load()
    if snapshot.target.task is not Task.CLASSIFICATION:
        raise RecipeError(
            f"a student of {snapshot.target.task.value} cannot learn from a teacher",
            where="training.distillation",
            mend="remove distillation",
        )
    if package.facts.get("snapshot") != snapshot.hash:
        raise RecipeError(
            f"the teacher {settings.teacher!r} was taught by other rows, and may know the test rows",
            where="training.distillation.teacher",
            mend="train it with the same data section, in this workspace",
        )
    folder = found.folder.resolve()
    if not folder.is_relative_to(workspace.root.resolve()):
        raise RecipeError(
            f"the teacher {settings.teacher!r} lies outside this workspace",
            where="training.distillation.teacher",
            mend="name a model of this workspace: `trainwright models` lists them",
        )
    place = folder.relative_to(workspace.root.resolve())
    run.event(_EVENT, package=str(place), hash=package.hash)
    return package.model


def taught(rows: Rows, teacher: Model | None) -> Rows:
    """The rows with what the teacher says of them; as they are where there is none."""
    if teacher is None:
        return rows
    return replace(rows, teacher=teacher.predict(rows.frame).probabilities)
