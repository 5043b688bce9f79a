"""The typed objects that one stage hands to the next.

    recipe -> Snapshot -> FittedModel -> Evaluation -> package -> service -> observations

Values here are frozen and small; rows live in Parquet files that a `Snapshot` names. How columns are read
is told by `core.columns`, what families learn from by `core.features`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trainwright.core.columns import Column, Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Split(StrEnum):
    """The part of a snapshot that a row belongs to."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


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
            forecasting (rows, horizon); of several labels (rows, labels), 1 for each that is told; of
            token classification (words,), row after row; of language (rows, 3): nats spent on what the
            row tells, its tokens, its bytes. A row without a known answer tells its own text.
        probabilities: Shape (rows, classes), rows sum to 1, but for several labels, each of which is as
            likely by itself; None for numbers.
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
        threshold: Decision threshold of the positive class, one for each of several labels, or None for
            argmax.
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
    threshold: float | tuple[float, ...] | None = None
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
