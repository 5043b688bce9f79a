"""Text from a language model: requests side by side, a token each a step, each as if it were alone.

`open_decoding` makes an empty table of requests. The names are lazy: torch is imported when one of
them is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.models.language.decoding.many import generate_all
    from trainwright.models.language.decoding.opening import open_decoding

__all__ = ["generate_all", "open_decoding"]

_HOMES = {"generate_all": "many", "open_decoding": "opening"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
