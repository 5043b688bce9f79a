"""`trainwright monitor`: live data against the package's reference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Target
from trainwright.core.durable import make_folder, write_text
from trainwright.core.errors import CommandError
from trainwright.data.privacy.masking import masked_json
from trainwright.data.reading import TypedBlock
from trainwright.flow.prediction import read_live
from trainwright.flow.resolving import recipe_of, resolve_model
from trainwright.flow.rows import Floats, encode_tags, encode_target
from trainwright.monitoring.drift import MonitorResult
from trainwright.monitoring.drift import monitor as monitor_frame
from trainwright.monitoring.quality import OTHER_CLASS
from trainwright.monitoring.reference import VERSION
from trainwright.reports.monitor_report import monitor_report
from trainwright.runs.folder import utc_now
from trainwright.runs.workspace import Workspace

LIMIT_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class Watched:
    """Attributes.

    model: Whose reference.
    rows: How many live rows.
    result: Alarm, columns, quality.
    report: The HTML report.
    """

    model: str
    rows: int
    result: MonitorResult
    report: Path

    def to_json(self) -> dict[str, Any]:
        """The contract of `monitor --json`."""
        return {
            "model": self.model,
            "rows": self.rows,
            **masked_json(self.result.to_json()),
            "report": str(self.report),
        }


def monitor(model: str, data: Path | str, *, workspace: Path | None = None) -> Watched:
    """Compare live rows with what the model learnt from.

    Args:
        model: MODEL.
        data: Live rows, from wherever `data.source` may name them; with the target's column, quality is
            watched too.
        workspace: The workspace's folder.

    Raises:
        CommandError: no such model, or its package has no reference.
        DataError: columns are missing, or a value cannot be read.
    """
    store = Workspace.open(workspace)
    named = resolve_model(model, store)
    package = named.load()
    if package.reference is None or package.reference["version"] != VERSION:
        raise CommandError(
            "the package has no reference that this version can compare with",
            where=str(named.folder),
            mend="run it again",
        )
    target = package.model.target
    columns = list(dict.fromkeys([*package.model.inputs, target.column]))
    beside = () if target.tells_itself else (target.name,)
    blocks = read_live(data, package, columns=columns, optional=beside)
    frame = _bounded(blocks)
    prediction = package.model.predict(frame)
    settings = recipe_of(package).monitoring.drift
    result = monitor_frame(
        package.reference,
        frame,
        prediction,
        target=_truth(frame, target, prediction),
        false_alarm_rate=settings.false_alarm_rate,
    )
    page = monitor_report(result=masked_json(result.to_json()), model=named.name, rows=frame.height)
    folder = store.root / "monitor"
    make_folder(folder)
    stamp = utc_now().replace(":", "").replace(".", "-")
    report = folder / f"{named.name.replace('/', '-')}-{stamp}.html"
    write_text(report, page)
    return Watched(named.name, frame.height, result, report)


def _truth(frame: pl.DataFrame, target: Target, prediction: Prediction) -> Floats | None:
    """What came true, beside each answer; None where the rows do not say."""
    if target.frame_column not in frame.columns:
        return None
    values = frame[target.frame_column]
    if target.task.is_language and not np.asarray(prediction.values).any():
        return None  # of a model that does not say how likely a text is
    if prediction.row_words is not None:
        return encode_tags(values, target, prediction.row_words, unknown=OTHER_CLASS)
    return encode_target(values, target, unknown=OTHER_CLASS)


def _bounded(blocks: Iterable[TypedBlock]) -> pl.DataFrame:
    """All live rows, up to a bound on memory."""
    frames, rows = [], 0
    for block in blocks:
        frames.append(block.frame)
        rows += block.frame.height
        if rows >= LIMIT_ROWS:
            break
    return pl.concat(frames)
