from __future__ import annotations

from trainwright.reports.run_plots import curve_figure, evaluation_figures, importance_figure


def test_a_plot_that_is_not_known_is_drawn_all_the_same():
    (figure,) = evaluation_figures({"lift_by_decile": {"decile": [1, 2], "lift": [2.0, 0.5]}})
    assert figure.title == "Lift by decile"
    assert figure.rows == ((1, 2.0), (2, 0.5))


def test_what_is_no_lists_of_numbers_is_not_drawn():
    assert (
        evaluation_figures({"a": 3, "b": {"x": ["p", "q"], "y": [1, 2]}, "c": {"x": [1, 2]}}) == []
    )


def test_the_calibration_tells_the_rows_of_each_bin():
    (figure,) = evaluation_figures(
        {"calibration": {"told": [0.1, 0.9], "observed": [0.2, 0.8], "rows": [30, 40]}}
    )
    assert figure.rows == ((0.1, 0.2, 30), (0.9, 0.8, 40))


def test_a_curve_of_one_point_is_no_plot_and_missing_points_are_skipped():
    assert curve_figure([{"iteration": 1, "train": 1.0, "validation": None}], loss="l") is None
    points = [{"iteration": i, "train": None, "validation": float(i)} for i in range(3)]
    figure = curve_figure(points, loss="log loss")
    assert figure is not None
    assert figure.legend == (("validation", 0),)


def test_importance_shows_the_largest_first_and_marks_what_is_told_apart_from_none():
    found = {
        "a": {"increase": 0.01, "standard_error": 0.02},
        "b": {"increase": 0.1, "standard_error": 0.01},
    }
    figure = importance_figure(found)
    assert figure is not None
    assert [row[0] for row in figure.rows] == ["b", "a"]
    assert figure.drawing.count("fill s0") == figure.drawing.count("fill s9") == 1
    assert importance_figure({}) is None
