"""Windows of series as rows of a snapshot: a history, and the steps that follow it.

The time axis is cut into train, validation and test; every input row lies in one of them. A window's row
number is the input row of its first predicted step, and all its predicted steps lie in one part. Train
has a window at every step (or every few, where that would be too many), the later parts one every
`horizon` steps, so that each step is predicted once. Histories reach back into earlier parts: when the
forecast is made, the past is known. Windows of one time are one unit over all series: what is resampled
for an interval is time. Where there are fewer than five such blocks of time and more series, it is series.

Cost: a train step stands in as many histories as there are windows over it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from trainwright.core.artifacts import Finding, Split
from trainwright.core.columns import FUTURE, ROW, UNIT, Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, RecipeError, shorten
from trainwright.data.bundles import PARTS
from trainwright.data.chronology import TRAIN, Times, split_by_time
from trainwright.data.ledger import LedgerBook
from trainwright.data.reading.tables import RawTable
from trainwright.data.series.shape import Shape, naive_error, shape_of, train_values
from trainwright.data.series.steps import Steps, check_series_names, read_steps
from trainwright.data.series.whole import Made, left_out_columns, missing_steps
from trainwright.data.staging.arrays import Arrays
from trainwright.data.types.inference import context_of
from trainwright.data.types.target import is_heavy_tailed, type_target
from trainwright.recipe.data import DataSettings, SeriesSettings

MOST_VALUES = 20_000_000  # of all train histories together
LEAST_BLOCKS = 5  # of time in a part: fewer tell nothing of how far its figures can be trusted


@dataclass(frozen=True, slots=True)
class _Windows:
    """Windows of one part.

    Attributes:
        origins: Place (in the steps' frame) of the first predicted step; shape (windows,).
        starts: Place where each history begins; shape (windows,).
    """

    origins: NDArray[np.int64]
    starts: NDArray[np.int64]


def windows_of_series(raw: RawTable, settings: DataSettings, series: SeriesSettings) -> Made:
    """Windows, split by time.

    Raises:
        RecipeError: a column is not there.
        DataError: times without order; too few steps for the horizon.
    """
    check_series_names(raw, settings, series)
    assert settings.horizon is not None
    name = settings.target
    target = _target(raw, settings)
    steps = read_steps(raw, settings, series, numbers=[name, *series.values])
    times = steps.frame[series.time]
    keys = Times.of([times], len(times), Arrays())
    cut = split_by_time(keys, fractions=settings.split.fractions, gap_seconds=0.0)
    train = train_values(steps, cut.parts, name)
    shape = shape_of(train, steps, series, horizon=settings.horizon)
    target = replace(
        target,
        task=Task.FORECASTING,
        heavy_tailed=is_heavy_tailed(_known(steps.frame[name], cut.parts == TRAIN)),
        horizon=shape.horizon,
        season=shape.season,
        context=shape.context,
        naive_error=naive_error(train, shape.season),
        identifier=steps.identifier,
        time=steps.time,
    )
    inputs, left_out = _channels(steps, cut.parts, [name, *series.values])
    channels = [column.name for column in inputs]
    windows, findings = _all_windows(steps, cut.parts, shape, target=target, channels=len(channels))
    units = _units(steps, series.time, windows, shape.horizon)
    frames = {
        split: _frame(steps, windows[part], units[part], shape, series, target, channels)
        for part, split in enumerate(PARTS)
    }
    book = LedgerBook(raw.files)
    if len(steps.without_id):
        book.drop(steps.without_id, step="series", reason="no id")
    rows = steps.frame[ROW].to_numpy()
    for part, split in enumerate(PARTS):
        book.assign(rows[cut.parts == part], split)
    apart = max(1, -(-shape.context * frames[Split.TRAIN].height // max(1, steps.frame.height)))
    return Made(
        frames=frames,
        profiled=frames[Split.TRAIN].gather_every(apart),
        ledger=book.close(),
        target=target,
        inputs=inputs,
        left_out=left_out | left_out_columns(raw, settings, series),
        split={
            "by": "time",
            "column": series.time,
            "fractions": list(settings.split.fractions),
            "gap": 0.0,
            "boundaries": list(cut.boundaries),
        },
        findings=(
            *raw.findings,
            *steps.findings,
            *missing_steps(steps.frame, [name, *series.values]),
            *_irregular(steps, series),
            *findings,
        ),
    )


def _target(raw: RawTable, settings: DataSettings) -> Target:
    """The series that is forecast, by its own column.

    Raises:
        RecipeError: it holds no numbers.
        DataError: it has no values, or always the same.
    """
    name = settings.target
    context = context_of(raw, settings, name)
    try:
        _, target = type_target(raw.frame[name], context, task=Task.REGRESSION)
    except RecipeError as error:
        raise RecipeError(
            f"a forecast is of numbers, and column {shorten(name)} holds none",
            where="data.target",
            mend="data: {target: COLUMN} names a column of numbers",
        ) from error
    return target


def _all_windows(
    steps: Steps, parts: NDArray[np.int8], shape: Shape, *, target: Target, channels: int
) -> tuple[list[_Windows], list[Finding]]:
    """The windows of train, validation and test."""
    known = steps.frame[target.name].is_not_null().to_numpy()
    whole = _whole_futures(known, shape.horizon)
    short = 0
    origins: list[list[NDArray[np.int64]]] = [[], [], []]
    firsts: list[list[NDArray[np.int64]]] = [[], [], []]
    for start, stop in zip(steps.starts[:-1], steps.starts[1:], strict=True):
        cuts = start + np.searchsorted(parts[start:stop], np.arange(4))
        room = int(cuts[1] - cuts[0]) - shape.horizon
        short += room < 1
        for part in range(3):
            least = start + (min(shape.context, room) if part == TRAIN else 1)
            step = 1 if part == TRAIN else shape.horizon
            if part == TRAIN and room < 1:
                continue
            found = np.arange(max(cuts[part], least), cuts[part + 1] - shape.horizon + 1, step)
            origins[part].append(found)
            firsts[part].append(np.maximum(found - shape.context, start))
    joined = [
        _Windows(
            np.concatenate(o or [np.empty(0, np.int64)]),
            np.concatenate(f or [np.empty(0, np.int64)]),
        )
        for o, f in zip(origins, firsts, strict=True)
    ]
    gaps = sum(int((~whole[one.origins]).sum()) for one in joined)
    joined = [_some(one, whole[one.origins]) for one in joined]
    findings = _told(short, gaps, steps, shape, target)
    most = max(1, MOST_VALUES // (shape.context * channels))
    stride = -(-len(joined[TRAIN].origins) // most)
    if stride > 1:
        count = len(joined[TRAIN].origins)
        every = np.arange(count) % stride == (count - 1) % stride
        joined[TRAIN] = _some(joined[TRAIN], every)
        findings.append(
            Finding("schema", "info", f"train has a window at every {stride} steps, so that"
                    f" {int(every.sum())} of {count} are learned from")
        )  # fmt: skip
    for part, split in enumerate(PARTS):
        if not len(joined[part].origins):
            size = int((parts == part).sum())
            raise DataError(
                f"{split.value} has no window: its {size} rows hold no {shape.horizon} known steps that"
                " follow each other in one series"
                + (" with a step before them" if part == TRAIN else ""),
                where="data.horizon",
                mend=_shorter(known, parts, steps),
            )
    return joined, findings


def _shorter(known: NDArray[np.bool_], parts: NDArray[np.int8], steps: Steps) -> str:
    """What mends a horizon that is too long: half of the longest for which each part has a window."""
    longest = [0, 0, 0]
    for start, stop in zip(steps.starts[:-1], steps.starts[1:], strict=True):
        for part in range(3):
            mine = known[start:stop][parts[start:stop] == part]
            before = 0 if part == TRAIN else -1  # the first step of train has none before it
            ends = np.concatenate([[before], np.flatnonzero(~mine), [len(mine)]])
            longest[part] = max(longest[part], int(np.diff(ends).max()) - 1)
    most = min(longest)
    return f"data: {{horizon: {max(1, most // 2)}}}, or more rows" if most else "give more rows"


def _told(short: int, gaps: int, steps: Steps, shape: Shape, target: Target) -> list[Finding]:
    findings = []
    if short:
        findings.append(
            Finding(
                "schema", "warning",
                f"{short} of {len(steps.labels)} series have under {shape.horizon + 1} steps in train:"
                " nothing is learned from them",
                count=short,
            )
        )  # fmt: skip
    if gaps:
        findings.append(
            Finding(
                "missing", "warning",
                f"{gaps} windows have no value of {shorten(target.name)} at a step ahead: left out",
                column=target.name, count=gaps,
            )
        )  # fmt: skip
    return findings


def _some(windows: _Windows, mask: NDArray[np.bool_]) -> _Windows:
    return _Windows(windows.origins[mask], windows.starts[mask])


def _whole_futures(known: NDArray[np.bool_], horizon: int) -> NDArray[np.bool_]:
    """True where the `horizon` values from a step on are all known; shape (steps,)."""
    counts = np.concatenate([[0], np.cumsum(known)])
    ends = np.minimum(np.arange(len(known)) + horizon, len(known))
    found: NDArray[np.bool_] = counts[ends] - counts[:-1] == horizon
    return found


def _units(
    steps: Steps, time: str, windows: list[_Windows], horizon: int
) -> list[NDArray[np.int64]]:
    """Blocks of time as long as a horizon, the same over all series, numbered from 0 over all parts."""
    column = steps.frame[time]
    physical = column.to_physical() if column.dtype.is_temporal() else column
    values = physical.cast(pl.Float64).to_numpy()
    width = max(_usual_step(values, steps.starts) * horizon, np.finfo(float).tiny)
    found, first = [], 0
    for one in windows:
        moments = values[one.origins]
        # Half a step of slack, so that times that are not exactly equal stay together.
        blocks = np.floor((moments - moments.min()) / width + 0.5 / horizon)
        codes = np.unique(blocks, return_inverse=True)[1].astype(np.int64)
        own = np.unique(_series_of(steps, one.origins), return_inverse=True)[1].astype(np.int64)
        if codes.max() + 1 < min(LEAST_BLOCKS, own.max() + 1):
            codes = own
        found.append(codes + first)
        first += int(codes.max()) + 1
    return found


def _series_of(steps: Steps, places: NDArray[np.int64]) -> NDArray[np.int64]:
    """The series that steps at these places belong to."""
    return np.searchsorted(steps.starts, places, side="right") - 1


def _usual_step(values: NDArray[np.float64], starts: NDArray[np.int64]) -> float:
    """The median step of time within series; 1 where there is none."""
    steps = np.diff(values)
    inner = np.ones(len(steps), dtype=bool)
    inner[starts[1:-1] - 1] = False
    return float(np.median(steps[inner])) if inner.any() else 1.0


def _frame(
    steps: Steps,
    windows: _Windows,
    units: NDArray[np.int64],
    shape: Shape,
    series: SeriesSettings,
    target: Target,
    channels: list[str],
) -> pl.DataFrame:
    """The rows of one part: ROW, UNIT, id, time, histories and FUTURE, in row order."""
    frame, origins = steps.frame, windows.origins
    columns = [
        pl.Series(ROW, frame[ROW].to_numpy()[origins]),
        pl.Series(UNIT, units),
        lists_between(frame[target.name], origins, origins + shape.horizon).alias(FUTURE),
        *(lists_between(frame[name], windows.starts, origins).alias(name) for name in channels),
        frame[series.time][origins],
    ]
    if series.id is not None:
        labels = np.array(steps.labels, dtype=object)
        own = labels[_series_of(steps, origins)]
        columns.append(pl.Series(series.id, own.tolist(), dtype=pl.String))
    return pl.DataFrame(columns).sort(ROW).rechunk()


def lists_between(
    values: pl.Series, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> pl.Series:
    """values[start:end] of each pair, as a column of lists."""
    lengths = ends - starts
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    places = np.arange(int(offsets[-1])) + np.repeat(starts - offsets[:-1], lengths)
    flat = values.gather(places).rechunk().to_arrow()
    found = pl.from_arrow(pa.LargeListArray.from_arrays(pa.array(offsets), flat))
    assert isinstance(found, pl.Series)
    return found


def _channels(
    steps: Steps, parts: NDArray[np.int8], names: list[str]
) -> tuple[tuple[Column, ...], dict[str, str]]:
    """The target's own past first; further channels unless they do not vary in train."""
    inputs, left_out = [replace(steps.numbers[names[0]], type=ColumnType.SERIES)], {}
    for name in names[1:]:
        values = _known(steps.frame[name], parts == TRAIN)
        if not len(values):
            left_out[name] = "all null"
        elif (values == values[0]).all():
            left_out[name] = "constant"
        else:
            inputs.append(replace(steps.numbers[name], type=ColumnType.SERIES))
    return tuple(inputs), left_out


def _known(values: pl.Series, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    return values.filter(pl.Series(mask)).drop_nulls().to_numpy()


def _irregular(steps: Steps, series: SeriesSettings) -> list[Finding]:
    """A warning where steps are of unequal length: half as long or half as long again as usual."""
    column = steps.frame[series.time]
    physical = column.to_physical() if column.dtype.is_temporal() else column
    values = physical.cast(pl.Float64).to_numpy()
    usual = _usual_step(values, steps.starts)
    lengths = np.diff(values)
    odd = (lengths < 0.5 * usual) | (lengths > 1.5 * usual)
    odd[steps.starts[1:-1] - 1] = False
    if not odd.any():
        return []
    rows = steps.frame[ROW].to_numpy()[1:][odd]
    return [
        Finding(
            "schema", "warning",
            f"{int(odd.sum())} of {len(odd)} steps in {shorten(series.time)} are far from the usual length:"
            " a forecast counts steps, not time",
            column=series.time, count=int(odd.sum()), rows=tuple(rows[:10].tolist()),
            remedy="write a row for every step, its value empty where it is missing",
        )
    ]  # fmt: skip
