"""The order of an epoch is a function of (seed, epoch, number of samples)."""

import numpy as np

from trainwright.training.feeding.order import epoch_order, seed_of


def test_each_sample_comes_once_and_an_epoch_is_always_the_same() -> None:
    order = epoch_order(1000, seed=3, epoch=2)
    assert order.dtype == np.int64
    assert np.array_equal(np.sort(order), np.arange(1000))
    assert np.array_equal(order, epoch_order(1000, seed=3, epoch=2))


def test_the_order_of_today_is_the_order_of_next_year() -> None:
    assert epoch_order(8, seed=0, epoch=0).tolist() == GOLDEN_ORDER
    assert seed_of(0, 0, np.arange(2)).tolist() == GOLDEN_SEEDS


def test_seeds_follow_splitmix64() -> None:
    """By hand, in Python's integers: the next outputs of the stream are those of the next indices."""
    word = (1 << 64) - 1
    first, second = (int(seed) for seed in seed_of(7, 1, np.arange(2)))
    state = _unmixed(first) + 0x9E3779B97F4A7C15 & word
    z = state
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & word
    z = (z ^ z >> 27) * 0x94D049BB133111EB & word
    assert second == z ^ z >> 31


def test_epochs_seeds_and_uses_have_streams_of_their_own() -> None:
    index = np.arange(500)
    streams = [seed_of(0, 0, index), seed_of(0, 1, index), seed_of(1, 0, index)]
    streams.append(seed_of(0, 0, index, use="order"))
    assert len(np.unique(np.concatenate(streams))) == 4 * 500
    assert not np.array_equal(epoch_order(500, seed=0, epoch=0), epoch_order(500, seed=0, epoch=1))


def test_a_seed_depends_on_the_index_alone_not_on_its_neighbours() -> None:
    index = np.array([90, 4, 17])
    assert np.array_equal(seed_of(5, 6, index), seed_of(5, 6, np.arange(100))[index])


def test_places_are_uniform() -> None:
    """Sample 0 over 2,000 epochs: chi-squared over 10 places stays under the 0.999 quantile (27.9)."""
    places = [int(np.flatnonzero(epoch_order(10, seed=1, epoch=e) == 0)[0]) for e in range(2000)]
    observed = np.bincount(places, minlength=10)
    assert ((observed - 200) ** 2 / 200).sum() < 27.9


def _unmixed(output: int) -> int:
    """The state behind an output of SplitMix64."""
    word = (1 << 64) - 1
    z = _unshifted(output, 31) * pow(0x94D049BB133111EB, -1, 1 << 64) & word
    z = _unshifted(z, 27) * pow(0xBF58476D1CE4E5B9, -1, 1 << 64) & word
    return _unshifted(z, 30)


def _unshifted(value: int, shift: int) -> int:
    result = value
    for _ in range(64 // shift):
        result = value ^ result >> shift
    return result


GOLDEN_ORDER = [2, 1, 4, 3, 6, 7, 0, 5]
GOLDEN_SEEDS = [321742881489685676, 371298259963879098]
