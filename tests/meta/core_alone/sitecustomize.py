"""Hides the extra `networks`, as it is for who installed the core alone."""

from __future__ import annotations

import importlib.util

_find = importlib.util.find_spec


def _find_without_torch(name: str, package: str | None = None):
    return None if name == "torch" else _find(name, package)


importlib.util.find_spec = _find_without_torch
