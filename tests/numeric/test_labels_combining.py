"""Joined labels against crowd-kit 1.4.2, whose answers stand here, and against planted annotators."""

from __future__ import annotations

import numpy as np
import pytest

from trainwright.data.labels.combining import combine, dawid_skene, mace, majority
from trainwright.data.labels.votes import Votes, votes_of_table

# DawidSkene(n_iter=200, tol=1e-9).fit_predict_proba on `table_of_five()`: rows 0, 2, 3, 5, 6.
CROWD_KIT = {
    0: (0.0000, 0.0022, 0.9978),
    2: (0.0011, 0.0000, 0.9989),
    3: (0.0462, 0.4941, 0.4598),
    5: (0.0000, 0.0001, 0.9999),
    6: (0.0000, 0.0072, 0.9928),
}
CROWD_KIT_LABELS = "212112200002201202002010202111111222211210202110100121222111"


def table_of_five() -> Votes:
    """60 rows, five annotators of falling accuracy, a tenth of the labels not given."""
    generator = np.random.default_rng(7)
    truth = generator.integers(0, 3, 60)
    columns = [
        np.where(generator.random(60) < accuracy, truth, generator.integers(0, 3, 60))
        for accuracy in (0.9, 0.8, 0.75, 0.6, 0.4)
    ]
    table = np.stack(columns, axis=1)
    table[generator.random(table.shape) < 0.1] = -1
    return votes_of_table(table, names="abcde", classes="012")


def planted(seed: int = 0, rows: int = 3_000) -> tuple[Votes, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 2, rows)
    columns = [
        np.where(generator.random(rows) < accuracy, truth, 1 - truth)
        for accuracy in (0.95, 0.6, 0.6, 0.55, 0.55)
    ]
    return votes_of_table(np.stack(columns, axis=1), names="abcde", classes="01"), truth


def test_dawid_skene_is_crowd_kits() -> None:
    found = dawid_skene(table_of_five())
    for row, expected in CROWD_KIT.items():
        # our small prior moves an undecided row by 0.018, all others by less than 0.001
        assert found.probabilities[row] == pytest.approx(expected, abs=0.02 if row == 3 else 2e-3)
    same = np.array(list(CROWD_KIT_LABELS), dtype=int) == found.labels
    assert same.sum() >= 59  # row 3 is at .48 to .49


def test_dawid_skene_finds_the_accuracies_and_beats_the_majority() -> None:
    votes, truth = planted()
    found = dawid_skene(votes)
    assert found.quality == pytest.approx([0.95, 0.6, 0.6, 0.55, 0.55], abs=0.03)
    assert (found.labels == truth).mean() > (majority(votes).labels == truth).mean() + 0.1


def test_dawid_skene_uses_an_annotator_who_is_always_wrong() -> None:
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 2, 1_000)
    columns = [
        np.where(generator.random(1_000) < p, truth, 1 - truth) for p in (0.85, 0.85, 0.8, 0.05)
    ]
    found = dawid_skene(votes_of_table(np.stack(columns, axis=1), names="abcd", classes="01"))
    assert found.quality[3] < 0.1
    assert (found.labels == truth).mean() > 0.94


def test_mace_tells_knowing_from_guessing() -> None:
    generator = np.random.default_rng(2)
    truth = generator.integers(0, 4, 2_000)
    knows = (0.9, 0.7, 0.5, 0.0)
    columns = [
        np.where(
            generator.random(2_000) < p, truth, generator.choice(4, 2_000, p=[0.7, 0.1, 0.1, 0.1])
        )
        for p in knows
    ]
    found = mace(votes_of_table(np.stack(columns, axis=1), names="abcd", classes="0123"))
    assert found.quality == pytest.approx(knows, abs=0.06)


def test_mace_agrees_with_crowd_kits_labels() -> None:
    expected = "212212200002201202002010202111111222212210202100100221222111"  # MACE(method="em")
    same = np.array(list(expected), dtype=int) == mace(table_of_five()).labels
    assert same.sum() >= 57  # it draws its starts; the rows that differ are near even odds


@pytest.mark.parametrize("how", ["majority", "dawid-skene", "mace"])
def test_probabilities_add_up_and_silent_rows_have_the_balance(how: str) -> None:
    table = np.array([[0, 0, 1], [1, 1, -1], [-1, -1, -1], [0, -1, 0]])
    found = combine(votes_of_table(table, names="abc", classes="xy"), how)  # type: ignore[arg-type]
    assert found.probabilities.sum(axis=1) == pytest.approx(1)
    assert found.probabilities[2] == pytest.approx(found.balance, abs=1e-6)
    assert found.labelled.tolist() == [True, True, False, True]


def test_a_majority_is_counted_by_hand() -> None:
    found = majority(votes_of_table(np.array([[0, 0, 1], [1, 0, -1]]), names="abc", classes="xy"))
    assert found.probabilities[0] == pytest.approx([2 / 3, 1 / 3])
    assert found.labels.tolist() == [0, 0]  # the tie goes to the commoner class
