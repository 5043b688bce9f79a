"""The `data.labels` section: where labels come from, and what becomes of wrong ones."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from trainwright.recipe.reads import Section

Name = Annotated[str, Field(min_length=1, max_length=4096)]
Place = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$", max_length=256)]


class Condition(Section):
    """What must hold of one column; all that is said must."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    column: Name
    """The column that is looked at."""
    matches: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    """A pattern that is found in the text, in RE2's syntax."""
    contains: Name | None = None
    """A text that is found in it, whatever the case."""
    equals: str | float | bool | None = None
    """The very value."""
    above: float | None = Field(default=None, alias=">")
    """Written `">"`: the number is greater."""
    below: float | None = Field(default=None, alias="<")
    """Written `"<"`: the number is less."""
    among: Annotated[tuple[str, ...], Field(strict=False)] | None = Field(default=None, alias="in")
    """Written `in`: the value is one of these."""

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        tests = (self.matches, self.contains, self.equals, self.above, self.below, self.among)
        if all(test is None for test in tests):
            raise ValueError(
                f"nothing is asked of column {self.column!r}"
                " | mend: add matches, contains, equals, '>', '<' or in"
            )
        return self


def _several(value: Any) -> Any:  # noqa: ANN401 - validator input
    return value if isinstance(value, list | tuple) else (value,)


class Rule(Section):
    """A labelling function in words: a label where the conditions hold, none elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: Name | None = None
    """What tables call it; its number where not said."""
    conditions: Annotated[
        tuple[Condition, ...],
        Field(strict=False, min_length=1, max_length=20),
        BeforeValidator(_several),
    ] = Field(alias="if")
    """Written `if`: a condition, or a list of which all must hold."""
    label: str
    """The class that it votes for."""


class LabelSettings(Section):
    """Where labels come from, and what becomes of wrong ones."""

    errors: Literal["find", "drop", "off"] = "find"
    """Labels that look wrong are named; `drop` leaves their train rows out; `off` does not look."""
    false_alarms: float = Field(default=0.2, gt=0, lt=1)
    """Share of the named labels that may be right after all: at most that, in 19 cases of 20."""
    also: Annotated[tuple[Name, ...], Field(strict=False, max_length=1000)] = ()
    """Further columns that are labels, where a row has several: wrong ones are named as the target's are, by
    models that are shown none of them. They stay inputs unless `drop` names them too."""
    corrections: str | None = None
    """A file with columns row and label, as `trainwright label --export` writes it: FILE:POSITION, or the
    position in all files, each from 0. A third, column, may name one of `also`; where empty: the target."""
    annotators: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """Columns of labels, one an annotator; the target comes from them."""
    annotations: str | None = None
    """The same in a file: columns row, annotator and label."""
    combine: Literal["majority", "dawid-skene", "mace"] = "majority"
    """How several labels become one."""
    functions: Annotated[tuple[Place | Rule, ...], Field(strict=False, max_length=200)] = ()
    """Labelling functions, `module:function` or rules, for train rows without a target."""

    @model_validator(mode="after")
    def _fits(self) -> LabelSettings:
        if self.annotators and self.annotations is not None:
            raise ValueError(
                "annotators come as columns and as a file | mend: keep annotators or annotations"
            )
        if len(self.annotators) == 1:
            raise ValueError(
                "one annotator is no several | mend: name two columns, or data: {target: COLUMN}"
            )
        if self.combine != "majority" and not self.annotators and self.annotations is None:
            raise ValueError("there is nothing to combine | mend: annotators: [COLUMN, COLUMN]")
        return self
