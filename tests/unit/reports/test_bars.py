from __future__ import annotations

import math
import re

import pytest

from trainwright.reports.bars import Whisker, paired_bars, spark_bars, stacked_bar, whisker_plot


def test_the_parts_of_a_stacked_bar_fill_it():
    bar = stacked_bar("t", [("train", 70), ("validation", 15), ("test", 15), ("dropped", 0)])
    widths = [float(found) for found in re.findall(r' width="([\d.]+)%" y=', bar.drawing)]
    assert sum(widths) == pytest.approx(100, abs=0.01)
    assert bar.rows[0] == ("train", 70, "70.0%")


def test_a_stacked_bar_of_nothing_has_no_width():
    assert stacked_bar("t", [("train", 0)]).rows == (("train", 0, "–"),)


def test_a_whisker_lies_between_its_ends_and_tells_them():
    plot = whisker_plot("t", [Whisker("a", 2.0, 1.0, 3.0, strong=True)], x_label="x")
    x1, x2 = (
        float(found)
        for found in re.findall(r'x1="([\d.]+)" x2="([\d.]+)"[^>]*whisker', plot.drawing)[0]
    )
    dot = float(re.findall(r'cx="([\d.]+)"', plot.drawing)[0])
    assert x1 < dot < x2
    assert plot.rows == (("a", 2.0, 1.0, 3.0),)


def test_a_whisker_without_an_interval_is_a_dot_and_one_without_a_value_is_not_drawn():
    plot = whisker_plot(
        "t", [Whisker("a", 1.0, math.nan, math.nan), Whisker("b", math.nan, 0, 1)], x_label="x"
    )
    assert plot.drawing.count("<circle") == 1
    assert "nan" not in plot.drawing
    assert len(plot.rows) == 2


def test_a_long_name_is_cut_and_whole_in_the_tooltip():
    name = "a column with a name that is rather long"
    plot = whisker_plot("t", [Whisker(name, 1.0, 0.0, 2.0)], x_label="x")
    assert f"<title>{name}</title>" in plot.drawing
    assert "a column with a name th…" in plot.drawing


def test_paired_bars_stand_in_proportion():
    plot = paired_bars("t", ["a"], [("reference", [0.2]), ("live", [0.4])])
    first, second = (
        float(found) for found in re.findall(r'width="([\d.]+)" height="7"', plot.drawing)
    )
    assert second == pytest.approx(2 * first, abs=0.02)


def test_a_spark_of_zeros_is_flat():
    assert 'height="0.6"' in spark_bars([0, 0], label="t")
