"""A recipe counts its reads, so that a key that nothing read is noticed at the end.

Only attribute access by the stage that owns the section counts: dumping, hashing and validating do
not go through attributes,
and a read outside `Reads.by(section)` is nobody's. Cost: one dictionary look-up an attribute while
a stage is active.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from trainwright.recipe.schema import Recipe

_note: ContextVar[tuple[Reads, str] | None] = ContextVar("reads", default=None)


class Section(BaseModel):
    """A part of the recipe: frozen, closed to unknown keys, and its attribute reads are counted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - as object's own
        """Attribute access, noted while a stage is active."""
        value = super().__getattribute__(name)
        active = _note.get()
        if active is not None and name in type(self).model_fields:
            reads, section = active
            reads.note(self, name, section)
        return value


class Reads:
    """Which keys of one recipe were read, by dotted path."""

    def __init__(self, recipe: Recipe) -> None:
        self._paths: dict[int, str] = {}
        self._set: list[str] = []
        self._seen: set[str] = set()
        self._keep = recipe  # the paths go by identity: the recipe must outlive them
        self._survey(recipe, "")

    def note(self, owner: BaseModel, name: str, section: str) -> None:
        """Count a read of `owner.name` when it lies in the section that is being run."""
        path = self._paths.get(id(owner))
        if path is None:
            return
        full = f"{path}.{name}" if path else name
        if full == section or full.startswith(f"{section}."):
            self._seen.add(full)

    @contextmanager
    def by(self, section: str) -> Iterator[None]:
        """Reads inside the block count for keys of `section` ("data", "model" ...)."""
        token = _note.set((self, section))
        try:
            yield
        finally:
            _note.reset(token)

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
            elif name in model.model_fields_set:
                self._set.append(full)
