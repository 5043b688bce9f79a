"""YAML as a recipe may use it: plain values with the line of each key, and nothing that runs or explodes.

PyYAML parses; we read its node tree. Scalars follow YAML 1.2's core schema, so `no` and `on` are
words, `012` and `12:30` are text, `1e3` is a number.
Tags, merge keys, duplicate keys and more than 100 aliases are refused, as is a document of more
than 1 MiB.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from trainwright.core.durable import open_regular, real_path
from trainwright.core.errors import Fault, RecipeError, TrustError, shorten, with_article

LIMIT_BYTES = 1 << 20
LIMIT_ALIASES = 100
LIMIT_NODES = 100_000
LIMIT_DEPTH = 64

_TOO_MANY = "the recipe unfolds to too many values"
KeyPath = tuple[str | int, ...]
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_PLAIN_TAGS = {
    "tag:yaml.org,2002:" + name
    for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge", "value")
}


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document: its values, and the line (from 1) of each key path."""

    path: str
    values: Any
    lines: dict[KeyPath, int] = field(default_factory=dict)

    def where(self, keys: KeyPath) -> str:
        """FILE:LINE → dotted.key, for messages.

        The nearest known line above when the key is not there.
        """
        dotted = ".".join(str(key) for key in keys)
        known = keys
        while known and known not in self.lines:
            known = known[:-1]
        line = self.lines.get(known, 1)
        return f"{self.path}:{line} → {dotted}" if dotted else f"{self.path}:{line}"


_MEND = "name a recipe file; `trainwright init DATA` writes one"
_LEAST = "data: {source: FILE, target: COLUMN}"


def read_document(
    path: Path, *, what: str = "recipe", mend: str = _MEND, least: str = _LEAST
) -> Document:
    """Read and parse a file that a person writes.

    Args:
        path: The file.
        what: What it is called in messages.
        mend: What to do where it is not there.
        least: What stands there at least.

    Raises:
        RecipeError: it cannot be read or is not a plain YAML mapping.
    """
    try:
        with (
            open_regular(real_path(path)) as handle,
            open(handle, "rb", closefd=False) as stream,
        ):
            data = stream.read(LIMIT_BYTES + 1)
    except FileNotFoundError as error:
        raise RecipeError(f"there is no such {what}", where=str(path), mend=mend) from error
    except (OSError, ValueError, TrustError) as error:  # ValueError: a path with NUL
        reason = error.what if isinstance(error, TrustError) else error
        raise RecipeError(
            f"the {what} cannot be read: {reason}", where=str(path), mend=mend
        ) from error
    return parse_document(data, path=str(path), what=what, least=least)


def parse_document(
    data: bytes, *, path: str, what: str = "recipe", least: str = _LEAST
) -> Document:
    """Parse the bytes of a recipe (see the module's head for what is refused)."""
    if len(data) > LIMIT_BYTES:
        raise RecipeError(
            f"the {what} is larger than {LIMIT_BYTES >> 20} MiB",
            where=path,
            mend="name the right file",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise RecipeError(
            f"byte 0x{data[error.start]:02X} is not UTF-8",
            where=f"{path}:{line}",
            mend="save it as UTF-8",
        ) from error
    try:
        _check_size(text, path)
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else path
        tab = mark is not None and "\t" in text.splitlines()[mark.line : mark.line + 1]
        mend = (
            "indent with spaces, not tabs"
            if tab or "'\\t'" in str(error.problem)
            else "mend the YAML there"
        )
        raise RecipeError(f"not valid YAML: {error.problem}", where=place, mend=mend) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise RecipeError(
            f"not valid YAML: {str(error)[:200]}", where=path, mend="mend the YAML"
        ) from error
    if node is None:
        raise RecipeError(
            f"the {what} is empty",
            where=path,
            mend=f"{least} is the least",
        )
    reader = _Reader(path)
    values = reader.value(node, ())
    if not isinstance(values, dict):
        raise RecipeError(
            f"{with_article(what)} is a mapping of sections, not {with_article(type(values).__name__)}",
            where=f"{path}:1",
            mend=f"begin with `{least.partition(':')[0]}:`",
        )
    if reader.faults:
        raise RecipeError.of(reader.faults)
    return Document(path, values, reader.lines)


def _check_size(text: str, path: str) -> None:
    """Refuse what is too deep, too long or too much aliased as soon as that shows.

    PyYAML's scanner takes quadratic time in the depth (50 s for 50,000 brackets).
    """
    aliases = depth = 0
    for number, event in enumerate(yaml.parse(text, yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        where = f"{path}:{event.start_mark.line + 1 if event.start_mark else 1}"
        if depth > LIMIT_DEPTH or number > 2 * LIMIT_NODES:
            raise RecipeError(_TOO_MANY, where=where, mend="write it shorter")
        if aliases > LIMIT_ALIASES:
            raise RecipeError(
                f"more than {LIMIT_ALIASES} aliases", where=where, mend="write it out"
            )


class _Reader:
    """Turns nodes into values, noting lines and what is not allowed."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines: dict[KeyPath, int] = {}
        self.faults: list[Fault] = []
        self._nodes = 0

    def value(self, node: yaml.Node, keys: KeyPath) -> Any:  # noqa: ANN401 - any plain value
        self._nodes += 1
        line = node.start_mark.line + 1
        self.lines.setdefault(keys, line)
        if self._nodes > LIMIT_NODES or len(keys) > LIMIT_DEPTH:
            raise RecipeError(
                _TOO_MANY,
                where=f"{self.path}:{line}",
                mend="write it shorter",
            )
        if node.tag not in _PLAIN_TAGS:
            name = node.tag.replace("tag:yaml.org,2002:", "!!")
            self._fault(f"tag {name} is not allowed", line, "write a plain value")
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*keys, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.MappingNode)
        return self._mapping(node, keys)

    def _mapping(self, node: yaml.MappingNode, keys: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag.endswith(":merge"):
                self._fault("a key must be a plain word", line, "write KEY: VALUE")
                continue
            key = key_node.value
            if key in found:
                self._fault(
                    f"key {shorten(key)} stands twice, on lines {first[key]} and {line}",
                    line,
                    "remove one",
                )
                continue
            first[key] = line
            self.lines[(*keys, key)] = line
            found[key] = self.value(value_node, (*keys, key))
        return found

    def _scalar(self, node: yaml.ScalarNode) -> str | int | float | bool | None:
        text: str = node.value
        if node.style is not None:
            return text
        if text in ("", "~", "null", "Null", "NULL"):
            return None
        if text.lower() in ("true", "false") and text in (text.lower(), text.title(), text.upper()):
            return text.lower() == "true"
        if _INT.fullmatch(text) and len(text) <= 400:
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if math.isinf(number):
                self._fault(
                    f"{shorten(text)} is beyond any number",
                    node.start_mark.line + 1,
                    "write a finite number",
                )
            return number
        return text

    def _fault(self, what: str, line: int, mend: str) -> None:
        self.faults.append(Fault(what, f"{self.path}:{line}", mend))
