"""Have the incoming rows moved away from those that the model was judged on?

An alarm needs two things: a difference that chance and ordinary movement do not make (Holm's
procedure over all columns at the false-alarm rate), and one that is large (PSI of at least 0.1, or,
for numbers, an AUC of which at least 0.55 is certain at 95 %: then and now can be told apart by the
column alone. A shift by 0.3 standard deviations is a PSI of 0.09 and an AUC of 0.58).
Each column is asked up to three questions: whether its values moved, whether more are missing, and
whether more are new; only where there are rows enough for an answer (Tarone 1990, Biometrics 46, p.
515), so that columns which are never missing do not weaken the others. Under 200 rows the answer is
"insufficient data".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, Target
from trainwright.monitoring.binning import Binning, Counts
from trainwright.monitoring.movement import (
    INDEPENDENT,
    MIN_POOLED,
    PERSISTENT,
    Movement,
    certain_auc,
    compare,
)
from trainwright.monitoring.multiplicity import holm
from trainwright.monitoring.quality import Record, live_quality
from trainwright.monitoring.reference import PREDICTION, watched

MIN_ROWS = 200
MIN_PSI = 0.1
MIN_AUC = 0.55
_NAMED = 10  # columns in the verdict
_BLOCK = 65_536  # rows that are counted at a time, so that memory is bounded


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What became of one column.

    Attributes:
        column: Its name; "(prediction)" is what the model says.
        statistic: What is compared: "psi of values", "psi of missing", "psi of new values",
            "psi of length" or "psi of new words"; "auc of ..." where that alone is large.
        value: The population stability index, or the lower bound of the AUC.
        threshold: The least value that counts as large.
        p_value: Adjusted for all questions asked (Holm), in [0, 1].
        rows: Live rows.
        alarm: Both significant and large.
    """

    column: str
    statistic: str
    value: float
    threshold: float
    p_value: float
    rows: int
    alarm: bool


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """What a look at live rows says.

    Attributes:
        alarm: Drift or a loss of quality.
        verdict: The same in a sentence.
        rows: Live rows.
        columns: Alarms first, then by falling value.
        quality: What `live_quality` says.
        counts: For the report: column -> {labels, reference, live}.
    """

    alarm: bool
    verdict: str
    rows: int
    columns: tuple[ColumnDrift, ...]
    quality: Mapping[str, Any]
    counts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "alarm": self.alarm,
            "verdict": self.verdict,
            "rows": self.rows,
            "columns": [asdict(column) for column in self.columns],
            "quality": dict(self.quality),
            "counts": dict(self.counts),
        }


@dataclass(frozen=True, slots=True)
class _Answer:
    """One question asked of one column."""

    column: str
    what: str
    movement: Movement
    auc: float = 0.0

    @property
    def measure(self) -> tuple[str, float, float]:
        """Statistic, value, and the least value that is large; the AUC where it alone is."""
        if self.movement.psi < MIN_PSI and self.auc >= MIN_AUC:
            return f"auc of {self.what}", self.auc, MIN_AUC
        return f"psi of {self.what}", self.movement.psi, MIN_PSI


def monitor(
    reference: Mapping[str, Any],
    frame: pl.DataFrame,
    prediction: Prediction,
    *,
    target: NDArray[Any] | None,
    false_alarm_rate: float = 0.01,
) -> MonitorResult:
    """Compare live rows with the reference.

    Args:
        reference: What `build_reference` made.
        frame: Live rows, typed as the model's inputs.
        prediction: What the model says of them.
        target: What came true: class codes or values, NaN where not known; or None.
        false_alarm_rate: Chance of a drift alarm where nothing but ordinary movement is, over all
            columns of this call.
    """
    hurst = PERSISTENT if reference["by_time"] else INDEPENDENT
    quality = live_quality(
        reference["quality"],
        prediction,
        target=target,
        record=Record(reference.get("items", reference["rows"]), reference["units"], hurst),
        min_rows=MIN_ROWS,
        false_alarm_rate=false_alarm_rate,
    )
    if frame.height < MIN_ROWS:
        verdict = f"insufficient data: {frame.height} of at least {MIN_ROWS} rows"
        return MonitorResult(False, verdict, frame.height, (), quality)
    answers, counts = _ask(reference, frame, prediction, hurst=hurst)
    columns = _judge(answers, rows=frame.height, false_alarm_rate=false_alarm_rate)
    alarm = bool(quality["alarm"]) or any(column.alarm for column in columns)
    verdict = _verdict(columns, quality)
    return MonitorResult(alarm, verdict, frame.height, columns, quality, counts)


