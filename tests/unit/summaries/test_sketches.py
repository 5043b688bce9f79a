import json
import math

import numpy as np
import polars as pl
import pytest

from trainwright.summaries.sketches import (
    HyperLogLog,
    Quantiles,
    hash_numbers,
    hash_texts,
)

FRACTIONS = [0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0]


def numbers(seed, count):
    random = np.random.default_rng(seed)
    return random.normal(size=count) * 10.0 ** random.integers(-8, 8, count)


def same(one, other):
    return json.dumps(one.to_json()) == json.dumps(other.to_json())


def test_quantiles_of_few_rows_are_those_of_numpy():
    values = numbers(1, 501)
    found = Quantiles.of(values).quantile(FRACTIONS)
    assert found == pytest.approx(np.quantile(values, FRACTIONS), rel=1e-12)


def test_quantiles_of_many_rows_are_within_the_stated_error():
    values = np.sort(np.abs(numbers(2, 20_001)))
    sketch = Quantiles.of(values, exact_rows=100)
    assert not sketch.is_exact
    for fraction in np.linspace(0, 1, 51):
        true = values[round(fraction * 20_000)]
        assert sketch.quantile([fraction])[0] == pytest.approx(true, rel=1 / 256)


def test_numbers_in_a_narrow_range_keep_a_finer_resolution():
    values = np.random.default_rng(9).normal(1e6, 0.1, 20_000)
    sketch = Quantiles.of(values)
    assert not sketch.is_exact
    assert sketch.quantile([0.25])[0] == pytest.approx(np.quantile(values, 0.25), abs=1e-3)


def test_the_smallest_and_the_largest_stay_exact():
    values = numbers(3, 5_000)
    sketch = Quantiles.of(values, exact_rows=10)
    assert (sketch.min, sketch.max) == (values.min(), values.max())


@pytest.mark.parametrize("exact_rows", [0, 700, 1_500, 100_000])
def test_merging_in_any_order_and_cut_gives_the_whole(exact_rows):
    values = numbers(4, 2_000)
    whole = Quantiles.of(values, exact_rows=exact_rows)
    parts = [
        Quantiles.of(part, exact_rows=exact_rows) for part in np.split(values, [3, 800, 1_000])
    ]
    forward = parts[0].merge(parts[1]).merge(parts[2]).merge(parts[3])
    backward = parts[3].merge(parts[2].merge(parts[1].merge(parts[0])))
    assert same(forward, whole)
    assert same(backward, whole)


def test_times_keep_their_resolution_within_the_range_seen():
    hour = 3_600_000_000
    start = 1_700_000_000_000_000
    times = start + np.random.default_rng(5).integers(0, hour, 20_000)
    sketch = Quantiles.of(times, scale="time")
    assert not sketch.is_exact
    error = abs(sketch.quantile([0.5])[0] - np.median(times))
    assert error <= hour / 2_000


def test_merged_times_do_not_depend_on_order():
    times = np.random.default_rng(6).integers(-(10**15), 10**15, 3_000)
    parts = [Quantiles.of(part, scale="time", exact_rows=50) for part in np.split(times, [10, 500])]
    whole = Quantiles.of(times, scale="time", exact_rows=50)
    assert same(parts[2].merge(parts[0]).merge(parts[1]), whole)


def test_minus_zero_is_zero_and_huge_numbers_do_not_overflow():
    sketch = Quantiles.of(np.array([-0.0, 0.0, 1.7e308, -1.7e308]))
    assert len(sketch.codes) == 3
    assert np.isfinite(sketch.quantile(FRACTIONS)).all()
    edges, counts = sketch.histogram()
    assert np.isfinite(edges).all()
    assert counts.sum() == 4


def test_bins_count_every_row_once():
    values = numbers(7, 999)
    edges = np.array([-1.0, 0.0, 2.0])
    expected = [
        (values <= -1).sum(),
        ((values > -1) & (values <= 0)).sum(),
        ((values > 0) & (values <= 2)).sum(),
        (values > 2).sum(),
    ]
    assert Quantiles.of(values).bin_counts(edges).tolist() == expected


def test_no_rows_have_no_quantiles():
    empty = Quantiles.of(np.empty(0))
    assert empty.min is None
    assert np.isnan(empty.quantile([0.5])).all()
    assert same(empty.merge(Quantiles.of(np.array([1.0]))), Quantiles.of(np.array([1.0])))


def test_a_saved_sketch_is_the_same():
    sketch = Quantiles.of(numbers(8, 20_000))
    assert same(Quantiles.from_json(json.loads(json.dumps(sketch.to_json()))), sketch)


@pytest.mark.parametrize("count", [0, 1, 10, 1_000, 20_000, 300_000])
def test_distinct_counts_are_within_four_standard_errors(count):
    hashes = hash_numbers(np.arange(count, dtype=np.int64))
    assert abs(HyperLogLog.of(hashes).estimate - count) <= max(2, 4 * 0.0163 * count)


def test_distinct_counts_have_the_stated_spread():
    errors = [
        HyperLogLog.of(hash_numbers(np.random.default_rng(seed).random(20_000))).estimate / 20_000
        for seed in range(60)
    ]
    assert np.std(errors) == pytest.approx(0.0163, rel=0.4)
    assert np.mean(errors) == pytest.approx(1.0, abs=3 * 0.0163 / math.sqrt(60))


def test_distinct_counts_merge_to_those_of_the_whole():
    hashes = hash_numbers(np.arange(5_000, dtype=np.int64))
    one, other = HyperLogLog.of(hashes[:3_000]), HyperLogLog.of(hashes[2_000:])
    assert one.merge(other).to_json() == HyperLogLog.of(hashes).to_json()
    assert HyperLogLog.from_json(one.to_json()).to_json() == one.to_json()


def test_texts_hash_alike_however_they_lie_in_memory():
    texts = pl.Series(
        ["", "a", "ab", "äöü€😀", "x" * 3_000, "12345678", "123456789", "a\0", "a\0\0"]
    )
    hashes = hash_texts(texts)
    assert len(set(hashes.tolist())) == len(texts)
    alone = [int(hash_texts(texts.slice(place, 1))[0]) for place in range(len(texts))]
    assert hashes.tolist() == alone
    cut = pl.concat([texts.slice(0, 4), texts.slice(4)], rechunk=False)
    assert hash_texts(cut).tolist() == alone
    assert hash_texts(pl.Series([], dtype=pl.String)).tolist() == []


def test_hashes_are_fixed_for_good():
    # From the definition: SplitMix64 of the length, then of each word of eight bytes.
    def mixed(bits):
        mask = 2**64 - 1
        bits = (bits + 0x9E3779B97F4A7C15) & mask
        bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & mask
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & mask
        return bits ^ (bits >> 31)

    def padded(text, left):
        return int.from_bytes(text.ljust(8, b"\0"), "little") << (8 * (8 - left)) & (2**64 - 1)

    assert mixed(0) == 0xE220A8397B1DCDAF  # the first output of Vigna's splitmix64.c for seed 0
    assert hash_numbers(np.array([0, 7])).tolist() == [mixed(0), mixed(7)]
    assert hash_texts(pl.Series(["ORD"])).tolist() == [mixed(mixed(3) ^ padded(b"ORD", 3))]
    assert hash_numbers(np.array([-0.0])).tolist() == hash_numbers(np.array([0.0])).tolist()


def test_many_texts_hash_without_collision():
    texts = pl.Series([f"customer-{number}" for number in range(100_000)])
    assert len(np.unique(hash_texts(texts))) == 100_000
