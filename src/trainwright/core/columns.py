"""Columns, how each is read, and what is predicted from them.

In every frame that comes from a snapshot reserved columns stand beside the data: `ROW` (int64, the row's
global position over all sources in order, from 0); where some rows are resampled together for an interval
also `UNIT` (int64: the row with its copies, its group, or its block of time); a forecast's future is
`FUTURE`. In the train frame of a snapshot whose rows do not all count alike there is also `WEIGHT`
(float64 above 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Literal

ROW = "__row__"


UNIT = "__unit__"


FUTURE = "__future__"


WEIGHT = "__weight__"


RESERVED = (ROW, UNIT, FUTURE, WEIGHT)


class Task(StrEnum):
    """What is predicted."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    MULTI_LABEL = "multi-label"  # any number of labels a row
    TOKEN_CLASSIFICATION = "token-classification"  # a class for each word of a text
    FORECASTING = "forecasting"  # the next `horizon` values of a series
    LANGUAGE_MODELLING = "language-modelling"  # documents, told token by token
    INSTRUCTION_TUNING = "instruction-tuning"  # the assistant's turns of conversations
    TEXT_TO_TEXT = "text-to-text"  # a text for a text

    @property
    def is_language(self) -> bool:
        """True where text is told: judged by the bits that a model spends on it."""
        return self in (Task.LANGUAGE_MODELLING, Task.INSTRUCTION_TUNING, Task.TEXT_TO_TEXT)

    @property
    def is_generated(self) -> bool:
        """True where a prediction is a text that the model writes."""
        return self in (Task.INSTRUCTION_TUNING, Task.TEXT_TO_TEXT)

    @property
    def has_classes(self) -> bool:
        """True where classes are predicted, False for numbers."""
        return self in (Task.CLASSIFICATION, Task.MULTI_LABEL, Task.TOKEN_CLASSIFICATION)


class ColumnType(StrEnum):
    """How a column is read and prepared."""

    NUMBER = "number"  # float64
    CATEGORY = "category"  # string
    BOOLEAN = "boolean"  # boolean
    DATETIME = "date-time"  # microseconds, UTC where the text carries an offset
    TEXT = "text"  # string of several words
    IDENTIFIER = "identifier"  # string; kept out of the features
    IMAGE = "image"  # the bytes of an image file (binary)
    WORDS = "words"  # a text cut into words (list of strings)
    LABELS = "labels"  # any number of labels, sorted, each once (list of strings); a target alone
    SERIES = "series"  # numbers in the order of time (list of float64)
    MESSAGES = "messages"  # a conversation: canonical JSON of [{"role", "content"}, ...] (string)


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How numbers are written that are more than digits, a decimal mark and an exponent.

    Attributes:
        thousands: The mark between groups of digits; a blank stands for any kind of blank.
        brackets: (12) is -12.
        units: What may stand before or after the digits, and what a number is then multiplied by.
        unit: Of the values that this gives, for a person; a share has none.
        bare: Numbers without any of the units are read too.
        clock: They are clock times: of a day, as hours after midnight; or lengths, in units of the first
            part. "" for all other numbers.
        behind: 12- is -12.
        fractions: 1 1/2 and 1½ are 1.5.
    """

    thousands: str = ""
    brackets: bool = False
    units: tuple[tuple[str, float], ...] = ()
    unit: str = ""
    bare: bool = True
    clock: Literal["", "day", "length"] = ""
    behind: bool = False
    fractions: bool = False

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> NumberFormat:
        """Inverse of `asdict`, in JSON."""
        units = tuple((text, float(factor)) for text, factor in value["units"])
        return cls(**{**value, "units": units})


@dataclass(frozen=True, slots=True)
class Repair:
    """What is mended in a column's values once they are typed, wherever they are typed.

    Attributes:
        text: Steps for texts, in the order in which they are taken ("mojibake", "html" ...).
        variants: Spellings of a category, each with the one that it becomes; applied after `text`.
        low: The least number that can be; None for no limit.
        high: The greatest.
        beyond: What a number beyond becomes: the limit, or missing.
    """

    text: tuple[str, ...] = ()
    variants: tuple[tuple[str, str], ...] = ()
    low: float | None = None
    high: float | None = None
    beyond: Literal["clip", "missing"] = "missing"

    @property
    def hides(self) -> bool:
        """True where it takes personal data out: then no value is told as it came."""
        return any(step.startswith(("redact", "hash")) for step in self.text)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            **asdict(self),
            "text": list(self.text),
            "variants": [list(pair) for pair in self.variants],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Repair:
        """Inverse of `to_json`."""
        pairs = tuple((spelling, known) for spelling, known in value["variants"])
        return cls(**{**value, "text": tuple(value["text"]), "variants": pairs})


@dataclass(frozen=True, slots=True)
class Rule:
    """What a person asks of a column's values, in training, batch scoring and the server alike.

    Attributes:
        low: The least number; None for no limit.
        high: The greatest.
        categories: The only values that there may be; empty for any.
        pattern: What every text must match whole, in the syntax of Rust's regex; None for any.
        unique: No two rows of the training data hold the same value.
        comparisons: Such as "end >= start": of this column with another one or a constant.
    """

    low: float | None = None
    high: float | None = None
    categories: tuple[str, ...] = ()
    pattern: str | None = None
    unique: bool = False
    comparisons: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        lists = {"categories": list(self.categories), "comparisons": list(self.comparisons)}
        return {**asdict(self), **lists}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Rule:
        """Inverse of `to_json`."""
        lists = {name: tuple(value[name]) for name in ("categories", "comparisons")}
        return cls(**{**value, **lists})


@dataclass(frozen=True, slots=True)
class Column:
    """How one input column is read: the contract that training, batch scoring and the server share.

    Attributes:
        name: As in the source, trimmed.
        type: How its text becomes values.
        integer: A number column that held whole numbers only.
        format: The strptime format of a date-time column (polars notation); None for Parquet's own.
        nulls: The texts that mean "missing" here, beside the empty one.
        decimal: The decimal mark of a number column.
        true: The texts that mean true in a boolean column, lower case.
        required: A null is refused by the server and by batch scoring.
        closed: A category not seen in training is refused.
        written: How the numbers of a text file are written, where that is more than digits.
        formats: Further formats of a date-time column, for texts that `format` does not fit.
        repair: What is mended in the values; None for nothing.
        rule: What the values must keep to, by the contract file; None for nothing.
        separator: What stands between the labels of a text; "" where cells are lists.
    """

    name: str
    type: ColumnType
    integer: bool = False
    format: str | None = None
    nulls: tuple[str, ...] = ()
    decimal: str = "."
    true: tuple[str, ...] = ()
    required: bool = False
    closed: bool = False
    written: NumberFormat | None = None
    formats: tuple[str, ...] = ()
    repair: Repair | None = None
    rule: Rule | None = None
    separator: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what was added to the contract later stands there only where it says something."""
        said = {**asdict(self), "nulls": list(self.nulls), "true": list(self.true)}
        del said["repair"], said["rule"]
        added: dict[str, Any] = {
            "separator": said.pop("separator"),
            "written": said.pop("written"),
            "formats": list(said.pop("formats")),
            "repair": self.repair.to_json() if self.repair else None,
            "rule": self.rule.to_json() if self.rule else None,
        }
        if added["written"]:
            added["written"]["units"] = [list(unit) for unit in added["written"]["units"]]
            if not added["written"]["clock"]:
                del added["written"]["clock"]
        return said | {name: value for name, value in added.items() if value}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Column:
        """Inverse of `to_json`."""
        written, repair, rule = (value.get(name) for name in ("written", "repair", "rule"))
        return cls(
            **{
                **value,
                "type": ColumnType(value["type"]),
                "nulls": tuple(value["nulls"]),
                "true": tuple(value["true"]),
                "written": NumberFormat.from_json(written) if written else None,
                "formats": tuple(value.get("formats", ())),
                "repair": Repair.from_json(repair) if repair else None,
                "rule": Rule.from_json(rule) if rule else None,
            }
        )


