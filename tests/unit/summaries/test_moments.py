import json
import math

import numpy as np
import pytest

from trainwright.summaries.moments import BLOCK_ROWS, Moments, blocks_of


def values(seed, count):
    random = np.random.default_rng(seed)
    found = random.normal(1e6, 1.0, count)
    found[random.random(count) < 0.1] = np.nan
    return found


def test_mean_and_deviation_are_those_of_numpy():
    found = values(1, 3 * BLOCK_ROWS + 17)
    moments = Moments.of(found)
    assert moments.mean == pytest.approx(np.nanmean(found), rel=1e-14)
    assert moments.std == pytest.approx(np.nanstd(found, ddof=1), rel=1e-9)
    assert moments.count == (~np.isnan(found)).sum()


def test_parts_merged_in_any_order_give_the_bits_of_the_whole():
    found = values(2, 3 * BLOCK_ROWS + 5)
    parts = [Moments.of(found[part], first_block=i) for i, part in enumerate(blocks_of(len(found)))]
    whole = Moments.of(found)
    assert parts[3].merge(parts[1]).merge(parts[0].merge(parts[2])).to_json() == whole.to_json()


def test_tables_that_both_begin_at_row_0_merge_alike_either_way():
    one, other = Moments.of(values(3, 100)), Moments.of(values(4, 70_000))
    assert one.merge(other).to_json() == other.merge(one).to_json()


def test_what_is_beyond_float64_is_none_and_can_be_saved():
    moments = Moments.of(np.array([1.7e308, 1.7e308, -1.0]))
    assert moments.mean is None
    assert moments.std is None
    saved = json.dumps(moments.to_json(), allow_nan=False)
    assert Moments.from_json(json.loads(saved)).mean is None


def test_no_value_has_no_mean_and_one_value_no_deviation():
    assert Moments.of(np.array([math.nan])).mean is None
    assert Moments.of(np.array([3.0])).mean == 3.0
    assert Moments.of(np.array([3.0])).std is None
    assert Moments().std is None
