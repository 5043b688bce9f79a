"""Write the reference pages that are generated.

The recipe comes from its schema, the command line from its verbs, the Python interface from its names.

`make docs` runs it; a test says when a page is stale. A key's meaning is the docstring below its field.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import typer.main
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import trainwright
import trainwright.training as training
from trainwright.cli.main import app
from trainwright.core.parts import families, objectives, optimizers, schedules
from trainwright.recipe.corpus import FilterSettings, Toxicity
from trainwright.recipe.data import ColumnSettings, Inputs, SeriesSettings, SplitSettings
from trainwright.recipe.governance import CardSettings
from trainwright.recipe.labels import Condition, LabelSettings, Rule
from trainwright.recipe.layout import LayoutSettings
from trainwright.recipe.mixture import MixtureSettings
from trainwright.recipe.quantities import parse_duration
from trainwright.recipe.repair import Limits, RepairSettings, UnreadableSettings
from trainwright.recipe.schema import Recipe
from trainwright.recipe.sections import (
    Averaging,
    CheckpointSettings,
    Distillation,
    DriftSettings,
    EarlyStopping,
    Mixing,
)
from trainwright.recipe.similarity import DecontaminationSettings, NearDuplicateSettings

HERE = Path(__file__).parent / "reference"
TABLES = Path(__file__).parents[1] / "tests"
VERBS = (
    "run",
    "train",
    "prove",
    "estimate",
    "evaluate",
    "compare",
    "audit",
    "reproduce",
    "export",
    "predict",
    "monitor",
    "load_package",
)
NESTED = {
    "data.split": SplitSettings,
    "data.columns.NAME": ColumnSettings,
    "data.inputs": Inputs,
    "data.series": SeriesSettings,
    "data.layout": LayoutSettings,
    "data.repair": RepairSettings,
    "data.repair.limits.COLUMN": Limits,
    "data.unreadable": UnreadableSettings,
    "data.near_duplicates": NearDuplicateSettings,
    "data.decontaminate": DecontaminationSettings,
    "data.filters": FilterSettings,
    "data.filters.toxicity": Toxicity,
    "data.labels": LabelSettings,
    "data.labels.functions": Rule,
    "data.labels.functions.if": Condition,
    "data.card": CardSettings,
    "data.mixture": MixtureSettings,
    "training.early_stopping": EarlyStopping,
    "training.averaging": Averaging,
    "training.mixing": Mixing,
    "training.distillation": Distillation,
    "training.checkpoints": CheckpointSettings,
    "monitoring.drift": DriftSettings,
}

# Every name of `trainwright.training`, once.
LIBRARY = {
    "The trainer": (
        "Trainer", "Outcome", "Best", "Record", "Progress", "write_report", "find_learning_rate",
        "Averaging", "CheckpointSettings", "EarlyStopping", "Mixing",
    ),
    "Samples": (
        "Source", "Measured", "ArraySource", "RaggedSource", "MemoryMappedSource", "write_columns",
        "subset", "concatenated", "seed_of",
    ),
    "Objectives": (
        "Objective", "LossPart", "CrossEntropy", "Focal", "BinaryCrossEntropy", "MeanSquared",
        "MeanAbsolute", "Huber", "Quantile", "RankNet", "ListNet", "ListMLE", "MaskedTokens",
        "NextToken", "NTXent", "Denoising", "Distillation", "MultiTask", "SharedTrunk",
    ),
    "Optimisers and schedules": (
        "AdamW", "SGD", "Adafactor", "Muon", "ParameterGroup", "layerwise_groups", "Constant",
        "Linear", "Cosine", "WarmupStableDecay", "OneCycle", "ReduceOnPlateau",
    ),
    "Observers": ("Observer", "StepResult", "Evaluated"),
}  # fmt: skip


def pages() -> dict[Path, str]:
    """Each generated page and its text."""
    return {
        HERE / "recipe.md": recipe_page(),
        HERE / "command-line.md": command_page(),
        HERE / "python.md": python_page(),
        HERE / "training.md": training_page(),
        HERE / "refusals.md": refusals_page(),
    }


def recipe_page() -> str:
    """Every key of a recipe."""
    lines = [
        "# The recipe",
        "",
        "One YAML document says everything about a run. `data.source` and `data.target` alone make a valid",
        "recipe; the run's folder keeps the resolved one, with every default written out. Paths are",
        "relative to the recipe's file. An unknown key is an error that proposes the nearest known one; a",
        "key that was set and that nothing read is exit 1 at the end of the run.",
        "",
        "Scalars follow YAML 1.2: `no` and `on` are words, `012` is text, `1e3` is a number. Durations are",
        "written `90s`, `10m`, `2h`, `7d`, `1w`.",
    ]
    lines += ["", "## Top", "", *table(Recipe, only=("name", "task"))]
    for name, field in Recipe.model_fields.items():
        kind = field.annotation
        if name not in ("name", "task", "model") and isinstance(kind, type):
            lines += ["", f"## {name}", "", inspect.getdoc(kind) or "", "", *table(kind)]
            for path, nested in NESTED.items():
                if path.startswith(f"{name}."):
                    lines += [
                        "",
                        f"### {path}",
                        "",
                        inspect.getdoc(nested) or "",
                        "",
                        *table(nested),
                    ]
    lines += ["", "## model", "", "A family and its settings; `auto` where nothing is said."]
    for kind in families:
        part = families.find(kind)
        lines += ["", f"### family: {kind}", "", inspect.getdoc(part) or "", "", *table(part)]
    for registry in (optimizers, schedules, objectives):
        place = registry.noun.split()[-1]
        lines += ["", f"## training.{place}", "", f"A kind of {registry.noun} and its settings."]
        for kind in registry:
            part = registry.find(kind)
            lines += ["", f"### kind: {kind}", "", inspect.getdoc(part) or "", "", *table(part)]
    return "\n".join(lines) + "\n"


def table(model: type[BaseModel], *, only: tuple[str, ...] = ()) -> Iterator[str]:
    """A Markdown table of a section's keys."""
    yield "| key | default | meaning |"
    yield "| --- | --- | --- |"
    for name, field in model.model_fields.items():
        if not only or name in only:
            default = field.get_default(call_default_factory=True)
            if any(getattr(part, "func", None) is parse_duration for part in field.metadata):
                default = in_minutes(default)
            shown = "needed" if default is PydanticUndefined else plain(default)
            meaning = " ".join((field.description or "").split())
            yield f"| `{field.alias or name}` | {shown} | {meaning} |"