@dataclass(frozen=True, slots=True)
class Target:
    """What is predicted: in frames a string column of class labels, or a float64 column.

    Of the multi-label task a list of strings: the row's labels, sorted, each once.

    Attributes:
        column: How the target is read.
        task: Classification or regression.
        classes: Class labels as text, in the order of all probability arrays; empty for regression.
        class_kind: How labels are written out: text, integer, number or boolean.
        heavy_tailed: Regression on a heavy-tailed target: chosen by absolute, not squared, error.
        horizon: Forecasting: how many steps ahead; 0 otherwise.
        season: Forecasting: steps of a season, for the seasonal baseline; 1 where there is none.
        context: Forecasting: steps of the past that are looked at; 0 otherwise.
        naive_error: Forecasting: mean absolute error of the value one season before, within train;
            0 where it is not known. What the metric mase divides by.
        identifier: Of series: how the column is read that says which series a row belongs to.
        time: Of series: how the column is read that orders its steps; None for other rows.
    """

    column: Column
    task: Task
    classes: tuple[str, ...] = ()
    class_kind: Literal["text", "integer", "number", "boolean"] = "text"
    heavy_tailed: bool = False
    horizon: int = 0
    season: int = 1
    context: int = 0
    naive_error: float = 0.0
    identifier: Column | None = None
    time: Column | None = None

    @property
    def name(self) -> str:
        """The target column's name."""
        return self.column.name

    @property
    def tells_itself(self) -> bool:
        """True where the column that is told is the one that is read: documents, conversations."""
        return self.task in (Task.LANGUAGE_MODELLING, Task.INSTRUCTION_TUNING)

    @property
    def is_text(self) -> bool:
        """True where what is told is itself a text: it is looked at and mended as texts that are read are."""
        return self.task.is_language

    @property
    def frame_column(self) -> str:
        """Where frames of a snapshot hold it: a forecast's future stands beside its history."""
        return FUTURE if self.task is Task.FORECASTING else self.name

    def label(self, code: int) -> str | int | float | bool:
        """Class number `code` as the user wrote it: 1 stays 1, not "1"."""
        text = self.classes[code]
        if self.class_kind == "integer":
            return int(text)
        if self.class_kind == "number":
            return float(text)
        return text == "true" if self.class_kind == "boolean" else text

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "column": self.column.to_json(),
            "task": self.task.value,
            "classes": list(self.classes),
            "class_kind": self.class_kind,
            "heavy_tailed": self.heavy_tailed,
            **(
                {
                    "horizon": self.horizon,
                    "season": self.season,
                    "context": self.context,
                    "naive_error": self.naive_error,
                }
                if self.horizon
                else {}
            ),
            **({"identifier": self.identifier.to_json()} if self.identifier else {}),
            **({"time": self.time.to_json()} if self.time else {}),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Target:
        """Inverse of `to_json`."""
        return cls(
            horizon=value.get("horizon", 0),
            season=value.get("season", 1),
            context=value.get("context", 0),
            naive_error=value.get("naive_error", 0.0),
            identifier=Column.from_json(value["identifier"]) if "identifier" in value else None,
            time=Column.from_json(value["time"]) if "time" in value else None,
            column=Column.from_json(value["column"]),
            task=Task(value["task"]),
            classes=tuple(value["classes"]),
            class_kind=value["class_kind"],
            heavy_tailed=value["heavy_tailed"],
        )
