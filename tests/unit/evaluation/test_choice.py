from __future__ import annotations

import numpy as np
import pytest

from trainwright.core.artifacts import Prediction
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.durable import canonical_json
from trainwright.core.errors import TrainingError
from trainwright.evaluation.choice import CandidateScore, choose, loss_name, row_losses

ROWS = np.arange(500)


def score(name, losses, *, cost=1, metric=None):
    return CandidateScore(name, name, cost, losses, metric, is_baseline=name == "baseline")


def noisy(mean, *, seed=0, spread=0.3):
    return mean + spread * np.random.default_rng(seed).normal(size=500)


def test_the_least_loss_wins_where_it_is_clear():
    base = noisy(1.0)
    choice = choose(
        [
            score("baseline", base, cost=0),
            score("linear", base - 0.1, cost=1),
            score("trees", base - noisy(0.3, seed=1, spread=0.05), cost=2),
        ],
        units=ROWS,
    )
    assert (choice.winner, choice.verdict) == (2, "signal")
    assert "trees is best" in choice.reason
    assert choice.table[1]["better_than_baseline"]["difference"] == pytest.approx(0.1)


def test_of_tied_ones_the_cheaper_wins():
    base, same = noisy(1.0), noisy(0.7, seed=2)
    jitter = noisy(0.0, seed=3, spread=0.2)
    jitter -= jitter.mean() - 0.004  # 0.4 % of the baseline's loss, under half a standard error
    choice = choose(
        [
            score("baseline", base, cost=0),
            score("linear", same + jitter, cost=1),
            score("trees", same, cost=2),
        ],
        units=ROWS,
    )
    assert choice.winner == 1
    assert "tied with trees" in choice.reason
    assert [row["tied"] for row in choice.table] == [False, True, True]


@pytest.mark.parametrize(
    ("behind", "spread", "why"),
    [(0.02, 5.0, "over 1 % of the baseline's loss"), (0.005, 0.001, "over a standard error")],
)
def test_a_difference_that_breaks_either_rule_is_no_tie(behind, spread, why):
    jitter = noisy(0.0, seed=3, spread=spread)
    jitter += behind - jitter.mean()
    same = noisy(0.5, seed=2)
    choice = choose(
        [
            score("baseline", same + 0.5, cost=0),
            score("linear", same + jitter, cost=1),
            score("trees", same, cost=2),
        ],
        units=ROWS,
    )
    assert choice.winner == 2, why


def test_a_shuffled_target_gives_no_signal():
    verdicts = []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        codes = generator.integers(0, 2, 500).astype(float)
        spec = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b"))
        told = np.clip(0.5 + 0.1 * generator.normal(size=(3, 500)), 0.01, 0.99)
        told[0] = 0.5
        candidates = [
            score(name, row_losses(np.stack([1 - p, p], axis=1), codes, spec), cost=cost)
            for cost, (name, p) in enumerate(
                zip(("baseline", "linear", "trees"), told, strict=True)
            )
        ]
        choice = choose(candidates, units=ROWS)
        verdicts.append(choice.verdict)
        assert (choice.winner == 0) == (choice.verdict == "no signal")
    assert verdicts.count("no signal") >= 38


def test_the_interval_is_corrected_for_how_many_tried():
    """A gain of 2.1 standard errors beats the baseline alone, but not as one of ten."""
    base = noisy(1.0)
    gain = noisy(0.0, seed=5)
    gain = (gain - gain.mean()) / gain.std(ddof=1) * np.sqrt(500) * 0.01 + 0.021
    alone = [score("baseline", base), score("linear", base - gain)]
    assert choose(alone, units=ROWS).verdict == "signal"
    crowd = [score(f"dull-{k}", base + 0.5) for k in range(9)]
    assert choose(alone + crowd, units=ROWS).verdict == "no signal"


def test_rows_of_one_group_count_once():
    base = noisy(1.0)
    better = base - np.repeat([2.0, -1.0, 0.5, -0.5, 1.5, -1.0, 0.5, 1.0, -0.5, 0.5], 50)
    candidates = [score("baseline", base), score("linear", better)]
    assert choose(candidates, units=ROWS).verdict == "signal"
    assert choose(candidates, units=ROWS // 50).verdict == "no signal"


def test_a_metric_ranks_in_place_of_the_loss():
    base = noisy(1.0)
    candidates = [
        score("baseline", base, metric=0.5),
        score("linear", base - 0.2, metric=0.8),
        score("trees", base - 0.3, metric=0.7),
    ]
    assert choose(candidates, units=ROWS, metric_greater_is_better=True).winner == 1
    assert choose(candidates, units=ROWS, metric_greater_is_better=False).winner == 2
    assert choose(candidates, units=ROWS).winner == 2


def test_a_metric_that_is_not_defined_leaves_the_loss():
    base = noisy(1.0)
    candidates = [score("baseline", base), score("a", base - 0.1), score("b", base - 0.3, cost=2)]
    assert choose(candidates, units=ROWS, metric_greater_is_better=True).winner == 2


def test_losses_that_are_not_finite_leave_the_race():
    base = noisy(1.0)
    broken = np.full(500, np.nan)
    choice = choose([score("baseline", base), score("linear", broken)], units=ROWS)
    assert (choice.winner, choice.verdict) == (0, "no signal")
    assert choice.table[1]["loss"] is None
    with pytest.raises(TrainingError, match="look for extreme values"):
        choose([score("linear", broken)], units=ROWS)


@pytest.mark.parametrize("units", [ROWS, np.zeros(500, dtype=np.int64)], ids=["rows", "one unit"])
def test_the_table_is_json(units):
    base = noisy(1.0)
    choice = choose([score("baseline", base), score("linear", base - 0.1)], units=units)
    canonical_json(list(choice.table))


def test_without_a_baseline_the_best_wins_and_the_reason_says_so():
    choice = choose([score("linear", noisy(1.0))], units=ROWS)
    assert (choice.winner, choice.verdict) == (0, "signal")
    assert "no baseline" in choice.reason


def test_losses_are_proper_ones():
    two = Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, ("a", "b"))
    plain = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)
    heavy = Target(Column("y", ColumnType.NUMBER), Task.REGRESSION, heavy_tailed=True)
    told = np.array([[0.25, 0.75], [0.5, 0.5]])
    assert row_losses(told, np.array([1.0, 0.0]), two) == pytest.approx(-np.log([0.75, 0.5]))
    values, target = np.array([1.0, 4.0]), np.array([0.0, 1.0])
    assert row_losses(Prediction(values), target, plain).tolist() == [1, 9]
    assert row_losses(values, target, heavy).tolist() == [1, 3]
    assert [loss_name(s) for s in (two, plain, heavy)] == [
        "log_loss",
        "squared_error",
        "absolute_error",
    ]