def in_minutes(seconds: float) -> str:
    """A duration as a recipe would spell it."""
    return f"{seconds / 60:g}m" if seconds and seconds % 60 == 0 else f"{seconds:g}s"


def plain(value: object) -> str:
    """A default as a recipe would spell it."""
    if isinstance(value, BaseModel):
        return "see below"
    if value is None:
        return "not set"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def command_page() -> str:
    """Every verb with its arguments and options."""
    lines = [
        "# The command line",
        "",
        "Every verb takes `--workspace DIR` (or `TRAINWRIGHT_WORKSPACE`) and `--json`: then standard",
        "output is one JSON object and nothing else. Progress and warnings go to standard error.",
        "",
        "Exit status: 0 done; 1 a check or gate said no; 2 the command or the recipe is wrong; 3 the",
        "data are wrong; 4 a file is damaged or not trusted; 5 the environment; 6 training failed; 70 a",
        "bug of ours; 75 stopped by a signal, can be resumed.",
        "",
        "RUN is an id, a unique prefix, a name (its newest run) or `latest`; MODEL is `name@champion`,",
        "`name/3`, a RUN, or a package folder.",
    ]
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        usage = " ".join(["trainwright", name, *(p.metavar or p.name.upper() for p in arguments)])
        lines += [
            "",
            f"## {name}",
            "",
            f"`{usage}`: {command.help}",
            "",
            "| option | meaning |",
            "| --- | --- |",
        ]
        for parameter in command.params:
            if parameter.param_type_name == "option":
                lines.append(f"| `{', '.join(parameter.opts)}` | {parameter.help or ''} |")
    return "\n".join(lines) + "\n"


