from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.core.errors import DataError
from trainwright.evaluation.folds import assign_folds, make_folds


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(6, 60), st.integers(1, 5), st.booleans(), st.integers(0, 99))
def test_every_row_is_judged_once_and_units_stay_whole(folds, num_units, size, by_time, seed):
    generator = np.random.default_rng(seed)
    units = generator.integers(0, num_units, num_units * size)
    if len(np.unique(units)) < folds:
        return
    found = make_folds(None, units, folds=folds, seed=seed, by_time=by_time)
    judged = np.concatenate([rows for _, rows in found])
    assert sorted(judged) == list(range(len(units)))
    for train, rows in found:
        assert not set(units[train]) & set(units[rows])
        assert len(train) + len(rows) == len(units)


def test_classes_are_even_over_the_folds():
    codes = np.array([0] * 83 + [1] * 17 + [2] * 50)
    fold = assign_folds(codes, np.arange(150), folds=5, seed=1, by_time=False)
    for code in range(3):
        counts = np.bincount(fold[codes == code], minlength=5)
        assert counts.max() - counts.min() <= 1
    assert np.ptp(np.bincount(fold)) <= 2


def test_groups_of_a_rare_class_are_spread():
    units = np.repeat(np.arange(50), 4)
    codes = (units % 10 == 0).astype(np.int64)  # five groups hold it
    fold = assign_folds(codes, units, folds=5, seed=0, by_time=False)
    assert sorted(set(fold[codes == 1])) == [0, 1, 2, 3, 4]


def test_by_time_folds_are_contiguous_and_about_equal():
    units = np.repeat(np.arange(20), 7)
    fold = assign_folds(None, units[::-1], folds=4, seed=9, by_time=True)[::-1]
    assert (np.diff(fold) >= 0).all()
    assert np.bincount(fold).tolist() == [35, 35, 35, 35]


def test_repeats_deal_anew_and_seeds_decide():
    units = np.arange(40)
    found = make_folds(None, units, folds=4, repeats=2, seed=5, by_time=False)
    assert len(found) == 8
    assert found[0][1].tolist() != found[4][1].tolist()
    again = make_folds(None, units, folds=4, repeats=2, seed=5, by_time=False)
    assert all((a[1] == b[1]).all() for a, b in zip(found, again, strict=True))


def test_a_fold_of_one_class_is_named():
    codes = np.array([0] * 10 + [1] * 10)
    with pytest.raises(DataError, match="fold 1 of 2 hold a single class"):
        make_folds(codes, np.arange(20), folds=2, seed=0, by_time=True)


def test_fewer_units_than_folds_are_refused():
    with pytest.raises(DataError, match="cross_validation: 3"):
        make_folds(None, np.array([1, 1, 2, 2, 3]), folds=5, seed=0, by_time=False)
