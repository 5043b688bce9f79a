"""Detector: columns whose texts name persons, by the tagger that the recipe names.

Rows are drawn, not all looked at: a tagger reads some hundred texts a second where a pattern reads millions.
In a text any name counts; a category or an identifier holds names where most of its values are nothing else,
since a tagger knows little of a word that stands alone. A name is never shown.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.clock import Deadline
from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.core.errors import shorten
from trainwright.data.findings import finding
from trainwright.data.privacy.detect import other_actions
from trainwright.data.privacy.naming import LETTER, TEXTS, NameFinder
from trainwright.data.types.case import yaml_word
from trainwright.data.view import View
from trainwright.summaries.language import contents

MOST_ROWS = 5_000  # that are looked at
NAMES_SHARE = 0.5  # of the values of a category, before it is one of names
WHOLE = 0.6  # of a value's letters, before it is nothing but a name
_PROSE = (ColumnType.TEXT, ColumnType.MESSAGES)
_KINDS = (*_PROSE, ColumnType.CATEGORY, ColumnType.IDENTIFIER)


def find(view: View, *, deadline: Deadline) -> list[Finding]:
    """Findings of kind `personal-data`; of columns that the recipe speaks of, a note."""
    tagger, said = view.tagger, view.settings.personal_data
    if tagger is None:
        return []
    finder = NameFinder(tagger)
    columns = [c for c in view.columns if c.type in _KINDS and said.get(c.name) != "drop"]
    columns = [c for c in columns if not _is_hidden_whole(c)]
    if not columns:
        return []
    rows = view.sample([column.name for column in columns], size=MOST_ROWS)
    talks = [column.name for column in columns if column.type is ColumnType.MESSAGES]
    rows = rows.with_columns(contents(rows[name]) for name in talks)
    found = []
    for column in columns:
        told = _find_in(
            column,
            rows,
            finder,
            said.get(column.name),
            deadline,
            actions=other_actions(column, view),
        )
        found += [told] if told is not None else []
    return found


def _find_in(
    column: Column,
    rows: pl.DataFrame,
    finder: NameFinder,
    said: str | None,
    deadline: Deadline,
    *,
    actions: str,
) -> Finding | None:
    asked = rows.filter(pl.col(column.name).str.contains(LETTER))
    is_text = column.type in _PROSE
    texts = asked[column.name].unique(maintain_order=True).to_list()
    holds: dict[str, bool] = {}
    for at in range(0, len(texts), TEXTS):
        if not deadline.go_on(f"names in {column.name}", at):
            break
        some = texts[at : at + TEXTS]
        for text, spans in zip(some, finder.find(some), strict=True):
            letters = sum(stop - start for start, stop in spans)
            holds[text] = bool(spans) and (is_text or letters >= WHOLE * len(text))
    if not any(holds.values()) or (not is_text and sum(holds.values()) < NAMES_SHARE * len(holds)):
        return None
    looked = asked.filter(pl.col(column.name).is_in(list(holds)))
    mine = looked.filter(
        pl.col(column.name).is_in([text for text, is_one in holds.items() if is_one])
    )
    name = yaml_word(column.name)
    return finding(
        "personal-data",
        "warning" if said is None else "info",
        f"column {shorten(column.name)} names persons: {mine.height} of {looked.height} rows that were"
        f" looked at ({mine.height / looked.height:.1%})"
        + ("; kept, as the recipe says" if said == "keep" else "")
        + ("; what the model finds where the others were taken out" if said in _TAKEN else ""),
        column=column.name,
        rows=mine[ROW].to_numpy().astype(np.int64),
        remedy="" if said else f"data: {{personal_data: {{{name}: redact}}}}  # or {actions}",
    )


_TAKEN = ("redact", "hash")


def _is_hidden_whole(column: Column) -> bool:
    steps = column.repair.text if column.repair else ()
    return any(step.partition(":")[0].endswith("-whole") for step in steps)
