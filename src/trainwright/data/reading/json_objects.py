"""One JSON object as a row: keys once each, objects within it as keys with dots, whole characters.

What cannot be parsed is told in words.
"""

from __future__ import annotations

import json
from typing import Any

from trainwright.core.errors import Fault, shorten

_LIMIT_DEPTH = 16


class Twice(ValueError):
    """A key stands twice in one object, or two keys make one column."""


class _NoNumber(ValueError):
    """NaN and its kin, which JSON does not have."""


class Deep(ValueError):
    """Objects within objects, too many of them."""


def flat(value: dict[str, Any]) -> dict[str, Any]:
    """A row without objects in it: their keys are joined by dots.

    Raises:
        Twice: two keys make the same column.
        Deep: more than 16 objects are within each other.
    """
    found: dict[str, Any] = {}
    _flatten(value, "", found, depth=0)
    return found


def _flatten(value: dict[str, Any], prefix: str, found: dict[str, Any], *, depth: int) -> None:
    if depth > _LIMIT_DEPTH:
        raise Deep(f"nested too deeply: more than {_LIMIT_DEPTH} objects within each other")
    for key, item in value.items():
        name = prefix + key
        if isinstance(item, dict) and item:
            _flatten(item, f"{name}.", found, depth=depth + 1)
        elif name in found:
            raise Twice(f"two keys make the column {shorten(name)}: one with a dot, one nested")
        else:
            found[name] = None if item == {} else item


def half_characters(value: dict[str, Any], where: str, *, but: tuple[str, ...]) -> list[Fault]:
    """Texts that hold half of a pair of surrogates, which no text can; conversations are judged later."""
    return [
        Fault(
            f"key {shorten(name)} holds half a character (a lone surrogate)",
            where,
            "write the whole character, or \\ufffd in its place",
        )
        for name, item in value.items()
        if name not in but and not _is_whole(json.dumps({name: item}, ensure_ascii=False))
    ]


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys stand once each."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Twice(f"key {shorten(twice)} stands twice in one object")
    return found


def refuse(name: str) -> None:
    """For what Python reads and JSON does not have."""
    raise _NoNumber(f"{name} is not a JSON number")


def unparsed(error: ValueError | RecursionError) -> tuple[str, str]:
    """What is wrong with a line that cannot be parsed, and what to do."""
    mend = "write one object a line (jq -c . FILE > NEW.jsonl); a missing number is null"
    if isinstance(error, RecursionError):
        return "nested too deeply", mend
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError, _NoNumber)):
        return f"not valid JSON: {str(error)[:100]}", mend
    return "a whole number of thousands of digits", "write it as a text, in quotes, or shorter"
