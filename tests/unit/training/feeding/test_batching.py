"""Plans: each sample once, little padding, exact counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from trainwright.core.errors import RecipeError
from trainwright.training.feeding.batching import Plan, num_batches, plan_epoch
from trainwright.training.feeding.sources import ArraySource

if TYPE_CHECKING:
    from trainwright.training.protocols import Tensors


@dataclass
class Lengths:
    """A source of which only lengths are asked."""

    lengths: NDArray[np.int64] = field()

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, rows: NDArray[np.int64], *, epoch: int, training: bool) -> Tensors:
        raise NotImplementedError


def texts(num_samples: int) -> Lengths:
    drawn = np.exp(np.random.default_rng(0).normal(4, 0.7, num_samples))
    return Lengths(np.maximum(1, drawn).astype(np.int64))


def padding_fraction(plan: Plan, source: Lengths) -> float:
    computed = sum(len(rows) * source.lengths[rows].max() for rows in batches(plan))
    return float(1 - source.lengths.sum() / computed)


def batches(plan: Plan) -> list[NDArray[np.int64]]:
    return [plan.rows(number) for number in range(len(plan))]


def test_batches_have_the_size_that_was_asked_but_for_the_last() -> None:
    plan = plan_epoch(ArraySource(x=np.zeros(10)), seed=0, epoch=0, batch_size=4)
    assert [len(rows) for rows in batches(plan)] == [4, 4, 2]


def test_like_lengths_share_a_batch_so_that_padding_is_small() -> None:
    source = texts(5000)
    plan = plan_epoch(source, seed=0, epoch=0, batch_size=32)
    plain = plan_epoch(ArraySource(x=source.lengths), seed=0, epoch=0, batch_size=32)
    assert padding_fraction(plan, source) < 0.12
    assert padding_fraction(plain, source) > 0.6


def test_batches_of_like_length_do_not_come_in_order_of_length() -> None:
    source = texts(5000)
    plan = plan_epoch(source, seed=0, epoch=0, batch_size=32)
    longest = np.array([source.lengths[rows].max() for rows in batches(plan)])
    assert abs(np.corrcoef(longest, np.arange(len(longest)))[0, 1]) < 0.3


def test_bucketing_does_not_change_which_samples_are_drawn_with_which_epoch() -> None:
    source = texts(500)
    first = plan_epoch(source, seed=0, epoch=0, batch_size=8)
    assert np.array_equal(first.order, plan_epoch(source, seed=0, epoch=0, batch_size=8).order)
    assert not np.array_equal(first.order, plan_epoch(source, seed=0, epoch=1, batch_size=8).order)


def test_a_token_budget_holds_and_is_used() -> None:
    source = texts(5000)
    plan = plan_epoch(source, seed=0, epoch=0, batch_size=1, tokens_per_batch=4096)
    padded = [len(rows) * int(source.lengths[rows].max()) for rows in batches(plan)]
    assert max(padded) <= 4096
    assert np.mean(padded) > 0.9 * 4096
    assert padding_fraction(plan, source) < 0.05


def test_a_sample_longer_than_the_budget_is_a_batch_of_its_own() -> None:
    source = Lengths(np.array([3, 100, 0, 2]))
    plan = plan_epoch(source, seed=0, epoch=0, batch_size=1, tokens_per_batch=10, shuffle=False)
    assert [rows.tolist() for rows in batches(plan)] == [[1], [0, 3, 2]]


def test_evaluation_goes_from_the_longest_to_the_shortest() -> None:
    source = Lengths(np.array([1, 5, 3, 5, 2]))
    plan = plan_epoch(source, seed=0, epoch=0, batch_size=2, shuffle=False)
    assert [rows.tolist() for rows in batches(plan)] == [[1, 3], [2, 4], [0]]


def test_evaluation_without_lengths_takes_samples_as_they_stand() -> None:
    plan = plan_epoch(ArraySource(x=np.zeros(5)), seed=0, epoch=0, batch_size=2, shuffle=False)
    assert plan.order.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("tokens_per_batch", [None, 2000])
def test_the_number_of_batches_is_known_beforehand(tokens_per_batch: int | None) -> None:
    source = texts(3000)
    settings = {"seed": 2, "batch_size": 32, "tokens_per_batch": tokens_per_batch}
    counts = [num_batches(source, epoch=epoch, **settings) for epoch in range(3)]
    plans = [plan_epoch(source, epoch=epoch, **settings) for epoch in range(3)]
    assert counts == [len(plan) for plan in plans]


def test_a_source_without_samples_has_no_batches() -> None:
    for source in (ArraySource(x=np.zeros(0)), Lengths(np.zeros(0, np.int64))):
        assert len(plan_epoch(source, seed=0, epoch=0, batch_size=4)) == 0
        assert num_batches(source, seed=0, epoch=0, batch_size=4) == 0


def test_tokens_without_lengths_are_refused() -> None:
    with pytest.raises(RecipeError, match="lengths") as caught:
        plan_epoch(ArraySource(x=np.zeros(4)), seed=0, epoch=0, batch_size=8, tokens_per_batch=100)
    assert caught.value.mend == "batch_size: 8"


@pytest.mark.parametrize("world_size", [1, 2, 3, 7])
def test_processes_share_a_batch_without_gap_or_overlap(world_size: int) -> None:
    plan = plan_epoch(texts(50), seed=0, epoch=0, batch_size=6)
    for number in range(len(plan)):
        shares = [plan.rows(number, rank=r, world_size=world_size) for r in range(world_size)]
        assert sorted(np.concatenate(shares)) == sorted(plan.rows(number))
