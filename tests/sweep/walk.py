"""What a practitioner does with a refusal: paste what it says into the recipe, and run again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Command = Callable[..., tuple[int, dict[str, Any]]]
PASTES = 3


class NotPasted(AssertionError):
    """A mend holds nothing that could be pasted into a recipe."""


def walk(command: Command, folder: Path, recipe: dict[str, Any], *, budget: int) -> dict[str, Any]:
    """Prepare, pasting every mend while it is refused for its data; then run; the run's result.

    Raises:
        AssertionError: it ended otherwise, or a refusal could not be mended by pasting.
    """
    path = folder / "recipe.yaml"
    for _ in range(PASTES + 1):
        path.write_text(yaml.safe_dump(recipe, allow_unicode=True))
        for verb in ("prepare", "run"):
            status, result = command(verb, path, "--set", f"training.budget={budget}s")
            if status:
                break
        else:
            return result
        assert status == 3, result
        for mend in mends(result):
            recipe = merged(recipe, snippet(mend))
    raise AssertionError(f"refused after {PASTES} times of pasting: {result}")


def mends(refusal: dict[str, Any]) -> list[str]:
    """The mend of every fault of a refusal; none is empty."""
    found = [fault["mend"] for fault in (refusal["error"], *refusal["others"])]
    found += [f["remedy"] for f in refusal["findings"] if f["severity"] == "error"]
    assert all(found), refusal
    return found


def snippet(mend: str) -> dict[str, Any]:
    """The recipe settings that a mend begins with, or holds: `data: {...}` or `task: ...`."""
    simple = re.search(r"\btask: \w+", mend)
    if simple and "{" not in mend:
        return yaml.safe_load(simple[0])
    start = re.search(r"\b(?:data|model|training|evaluation): \{", mend)
    if start is None or "COLUMN" in mend:
        raise NotPasted(f"nothing to paste in {mend!r}")
    for end in [at for at, letter in enumerate(mend, 1) if letter == "}" and at > start.end()]:
        try:
            return yaml.safe_load(mend[start.start() : end])
        except yaml.YAMLError:
            continue
    raise NotPasted(f"cannot be pasted: {mend!r}")


def merged(recipe: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """A recipe with settings pasted into it: sections join, lists grow, other values replace."""
    both = dict(recipe)
    for key, new in settings.items():
        old = both.get(key)
        if isinstance(new, dict) and isinstance(old, dict):
            both[key] = merged(old, new)
        elif isinstance(new, list) and isinstance(old, list):
            both[key] = old + [value for value in new if value not in old]
        else:
            both[key] = new
    return both
