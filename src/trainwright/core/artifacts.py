"""The typed objects that one stage hands to the next.

    recipe -> Snapshot -> FittedModel -> Evaluation -> package -> service -> observations

Values here are frozen and small; rows live in Parquet files that a `Snapshot` names. In every
frame that comes from a snapshot three reserved columns stand beside the data: `ROW` (int64, the
row's global position over all sources in order, from 0), `UNIT` (int64, what is resampled for an
interval: the row with its copies, its group, or its block of time) and the target. In the train
frame of a snapshot whose rows do not all count alike there is also `WEIGHT` (float64 above 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from trainwright.core.language import LanguageNeeds, Passages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

ROW = "__row__"
UNIT = "__unit__"
FUTURE = "__future__"
WEIGHT = "__weight__"
RESERVED = (ROW, UNIT, FUTURE, WEIGHT)


class Task(StrEnum):
    """What is predicted."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
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
        """True where a class is predicted, False for numbers."""
        return self in (Task.CLASSIFICATION, Task.TOKEN_CLASSIFICATION)


class Split(StrEnum):
    """The part of a snapshot that a row belongs to."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


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
    """

    thousands: str = ""
    brackets: bool = False
    units: tuple[tuple[str, float], ...] = ()
    unit: str = ""
    bare: bool = True
    clock: Literal["", "day", "length"] = ""

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

    def to_json(self) -> dict[str, Any]:
        """As JSON values; what was added to the contract later stands there only where it says something."""
        said = {**asdict(self), "nulls": list(self.nulls), "true": list(self.true)}
        del said["repair"], said["rule"]
        added: dict[str, Any] = {
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


FINDING_KINDS = (
    "duplicate",
    "near-duplicate",
    "conflicting-label",
    "label-error",
    "leakage",
    "shift",
    "encoding",
    "category-variant",
    "type",
    "missing",
    "outlier",
    "constant",
    "identifier",
    "imbalance",
    "bias",
    "personal-data",
    "secret",
    "unreadable",
    "schema",
    "not-run",  # a detector that the budget left no time for
)
SHOWN_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that stage 1 saw in the data.

    Attributes:
        kind: What it is, of `FINDING_KINDS`.
        severity: "error" stops the run (exit 3) unless accepted; "warning" is printed; "info" is
            kept.
        column: The column concerned, or None.
        count: How many rows or cells, or None.
        rows: Global positions of the first 1,000 rows concerned.
        message: What was found, with the evidence.
        remedy: What to paste into the recipe, or what to do.
        rows_path: The Parquet file of all rows concerned (row, source, position), relative to the
            snapshot's folder; None where none are named, or no snapshot was written.
        all_rows: All of them, on their way to that file.
    """

    kind: str
    severity: Literal["error", "warning", "info"]
    message: str
    column: str | None = None
    count: int | None = None
    rows: tuple[int, ...] = ()
    remedy: str = ""
    rows_path: str | None = None
    all_rows: NDArray[np.int64] | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> str:
        """How a recipe accepts it: KIND:COLUMN, or KIND where it concerns no column."""
        return f"{self.kind}:{self.column}" if self.column else self.kind

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        names = ("kind", "severity", "column", "count", "message", "remedy", "rows_path")
        return {**{name: getattr(self, name) for name in names}, "rows": list(self.rows)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Finding:
        """Inverse of `to_json`."""
        return cls(**{**value, "rows": tuple(value["rows"])})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An immutable, content-addressed prepared data set.

    Attributes:
        folder: Where its files are: a Parquet file a split, rows.parquet, profile.json,
            manifest.json.
        hash: SHA-256 over values and types of the splits; the folder's name.
        target: What is predicted.
        inputs: The columns that a model may use, in order.
        left_out: Columns that it may not, with the reason ("declared: known after", "constant",
            "identifier" ...).
        rows: Row counts: input, train, validation, test, dropped.
        split: The resolved split settings, `by` among them, and boundaries of a time split.
        findings: What was seen on the way.
        source_key: Identity of the source's rows, for the lockbox: equal for every split of the
            same rows.
        reads: Recipe keys that stage 1 read (kept, so that a reused snapshot counts them again).
        card: What the recipe says of the data beside their values, and groups (see `data.card`).
    """

    folder: Path
    hash: str
    target: Target
    inputs: tuple[Column, ...]
    left_out: Mapping[str, str]
    rows: Mapping[str, int]
    split: Mapping[str, Any]
    findings: tuple[Finding, ...]
    source_key: str
    reads: tuple[str, ...] = ()
    card: Mapping[str, Any] = field(default_factory=dict)

    def path(self, split: Split) -> Path:
        """The split's Parquet file.

        Only `evaluate --split test` may ask for the test split, by the lockbox.
        """
        return self.folder / f"{split.value}.parquet"

    def findings_to_json(self) -> list[dict[str, Any]]:
        """The findings as JSON values, with whole paths of the files of their rows."""
        told = [finding.to_json() for finding in self.findings]
        for found in told:
            if found["rows_path"] is not None:
                found["rows_path"] = str(self.folder / found["rows_path"])
        return told

    @property
    def by_time(self) -> bool:
        """True when rows were split by time, alone or within groups."""
        return self.split.get("by") in ("time", "group-time")


@dataclass(frozen=True, slots=True)
class Features:
    """What an estimator sees.

    Attributes:
        dense: Shape (rows, features), float64; NaN where missing, category codes as whole numbers.
        names: One name a dense feature.
        categorical: Positions of dense features that are category codes (-1 never occurs; unseen
            is NaN).
        sparse: Text features, shape (rows, terms), or None.
        sparse_names: One name a term.
        row_words: Words of each row, shape (rows,), int64; None where no column holds words.
    """

    dense: NDArray[np.float64]
    names: tuple[str, ...]
    categorical: tuple[int, ...] = ()
    sparse: csr_matrix | None = None
    sparse_names: tuple[str, ...] = ()
    row_words: NDArray[np.int64] | None = None

    @property
    def num_rows(self) -> int:
        """Rows."""
        return int(self.dense.shape[0])


@dataclass(frozen=True, slots=True)
class FeatureNeeds:
    """What a family asks of the preparation.

    Attributes:
        scale: Numbers centred and scaled (median and interquartile range), missing ones imputed
            with an indicator.
        one_hot: Categories as one column each; otherwise as codes.
        text: Text columns as TF-IDF.
    """

    scale: bool = False
    one_hot: bool = False
    text: bool = True


@dataclass(frozen=True, slots=True)
class TextNeeds:
    """What a family of networks for text asks of the preparation.

    Attributes:
        pretrained: Whose tokenizer, as the recipe names it; None: one is fitted on train rows.
        vocabulary: Tokens of a fitted tokenizer, at most.
        max_length: Tokens a text, special ones included.
        over_long: What becomes of longer texts.
    """

    pretrained: str | None = None
    vocabulary: int = 8_000
    max_length: int = 256
    over_long: Literal["truncate", "split", "drop", "error"] = "truncate"


@dataclass(frozen=True, slots=True)
class ImageNeeds:
    """What a family of networks for images asks of the preparation.

    Attributes:
        size: Height and width in pixels; None: the commonest of the train rows, at most 224.
        channels: 1 or 3; None: 1 where every train image is grey.
        pretrained: A base in Hub layout whose own size and channels are taken where none are said.
    """

    size: int | None = None
    channels: int | None = None
    pretrained: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesNeeds:
    """What a family of networks for sequences asks of the preparation: channels scaled by train rows."""


@dataclass(frozen=True, slots=True)
class PromptNeeds:
    """What a family that asks an endpoint asks of the preparation.

    Attributes:
        template: With column names in braces; None: every column on a line of its own.
    """

    template: str | None = None


@dataclass(frozen=True, slots=True)
class Prompts:
    """Rows as texts that a model elsewhere is asked by.

    Attributes:
        texts: One a row.
    """

    texts: tuple[str, ...]

    @property
    def num_rows(self) -> int:
        """Rows."""
        return len(self.texts)


Needs = FeatureNeeds | TextNeeds | ImageNeeds | SeriesNeeds | LanguageNeeds | PromptNeeds


@dataclass(frozen=True, slots=True)
class Tokens:
    """Texts as token ids, one piece after another; a text has one piece unless long ones are split.

    Attributes:
        ids: Token ids of all pieces, shape (tokens,), int32.
        ends: Where each piece ends in `ids`, shape (pieces,), int64.
        rows: The row that each piece belongs to, ascending, shape (pieces,), int64.
        num_rows: Rows.
        words: Number of the word within its row that each token begins, -1 for other and special
            tokens; shape (tokens,), int32; None where words are not labelled.
        row_words: Words of each row, shape (rows,), int64; None where words are not labelled.
        vocabulary: Number of ids.
        padding: The id that fills up a batch.
        lost: Tokens of each row that were cut off, shape (rows,), int64; None where none were.
    """

    ids: NDArray[np.int32]
    ends: NDArray[np.int64]
    rows: NDArray[np.int64]
    num_rows: int
    vocabulary: int
    padding: int
    words: NDArray[np.int32] | None = None
    row_words: NDArray[np.int64] | None = None
    lost: NDArray[np.int64] | None = None


class Images(Protocol):
    """Images that are decoded when they are asked for, in whatever process asks."""

    @property
    def num_rows(self) -> int: ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        ...

    def pixels(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Decoded, turned upright and resized; shape (rows, channels, height, width)."""
        ...


@dataclass(frozen=True, slots=True)
class Series:
    """Series one after another, all channels side by side.

    Attributes:
        values: Scaled by train rows, missing ones filled in; shape (steps, channels), float64.
        ends: Where each series ends in `values`, shape (rows,), int64.
        names: One a channel; a forecast's own channel is the first.
        centre: What was taken off each channel, shape (channels,).
        scale: What each channel was divided by, shape (channels,).
    """

    values: NDArray[np.float64]
    ends: NDArray[np.int64]
    names: tuple[str, ...]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]

    @property
    def num_rows(self) -> int:
        """Rows."""
        return len(self.ends)


AnyFeatures = Features | Tokens | Images | Series | Passages | Prompts


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows ready to learn from.

    Attributes:
        features: What `Preparation.transform` gives.
        target: Class codes as float64 whole numbers, or values; shape (rows,); of forecasting
            (rows, horizon); of token classification (words,), row after row; of language the bytes
            that each row tells.
        further: Further targets of the same rows that a network may learn beside it.
        teacher: What a teacher says of the rows: probabilities, shape (rows, classes); or None.
        weights: How much each row counts in the loss, above 0, shape (rows,); None: all alike. A row
            of weight 2 teaches as two equal rows would. Only rows to learn from have any: what
            stops or judges a fit is never weighted.
    """

    features: Any  # of AnyFeatures: each family gets what it asked for
    target: NDArray[np.float64]
    further: tuple[tuple[Target, NDArray[np.float64]], ...] = ()
    teacher: NDArray[np.float64] | None = None
    weights: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Loss after one iteration (or epoch), on train and on validation.

    None where it is not known.
    """

    iteration: int
    train: float | None
    validation: float | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a fitted model says.

    Attributes:
        values: Predicted numbers, or predicted class codes; shape (rows,), float64 or int64; of
            forecasting (rows, horizon); of token classification (words,), row after row; of
            language (rows, 3): nats spent on what the row tells, its tokens, its bytes. A row
            without a known answer tells its own text.
        probabilities: Shape (rows, classes), rows sum to 1; None for numbers.
        row_words: Token classification: words of each row; None otherwise.
    """

    values: NDArray[Any]
    probabilities: NDArray[np.float64] | None = None
    row_words: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A metric with its interval at the stated confidence."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """As JSON values."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class SliceResult:
    """The metrics on the rows where `column` is `value`."""

    column: str
    value: str
    rows: int
    metrics: Mapping[str, MetricValue]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Over- or underfitting in words, and the evidence.

    "overfitting", "underfitting", "balanced" or "no signal".
    """

    verdict: str
    message: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Metrics of one model on one split.

    Attributes:
        split: Which rows.
        rows: How many.
        confidence: Level of the intervals.
        metrics: By name.
        loss: The proper loss that choices are made by, with its name.
        slices: The same metrics on parts of the rows.
        diagnosis: Over- or underfitting, in words.
        curve: Loss after each iteration.
        importance: Permutation importance: column -> (increase of the loss, its standard error).
        plots: Numbers behind the report's plots (ROC, calibration, residuals ...), JSON values.
        threshold: Decision threshold of the positive class, or None for argmax.
        fairness: Measures by protected group, JSON values (see `evaluation.fairness`).
    """

    split: Split
    rows: int
    confidence: float
    metrics: Mapping[str, MetricValue]
    loss: tuple[str, float]
    slices: tuple[SliceResult, ...] = ()
    diagnosis: Diagnosis | None = None
    curve: tuple[CurvePoint, ...] = ()
    importance: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    plots: Mapping[str, Any] = field(default_factory=dict)
    threshold: float | None = None
    fairness: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values, for evaluation.json."""
        value = asdict(self)
        value["split"] = self.split.value
        value["loss"] = {"name": self.loss[0], "value": self.loss[1]}
        value["importance"] = {
            name: {"increase": mean, "standard_error": error}
            for name, (mean, error) in self.importance.items()
        }
        return value


@dataclass(frozen=True, slots=True)
class Check:
    """One check of `audit` or `prove`."""

    name: str
    passed: bool
    detail: str

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)
