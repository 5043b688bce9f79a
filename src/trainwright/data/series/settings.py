"""What a recipe must say of series, checked before a row is read; all faults at once."""

from __future__ import annotations

from collections.abc import Iterator

from trainwright.core.columns import Task
from trainwright.core.errors import Fault, RecipeError
from trainwright.recipe.data import DataSettings, SeriesSettings


def check_series(settings: DataSettings, task: Task | None) -> None:
    """Refuse a task, a horizon or a split that do not fit series.

    Raises:
        RecipeError: with every fault.
    """
    faults = list(_faults(settings, task))
    if faults:
        raise RecipeError.of(faults)


def is_forecast(settings: DataSettings, task: Task | None) -> bool:
    """True where the next steps are asked for: the task says so, or there is a horizon."""
    return task is Task.FORECASTING or (task is None and settings.horizon is not None)


def _faults(settings: DataSettings, task: Task | None) -> Iterator[Fault]:
    series = settings.series
    if series is None:
        if task is Task.FORECASTING:
            yield Fault(
                "a forecast needs to know which column orders the steps",
                "data.series",
                "data: {series: {time: COLUMN}}",
            )
        elif settings.horizon is not None:
            yield Fault("a horizon needs series", "data.horizon", "data: {series: {time: COLUMN}}")
        return
    if task is Task.TOKEN_CLASSIFICATION:
        yield Fault("series have no words", "task", "task: classification, or forecasting")
    if task is Task.MULTI_LABEL:
        yield Fault(
            "several labels of a series are not learned",
            "task",
            "task: classification, or forecasting",
        )
    if settings.inputs is not None:
        yield Fault(
            "rows are steps of series, and a text or image is asked for",
            "data.inputs",
            "remove inputs, or remove series",
        )
    if settings.further_targets:
        yield Fault("a network for series learns one target", "data.further_targets", "remove it")
    yield from _repeated(settings, series)
    if is_forecast(settings, task):
        yield from _of_forecast(settings, series)
    else:
        yield from _of_whole(settings, series)


def _of_forecast(settings: DataSettings, series: SeriesSettings) -> Iterator[Fault]:
    if settings.horizon is None:
        yield Fault(
            "a forecast needs a horizon: how many steps ahead", "data.horizon",
            "data: {horizon: 24}",
        )  # fmt: skip
    if settings.target in series.values:
        yield Fault(
            "the target stands among the values; its own past is looked at anyway",
            "data.series.values",
            f"remove {settings.target!r} from values",
        )
    split = settings.split
    if settings.is_given or split.by != "time":
        yield Fault(
            "a forecast is split by time: the last part of the time axis is test",
            "data.split.by",
            f"split: {{by: time, column: {series.time}}}",
        )
    elif split.by == "time" and split.column != series.time:
        yield Fault(
            "a forecast is split by the column that orders its steps",
            "data.split.column",
            f"column: {series.time}",
        )
    if split.gap:
        yield Fault(
            "a forecast's split has no gap: its histories reach back to the last known step",
            "data.split.gap",
            "remove gap",
        )


def _of_whole(settings: DataSettings, series: SeriesSettings) -> Iterator[Fault]:
    if series.id is None:
        yield Fault(
            "which rows make one series is not said", "data.series.id",
            "data: {series: {id: COLUMN, ...}}",
        )  # fmt: skip
    if not series.values:
        yield Fault(
            "no column of values is named", "data.series.values",
            "data: {series: {values: [COLUMN], ...}}",
        )  # fmt: skip
    if settings.target in series.values:
        yield Fault(
            "the target stands among the values that it is told from",
            "data.series.values",
            f"remove {settings.target!r} from values",
        )
    for key, value in (("horizon", settings.horizon), ("series.context", series.context),
                       ("series.season", series.season)):  # fmt: skip
        if value is not None:
            yield Fault(
                f"{key.split('.')[-1]} is of a forecast", f"data.{key}",
                "task: forecasting, or remove it",
            )  # fmt: skip
    if settings.split.by == "group-time":
        yield Fault(
            "a series has one group and one time, its last",
            "data.split.by",
            f"split: {{by: time, column: {series.time}}}, or {{by: group, column: COLUMN}}",
        )
    if settings.split.by == "time" and settings.split.column != series.time:
        yield Fault(
            "series are split by the time of their last step",
            "data.split.column",
            f"column: {series.time}",
        )


def _repeated(settings: DataSettings, series: SeriesSettings) -> Iterator[Fault]:
    """A column that is named for two things."""
    named = [name for name in (series.id, series.time, settings.target) if name is not None]
    for name in sorted({name for name in named if named.count(name) > 1}):
        yield Fault(
            f"column {name!r} is named twice among id, time and target",
            "data.series",
            "name another column",
        )
    for name in sorted({*series.values} & {series.id, series.time}):
        yield Fault(
            f"column {name!r} is id or time, and stands among the values",
            "data.series.values",
            f"remove {name!r} from values",
        )
    for name in sorted({*named, *series.values} & {*settings.drop, *settings.known_after}):
        yield Fault(
            f"column {name!r} is named in series and left out as well",
            "data.drop" if name in settings.drop else "data.known_after",
            f"remove {name!r} there",
        )
