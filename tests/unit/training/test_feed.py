"""Batches come in their order, on the device, and single ones come again."""

from __future__ import annotations

import numpy as np
import torch

from training_case import source
from trainwright.training.feed import Feed
from trainwright.training.feeding.sources import WithLengths

CPU = torch.device("cpu")


def feed(data=None, *, tokens=None, device=CPU, batch_size=12) -> Feed:
    return Feed(
        data or source(), seed=0, batch_size=batch_size, tokens_per_batch=tokens, device=device
    )


def test_an_epoch_goes_on_behind_what_was_seen():
    whole = list(feed().epoch(3))
    rest = list(feed().epoch(3, skip=2))
    assert len(whole) == 5
    assert [list(rows) for rows, _ in rest] == [list(rows) for rows, _ in whole[2:]]


def test_a_batch_comes_again_from_its_rows():
    rows, tensors = next(iter(feed().epoch(1)))
    again = feed().again(rows, epoch=1)
    assert torch.equal(again["inputs"], tensors["inputs"])


def test_an_evaluation_sees_each_sample_once_in_batches_of_any_size():
    for size in (7, 100):
        rows = np.concatenate([r for r, _ in feed().evaluation(source(1, 20), batch_size=size)])
        assert sorted(rows) == list(range(20))


def test_updates_are_counted_exactly():
    assert feed().num_updates(4) == 20
    lengths = np.arange(1, 59)
    data = WithLengths(source(), lengths)
    one = feed(data, tokens=200)
    assert one.num_updates(3) == sum(len(list(one.epoch(epoch))) for epoch in range(3))


def test_the_longest_samples_are_tried_first():
    data = WithLengths(source(), np.arange(58))
    batch = feed(data).longest(2)
    expected = source().batch(np.array([57, 56]), epoch=0, training=False)
    assert torch.equal(batch["inputs"], expected["inputs"])
    assert len(feed().longest(100)["inputs"]) == 100


def test_for_an_accelerator_a_batch_is_copied_one_ahead_and_none_is_lost():
    moved = []

    class Ahead(Feed):
        def _to_device(self, tensors):
            moved.append(1)
            return tensors

    one = Ahead(source(), seed=0, batch_size=12, tokens_per_batch=None, device=torch.device("meta"))
    batches = one.epoch(0)
    first, _ = next(batches)
    assert len(moved) == 2
    rest = [list(rows) for rows, _ in batches]
    assert [list(first), *rest] == [list(rows) for rows, _ in feed().epoch(0)]
