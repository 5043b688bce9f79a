"""`trainwright compare`: runs side by side, with a paired test where they judged the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Snapshot
from trainwright.core.columns import ROW, Task
from trainwright.core.errors import CommandError
from trainwright.evaluation.choice import row_losses
from trainwright.evaluation.comparison import compare_auc, compare_losses
from trainwright.evaluation.text_metrics import TEXT_LOSS
from trainwright.flow.resolving import require_package, snapshot_of
from trainwright.runs.folder import RunFolder
from trainwright.runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Compared:
    """Attributes.

    runs: One mapping a run: id, family, snapshot, metrics.
    pairs: One mapping a pair with the first run: difference of the loss, interval, p-value, verdict;
        for two classes also that of the ROC AUC (positive where the first is better). Where an endpoint
        is among the two, which does not say how likely a text is, the loss is 1 - chrF2 of the texts.
    """

    runs: tuple[dict[str, Any], ...]
    pairs: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"runs": list(self.runs), "pairs": list(self.pairs)}


def compare(names: Sequence[str], *, workspace: Path | None = None) -> Compared:
    """Compare runs; each against the first.

    Args:
        names: Two runs or more.
        workspace: The workspace's folder.

    Raises:
        CommandError: fewer than two runs, or one that is not there.
    """
    if len(names) < 2:
        raise CommandError(
            "one run cannot be compared", where="RUN RUN...", mend="trainwright compare RUN RUN"
        )
    store = Workspace.open(workspace)
    folders = [store.find_run(name) for name in names]
    for folder in folders:
        require_package(folder)
    snapshots = [snapshot_of(folder, store) for folder in folders]
    rows = tuple(_row(folder) for folder in folders)
    pairs = tuple(
        _pair(folders[0], other, snapshots[0], theirs)
        for other, theirs in zip(folders[1:], snapshots[1:], strict=True)
    )
    return Compared(rows, pairs)


def _row(folder: RunFolder) -> dict[str, Any]:
    record = folder.read_json("run.json")
    keys = ("run", "name", "snapshot", "model", "validation", "version")
    return {key: record[key] for key in keys}


def _pair(one: RunFolder, other: RunFolder, mine: Snapshot, theirs: Snapshot) -> dict[str, Any]:
    """The paired test of two runs on the validation rows that both judged."""
    names = {"runs": [one.id, other.id]}
    if mine.source_key != theirs.source_key or mine.target != theirs.target:
        return {**names, "paired": False, "verdict": "other rows or another target: not comparable"}
    left, right = pl.read_parquet(one.predictions), pl.read_parquet(other.predictions)
    both = left.join(right, on=ROW, how="inner", suffix="_other").sort(ROW)
    if both.height < 2:
        return {**names, "paired": False, "verdict": "no validation row was judged by both"}
    target = both["target"].to_numpy()
    losses = [
        row_losses(_output(both, mine, suffix), target, mine.target) for suffix in ("", "_other")
    ]
    by = {}
    if not all(np.isfinite(one).all() for one in losses):
        both = _written(both)
        if both.height < 2:
            verdict = "an endpoint does not say how likely a text is, and no row has a text of both"
            return {**names, "paired": False, "verdict": verdict}
        by = {"loss": TEXT_LOSS}
        losses = [both[f"{TEXT_LOSS}{suffix}"].to_numpy() for suffix in ("", "_other")]
    test = compare_losses(
        *losses,
        units=both["unit"].to_numpy(),
    )
    return {
        **names,
        "paired": True,
        **by,
        "rows": both.height,
        "difference": test.difference,
        "low": test.low,
        "high": test.high,
        "p_value": test.p_value,
        "verdict": _verdict(test.low, test.high, one.id, other.id),
        "roc_auc": _auc(both, mine),
    }


def _written(both: pl.DataFrame) -> pl.DataFrame:
    """The rows that both wrote for; none where a run has no texts, or is older than they are kept."""
    wanted = (TEXT_LOSS, f"{TEXT_LOSS}_other")
    if not set(wanted) <= set(both.columns):
        return both.clear()
    return both.filter(*(pl.col(name).is_not_null() for name in wanted))


def _auc(both: pl.DataFrame, snapshot: Snapshot) -> dict[str, float] | None:
    """DeLong's paired test of the two ROC AUCs; None where there are not two classes."""
    if snapshot.target.task is Task.MULTI_LABEL:
        return None
    is_positive = both["target"].to_numpy() == 1
    if len(snapshot.target.classes) != 2 or is_positive.all() or not is_positive.any():
        return None
    test = compare_auc(
        _output(both, snapshot, "")[:, 1],
        _output(both, snapshot, "_other")[:, 1],
        is_positive,
        units=both["unit"].to_numpy(),
    )
    return {
        "difference": test.difference,
        "low": test.low,
        "high": test.high,
        "p_value": test.p_value,
    }


def _output(frame: pl.DataFrame, snapshot: Snapshot, suffix: str) -> NDArray[np.float64]:
    if not snapshot.target.task.has_classes:
        return frame[f"prediction{suffix}"].to_numpy()
    columns = [f"probability_{label}{suffix}" for label in snapshot.target.classes]
    return frame.select(columns).to_numpy()


def _verdict(low: float, high: float, one: str, other: str) -> str:
    """The difference is the first run's loss less the second's."""
    if low > 0:
        return f"{other} is better"
    if high < 0:
        return f"{one} is better"
    return "no difference that the rows can show"
