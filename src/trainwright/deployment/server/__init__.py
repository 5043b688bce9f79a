"""A package behind HTTP: `create_app` makes the application, `serve` runs it until a signal says stop.

The names are lazy: the web framework is imported when one of them is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.deployment.server.app import create_app
    from trainwright.deployment.server.limits import Limits
    from trainwright.deployment.server.running import serve

__all__ = ["Limits", "create_app", "serve"]

_HOMES = {"Limits": "limits", "create_app": "app", "serve": "running"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
