"""`trainwright init`: look at the data, infer the task, write a commented recipe."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from trainwright.core.columns import Task
from trainwright.core.durable import write_text
from trainwright.core.errors import CommandError
from trainwright.data.look import ColumnLook, Look
from trainwright.data.look import look as look_at
from trainwright.runs.folder import dump_yaml


@dataclass(frozen=True, slots=True)
class Started:
    """Attributes.

    recipe: The file that was written.
    text: What stands in it.
    look: What was seen in the data.
    """

    recipe: Path
    text: str
    look: Look


def init(data: Path, *, target: str | None = None, output: Path | None = None) -> Started:
    """Write a recipe for a data file.

    Args:
        data: File, glob or folder.
        target: What is predicted; proposed where not said.
        output: The recipe's file; NAME.yaml in the working folder by default.

    Raises:
        CommandError: the recipe is there already.
        DataError: the data cannot be read.
        RecipeError: there is no such target.
    """
    seen = look_at(data, target=target)
    recipe = output or Path(f"{_slug(data)}.yaml")
    if recipe.exists():
        raise CommandError(
            "this recipe is there already; it is yours and is not overwritten",
            where=str(recipe),
            mend="name another file: -o other.yaml",
        )
    text = recipe_text(seen, source=os.path.relpath(data, recipe.resolve().parent))
    write_text(recipe, text)
    return Started(recipe, text, seen)


def recipe_text(seen: Look, *, source: str) -> str:
    """A commented recipe; every line in it is active or shows what may be said."""
    metric, bound = _METRICS[seen.task]
    split = (
        f"  split: {{by: time, column: {_value(seen.time)}}}  # rows are dated: the latest are the test"
        if seen.time
        else "  # split: {by: time, column: WHEN}   # where rows are predicted after the fact"
    )
    read = _OF_DOCUMENTS if seen.documents else ""
    group = _value(seen.groups[0]) if seen.groups else "WHO"
    columns = "\n".join(_described(column) for column in seen.columns)
    return f"""# What a run needs; every default is written into the run's folder.
name: {_slug(Path(source))}
task: {seen.task.value}
data:
  source: {_value(source)}
{read}  target: {_value(seen.target)}{"  # proposed: say what is predicted" if seen.proposed else ""}
{split}
  # split: {{by: group, column: {group}}}   # where several rows belong to one person or thing
  # known_after: [COLUMN]   # columns not yet known when the prediction is made
  # drop: [COLUMN]          # columns to leave out
  # columns: {{COLUMN: category}}   # types that were read wrongly
model: {{family: auto}}       # or baseline, linear, lightgbm
training: {{budget: 5m, seed: 0}}
# evaluation: {{metric: {metric}, slices: [COLUMN]}}
# deployment: {{gate: {{{metric}: "{bound}"}}}}

# The columns as they were read:
{columns}
"""


_OF_DOCUMENTS = "  read: documents   # each text file is a row; its sub-folder is its label\n"
_METRICS = {
    Task.CLASSIFICATION: ("roc_auc", ">= 0.70"),
    Task.MULTI_LABEL: ("micro_f1", ">= 0.50"),
    Task.REGRESSION: ("rmse", "<= 1.0"),
}


def _described(seen: ColumnLook) -> str:
    """One comment line a column; what comes from the data is quoted, so that it cannot end the comment."""
    examples = ", ".join(repr(example)[:30] for example in seen.examples)
    missing = f", {seen.null_fraction:.0%} missing" if seen.null_fraction else ""
    name, kind = repr(seen.column.name), seen.column.type.value
    shown = f": {examples}" if examples else ""
    return f"#   {name:28} {kind:11} {seen.num_distinct} distinct{missing}{shown}"


def _value(value: object) -> str:
    """A scalar as YAML reads it back."""
    return dump_yaml({"v": value})[3:].strip()


def _slug(path: Path) -> str:
    stem = path.name.split(".")[0] or "data"
    text = "".join(c if c.isalnum() and c.isascii() else "-" for c in stem.lower())
    return text.strip("-")[:64] or "data"
