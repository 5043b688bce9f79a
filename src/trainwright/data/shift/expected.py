"""Label shift in test rows, without a look at a test target: what does a model of train rows expect there?

A quick model learns the train rows and says for each test row how likely each class is. Its mean answer there
is held to that over train rows, out of fold. Where classes come in other shares, and look as they did, the
two means differ by the change of the share times how far the model tells that class from the rest: so the
means give the share that is to be expected. Numbers go as ranks, with the model's slope over true ranks.
A shift of inputs that tell of the target moves the means as well, and is told with the same words.

Power rests on the model: one that tells nothing sees nothing. Cost: four fits on 5,000 rows of each part.

Source: Lipton, Wang & Smola 2018, arXiv:1802.03916 (black box shift estimation); Bella et al. 2010,
doi:10.1109/ICDM.2010.75 (the scaled mean of probabilities); parity in tests/unit/data/shift/test_expected.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainwright.core.artifacts import Split
from trainwright.core.columns import Task
from trainwright.data.hashing import hash_rows, positions
from trainwright.data.leakage.bench import encode
from trainwright.data.leakage.trials import encode_target, readable
from trainwright.data.view import View

SAMPLE_ROWS = 5_000  # of each part
FEWEST_ROWS = 50
NUM_FOLDS = 3
LEAST_TOLD = 0.05  # of what would tell a class whole, below which a share is no more than a guess

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Expected:
    """What test rows are expected to be.

    Attributes:
        p_value: Of equal means, over all classes.
        size: By how much the share of a class moves, or the mean rank.
        number: Of the class that moves most, among those of train rows in the target's order; 0 for numbers.
        train: Its share of train rows, or the mean rank 0.5.
        test: The same, as expected of test rows.
        rows: Test rows that were asked about.
    """

    p_value: float
    size: float
    number: int
    train: float
    test: float
    rows: int


def expect(view: View) -> Expected | None:
    """What a model of the train rows expects of the test rows; None where there is nothing to go by."""
    columns = readable(view)
    names = [column.name for column in columns]
    target = view.target.name
    train = view.sample([*names, target], size=SAMPLE_ROWS, split=Split.TRAIN).drop_nulls(target)
    test = view.sample(names, size=SAMPLE_ROWS, split=Split.TEST)
    if not names or min(train.height, test.height) < FEWEST_ROWS:
        return None
    codes, wanted = encode_target(train[target], view.target)
    if not np.ptp(codes):
        return None
    both = pl.concat([train.select(names), test.select(names)])
    features = np.column_stack([encode(both[name]) for name in names])
    folds = (positions(hash_rows(train, names), "shift", "expected") * NUM_FOLDS).astype(np.int64)
    task = view.target.task.value
    inside = view.probe(features[: train.height], codes, folds=folds, task=task)
    outside = view.probe(
        features,
        np.concatenate([codes, np.zeros(test.height)]),  # not learnt from
        folds=np.repeat([-1, 0], [train.height, test.height]),
        task=task,
    )[train.height :]
    if inside.ndim == 1:
        inside, outside = inside[:, None], outside[:, None]
    return held_against(inside, wanted, outside, is_class=view.target.task is Task.CLASSIFICATION)


def held_against(
    inside: Floats, wanted: Floats, outside: Floats, *, is_class: bool
) -> Expected | None:
    """The change that the means of two sets of answers tell of.

    Args:
        inside: Answers of train rows, out of fold; shape (rows, k).
        wanted: What they should have been: indicators, or ranks in [0, 1]; shape (rows, k).
        outside: Answers of other rows; shape (others, k).
        is_class: The answers are probabilities of classes.

    Returns:
        None where the answers tell nothing of what they should.
    """
    best: Expected | None = None
    least, tests = 1.0, 0
    for number in range(wanted.shape[1]):
        mine, truth, other = inside[:, number], wanted[:, number], outside[:, number]
        error = math.hypot(
            mine.std(ddof=1) / math.sqrt(len(mine)), other.std(ddof=1) / math.sqrt(len(other))
        )
        spread = float(truth.var())
        told = float(np.mean((mine - mine.mean()) * (truth - truth.mean()))) / max(spread, 1e-12)
        if error <= 0 or told < LEAST_TOLD:
            continue
        tests += 1
        moved = float(other.mean() - mine.mean())
        p_value = math.erfc(abs(moved) / error / math.sqrt(2))
        share = float(truth.mean())
        there = float(np.clip(share + moved / told, 0, 1))
        least = min(least, p_value)
        if best is None or abs(there - share) > best.size:
            best = Expected(p_value, abs(there - share), number, share, there, len(other))
    if best is None:
        return None
    tests = 1 if is_class and wanted.shape[1] == 2 else tests  # one class is the other's rest
    return Expected(
        min(1.0, least * tests), best.size, best.number, best.train, best.test, best.rows
    )
