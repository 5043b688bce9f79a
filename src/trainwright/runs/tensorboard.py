"""TensorBoard's event files as a copy of a run's history; `tensorboard --logdir .trainwright/runs` shows all.

Written once, after the run, from history.jsonl: training waits for no writer, and a resumed run leaves one
curve. Tags are `CANDIDATE/loss`, `CANDIDATE/validation_loss` and so on, so that equal candidates of
several runs share a plot. Values are float32, as TensorBoard keeps them; of a long curve 2,000 points are
there, twice of what its pages show. Cost: half a millisecond a step, for check sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from trainwright.core.durable import remove_folder, staged_folder
from trainwright.core.extras import require
from trainwright.runs.folder import RunFolder
from trainwright.runs.history import History, Values, names, series, thinned

EXTRA = "tensorboard"
LIMIT_POINTS = 2_000


def write_events(run: RunFolder) -> bool:
    """Write `tensorboard/` of a run anew; False when nothing was recorded, and nothing is written.

    Raises:
        EnvironmentFault: the extra is not installed, or the disk refuses.
    """
    require(EXTRA, what="tracking.tensorboard")
    history = History(run.history).read()
    if not history:
        return False
    if run.tensorboard.exists():
        remove_folder(run.tensorboard)
    with staged_folder(run.tensorboard) as aside:
        _write(aside, history)
    return True


def _write(folder: Path, history: Mapping[str, Sequence[Values]]) -> None:
    """One event a step: its values belong together, and each event has a cost of its own."""
    from tensorboardX import FileWriter
    from tensorboardX.proto.summary_pb2 import Summary

    writer = FileWriter(str(folder), max_queue=1_000, flush_secs=3_600)
    try:
        for candidate, records in history.items():
            for step, values in _by_step(records):
                told = [
                    Summary.Value(tag=f"{candidate}/{name}", simple_value=value)
                    for name, value in values.items()
                ]
                writer.add_summary(Summary(value=told), step)
    finally:
        writer.close()


def _by_step(records: Sequence[Values]) -> Iterator[tuple[int, dict[str, float]]]:
    """Each curve thinned, then what is left of all of them by rising step."""
    found: dict[int, dict[str, float]] = {}
    for name in names(records):
        for step, value in thinned(series(records, name), LIMIT_POINTS):
            found.setdefault(step, {})[name] = value
    return iter(sorted(found.items()))
