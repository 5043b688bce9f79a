"""Agreement statistics against scikit-learn, statsmodels, crowd-kit and the papers' own examples."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa as reference_fleiss

from trainwright.data.labels.agreement import (
    agreement_table,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
)
from trainwright.data.labels.votes import votes_of_table

# Krippendorff 2011, sect. C: four observers, twelve units, nominal data: alpha = 0.743.
KRIPPENDORFF = (
    np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
            [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
        ]
    ).T
    - 1
)


def random_table(rows: int, voters: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 3, rows)
    return np.stack(
        [
            np.where(generator.random(rows) < 0.7, truth, generator.integers(0, 3, rows))
            for _ in range(voters)
        ],
        axis=1,
    )


def test_krippendorffs_own_example() -> None:
    found = krippendorff_alpha(votes_of_table(KRIPPENDORFF, names="abcd", classes="12345"))
    assert found.value == pytest.approx(0.743, abs=5e-4)
    assert found.rows == 11


def test_alpha_with_labels_missing_is_crowd_kits() -> None:
    generator = np.random.default_rng(7)
    truth = generator.integers(0, 3, 60)
    columns = [
        np.where(generator.random(60) < accuracy, truth, generator.integers(0, 3, 60))
        for accuracy in (0.9, 0.8, 0.75, 0.6, 0.4)
    ]
    table = np.stack(columns, axis=1)
    table[generator.random(table.shape) < 0.1] = -1
    found = krippendorff_alpha(votes_of_table(table, names="abcde", classes="012"))
    assert found.value == pytest.approx(0.47392923649906893, abs=1e-12)  # crowd-kit 1.4.2


def test_cohens_kappa_is_scikit_learns() -> None:
    table = random_table(300, 2, 0)
    found = cohen_kappa(table[:, 0], table[:, 1], num_classes=3)
    assert found.value == pytest.approx(cohen_kappa_score(table[:, 0], table[:, 1]), abs=1e-12)
    assert found.low < found.value < found.high


def test_cohens_kappa_looks_at_rows_that_both_labelled() -> None:
    table = random_table(300, 2, 1)
    holes = table.copy()
    holes[::3, 0] = -1
    kept = np.arange(300) % 3 != 0
    found = cohen_kappa(holes[:, 0], holes[:, 1], num_classes=3)
    assert found.rows == kept.sum()
    assert found.value == pytest.approx(cohen_kappa_score(*table[kept].T), abs=1e-12)


def test_fleiss_kappa_is_statsmodels() -> None:
    votes = votes_of_table(random_table(200, 5, 2), names="abcde", classes="012")
    assert fleiss_kappa(votes).value == pytest.approx(reference_fleiss(votes.counts), abs=1e-12)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = krippendorff_alpha(
        votes_of_table(random_table(100_000, 3, 99), names="abc", classes="012")
    ).value
    hits = 0
    for seed in range(60):
        votes = votes_of_table(random_table(120, 3, seed), names="abc", classes="012")
        found = krippendorff_alpha(votes, seed=seed)
        hits += found.low <= truth <= found.high
    assert hits >= 51  # 0.95 of 60 is 57, less three standard deviations


def test_all_alike_in_all_leaves_nothing_to_measure() -> None:
    votes = votes_of_table(np.zeros((20, 3), dtype=np.int64), names="abc", classes="01")
    assert np.isnan(krippendorff_alpha(votes).value)


def test_perfect_agreement_is_one_and_chance_is_zero() -> None:
    same = np.repeat(np.arange(3), 40)[:, None].repeat(3, axis=1)
    assert krippendorff_alpha(votes_of_table(same, names="abc", classes="012")).value == 1
    chance = np.random.default_rng(0).integers(0, 3, (20_000, 3))
    found = krippendorff_alpha(votes_of_table(chance, names="abc", classes="012"))
    assert found.value == pytest.approx(0, abs=0.02)


def test_a_table_tells_all_of_them_and_each_pair() -> None:
    table = random_table(200, 3, 4)
    table[:50, 2] = -1
    found = agreement_table(votes_of_table(table, names="abc", classes="012"))
    assert found["statistic"].to_list() == [
        "Krippendorff's alpha",
        "Fleiss' kappa",
        *["Cohen's kappa"] * 3,
    ]
    assert found["rows"].to_list() == [200, 150, 200, 150, 150]
    pairs = found.filter(pl.col("statistic") == "Cohen's kappa")
    expected = [
        cohen_kappa_score(table[first, :][seen], table[second, :][seen])
        for table in [table.T]
        for first, second in ((0, 1), (0, 2), (1, 2))
        for seen in [(table[first] >= 0) & (table[second] >= 0)]
    ]
    assert pairs["value"].to_list() == pytest.approx(expected)
    assert (pairs["low"] <= pairs["value"]).all()
    assert (pairs["value"] <= pairs["high"]).all()


def test_a_statistic_that_chance_leaves_open_is_null() -> None:
    one_class = np.zeros((20, 2), dtype=np.int64)
    found = agreement_table(votes_of_table(one_class, names="ab", classes="01"))
    assert found["value"].null_count() == 3
    alone = agreement_table(votes_of_table(one_class[:, :1], names="a", classes="01"))
    assert alone.is_empty()
