from __future__ import annotations

import pickle

import numpy as np
import torch

from trainwright.models.language.samples import (
    CausalSource,
    begun,
    chosen,
    with_something_told,
)
from trainwright.training.objectives import IGNORED


def batch_of(source, rows=None, *, epoch=0, training=False):
    rows = np.arange(len(source)) if rows is None else np.array(rows)
    return source.batch(rows, epoch=epoch, training=training)


def test_positions_begin_anew_in_each_passage(tongue):
    source = CausalSource(
        tongue.joined([([2, 5, 6, 1], [0, 1, 1, 1]), ([2, 7, 1], [0, 1, 1]), ([2, 1], [0, 1])]),
        width=10,
    )
    batch = batch_of(source)
    assert batch["ids"].tolist() == [[2, 5, 6, 1, 2, 7, 1, 2, 1]]
    assert batch["positions"].tolist() == [[0, 1, 2, 3, 0, 1, 2, 0, 1]]
    assert batch["labels"].tolist() == [[IGNORED, 5, 6, 1, IGNORED, 7, 1, IGNORED, 1]]


def test_a_padded_row_goes_on_counting(tongue):
    source = CausalSource(tongue.joined([([2, 5, 6, 1], [0, 1, 1, 1]), ([2, 1], [0, 1])]))
    batch = batch_of(source, [1, 0])
    assert batch["ids"].tolist() == [[2, 1, 0, 0], [2, 5, 6, 1]]
    assert batch["positions"].tolist() == [[0, 1, 2, 3]] * 2  # so that attention needs no mask
    assert batch["labels"].tolist() == [[IGNORED, 1, IGNORED, IGNORED], [IGNORED, 5, 6, 1]]


def test_every_token_that_is_told_is_told_once(tongue):
    passages = tongue.passages(200)
    for width in (None, 24, 64):
        source = CausalSource(passages, width=width)
        labels = batch_of(source)["labels"]
        told = np.sort(labels[labels != IGNORED].numpy())
        assert told.tolist() == np.sort(passages.ids[passages.taught]).tolist()
        assert source.lengths.sum() == len(passages.ids)


def test_a_passage_that_begins_with_what_is_told_gets_a_token_before_it(tongue):
    passages = tongue.joined([([5, 1], [1, 1]), ([2, 1], [0, 1]), ([6, 7, 1], [1, 0, 1])])
    found = begun(passages)
    assert found.ids.tolist() == [2, 5, 1, 2, 1, 2, 6, 7, 1]
    assert found.taught.tolist() == [False, True, True, False, True, False, True, False, True]
    assert found.ends.tolist() == [3, 5, 9]
    assert begun(found) is found


def test_passages_that_tell_nothing_are_left_out(tongue):
    passages = tongue.joined([([2, 5], [0, 0]), ([2, 1], [0, 1]), ([], []), ([2, 6, 1], [0, 1, 1])])
    found = with_something_told(passages)
    assert found.rows.tolist() == [1, 3]
    assert found.ids.tolist() == [2, 1, 2, 6, 1]
    assert found.ends.tolist() == [2, 5]


def test_what_an_encoder_reads_is_chosen_with_it(tongue):
    passages = tongue.passages(5, reads=True)
    found = chosen(passages, np.array([3, 1]))
    wanted = [
        passages.read_ids[passages.read_ends[n - 1] : passages.read_ends[n]].tolist()
        for n in (3, 1)
    ]
    assert found.read_ids.tolist() == wanted[0] + wanted[1]
    assert np.diff(found.read_ends, prepend=0).tolist() == [len(one) for one in wanted]


def test_noise_has_another_seed_for_each_row_and_epoch_and_none_outside_training(tongue):
    source = CausalSource(tongue.passages(20), width=24, seed=1, noise=True)
    first = batch_of(source, training=True)["noise"]
    assert len(set(first.tolist())) == len(source)
    assert torch.equal(batch_of(source, [3], training=True)["noise"], first[3:4])
    assert not torch.equal(batch_of(source, epoch=1, training=True)["noise"], first)
    assert not batch_of(source)["noise"].any()


def test_it_can_be_sent_to_workers(tongue):
    source = CausalSource(tongue.passages(20), width=24, weights=np.full(20, 1.5), seed=1)
    batch_of(source)
    again = pickle.loads(pickle.dumps(source))
    for name, tensor in batch_of(source, epoch=2, training=True).items():
        assert torch.equal(batch_of(again, epoch=2, training=True)[name], tensor)
