"""A recipe counts its reads, so that a key that was set and that nothing read is noticed at the end.

A read counts only inside `Reads.by(section)` and only for keys of that section: what another stage looks at
in passing is nobody's read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel

from trainwright.core.counted import Counted, listening
from trainwright.core.parts import Part

if TYPE_CHECKING:
    from trainwright.recipe.schema import Recipe


class Section(Counted):
    """A fixed part of the recipe."""


class Reads:
    """Which keys of one recipe were read, by dotted path."""

    def __init__(self, recipe: Recipe) -> None:
        self._paths: dict[int, str] = {}
        self._set: list[str] = []
        self._seen: set[str] = set()
        self._keep = recipe  # the paths go by identity: the recipe must outlive them
        self._survey(recipe, "")

    @contextmanager
    def by(self, *sections: str) -> Iterator[None]:
        """Reads inside the block count for keys of these sections ("data", "model" ...)."""

        def note(owner: BaseModel, name: str) -> None:
            path = self._paths.get(id(owner))
            if path is not None:
                full = f"{path}.{name}" if path else name
                if full.split(".")[0] in sections:
                    self._seen.add(full)

        with listening(note):
            yield

    def restore(self, paths: Sequence[str]) -> None:
        """Count keys that a stage read in an earlier run whose result is reused."""
        self._seen.update(paths)

    def of(self, section: str) -> tuple[str, ...]:
        """The keys of `section` read so far."""
        return tuple(sorted(path for path in self._seen if path.startswith(f"{section}.")))

    def unread(self, sections: Sequence[str]) -> tuple[str, ...]:
        """Keys that were set in these sections and that nothing read."""
        return tuple(
            path for path in self._set if path.split(".")[0] in sections and path not in self._seen
        )

    def _survey(self, model: BaseModel, path: str) -> None:
        """Enter every nested model by identity, and every leaf that the user set."""
        self._paths[id(model)] = path
        for name, value in model.__dict__.items():
            full = f"{path}.{name}" if path else name
            if isinstance(value, BaseModel):
                self._survey(value, full)
            elif isinstance(value, dict) and any(isinstance(v, BaseModel) for v in value.values()):
                self._set.append(full)
                for key, item in value.items():
                    if isinstance(item, BaseModel):
                        self._survey(item, f"{full}.{key}")
            elif name in model.model_fields_set and not is_kind(model, name):
                self._set.append(full)


def is_kind(model: BaseModel, name: str) -> bool:
    """True for the key that names a part's kind: it was read when the part was found."""
    return isinstance(model, Part) and name in ("family", "kind")
