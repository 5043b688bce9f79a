"""Labels by votes: never under the majority, on functions that abstain and depend on each other."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.labels.label_model import label_by_votes, majority_of
from trainwright.data.labels.votes import Floats, Votes, votes_of_table

ROWS = 4_000


def one_sided(seed: int, *, copies: int = 0) -> tuple[Votes, np.ndarray]:
    """Functions that vote for one class alone, as rules do; some of them copies of the first."""
    generator = np.random.default_rng(seed)
    truth = (generator.random(ROWS) < generator.uniform(0.2, 0.5)).astype(np.int64)
    columns = []
    for label in (0, 0, 0, 1, 1, 1):
        hits, false = generator.uniform(0.15, 0.6), generator.uniform(0.01, 0.15)
        fires = generator.random(ROWS) < np.where(truth == label, hits, false)
        columns.append(np.where(fires, label, -1))
    for _ in range(copies):
        same = generator.random(ROWS) < 0.9
        columns.append(np.where(same, columns[0], -1))
    table = np.stack(columns, axis=1)
    names = [f"f{k}" for k in range(table.shape[1])]
    return votes_of_table(table, names=names, classes=("no", "yes")), truth


def losses(answer: np.ndarray, truth: np.ndarray) -> float:
    return float(-np.log(np.clip(answer[np.arange(len(truth)), truth], 1e-3, 1)).mean())


@pytest.mark.parametrize("copies", [0, 2])
def test_a_majority_is_never_overturned_and_ties_cost_nothing(copies: int) -> None:
    gains = []
    for seed in range(12):
        votes, truth = one_sided(seed, copies=copies)
        found = label_by_votes(votes)
        ordered = np.sort(votes.counts, axis=1)
        clear = ordered[:, -1] > ordered[:, -2]
        assert (found.labels == majority_of(votes))[clear].all()
        tied = found.covered & ~clear
        gains.append(((found.labels == truth) * 1.0 - (majority_of(votes) == truth))[tied].mean())
    assert min(gains) > -0.02


@pytest.mark.parametrize("copies", [0, 2])
def test_its_probabilities_are_more_honest_than_the_majority(copies: int) -> None:
    for seed in range(12):
        votes, truth = one_sided(seed, copies=copies)
        found = label_by_votes(votes)
        covered = found.covered
        shares = votes.counts / np.maximum(1, votes.counts.sum(axis=1, keepdims=True))
        for other in (np.eye(2)[majority_of(votes)], shares):
            assert losses(found.probabilities[covered], truth[covered]) < losses(
                other[covered], truth[covered]
            )


def test_independent_functions_of_known_accuracy_are_learned() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 2, ROWS)
    accuracies = (0.95, 0.6, 0.6, 0.6, 0.6)
    table = np.stack(
        [np.where(generator.random(ROWS) < p, truth, 1 - truth) for p in accuracies], axis=1
    )
    votes = votes_of_table(table, names="abcde", classes=("no", "yes"))
    known = np.where(np.arange(ROWS) < 300, truth, -1)
    found = label_by_votes(votes, known=known)
    assert found.used == "learned"
    assert "300 rows with known labels" in found.reason
    rest = known < 0
    assert (found.labels == truth)[rest].mean() > (majority_of(votes) == truth)[rest].mean() + 0.02
    assert np.argmax(found.precision) == 0


def test_a_learned_model_that_does_worse_on_known_rows_is_not_used() -> None:
    votes, _ = one_sided(3, copies=3)
    wrong = np.where(np.arange(ROWS) < 200, majority_of(votes), -1)
    found = label_by_votes(votes, known=wrong)  # the majority is right on all of them
    assert found.used == "majority"


@pytest.mark.parametrize("num_known", [20, 400])
def test_functions_that_are_wrong_together_are_believed_as_known_rows_show_it(
    num_known: int,
) -> None:
    """They agree wherever they vote, so that votes alone take them for right."""
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 2, ROWS)
    said = np.where(generator.random(ROWS) < 0.6, truth, 1 - truth)
    table = np.stack([said] * 3, axis=1)
    table[::3, 0] = table[1::3, 1] = table[2::3, 2] = -1
    votes = votes_of_table(table, names="abc", classes=("no", "yes"))
    blind = label_by_votes(votes)
    told = label_by_votes(votes, known=np.where(np.arange(ROWS) < num_known, truth, -1))

    def log_loss(probabilities: Floats) -> float:
        rest = np.arange(num_known, ROWS)
        return float(-np.log(probabilities[rest, truth[rest]]).mean())

    assert (blind.precision > 0.95).all()
    assert log_loss(told.probabilities) < 0.75 * log_loss(blind.probabilities)
    if num_known == 400:
        assert told.precision == pytest.approx([0.6] * 3, abs=0.08)
        assert log_loss(told.probabilities) < 0.75  # -ln 0.5 is 0.69


def test_a_class_balance_that_runs_away_is_noticed_and_said() -> None:
    reasons = [label_by_votes(one_sided(seed, copies=4)[0]) for seed in range(12)]
    fell_back = [found for found in reasons if found.used == "majority"]
    assert fell_back
    assert all("the majority stands" in found.reason for found in fell_back)


def test_copies_count_for_less() -> None:
    votes, _ = one_sided(5, copies=3)
    alone, _ = one_sided(5)
    from trainwright.data.labels.label_model import _independence

    assert _independence(votes)[0] < 0.7 * _independence(alone)[0]


def test_a_row_without_a_vote_has_no_weight_and_a_unanimous_one_much() -> None:
    table = np.full((200, 3), -1)
    table[:150] = np.random.default_rng(0).integers(0, 2, (150, 1))
    found = label_by_votes(votes_of_table(table, names="abc", classes=("no", "yes")))
    assert (found.weights[150:] == 0).all()
    assert (found.weights[:150] > 0.5).all()
    assert found.covered.sum() == 150


def test_a_majority_that_the_evidence_is_against_is_left_nearly_open() -> None:
    table = np.full((1_620, 5), -1)
    table[:1_600, [0, 3, 4]] = 1  # three that always agree
    table[1_000:1_300, 1] = 0  # two that are against them, each on its own
    table[1_300:1_600, 2] = 0
    table[1_600:, 0], table[1_600:, [1, 2]] = 1, 0  # the two together against one of the three
    votes = votes_of_table(table, names="abcde", classes=("no", "yes"))
    known = np.where(np.arange(1_620) < 100, 1, -1)
    found = label_by_votes(votes, known=known)
    assert found.used == "majority"
    assert (found.labels[1_600:] == 0).all()
    assert found.probabilities[1_600:, 0] == pytest.approx(0.505)


def test_a_tie_goes_to_the_function_that_is_two_to_one_more_believable() -> None:
    table = np.full((3_050, 5), -1)
    table[:1_000, [0, 3]] = 1  # two that agree
    table[:100, 1] = 0  # one that is against both, wherever it votes
    table[1_000:3_000, [2, 4]] = 0  # which makes its class the commoner one
    table[3_000:, 0], table[3_000:, 1] = 1, 0
    votes = votes_of_table(table, names="abcde", classes=("no", "yes"))
    assert (majority_of(votes)[3_000:] == 0).all()
    assert (label_by_votes(votes).labels[3_000:] == 1).all()


def test_nothing_voted_gives_no_labels_and_no_error() -> None:
    empty = votes_of_table(np.full((10, 2), -1), names="ab", classes=("no", "yes"))
    found = label_by_votes(empty)
    assert not found.covered.any()
    assert found.probabilities == pytest.approx(0.5)