def python_page() -> str:
    """Every public name, and what the verbs give back; the texts are the docstrings, put in by mkdocs."""
    public = [getattr(trainwright, name) for name in trainwright.__all__]
    functions = [value for value in public if inspect.isfunction(value)]
    results = {typing.get_type_hints(f)["return"] for f in functions if f.__name__ in VERBS}
    classes = {value for value in (*public, *results) if dataclasses.is_dataclass(value)}
    errors = [value for value in public if isinstance(value, type) and issubclass(value, Exception)]
    lines = [
        "# The Python interface",
        "",
        "`import trainwright as tw` offers the functions and errors below, and `Recipe`, `Split` and `Task`.",
        "[From Python](../learn/python.md) shows them at work.",
    ]
    for heading, values in (
        ("Functions", functions),
        ("What they give and take", sorted(classes, key=lambda value: value.__name__)),
        ("Errors", errors),
    ):
        lines += ["", f"## {heading}"]
        lines += [f"\n::: {value.__module__}.{value.__name__}" for value in values]
    return "\n".join(lines) + "\n"


def training_page() -> str:
    """Every public name of the training loop as a library, by the room that it is in."""
    lines = [
        "# The training loop",
        "",
        "`from trainwright.training import ...` offers the names below; torch is imported when the first is",
        "asked for. [Your own network](../learn/own-module.md) shows them at work.",
    ]
    for heading, names in LIBRARY.items():
        lines += ["", f"## {heading}"]
        lines += [f"\n::: {getattr(training, name).__module__}.{name}" for name in names]
    return "\n".join(lines) + "\n"


def refusals_page() -> str:
    """What is refused, from the tables that the tests run."""
    sys.path.insert(0, str(TABLES))
    from refusals.command_cases import COMMANDS, NAMES, PACKAGES
    from refusals.data_cases import DATA
    from refusals.http_cases import REQUESTS, TOKENS
    from refusals.recipe_cases import RECIPES

    lines = [
        "# What is refused, and how",
        "",
        "Every line is a test: the input is made, given to the command line (or to a running server), and",
        "status, message, place and mend are compared. A refusal leaves nothing half-written and tells all",
        "faults at once. Status 0 or 200 means that the input is read as it was meant, and a finding or a",
        "warning says so. *pasted* means that the mend was pasted into the recipe, and that it ended with 0.",
    ]
    for title, cases in (
        ("Data", DATA),
        ("Recipes", RECIPES),
        ("Packages", PACKAGES),
        ("Names", NAMES),
        ("Commands", COMMANDS),
    ):
        lines += ["", f"## {title}", "", "| | what | exit status | message | mend |"]
        lines.append("| --- | --- | --- | --- | --- |")
        for case in cases:
            mend = cell(case.mend) + (" (*pasted*)" if case.pasted else "")
            start = f"| {case.number} | {case.title} | {case.status} |"
            lines.append(f"{start} {cell(case.what)} | {mend} |")
    lines += ["", "## Requests", "", "| | what | HTTP status | message | mend |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for request in (*REQUESTS, *TOKENS):
        told = f"{cell(request.what)} | {cell(request.mend)}"
        lines.append(f"| {request.number} | {request.title} | {request.status} | {told} |")
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """Words of a message as code in a table; nothing in them is markup."""
    plain = " ".join(text.replace("`", "'").split())
    return f"`{plain}`".replace("|", "\\|") if plain else ""


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text)
