"""From JSON values to the rows that a model takes, checked against its signature.

Each cell goes through the function by which batch scoring reads it too, so that a row means the same in both.
All faults of a request are told at once, each with its JSON pointer. A null and an unseen category are
answered with a warning, unless the column is `required` or `closed`, as are channels of a series that differ
in length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import Fault, nearest, shorten, with_article
from trainwright.core.protocols import Model
from trainwright.deployment.server.body import Twice
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.refusal import Refusal, pointer
from trainwright.summaries.constraints import broken_by

_KINDS = {
    ColumnType.NUMBER: "number",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.WORDS: "array",
    ColumnType.SERIES: "array",
    ColumnType.MESSAGES: "array",
}
_SENT = {
    ColumnType.WORDS: "a list of texts",
    ColumnType.SERIES: "a list of numbers",
    ColumnType.MESSAGES: 'a list of messages: [{"role": "user", "content": "..."}]',
}
_ITEMS = {
    ColumnType.WORDS: "string",
    ColumnType.SERIES: "number",
    ColumnType.MESSAGES: "object",
}
Parse = Callable[[Column, Any], Any]
Extra = Literal["refuse", "ignore"]


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows for the model.

    Attributes:
        rows: Values as `Model.predict_rows` takes them.
        warnings: What is odd about each row, in words.
    """

    rows: list[dict[str, Any]]
    warnings: list[list[str]]


class Contract:
    """Checks the bodies of prediction requests against a model's inputs."""

    def __init__(self, model: Model, *, parse: Parse, extra: Extra, limits: Limits) -> None:
        self._model = model
        self._parse = parse
        self._extra = extra
        self._limits = limits
        self._columns = [(column.name, column) for column in model.inputs]
        self._names = {column.name for column in model.inputs}
        self._closed = {column.name for column in model.inputs if column.closed}
        self._channels = [c.name for c in model.inputs if c.type is ColumnType.SERIES]
        self._hidden = {c.name for c in model.inputs if c.repair is not None and c.repair.hides}
        self._ruled = [column for column in model.inputs if column.rule is not None]
        self._has_categories = any(c.type is ColumnType.CATEGORY for c in model.inputs)

    def check(self, document: Any) -> Checked:  # noqa: ANN401 - any JSON value
        """The rows of a request.

        Raises:
            Refusal: 413 too many rows; 422 anything else, all faults at once.
        """
        instances = self._instances(document)
        faults: list[Fault] = []
        checked = Checked([], [])
        for position, instance in enumerate(instances):
            self._row(instance, position, checked, faults)
            if len(faults) >= self._limits.faults:
                break
        if not faults and self._has_categories:
            self._warn_of_unseen(checked, faults)
        if faults:
            first, *others = faults[: self._limits.faults]
            raise Refusal(422, first.what, where=first.where, mend=first.mend, others=others)
        return checked

    def _instances(self, document: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
        shape = 'send {"instances": [{COLUMN: value}]}'
        if type(document) is not dict or set(document) != {"instances"}:
            what = (
                f"key {shorten(document.key)} stands twice in one object"
                if isinstance(document, Twice)
                else 'the body must be an object with the one key "instances"'
            )
            raise Refusal(422, what, mend=shape)
        instances = document["instances"]
        if not isinstance(instances, list):
            raise Refusal(422, "the instances must be a list", where="/instances", mend=shape)
        if len(instances) > self._limits.rows:
            raise Refusal(
                413,
                f"{len(instances)} rows, more than {self._limits.rows} in one request",
                where="/instances",
                mend="send fewer rows a request, or use `trainwright predict`",
            )
        return instances

    def _row(self, instance: Any, position: int, checked: Checked, faults: list[Fault]) -> None:  # noqa: ANN401
        if type(instance) is not dict:
            faults.append(_no_object(instance, position))
            return
        if instance.keys() != self._names:
            faults += self._name_faults(instance, position)
        row: dict[str, Any] = {}
        warnings: list[str] = []
        for name, column in self._columns:
            if name not in instance:
                continue
            try:
                value = row[name] = self._parse(column, instance[name])
            except ValueError as error:
                mend = f"send {_SENT.get(column.type, with_article(column.type.value))}, or null"
                faults.append(Fault(str(error)[:200], pointer("instances", position, name), mend))
                continue
            if value is None:
                warnings.append(f"column {name!r} is null")
                if column.required:
                    what = "null in a column that is required"
                    where = pointer("instances", position, name)
                    mend = f"send {_SENT.get(column.type, with_article(column.type.value))}"
                    faults.append(Fault(what, where, mend))
        warnings += self._uneven(row)
        for name, what in broken_by(self._ruled, row):
            value = "the value" if name in self._hidden else shorten(instance[name])
            told = f"{value} breaks the contract, which asks for {what}"
            faults.append(Fault(told, pointer("instances", position, name), f"send {what}"))
        checked.rows.append(row)
        checked.warnings.append(warnings)

    def _uneven(self, row: Mapping[str, Any]) -> list[str]:
        """A warning where the channels of a series have not the same number of steps."""
        lengths = {name: len(row[name]) for name in self._channels if row.get(name) is not None}
        if len(set(lengths.values())) <= 1:
            return []
        told = ", ".join(f"{shorten(name)} {steps}" for name, steps in lengths.items())
        what = f"the channels have not the same number of steps ({told[:300]})"
        return [
            f"{what}: they are taken to end together, the beginning of the shorter ones missing"
        ]

    def _name_faults(self, instance: Mapping[str, Any], position: int) -> list[Fault]:
        faults = [
            Fault(
                f"column {name!r} is missing",
                pointer("instances", position, name),
                "send it; its value may be null",
            )
            for name, _ in self._columns
            if name not in instance
        ]
        if self._extra == "ignore":
            return faults
        for name in instance:
            if name not in self._names:
                near = nearest(name, self._names)
                mend = (
                    f"did you mean {near!r}?" if near else "leave it out, or serve --extra ignore"
                )
                what = f"the model has no column {shorten(name)}"
                faults.append(Fault(what, pointer("instances", position, name[:80]), mend))
        return faults

    def _warn_of_unseen(self, checked: Checked, faults: list[Fault]) -> None:
        for position, names in enumerate(self._model.unseen(checked.rows)):
            for name in names:
                what = f"column {name!r}: {shorten(checked.rows[position][name])} was not seen in training"
                checked.warnings[position].append(what)
                if name in self._closed:
                    mend = "send a category of the training data"
                    faults.append(Fault(what, pointer("instances", position, name), mend))


def _no_object(instance: Any, position: int) -> Fault:  # noqa: ANN401 - any JSON value
    if isinstance(instance, Twice):
        what = f"key {shorten(instance.key)} stands twice in one object"
        return Fault(
            what, pointer("instances", position, instance.key[:80]), "send each column once"
        )
    what = f"a row must be an object, got {shorten(instance)}"
    return Fault(what, pointer("instances", position), "send {COLUMN: value}")


def schema_of(columns: Sequence[Column]) -> dict[str, Any]:
    """The JSON schema of one instance, for the OpenAPI document."""
    properties = {
        column.name: {
            "type": [_KINDS.get(column.type, "string"), *([] if column.required else ["null"])],
            **({"items": {"type": _ITEMS[column.type]}} if column.type in _ITEMS else {}),
        }
        for column in columns
    }
    return {
        "type": "object",
        "properties": properties,
        "required": [column.name for column in columns],
    }
