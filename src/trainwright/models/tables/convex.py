"""One solver for every linear model: L-BFGS in coordinates where the loss is nearly round.

Minimised is  mean_i loss(x_i W, y_i) + strength / (2 n) |W|^2, the intercept not penalised; where
rows have weights the mean is a weighted one and n their sum, as if rows were repeated. With
C = L L' = curvature * X'X / n + strength / n * I (Cholesky) and V = L' W, the Hessian in V is
bounded by the identity (Boehning and Lindsay 1988), so a handful of iterations do where plain
L-BFGS takes hundreds on columns of unlike scale. Terms of a text are many and sparse: they are
scaled one by one only. Losses are summed over blocks of 8,192 rows in order, which bounds memory
and lets a block be used twice while it is in the cache.

Cost: one Gram matrix, at most 4e9 multiplications: well under a second.

Source: Boehning, Lindsay 1988, Ann. Inst. Statist. Math. 40; Nocedal, Wright 2006, algorithm 7.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Array = NDArray[np.float64]
# Scores (rows, scores) and targets (rows,) -> loss a row (rows,), its slope in the scores.
Loss = Callable[[Array, Array], tuple[Array, Array]]

BLOCK_ROWS = 8_192
MAX_ITERATIONS = 100
GRAM_OPERATIONS = 4_000_000_000
_PRECISION = 1e-6  # largest slope, in the round coordinates, at which the minimum is found
_FLATTEST = 1e-9  # of the mean variance: keeps constant and equal columns solvable


@dataclass(frozen=True, slots=True)
class Design:
    """Columns of a linear model.

    Attributes:
        dense: Shape (rows, 1 + features), the first column all ones: the intercept.
        sparse: Shape (rows, terms), or None.
    """

    dense: Array
    sparse: csr_matrix | None

    @property
    def num_rows(self) -> int:
        """Rows."""
        return len(self.dense)

    @property
    def num_columns(self) -> int:
        """Intercept, features and terms."""
        return int(self.dense.shape[1] + (0 if self.sparse is None else self.sparse.shape[1]))

    def scores(self, weights: Array, rows: slice) -> Array:
        """Shape (columns, scores) in, (rows of the slice, scores) out."""
        width = self.dense.shape[1]
        found = self.dense[rows] @ weights[:width]
        return found if self.sparse is None else found + self.sparse[rows] @ weights[width:]

    def transposed(self, slopes: Array, rows: slice) -> Array:
        """X' slopes: shape (columns, scores)."""
        dense = self.dense[rows].T @ slopes
        if self.sparse is None:
            return dense
        return np.concatenate([dense, self.sparse[rows].T @ slopes])

    def blocks(self) -> list[slice]:
        """The rows, in blocks."""
        return [slice(start, start + BLOCK_ROWS) for start in range(0, self.num_rows, BLOCK_ROWS)]


