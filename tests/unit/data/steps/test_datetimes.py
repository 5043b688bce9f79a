import math
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from trainwright.data.steps.datetimes import DAY, DateTimeSummary, calendar, microseconds


def moment(*parts):
    return (datetime(*parts, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )


def series(moments):
    return pl.Series(moments, dtype=pl.Int64).cast(pl.Datetime("us"))


def fitted(moments, *, cyclic=False):
    summary = DateTimeSummary("at", cyclic=cyclic)
    summary.observe(series(moments))
    return summary.finish()


def test_the_calendar_is_that_of_polars_for_arrays_and_for_single_ints():
    random = np.random.default_rng()
    moments = np.concatenate(
        [
            random.integers(-(10**17), 10**17, 5_000),
            np.arange(moment(1999, 12, 1), moment(2005, 2, 1), DAY),
            [0, -1, 1, moment(2000, 2, 29), moment(1900, 2, 28, 23, 59, 59), moment(1, 1, 1)],
        ]
    )
    found, dates = calendar(moments), series(moments).dt
    expected = {
        "year": dates.year(),
        "month": dates.month(),
        "day": dates.day(),
        "weekday": dates.weekday(),
        "hour": dates.hour(),
        "minute_of_day": dates.hour().cast(pl.Int64) * 60 + dates.minute(),
        "day_of_year": dates.ordinal_day(),
    }
    for part, values in expected.items():
        assert found[part].tolist() == values.to_list(), part
    for at in moments[-50:].tolist():
        alone = calendar(at)
        assert {k: int(v) for k, v in alone.items()} == {
            k: int(v[0]) for k, v in calendar(np.array([at])).items()
        }


def test_only_parts_that_vary_in_train_rows_are_kept():
    step = fitted([moment(2013, 1, 1, 5), moment(2013, 1, 8, 5), moment(2013, 1, 9, 5)])
    assert step.names == ("at.day", "at.weekday", "at.day_of_year", "at.elapsed")
    assert step.row(moment(2013, 1, 2, 5)) == [2.0, 3.0, 2.0, 86_400.0]


def test_a_linear_model_gets_cycles_and_the_share_of_the_span():
    first, last = moment(2013, 1, 1), moment(2013, 12, 31)
    step = fitted([first, moment(2013, 6, 5), last, None], cyclic=True)
    assert step.names == (
        *("at.month.sin", "at.month.cos", "at.weekday.sin", "at.weekday.cos"),
        *("at.day_of_year.sin", "at.day_of_year.cos", "at.elapsed", "at.missing"),
    )
    april = step.row(moment(2013, 4, 1))
    assert april[0] == pytest.approx(math.sin(2 * math.pi * 3 / 12))
    assert april[6] == pytest.approx(90 / 364)
    assert step.row(first)[6] == 0.0
    assert step.row(None) == [0.0] * 7 + [1.0]


def test_time_far_from_train_rows_is_bounded_for_a_linear_model():
    step = fitted([moment(2013, 1, 1), moment(2013, 1, 2)], cyclic=True)
    assert step.row(moment(2900, 1, 1))[-1] == 10.0


def test_missing_is_nan_for_trees():
    assert all(map(math.isnan, fitted([0, DAY]).row(None)))


def test_any_unit_and_zone_is_read_as_microseconds_of_utc():
    at = moment(2013, 5, 6, 7)
    for unit in ("ms", "us", "ns"):
        assert microseconds(series([at, None]).cast(pl.Datetime(unit))).tolist() == [at, 0]
    zoned = series([at]).dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    assert microseconds(zoned).tolist() == [at]


def test_merged_summaries_span_both_parts():
    one, other = (DateTimeSummary("at", cyclic=False) for _ in range(2))
    one.observe(series([5 * DAY]))
    other.observe(series([DAY, None]))
    one.merge(other)
    step = one.finish()
    assert (step.first, step.span) == (DAY, 4 * DAY)


def test_a_block_is_filled_as_its_rows():
    moments = [0, None, -1, moment(2024, 2, 29, 12, 1), moment(1850, 1, 1)]
    for cyclic in (False, True):
        step = fitted([moment(2013, 1, 1), None, moment(2015, 7, 3, 4, 5)], cyclic=cyclic)
        out = np.zeros((len(moments), len(step.names)))
        step.fill(series(moments), out)
        assert out.tobytes() == np.array([step.row(at) for at in moments]).tobytes()


def test_a_column_of_nulls_can_be_fitted():
    assert fitted([None, None]).names == ("at.elapsed",)
    assert fitted([None], cyclic=True).row(None) == [0.0, 1.0]
