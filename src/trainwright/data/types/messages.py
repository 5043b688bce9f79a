"""The column of conversations, as JSON of {role, content} in the one form that training and server share.

What is written wrongly (no list, an unknown role, too large) is an error; accepted, its rows are left
out. What cannot be learnt from (no turn of the assistant, nothing said, half a character) is left out and
counted. Either way the cell becomes null, as a row without a target does.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.language.conversations import FORM, Misfit, read_conversation, to_text
from trainwright.data.types.case import Context, TypedColumn

_SILENT = "silent"
_LEFT_OUT: Mapping[str, str] = {
    _SILENT: "have no turn of the assistant, so that nothing can be learnt from them",
    "empty": "have no messages",
    "content": "have a turn without content",
    "surrogate": "hold half a character (a lone surrogate), which no text can",
}
_ERRORS: Mapping[str, str] = {
    "structure": "are no conversations",
    "role": "have an unknown role",
    "size": "are larger than 10 MB",
}
_MENDS: Mapping[str, str] = {
    "structure": f"write each as {FORM}",
    "role": "the roles are system, user, assistant and tool",
    "size": "cut them into several",
}


def type_messages(raw: pl.Series, context: Context) -> TypedColumn:
    """A column of conversations; null where there is none to learn from."""
    column = Column(raw.name, ColumnType.MESSAGES, required=context.required, closed=context.closed)
    values: list[str | None] = []
    misfits: dict[str, list[int]] = {}
    told: dict[str, str] = {}
    shared: list[int] = []
    further: dict[str, int] = {}
    for row, cell in enumerate(raw if raw.dtype != pl.Null else [None] * len(raw)):
        values.append(None)
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            continue
        try:
            read = read_conversation(cell)
        except Misfit as error:
            misfits.setdefault(error.reason, []).append(row)
            told.setdefault(error.reason, str(error))
            continue
        if not read.is_answered:
            misfits.setdefault(_SILENT, []).append(row)
            continue
        values[-1] = to_text(read.messages)
        if read.is_sharegpt:
            shared.append(row)
        for key in read.further:
            further[key] = further.get(key, 0) + 1
    findings = [*_misfit_findings(raw.name, misfits, told, context)]
    findings += _odd_findings(raw.name, shared, further)
    return TypedColumn(column, pl.Series(raw.name, values, dtype=pl.String), tuple(findings))


def read_messages(raw: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Cells as conversations where the column is known to hold them, answered or not.

    Returns:
        Canonical texts, and a mask of misfits, which are null in it.
    """
    values: list[str | None] = []
    odd = np.zeros(len(raw), np.bool_)
    for row, cell in enumerate(raw if raw.dtype != pl.Null else [None] * len(raw)):
        values.append(None)
        if cell is None or (isinstance(cell, str) and not cell.strip()):
            continue
        try:
            values[-1] = to_text(read_conversation(cell).messages)
        except Misfit:
            odd[row] = True
    return pl.Series(raw.name, values, dtype=pl.String), pl.Series(odd)


def _misfit_findings(
    name: str, misfits: Mapping[str, list[int]], told: Mapping[str, str], context: Context
) -> list[Finding]:
    found = []
    for reason, rows in misfits.items():
        first = f"the first at {context.place(rows[0])}"
        if reason in told:
            first += f" is {told[reason]}" if reason == "structure" else f": {told[reason]}"
        is_error = reason in _ERRORS
        what = _ERRORS[reason] if is_error else _LEFT_OUT[reason] + ": left out"
        remedy = (
            f"{_MENDS[reason]}; data: {{accept: [type:{name}]}} leaves them out" if is_error else ""
        )
        found.append(
            finding(
                "type",
                "error" if is_error else "warning",
                f"column {shorten(name)}: {len(rows)} rows {what}; {first}",
                column=name,
                rows=np.array(rows, np.int64),
                remedy=remedy,
            )
        )
    return found


def _odd_findings(name: str, shared: list[int], further: Mapping[str, int]) -> list[Finding]:
    found = []
    if shared:
        found.append(
            finding(
                "type",
                "info",
                f"column {shorten(name)}: {len(shared)} conversations are written with from and value;"
                " human is read as user, gpt as assistant",
                column=name,
                rows=np.array(shared, np.int64),
            )
        )
    if further:
        keys = ", ".join(f"{shorten(key, 30)} ({count})" for key, count in sorted(further.items()))
        found.append(
            finding(
                "schema",
                "info",
                f"column {shorten(name)}: of messages role and content are read; not read: {keys}",
                column=name,
                count=max(further.values()),
            )
        )
    return found
