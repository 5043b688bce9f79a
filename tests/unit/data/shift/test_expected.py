"""What a model of the train rows expects of the test rows, whose targets stay closed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from detector_view import found, view_of, yes_no
from trainwright.data.shift.expected import expect, held_against
from trainwright.data.shift.labels import find

GIVEN = {"by": "given", "column": "part"}


def classes(
    shares: tuple[float, float, float], *, apart: float = 2.0, seed: int = 0
) -> tuple[pl.DataFrame, np.ndarray]:
    """Two classes that a number tells from each other, in other shares part by part."""
    rng = np.random.default_rng(seed)
    parts = np.repeat([0, 1, 2], (900, 100, 300)).astype(np.int8)
    upper = rng.random(len(parts)) < np.array(shares)[parts]
    x = rng.normal(size=len(parts)) + apart * upper
    return pl.DataFrame({"x": x, "part": parts.astype(np.int64)}).with_columns(yes_no(upper)), parts


def test_other_shares_in_test_are_told_by_what_the_inputs_let_expect() -> None:
    frame, parts = classes((0.3, 0.3, 0.6))
    (one,) = found(find, view_of(frame.drop("part"), parts=parts, split=GIVEN))
    assert (one.kind, one.severity, one.column, one.count) == ("shift", "warning", "y", 300)
    assert "by their inputs" in one.message


@pytest.mark.parametrize("share", [0.1, 0.5, 0.7])
def test_the_share_that_is_expected_is_the_true_one(share: float) -> None:
    rng = np.random.default_rng(3)
    upper = np.repeat([0.0, 1.0], [28_000, 12_000])  # 0.3
    other = (rng.random(40_000) < share).astype(float)
    answers = [
        1 / (1 + np.exp(-(2 * (rng.normal(size=40_000) + 2 * y) - 2.8))) for y in (upper, other)
    ]
    told = held_against(answers[0][:, None], upper[:, None], answers[1][:, None], is_class=True)
    assert told is not None
    assert told.test == pytest.approx(share, abs=0.02)
    assert told.train == pytest.approx(0.3)


def test_no_test_target_is_looked_at() -> None:
    frame, parts = classes((0.3, 0.3, 0.6))
    turned = pl.when(pl.Series(parts == 2)).then(pl.lit("yes")).otherwise(pl.col("y")).alias("y")
    one, other = (
        expect(view_of(rows.drop("part"), parts=parts, split=GIVEN))
        for rows in (frame, frame.with_columns(turned))
    )
    assert one == other


@pytest.mark.parametrize("seed", range(6))
def test_equal_shares_are_no_finding(seed: int) -> None:
    frame, parts = classes((0.4, 0.4, 0.4), seed=seed)
    assert found(find, view_of(frame.drop("part"), parts=parts, split=GIVEN)) == []


def test_what_neither_shows_alone_both_show_together() -> None:
    frame, parts = classes((0.4, 0.55, 0.52), apart=1.6, seed=9)
    (one,) = found(find, view_of(frame.drop("part"), parts=parts, split=GIVEN))
    assert "together with validation" in one.message


def test_inputs_that_tell_nothing_let_expect_nothing() -> None:
    frame, parts = classes((0.3, 0.3, 0.9), apart=0.0)
    assert found(find, view_of(frame.drop("part"), parts=parts, split=GIVEN)) == []


def test_answers_that_know_nothing_of_the_target_are_not_scaled_up() -> None:
    rng = np.random.default_rng(1)
    wanted = (rng.random((4000, 1)) < 0.5).astype(float)
    answers = rng.random((4000, 1))
    assert held_against(answers, wanted, answers / 2, is_class=True) is None


def test_numbers_are_expected_by_their_ranks() -> None:
    rng = np.random.default_rng(0)
    parts = np.repeat([0, 1, 2], (900, 100, 300)).astype(np.int8)
    y = rng.normal(size=len(parts)) + (parts == 2) * 0.9
    frame = pl.DataFrame({"x": y + rng.normal(0, 0.7, len(parts)), "y": y})
    (one,) = found(find, view_of(frame, parts=parts, split=GIVEN))
    assert "mean rank" in one.message


def test_a_random_split_costs_no_model() -> None:
    frame, parts = classes((0.3, 0.3, 0.9))
    assert found(find, view_of(frame.drop("part"), parts=parts)) == []
