"""What a recipe of language need not say: which column is told, and how a folder of texts is read.

A document tells itself, so that its column is input and target in one; so do the assistant's turns of
a conversation. A text for a text names both.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainwright.core.columns import Task

TEXT, MESSAGES = "text", "messages"
DOCUMENT_ENDINGS = (".txt", ".md")


def with_language_defaults(values: Mapping[str, Any], *, base: Path) -> dict[str, Any]:
    """The recipe's values with what its task lets go without saying; others as they are.

    Args:
        values: As the document holds them.
        base: The recipe's folder, where its paths start.
    """
    found = dict(values)
    data, task = found.get("data"), found.get("task")
    if "objective" in found and isinstance(found.get("training", {}), dict):  # beside the task
        found["training"] = {"objective": found.pop("objective"), **found.get("training", {})}
    if not isinstance(data, dict) or task not in (Task.LANGUAGE_MODELLING, Task.INSTRUCTION_TUNING):
        return found
    kind = TEXT if task == Task.LANGUAGE_MODELLING else MESSAGES
    if kind == TEXT and "read" not in data and _is_text_folder(data.get("source"), base):
        data = {"read": "documents", **data}
    inputs = data.get("inputs", {kind: kind})
    if isinstance(inputs, dict) and isinstance(inputs.get(kind), str):
        data = {"inputs": inputs, "target": inputs[kind], **data}
    return {**found, "data": data}


def _is_text_folder(source: Any, base: Path) -> bool:  # noqa: ANN401 - any YAML value
    """A folder with documents in it or below it."""
    if not isinstance(source, str) or "\0" in source or len(source) > 4096:
        return False
    try:
        return any(path.suffix.lower() in DOCUMENT_ENDINGS for path in (base / source).rglob("*.*"))
    except OSError:
        return False
