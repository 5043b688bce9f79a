from __future__ import annotations

import math
import re

import pytest

from trainwright.reports.tables import LIMIT_ROWS
from trainwright.reports.training_plots import first_not_finite, training_figures


def records_of(num=20, *, every=10, evaluated_every=50):
    """What a loop records: values each `every` steps, and an evaluation now and then."""
    made = []
    for place in range(1, num + 1):
        step = place * every
        record = {
            "step": step,
            "epoch": step // evaluated_every,
            "loss": 1 / place,
            "learning_rate": 3e-4,
            "gradient_norm": 2.0 / place,
            "parameter_norm": 10.0,
            "samples_per_second": 5000.0 + place,
            "memory_bytes": 1e9,
        }
        if step % evaluated_every == 0:
            record["validation_loss"] = 0.3 + abs(step - 100) / 1000
        made.append(record)
    return made


def test_each_value_has_its_plot_and_loss_comes_first():
    titles = [figure.title for figure in training_figures(records_of())]
    assert titles == ["Loss", "Gradient norm", "Learning rate", "Throughput"]


def test_train_and_validation_share_a_plot_and_the_best_step_is_marked():
    loss = training_figures(records_of(), best=100)[0]
    assert loss.legend == (
        ("train", 0),
        ("validation", 1),
        ("weights of step 100", None),
    )
    assert loss.drawing.count('class="reference"') == 1
    assert loss.header == ("step", "epochs finished", "train", "validation", "")
    [best] = [row for row in loss.rows if row[-1] == "weights"]
    assert best == (100, 2, 0.1, 0.3, "weights")
    assert loss.rows[0] == (10, 0, 1.0, "", "")


def test_one_curve_alone_is_called_by_its_name():
    rate = training_figures(records_of())[2]
    assert rate.legend == (("learning rate", 0),)
    assert rate.header == ("step", "epochs finished", "learning rate", "")


def test_the_step_of_the_weights_is_marked_on_curves_without_a_point_there():
    rate = training_figures(records_of(), best=104)[2]
    assert ("weights of step 104", None) in rate.legend
    assert not any(row[-1] for row in rate.rows)


def test_without_a_best_step_nothing_is_marked():
    loss = training_figures(records_of())[0]
    assert len(loss.legend) == 2
    assert not any(row[-1] for row in loss.rows)


def test_a_metric_that_was_recorded_is_drawn_under_its_name():
    records = [
        {"step": s, "epoch": 0, "accuracy": 0.1 * s, "validation_accuracy": 0.05 * s}
        for s in (1, 2, 3)
    ]
    [figure] = training_figures(records)
    assert figure.title == "Accuracy"
    assert figure.header == ("step", "epochs finished", "train", "validation", "")


@pytest.mark.parametrize("candidates", [1, 3, 10])
def test_many_points_are_thinned_and_first_last_and_best_are_kept(candidates):
    records = records_of(40_000, evaluated_every=20)
    best = 123_460
    for figure in training_figures(records, best=best, candidates=candidates):
        steps = [row[0] for row in figure.rows]
        assert len(steps) <= min(LIMIT_ROWS, 600 // candidates)
        assert steps == sorted(steps)
        assert {10, best, 400_000} <= set(steps)


def test_what_burst_is_told_in_the_table_and_drawn_nowhere():
    records = records_of(4)
    records[2]["loss"] = math.nan
    records[3]["gradient_norm"] = math.inf
    loss, norm = training_figures(records)[:2]
    assert [row[2] for row in loss.rows] == [1.0, 0.5, "nan", 0.25]
    assert norm.rows[-1][2] == "inf"
    assert not re.search("nan|inf", loss.drawing + norm.drawing)
    assert first_not_finite(records) == (30, "loss")
    assert first_not_finite(records[:2]) is None
    assert first_not_finite(records[3:]) is None


def test_nothing_is_drawn_of_one_record_or_none():
    assert training_figures([]) == []
    assert training_figures(records_of(1)) == []


def test_many_values_that_are_not_known_do_not_flood_the_page():
    records = [{"step": s, "epoch": 0, **{f"value_{k}": 1.0 for k in range(50)}} for s in (1, 2)]
    assert len(training_figures(records)) == 6
