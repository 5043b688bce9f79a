from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.sparse import csr_matrix

from trainwright.models.tables import convex
from trainwright.models.tables.convex import Design, Problem


def make_problem(loss, num_scores, *, curvature=1.0, num_rows=200, num_terms=4, seed=0):
    random = np.random.default_rng(seed)
    dense = np.column_stack([np.ones(num_rows), random.normal(size=(num_rows, 3)) * [1, 30, 0.01]])
    terms = csr_matrix(random.poisson(0.2, size=(num_rows, num_terms)).astype(float))
    target = random.integers(0, max(num_scores, 2), num_rows).astype(float)
    design = Design(dense, terms if num_terms else None)
    return Problem(design, target, loss=loss, curvature=curvature, num_scores=num_scores), design


LOSSES = {
    "logistic": (convex.logistic, 1),
    "softmax": (convex.softmax, 3),
    "squared": (convex.squared, 1),
    "absolute": (convex.absolute, 1),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_slope_is_the_derivative_of_the_value(name):
    loss, num_scores = LOSSES[name]
    problem, design = make_problem(loss, num_scores)
    shape = (design.num_columns, num_scores)
    at = np.random.default_rng(1).normal(size=shape) * 0.1

    def value(flat):
        return problem.value_and_slope(flat.reshape(shape))[0]

    def slope(flat):
        return problem.value_and_slope(flat.reshape(shape))[1].ravel()

    assert check_grad(value, slope, at.ravel()) < 1e-5


@pytest.mark.parametrize("name", LOSSES)
def test_the_solution_has_no_slope_left_and_takes_few_iterations(name):
    loss, num_scores = LOSSES[name]
    problem, design = make_problem(loss, num_scores)
    start = np.zeros((design.num_columns, num_scores))
    steps = []
    weights = problem.solve(1.0, start=start, go_on=lambda: not steps.append(None))
    penalty = np.full((design.num_columns, 1), 1 / 200)
    penalty[0] = 0
    slope = problem.value_and_slope(weights)[1] + penalty * weights
    spread = np.sqrt(np.square(design.dense).mean(axis=0))[:, None]
    assert np.abs(slope[:4] / spread).max() < 1e-5
    assert len(steps) < 60


def test_going_on_is_asked_after_each_iteration_and_obeyed():
    problem, design = make_problem(convex.logistic, 1)
    start = np.zeros((design.num_columns, 1))
    first = problem.solve(1.0, start=start, go_on=lambda: False)
    whole = problem.solve(1.0, start=start, go_on=lambda: True)
    values = [problem.value_and_slope(weights)[0] for weights in (start, first, whole)]
    assert values[0] > values[1] > values[2]


def test_constant_and_equal_columns_are_solved():
    dense = np.column_stack([np.ones((50, 2)), np.zeros(50), *[np.arange(50.0)] * 2])
    problem = Problem(
        Design(dense, None), np.arange(50.0), loss=convex.squared, curvature=1.0, num_scores=1
    )
    weights = problem.solve(1e-6, start=np.zeros((5, 1)), go_on=lambda: True)
    np.testing.assert_allclose(dense @ weights[:, 0], np.arange(50.0), atol=1e-2)


def test_blocks_add_up_to_the_whole(monkeypatch):
    whole, design = make_problem(convex.softmax, 3)
    weights = np.random.default_rng(2).normal(size=(design.num_columns, 3))
    monkeypatch.setattr(convex, "BLOCK_ROWS", 7)
    parts, _ = make_problem(convex.softmax, 3)
    for first, second in zip(
        whole.value_and_slope(weights), parts.value_and_slope(weights), strict=True
    ):
        np.testing.assert_allclose(first, second, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("operations", "is_diagonal"), [(1_700, False), (100, True)])
def test_a_gram_matrix_of_a_sample_leads_to_the_same_minimum(monkeypatch, operations, is_diagonal):
    exact, design = make_problem(convex.logistic, 1)
    start = np.zeros((design.num_columns, 1))
    expected = exact.solve(1.0, start=start, go_on=lambda: True)
    monkeypatch.setattr(convex, "GRAM_OPERATIONS", operations)
    sampled, _ = make_problem(convex.logistic, 1)
    assert (np.count_nonzero(sampled._gram) == 4) == is_diagonal
    assert not np.array_equal(sampled._gram, exact._gram)
    found = sampled.solve(1.0, start=start, go_on=lambda: True)
    values = [exact.value_and_slope(weights)[0] for weights in (found, expected)]
    assert values[0] == pytest.approx(values[1], rel=1e-5)