def _ask(
    reference: Mapping[str, Any], frame: pl.DataFrame, prediction: Prediction, *, hurst: float
) -> tuple[list[_Answer], dict[str, Any]]:
    """All questions of all columns, and the counts that they were answered from."""
    inputs = [Column.from_json(column) for column in reference["inputs"]]
    target = Target.from_json(reference["target"])
    series = {
        name: values
        for name, _, values in watched(frame, inputs, prediction=prediction, target=target)
    }
    answers: list[_Answer] = []
    counts: dict[str, Any] = {}
    for entry in reference["columns"]:
        binning = Binning.from_json(entry)
        blocks = np.asarray(entry["blocks"], dtype=np.int64)
        live = _count(binning, series[binning.column])
        answers += _questions(binning, blocks, live, hurst=hurst)
        if binning.kind in ("number", "category"):
            counts[binning.column] = {
                "labels": list(binning.labels),
                "reference": blocks.sum(axis=0).tolist(),
                "live": live.tolist(),
            }
    return answers, counts


def _count(binning: Binning, values: pl.Series) -> Counts:
    total = np.zeros(len(binning.labels), dtype=np.int64)
    for start in range(0, len(values), _BLOCK):
        total += binning.count(values.slice(start, _BLOCK))
    return total


def _questions(binning: Binning, blocks: Counts, live: Counts, *, hurst: float) -> list[_Answer]:
    """Did the values move, are more missing, are more new?"""
    is_text = binning.kind in ("length", "new words")
    auc = 0.0 if binning.kind == "category" else certain_auc(blocks.sum(axis=0)[:-1], live[:-1])
    moved = compare(blocks, live, hurst=hurst)
    answers = [_Answer(binning.column, binning.kind if is_text else "values", moved, auc)]
    places = {} if is_text else {"missing": -1}
    if binning.kind == "category":
        places["new values"] = -2
    for what, place in places.items():
        ours, theirs = _one_against_rest(blocks, place), _one_against_rest(live, place)
        if ours[:, 0].sum() + theirs[0] >= MIN_POOLED:
            answers.append(_Answer(binning.column, what, compare(ours, theirs, hurst=hurst)))
    return answers


def _one_against_rest(counts: Counts, place: int) -> Counts:
    """Two bins, along the last axis: the one at `place`, and all others."""
    one = counts[..., place]
    return np.stack([one, counts.sum(axis=-1) - one], axis=-1)


def _judge(
    answers: list[_Answer], *, rows: int, false_alarm_rate: float
) -> tuple[ColumnDrift, ...]:
    """The gravest answer of each column."""
    adjusted = holm(np.array([answer.movement.p_value for answer in answers]))
    found: dict[str, ColumnDrift] = {}
    for answer, p_value in zip(answers, adjusted, strict=True):
        statistic, value, threshold = answer.measure
        alarm = bool(p_value < false_alarm_rate and value >= threshold)
        drift = ColumnDrift(answer.column, statistic, value, threshold, float(p_value), rows, alarm)
        known = found.get(answer.column)
        if known is None or (alarm, value) > (known.alarm, known.value):
            found[answer.column] = drift
    return tuple(sorted(found.values(), key=lambda one: (not one.alarm, -one.value, one.column)))


def _verdict(columns: Sequence[ColumnDrift], quality: Mapping[str, Any]) -> str:
    """What alarmed, with its numbers: columns, the prediction, quality."""
    moved = [_named(column) for column in columns if column.alarm]
    more = len(moved) - _NAMED
    listed = ", ".join(moved[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    drift = (
        f"{len(moved)} of {len(columns)} columns drifted: {listed}"
        if moved
        else f"no drift beyond ordinary movement in {len(columns)} columns"
    )
    return f"{drift}; quality: {quality['message']}" if quality["known"] else drift


def _named(column: ColumnDrift) -> str:
    """A column with how far what moved."""
    measure, _, what = column.statistic.partition(" of ")
    name = "the prediction" if column.column == PREDICTION else column.column
    part = "" if what == "values" else f", {what}"
    return f"{name} ({measure.upper()} {column.value:.2f}{part})"
