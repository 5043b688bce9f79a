"""Repair of conversations: what a step does to a text it does to each turn of theirs.

The cells are canonical JSON, of which only what is said is mended: no step sees a role, or the signs that
JSON writes for a line end. A step that leaves nothing of a turn leaves that turn alone, since a
conversation has no empty turns; the steps after it still see it. Cost: each conversation is parsed, each
distinct turn that a scan marks as suspicious is mended once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import canonical_json
from trainwright.data.repair.texts import Step, step


def step_of(column: Column, name: str) -> Step:
    """The step of this name as it mends the cells of this column.

    Raises:
        EnvironmentFault: it needs a key that the environment lacks, or holds another one.
    """
    found = step(name)
    return of_turns(found) if column.type is ColumnType.MESSAGES else found


def of_turns(plain: Step) -> Step:
    """The same for conversations, as JSON of {content, role}."""

    def mend_many(cells: Sequence[str]) -> list[str]:
        return in_turns(cells, lambda texts: _mended(plain, texts))

    return Step(r"[\s\S]", lambda cell: mend_many([cell])[0], mend_many)


def in_turns(cells: Sequence[str], write: Callable[[list[str]], Sequence[str]]) -> list[str]:
    """Conversations with each turn as `write` has it; it is given all distinct ones at once."""
    talks = [json.loads(cell) for cell in cells]
    said = list(dict.fromkeys(turn["content"] for talk in talks for turn in talk))
    new = dict(zip(said, write(said), strict=True))
    changed = [any(new[turn["content"]] != turn["content"] for turn in talk) for talk in talks]
    return [
        canonical_json([turn | {"content": new[turn["content"]]} for turn in talk]).decode()
        if is_changed
        else cell
        for cell, talk, is_changed in zip(cells, talks, changed, strict=True)
    ]


def _mended(plain: Step, texts: list[str]) -> list[str]:
    """Only texts that a scan marks as suspicious go through the step."""
    rows = pl.Series(texts, dtype=pl.String).str.contains(plain.suspicious).arg_true().to_list()
    mended = list(texts)
    for row, text in zip(rows, plain.mend_all([texts[row] for row in rows]), strict=True):
        mended[row] = text or texts[row]
    return mended
