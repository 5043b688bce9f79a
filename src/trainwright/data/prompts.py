"""Rows as prompts: a template with column names in braces, or every column on a line of its own.

`{column}` stands for the row's value, `{{` and `}}` for braces; nothing else has a meaning, so that neither
a template nor a value can run anything. A missing value is "(missing)". Nothing is fitted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from trainwright.core.columns import Column, ColumnType
from trainwright.core.durable import read_json, write_json
from trainwright.core.errors import RecipeError, nearest
from trainwright.core.features import PromptNeeds, Prompts
from trainwright.core.language import Message, Prompt

MISSING = "(missing)"
_FILE = "preparation.json"
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class PromptPreparation:
    """A template over columns (`core.protocols.Preparation`).

    Attributes:
        columns: Those that a row is told by.
        template: None: "name: value" lines.
    """

    columns: tuple[Column, ...]
    template: str | None

    @property
    def kind(self) -> str:
        """Its name in `core.parts.SAVED`."""
        return "api-preparation"

    def transform(self, frame: pl.DataFrame) -> Prompts:
        """A prompt a row."""
        names = [column.name for column in self.columns]
        kinds = {c.name: c.type for c in self.columns}
        told = frame.select(
            pl.col(name).dt.epoch("us") if kinds[name] is ColumnType.DATETIME else pl.col(name)
            for name in names
        )
        return self.transform_rows(list(told.iter_rows(named=True)))

    def transform_rows(self, rows: Sequence[Mapping[str, Any]]) -> Prompts:
        return Prompts(tuple(self._prompt(row) for row in rows))

    def turns(self, prompt: Prompt) -> tuple[Message, ...]:
        """What is told of a prompt: a conversation as it stands, a text in its place in the template."""
        if isinstance(prompt, tuple):
            return prompt
        assert isinstance(prompt, str)
        return (Message("user", self._prompt({self.columns[0].name: prompt})),)

    def unseen(self, rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        return [[] for _ in rows]

    def save(self, folder: Path) -> None:
        columns = [column.to_json() for column in self.columns]
        write_json(folder / _FILE, {"columns": columns, "template": self.template})

    @classmethod
    def load(cls, folder: Path) -> PromptPreparation:
        """From a folder whose hashes the caller has verified."""
        document = read_json(folder / _FILE)
        return cls(tuple(map(Column.from_json, document["columns"])), document["template"])

    def _prompt(self, row: Mapping[str, Any]) -> str:
        values = {column.name: written(row.get(column.name), column) for column in self.columns}
        if self.template is None:
            return "\n".join(f"{name}: {value}" for name, value in values.items())
        return _PIECE.sub(
            lambda found: found[0][0] if found[1] is None else values[found[1].strip()],
            self.template,
        )


def fit_prompts(inputs: Sequence[Column], needs: PromptNeeds) -> PromptPreparation:
    """The preparation of a template.

    Raises:
        RecipeError: the template names a column that is not there, or none at all.
    """
    if needs.template is None:
        return PromptPreparation(tuple(inputs), None)
    known = {column.name: column for column in inputs}
    named = list(dict.fromkeys(names_in(needs.template)))
    for name in named:
        if name not in known:
            near = nearest(name, known)
            raise RecipeError(
                f"the prompt names a column {name!r} that the model may not use, or that is not there",
                where="model.prompt",
                mend=f"write {{{near}}}" if near else f"the columns are: {', '.join(known)}"[:300],
            )
    if not named:
        raise RecipeError(
            "the prompt names no column: every row would be asked the same",
            where="model.prompt",
            mend=f'prompt: "... {{{next(iter(known))}}} ..."',
        )
    return PromptPreparation(tuple(known[name] for name in named), needs.template)


def names_in(template: str) -> Iterator[str]:
    """The columns that a template names, in order."""
    return (found[1].strip() for found in _PIECE.finditer(template) if found[1] is not None)


def written(value: Any, column: Column) -> str:  # noqa: ANN401 - a value of any column
    """A value as a person would write it."""
    if value is None:
        return MISSING
    if column.type is ColumnType.DATETIME:
        return datetime.fromtimestamp(value / 1e6, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
