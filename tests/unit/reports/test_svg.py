from __future__ import annotations

import math

from trainwright.reports.svg import HEIGHT, WIDTH, Series, histogram, line_plot, thinned


def test_a_line_goes_through_its_points():
    plot = line_plot(
        "t",
        [Series("a", [0, 1], [0, 1])],
        x_label="x",
        y_label="y",
        x_bounds=(0, 1),
        y_bounds=(0, 1),
    )
    assert f'points="60.0,{HEIGHT - 42:.1f} {WIDTH - 12:.1f},12.0"' in plot.drawing


def test_the_numbers_stand_beside_every_line_but_the_reference():
    series = [Series("a", [1, 2], [3, 4]), Series("zero", [1, 2], [0, 0], reference=True)]
    plot = line_plot("t", series, x_label="x", y_label="y")
    assert plot.rows == ((1, 3, "a"), (2, 4, "a"))
    assert plot.legend == (("a", 0), ("zero", None))


def test_points_that_are_no_numbers_are_left_out():
    nan = math.nan
    plot = line_plot("t", [Series("a", [1, 2, 3], [nan, 5, None])], x_label="x", y_label="y")
    assert plot.rows == ((2, 5),)
    assert "nan" not in plot.drawing.lower()


def test_a_plot_without_any_point_still_draws_its_axes():
    plot = line_plot("t", [Series("a", [], [])], x_label="x", y_label="y")
    assert plot.rows == ()
    assert "<svg" in plot.drawing


def test_a_long_line_is_thinned_and_keeps_its_ends():
    kept = thinned(list(range(100_001)))
    assert len(kept) <= 202
    assert (kept[0], kept[-1]) == (0, 100_000)


def test_a_histogram_tells_its_bins():
    plot = histogram("t", [0, 1, 3], [[5, 7]], x_label="x")
    assert plot.header == ("from", "to", "rows")
    assert plot.rows == ((0, 1, 5), (1, 3, 7))


def test_a_scatter_is_not_joined():
    plot = line_plot(
        "t", [Series("a", [0, 1], [0, 1], marks=True, joined=False)], x_label="x", y_label="y"
    )
    assert "polyline" not in plot.drawing
    assert plot.drawing.count("<circle") == 2
