"""Classifiers of texts for stage 1, which knows no models (`core.protocols.TextClassifier`).

A package of this project that reads one column of texts and answers with classes. It is verified as always
before it is loaded, reads a text as its own contract says, and is told by the hash of its manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.columns import ColumnType, Task
from trainwright.core.errors import CommandError, RecipeError, nearest, shorten
from trainwright.core.protocols import Model
from trainwright.data.repair.apply import repair_series
from trainwright.deployment.manifest import read_manifest
from trainwright.deployment.package import Package
from trainwright.flow.resolving import NamedPackage, resolve_model
from trainwright.runs.workspace import Workspace

_WHERE = "data.filters.toxicity"
_TEXTS = 1_024  # asked about at once


@dataclass(frozen=True, slots=True)
class PackagedClassifiers:
    """Packages by their names.

    Attributes:
        base: The recipe's folder, where the path of a package starts.
        workspace: Whose registry and runs are known by name.
    """

    base: Path
    workspace: Workspace
    _loaded: dict[str, Package] = field(default_factory=dict, repr=False)

    def hash(self, model: str) -> str:
        return read_manifest(self._named(model).folder).hash

    def probabilities(
        self, texts: Iterable[pl.Series], *, model: str, label: str
    ) -> Iterator[NDArray[np.float64]]:
        """As `core.protocols.TextClassifier`.

        Raises:
            RecipeError: there is no such model or class, or it reads something else than one text.
            TrustError: the package is damaged.
        """
        if model not in self._loaded:
            self._loaded[model] = self._named(model).load()
        package = self._loaded[model]
        code = _code_of(package.model, model=model, label=label)
        (column,) = package.model.inputs
        for block in texts:
            plain = repair_series(column, block.fill_null("").alias(column.name))
            found = []
            for at in range(0, len(plain), _TEXTS):
                answers = package.model.predict(plain[at : at + _TEXTS].to_frame()).probabilities
                assert answers is not None
                found.append(answers[:, code])
            yield np.concatenate([*found, np.zeros(0)])

    def _named(self, model: str) -> NamedPackage:
        where = f"{_WHERE}.model"
        return named_package(model, base=self.base, workspace=self.workspace, where=where)


def named_package(model: str, *, base: Path, workspace: Workspace, where: str) -> NamedPackage:
    """The package that a recipe names: a folder of one or of a run, or what the workspace knows by it.

    Raises:
        RecipeError: there is no such model; `where` is the recipe's key.
    """
    for folder in (base / model, base / model / "package"):
        if (folder / "manifest.json").is_file():
            return NamedPackage(folder, folder.name, None)
    try:
        return resolve_model(model, workspace)
    except CommandError as error:
        raise RecipeError(error.what, where=where, mend=error.mend) from error


def _code_of(found: Model, *, model: str, label: str) -> int:
    """The number of a class; refuses what does not judge texts by it."""
    if found.target.task is not Task.CLASSIFICATION:
        raise RecipeError(
            f"the model {model!r} does {found.target.task.value}, and texts are judged by a class",
            where=f"{_WHERE}.model",
            mend="name a package that was trained to tell classes of texts",
        )
    kinds = [column.type for column in found.inputs]
    if kinds != [ColumnType.TEXT]:
        told = ", ".join(f"{shorten(c.name, 30)} ({c.type.value})" for c in found.inputs[:5])
        raise RecipeError(
            f"the model {model!r} reads {told}, and here there is one column of texts",
            where=f"{_WHERE}.model",
            mend="train it with data: {inputs: {text: COLUMN}}",
        )
    if label not in found.target.classes:
        near = nearest(label, found.target.classes)
        raise RecipeError(
            f"the model {model!r} knows no class {label!r}",
            where=f"{_WHERE}.class",
            mend=f"class: {near}" if near else f"one of: {', '.join(found.target.classes[:20])}",
        )
    return found.target.classes.index(label)
