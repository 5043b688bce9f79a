"""Settings that tell a listener when they are read, so that a key that nothing reads is noticed.

Attribute access is what counts: dumping, hashing and validating do not go through attributes. The
cost is one look-up an attribute while somebody listens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pydantic import BaseModel, ConfigDict

Listener = Callable[[BaseModel, str], None]
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


class Counted(BaseModel):
    """Settings: frozen, closed to unknown keys, strictly typed, their reads told to the listener."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - as object's own
        """Attribute access; a field's is told."""
        value = super().__getattribute__(name)
        listener = _listener.get()
        if listener is not None and name in type(self).model_fields:
            listener(self, name)
        return value


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Tell `listener` of every field read inside the block, in this thread."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
