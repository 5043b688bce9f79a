"""What every verb that works on a recipe holds.

The recipe, its folder, the workspace, who watches.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trainwright.compute.workers import workers_of
from trainwright.core.artifacts import Snapshot
from trainwright.core.protocols import Progress, Silent
from trainwright.data.prepare import prepare as prepare_data
from trainwright.flow.check import check_recipe, check_with_snapshot
from trainwright.flow.classifying import PackagedClassifiers
from trainwright.flow.embedding import TextEmbedder
from trainwright.flow.naming import PersonTaggers
from trainwright.flow.out_of_fold import out_of_fold
from trainwright.models.tables.probe import probe
from trainwright.recipe import Reads, Recipe, load_recipe
from trainwright.runs.redaction import redacted_recipe
from trainwright.runs.workspace import Workspace

JUDGED = (
    "model",
    "training",
    "evaluation",
    "deployment",
    "compute",
)  # what comes after a run is not


class SecretWarning(UserWarning):
    """A recipe holds what looks like a secret."""


@dataclass(frozen=True, slots=True)
class Session:
    """Attributes.

    recipe: What is wanted.
    base: The folder that the recipe's paths are relative to.
    workspace: Where runs leave what they make.
    reads: Which keys of the recipe were read.
    progress: Shows how far the work is.
    """

    recipe: Recipe
    base: Path
    workspace: Workspace
    reads: Reads
    progress: Progress

    @classmethod
    def open(
        cls,
        recipe: Path,
        *,
        workspace: Path | None = None,
        overrides: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> Session:
        """Load and check a recipe, open the workspace.

        Raises:
            RecipeError: the recipe is wrong.
            EnvironmentFault: the workspace cannot be written.
        """
        loaded = load_recipe(recipe, overrides=overrides)
        check_recipe(loaded)
        _warn_of_secrets(loaded)
        return cls(
            recipe=loaded,
            base=recipe.resolve().parent,
            workspace=Workspace.open(workspace),
            reads=Reads(loaded),
            progress=progress or Silent(),
        )

    def prepare(self) -> Snapshot:
        """Stage 1, or its result from before when nothing changed.

        Raises:
            DataError: the data are wrong; its findings say how.
        """
        self.progress.stage("prepare")
        with self.reads.by("data", "task", "compute"), workers_of(self.recipe.compute) as workers:
            snapshot = prepare_data(
                self.recipe,
                base=self.base,
                snapshots=self.workspace.snapshots,
                probe=probe,
                out_of_fold=out_of_fold,
                embedder=TextEmbedder(self.base),
                classifier=PackagedClassifiers(self.base, self.workspace),
                name_taggers=PersonTaggers(self.base, self.workspace),
                progress=self.progress,
                reads=self.reads,
                workers=workers,
            )
        check_with_snapshot(self.recipe, snapshot)
        return snapshot


def _warn_of_secrets(recipe: Recipe) -> None:
    _, found = redacted_recipe(recipe.resolved())
    if found:
        told = f"what looks like a secret stands in the recipe, at {', '.join(found[:5])}"
        mend = "it is left out of all that is written; take it out there, too"
        warnings.warn(SecretWarning(f"{told}: {mend}"), stacklevel=3)
