"""Have the incoming rows moved away from those that the model was judged on?

An alarm needs two things: a difference that chance and ordinary movement do not make (Holm's
procedure over all columns at the false-alarm rate), and one that is large (PSI of at least 0.1).
Each column is asked up to three questions: whether its values moved, whether more are missing, and
whether more are new. Under 200 rows the answer is "insufficient data".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Column, Prediction, Target
from trainwright.monitoring.binning import Binning, Counts
from trainwright.monitoring.movement import Movement, compare
from trainwright.monitoring.quality import live_quality
from trainwright.monitoring.reference import watched

MIN_ROWS = 200
MIN_PSI = 0.1
_BLOCK = 65_536  # rows that are counted at a time, so that memory is bounded


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What became of one column.

    Attributes:
        column: Its name; "(prediction)" is what the model says.
        statistic: What is compared: "psi of values", "psi of missing", "psi of new values",
            "psi of length" or "psi of new words".
        value: The population stability index.
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
    statistic: str
    movement: Movement


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
    quality = live_quality(reference["quality"], prediction, target=target, min_rows=MIN_ROWS)
    if frame.height < MIN_ROWS:
        verdict = f"insufficient data: {frame.height} rows, and at least {MIN_ROWS} are needed"
        return MonitorResult(False, verdict, frame.height, (), quality)
    answers, counts = _ask(reference, frame, prediction)
    columns = _judge(answers, rows=frame.height, false_alarm_rate=false_alarm_rate)
    alarms = [column.column for column in columns if column.alarm]
    alarm = bool(alarms) or bool(quality.get("alarm"))
    verdict = _verdict(alarms, quality, len(columns))
    return MonitorResult(alarm, verdict, frame.height, columns, quality, counts)


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """P-values adjusted for their number (Holm 1979, Scand. J. Statistics 6, p. 65); shape kept."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * factors))
    return adjusted


def _ask(
    reference: Mapping[str, Any], frame: pl.DataFrame, prediction: Prediction
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
        answers += _questions(binning, blocks, live)
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


def _questions(binning: Binning, blocks: Counts, live: Counts) -> list[_Answer]:
    """Did the values move, are more missing, are more new?"""
    what: str = "values" if binning.kind in ("number", "category") else binning.kind
    asked = [(what, blocks, live)]
    if binning.kind in ("number", "category"):
        asked.append(("missing", _one_against_rest(blocks, -1), _one_against_rest(live, -1)))
    if binning.kind == "category":
        asked.append(("new values", _one_against_rest(blocks, -2), _one_against_rest(live, -2)))
    return [_Answer(binning.column, f"psi of {name}", compare(b, n)) for name, b, n in asked]


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
        psi = answer.movement.psi
        alarm = bool(p_value < false_alarm_rate and psi >= MIN_PSI)
        drift = ColumnDrift(
            answer.column, answer.statistic, psi, MIN_PSI, float(p_value), rows, alarm
        )
        known = found.get(answer.column)
        if known is None or (alarm, psi) > (known.alarm, known.value):
            found[answer.column] = drift
    return tuple(sorted(found.values(), key=lambda one: (not one.alarm, -one.value, one.column)))


def _verdict(alarms: list[str], quality: Mapping[str, Any], num_columns: int) -> str:
    parts = []
    if alarms:
        named = ", ".join(alarms[:5]) + (" ..." if len(alarms) > 5 else "")
        verb = "has" if len(alarms) == 1 else "have"
        parts.append(f"{len(alarms)} of {num_columns} columns {verb} drifted: {named}")
    else:
        parts.append(f"no drift beyond ordinary movement in {num_columns} columns")
    if quality.get("alarm"):
        parts.append("and the live quality is worse than the reference's")
    elif quality.get("known"):
        parts.append("and the live quality is not worse than the reference's")
    return ", ".join(parts)
