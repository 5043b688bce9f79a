"""Finders of names for stage 1, which knows no models (`core.protocols.NameTaggers`).

A recipe names a package or a run of this project that tags words, or a tagger in the layout of the Hub. Both
are the same network in the end, and go into the package of the model that is learnt from texts without names.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.durable import canonical_json, sha256_bytes, sha256_file
from trainwright.core.errors import EnvironmentFault, RecipeError
from trainwright.core.extras import require
from trainwright.core.pretrained import Base, locate
from trainwright.core.protocols import NameTagger
from trainwright.flow.classifying import named_package
from trainwright.runs.workspace import Workspace

if TYPE_CHECKING:
    from trainwright.models.fitted import FittedModel

_WHERE = "data.name_model"
_TOKENS = 256  # a piece of a long text; shorter where the model takes less
_FILES = (".json", ".safetensors", ".txt", ".model")  # what a tagger is made of


@dataclass(frozen=True, slots=True)
class PersonTaggers:
    """Taggers by their names.

    Attributes:
        base: The recipe's folder, where the path of a model starts.
        workspace: Whose registry and runs are known by name.
    """

    base: Path
    workspace: Workspace

    def load(self, model: str) -> NameTagger:
        """As `core.protocols.NameTaggers`.

        Raises:
            RecipeError: the name means nothing, or what it names finds no persons.
            EnvironmentFault: networks are not installed, or the model is not there.
            TrustError: a package is damaged.
        """
        require("networks", what="finding names of persons")
        from trainwright.models.fitted import FittedModel
        from trainwright.models.text.names import name_tagger

        if (self.base / model / "config.json").is_file() or _is_of_hub(model):
            found, hash_ = self._of_hub(model)
        else:
            package = named_package(
                model, base=self.base, workspace=self.workspace, where=_WHERE
            ).load()
            assert isinstance(package.model, FittedModel)
            found, hash_ = package.model, package.hash
        return name_tagger(found, name=model, hash_=hash_)

    def _of_hub(self, model: str) -> tuple[FittedModel, str]:
        from trainwright.data.texts.preparation import preparation_in_pieces
        from trainwright.models.fitted import FittedModel
        from trainwright.models.text.tagging import load_tagger

        words = Column("words", ColumnType.WORDS)
        try:
            base = locate(model, base=self.base)
            estimator, tags = load_tagger(base)
            preparation = preparation_in_pieces(base, words, max_length=_TOKENS)
        except (RecipeError, EnvironmentFault) as error:
            raise type(error)(error.what, where=_WHERE, mend=error.mend) from error
        target = Target(Column("tags", ColumnType.WORDS), Task.TOKEN_CLASSIFICATION, classes=tags)
        return FittedModel(preparation, estimator, target, (words,)), _hash_of(base)


def _is_of_hub(model: str) -> bool:
    """ORGANISATION/NAME@COMMIT: no path has such an ending."""
    return "@" in model.rpartition("/")[2] and len(model.rpartition("@")[2]) == 40


def _hash_of(base: Base) -> str:
    """Of all files that have a part in its answers."""
    files = {
        path.name: sha256_file(path.resolve())
        for path in sorted(base.folder.iterdir())
        if path.suffix in _FILES and path.is_file()
    }
    return sha256_bytes(canonical_json(files))
