"""Which rows are asked for next."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.labels.active import (
    disagreement,
    entropy,
    k_centre,
    least_confidence,
    margin,
    queue,
)

SURE, UNSURE, OPEN = [0.98, 0.01, 0.01], [0.5, 0.45, 0.05], [1 / 3, 1 / 3, 1 / 3]
ANSWERS = np.array([SURE, UNSURE, OPEN])


def test_doubt_runs_from_sure_to_open() -> None:
    for doubt in (least_confidence, margin, entropy):
        found = doubt(ANSWERS)
        assert found[2] == pytest.approx(1)
        assert found[0] < found[1] <= found[2]
        assert (doubt(np.eye(3)) == 0).all()


def test_margin_by_hand() -> None:
    assert margin(ANSWERS) == pytest.approx([1 - 0.97, 0.95, 1])


def test_families_that_say_the_same_do_not_disagree_however_unsure() -> None:
    assert disagreement({"a": ANSWERS, "b": ANSWERS}) == pytest.approx([0, 0, 0], abs=1e-12)


def test_families_that_are_sure_of_different_classes_disagree_wholly() -> None:
    found = disagreement({"a": np.array([[1.0, 0.0]]), "b": np.array([[0.0, 1.0]])})
    assert found == pytest.approx([1])


def test_the_farthest_rows_come_first() -> None:
    line = np.array([[0.0], [1.0], [2.0], [10.0], [9.5]])
    assert k_centre(line, 2, centres=np.array([[0.5]])).tolist() == [3, 2]


def test_no_row_is_chosen_twice_even_where_all_are_alike() -> None:
    assert sorted(k_centre(np.zeros((5, 2)), 5).tolist()) == [0, 1, 2, 3, 4]


def test_doubt_alone_takes_copies_and_the_combined_queue_does_not() -> None:
    generator = np.random.default_rng(0)
    copies, others = np.zeros((20, 2)), generator.normal(size=(80, 2)) * 5
    features = np.concatenate([copies, others])
    half = np.concatenate([np.full(20, 0.5), np.full(80, 0.6)])
    answers = {"a": np.column_stack([half, 1 - half])}
    alone = queue(answers, count=20, features=features, strategy="margin").rows
    spread = queue(answers, count=20, features=features, strategy="combined").rows
    assert (alone < 20).all()
    assert (spread < 20).sum() <= 1


def test_without_a_model_rows_are_spread_or_drawn() -> None:
    features = np.random.default_rng(0).normal(size=(50, 3))
    spread = queue({}, count=5, features=features)
    assert len(set(spread.rows.tolist())) == 5
    assert (spread.doubt == 0).all()
    drawn = [
        queue({}, count=5, features=features, strategy="random", seed=s).rows for s in (0, 0, 1)
    ]
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()


def test_the_queue_is_no_longer_than_the_rows() -> None:
    assert len(queue({"a": ANSWERS}, count=10).rows) == 3


def test_what_a_strategy_needs_is_said() -> None:
    with pytest.raises(ValueError, match="two families"):
        queue({"a": ANSWERS}, count=1, strategy="disagreement")
    with pytest.raises(ValueError, match="probabilities, features"):
        queue({}, count=1)
