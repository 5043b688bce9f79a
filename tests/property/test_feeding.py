"""Any source, batch size and budget: each sample exactly once an epoch, and a resume is the rest."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainwright.training.feeding.batching import num_batches, plan_epoch
from trainwright.training.feeding.sources import ArraySource, RaggedSource

lengths_lists = st.lists(st.integers(0, 40), max_size=300)
sizes = st.integers(1, 50)
budgets = st.none() | st.integers(1, 200)
seeds = st.integers(0, 2**31 - 1)


@given(lengths=lengths_lists, batch_size=sizes, budget=budgets, seed=seeds, shuffle=st.booleans())
def test_each_sample_comes_exactly_once(
    lengths: list[int], batch_size: int, budget: int | None, seed: int, shuffle: bool
) -> None:
    source = _ragged(lengths)
    plan = plan_epoch(
        source, seed=seed, epoch=1, batch_size=batch_size, tokens_per_batch=budget, shuffle=shuffle
    )
    seen = [row for number in range(len(plan)) for row in plan.rows(number).tolist()]
    assert sorted(seen) == list(range(len(lengths)))
    for number in range(len(plan)):
        rows = plan.rows(number)
        assert len(rows) > 0
        if budget is None:
            assert len(rows) <= batch_size
        else:
            assert len(rows) == 1 or len(rows) * source.lengths[rows].max() <= budget
    if shuffle:
        counted = num_batches(
            source, seed=seed, epoch=1, batch_size=batch_size, tokens_per_batch=budget
        )
        assert counted == len(plan)


@given(num_samples=st.integers(0, 300), batch_size=sizes, seed=seeds, world_size=st.integers(1, 5))
def test_a_table_has_each_row_once_however_many_share_it(
    num_samples: int, batch_size: int, seed: int, world_size: int
) -> None:
    source = ArraySource(x=np.zeros(num_samples))
    plan = plan_epoch(source, seed=seed, epoch=0, batch_size=batch_size)
    seen = [
        row
        for number in range(len(plan))
        for rank in range(world_size)
        for row in plan.rows(number, rank=rank, world_size=world_size).tolist()
    ]
    assert sorted(seen) == list(range(num_samples))
    assert len(plan) == -(-num_samples // batch_size)


@given(lengths=st.lists(st.integers(0, 9), min_size=1, max_size=30), data=st.data())
def test_padding_gives_back_each_sample(lengths: list[int], data: st.DataObject) -> None:
    source = _ragged(lengths)
    rows = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=10)), np.int64)
    batch = source.batch(rows, epoch=0, training=False)
    ends = np.cumsum(lengths)
    for row, values, mask in zip(rows, batch["ids"], batch["mask"], strict=True):
        own = np.arange(ends[row] - lengths[row], ends[row])
        assert values[mask].tolist() == own.tolist()
        assert (values[~mask] == -1).all()


def _ragged(lengths: list[int]) -> RaggedSource:
    ends = np.cumsum(np.array(lengths, dtype=np.int64), dtype=np.int64)
    return RaggedSource(ends, {"ids": np.arange(sum(lengths))}, padding={"ids": -1})