class Problem:
    """A design, a target and a loss, to be solved for several strengths of the penalty.

    Args:
        design: The columns.
        target: Shape (rows,).
        loss: Convex in the scores.
        curvature: An upper bound of its second derivative.
        num_scores: Scores a row.
        row_weights: How much each row counts, shape (rows,); None: 1 each.
    """

    def __init__(
        self,
        design: Design,
        target: Array,
        *,
        loss: Loss,
        curvature: float,
        num_scores: int,
        row_weights: Array | None = None,
    ) -> None:
        self._design = design
        self._target = target
        self._loss = loss
        self._curvature = curvature
        self._num_scores = num_scores
        self._row_weights = row_weights
        self._num_counted = design.num_rows if row_weights is None else float(row_weights.sum())
        self._gram = self._moments()

    def solve(self, strength: float, *, start: Array, go_on: Callable[[], bool]) -> Array:
        """Weights, shape (columns, scores); `go_on` is asked after each iteration."""
        from scipy.optimize import minimize

        ridge = strength / self._num_counted
        rounding = _Rounding(self._gram, self._design, self._curvature, ridge)
        penalty = np.full((self._design.num_columns, 1), ridge)
        penalty[0] = 0.0

        def objective(flat: Array) -> tuple[float, Array]:
            weights = rounding.leave(flat.reshape(-1, self._num_scores))
            value, slope = self.value_and_slope(weights)
            value += float(np.sum(penalty * weights**2)) / 2
            return value, rounding.slope(slope + penalty * weights).ravel()

        def after(intermediate_result: object) -> None:  # noqa: ARG001 - scipy asks for the name
            if not go_on():
                raise StopIteration

        found = minimize(
            objective,
            rounding.enter(start).ravel(),
            jac=True,
            method="L-BFGS-B",
            callback=after,
            options={"maxiter": MAX_ITERATIONS, "gtol": _PRECISION, "ftol": 1e-12, "maxcor": 20},
        )
        return rounding.leave(np.asarray(found.x).reshape(-1, self._num_scores))

    def value_and_slope(self, weights: Array) -> tuple[float, Array]:
        """Mean loss without the penalty, and its slope in the weights."""
        total = 0.0
        slope = np.zeros_like(weights)
        for rows in self._design.blocks():
            losses, slopes = self._loss(self._design.scores(weights, rows), self._target[rows])
            if self._row_weights is not None:
                losses, slopes = _weighed(losses, slopes, self._row_weights[rows])
            total += float(losses.sum())
            slope += self._design.transposed(slopes, rows)
        return total / self._num_counted, slope / self._num_counted

    def _moments(self) -> Array:
        """X'X / n of the dense columns: of evenly spread rows where there are many of both.

        It shapes the coordinates only, so a sample moves no minimum. With too few rows a column,
        even that would mislead: then each column is scaled by itself.
        """
        dense, width = self._design.dense, self._design.dense.shape[1]
        step = -(-len(dense) * width**2 // GRAM_OPERATIONS)
        if step > 1 and len(dense) < 5 * width * step:
            return np.diag(np.einsum("ij,ij->j", dense, dense) / len(dense))
        sample = dense[::step]
        gram = np.zeros((width, width))
        for begin in range(0, len(sample), BLOCK_ROWS):
            block = sample[begin : begin + BLOCK_ROWS]
            gram += block.T @ block
        return gram / len(sample)


class _Rounding:
    """The change of coordinates V = L' W, and back."""

    def __init__(self, gram: Array, design: Design, curvature: float, ridge: float) -> None:
        from scipy.linalg import cholesky

        matrix = curvature * gram
        matrix[np.diag_indices_from(matrix)] += ridge + _FLATTEST * np.trace(matrix) / len(matrix)
        self._factor = cholesky(matrix, lower=True)
        if design.sparse is not None:
            squares = design.sparse.multiply(design.sparse).mean(axis=0)
            spread = curvature * np.asarray(squares, dtype=np.float64).ravel() + ridge
            self._spread = np.sqrt(spread)[:, None]

    def enter(self, weights: Array) -> Array:
        """V of W."""
        width = len(self._factor)
        dense = np.asarray(self._factor.T @ weights[:width])
        if len(weights) == width:
            return dense
        return np.concatenate([dense, weights[width:] * self._spread])

    def leave(self, rounded: Array) -> Array:
        """W of V."""
        return self._solve(rounded, "T")

    def slope(self, slope: Array) -> Array:
        """The slope in V, given that in W."""
        return self._solve(slope, "N")

    def _solve(self, values: Array, transposed: str) -> Array:
        from scipy.linalg import solve_triangular

        width = len(self._factor)
        dense = solve_triangular(
            self._factor, values[:width], lower=True, trans=transposed, check_finite=False
        )
        if len(values) == width:
            return np.asarray(dense)
        return np.concatenate([dense, values[width:] / self._spread])


def _weighed(losses: Array, slopes: Array, weights: Array) -> tuple[Array, Array]:
    return losses * weights, slopes * weights[:, None]


def logistic(scores: Array, target: Array) -> tuple[Array, Array]:
    """Log loss of the second of two classes; scores (rows, 1)."""
    score = scores[:, 0]
    loss = np.logaddexp(0.0, score) - target * score
    return loss, (1.0 / (1.0 + np.exp(-np.clip(score, -700, 700))) - target)[:, None]


def softmax(scores: Array, target: Array) -> tuple[Array, Array]:
    """Log loss of several classes; scores (rows, classes), targets class codes."""
    rows = np.arange(len(scores))
    codes = target.astype(np.int64)
    shifted = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    totals = powers.sum(axis=1)
    loss = np.log(totals) - shifted[rows, codes]
    slope = powers / totals[:, None]
    slope[rows, codes] -= 1.0
    return loss, slope


def squared(scores: Array, target: Array) -> tuple[Array, Array]:
    """Half the squared error; scores (rows, 1)."""
    error = scores[:, 0] - target
    return error**2 / 2, error[:, None]


SMOOTHING = 0.05  # of the target's spread: absolute error is rounded off below it


def absolute(scores: Array, target: Array) -> tuple[Array, Array]:
    """Absolute error rounded off at 0, so that it has a slope; scores (rows, 1).

    sqrt(error^2 + s^2) - s, s = 0.05 (the pseudo-Huber loss; Charbonnier et al. 1997).
    """
    error = scores[:, 0] - target
    size = np.sqrt(error**2 + SMOOTHING**2)
    return size - SMOOTHING, (error / size)[:, None]
