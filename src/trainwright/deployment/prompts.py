"""What a model that writes is asked about a row: the same in batch scoring and in the server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trainwright.core.columns import ColumnType
from trainwright.core.language import Message, Prompt
from trainwright.core.protocols import Model


def prompt_of(row: Mapping[str, Any], model: Model) -> Prompt | None:
    """The prompt of a typed row: its text, or its conversation up to where the assistant has the word.

    A conversation that ends with the assistant is asked for that turn again.

    Returns:
        None where the row says nothing.
    """
    column = model.inputs[0]
    value = row.get(column.name)
    if not value:
        return None
    if column.type is not ColumnType.MESSAGES:
        return str(value)
    turns = [Message(**turn) for turn in json.loads(value)]
    if turns and turns[-1].role == "assistant":
        turns = turns[:-1]
    return tuple(turns) or None
