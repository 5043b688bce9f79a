"""Passages as what two networks are asked."""

from __future__ import annotations

import numpy as np

from leaving_case import passages
from trainwright.deployment.export.exchanges import exchanges_of


def test_a_decoder_tells_each_next_token_and_the_last_place_nothing():
    rows = passages()
    first = exchanges_of(rows, kind="causal-lm")[0]
    ids = rows.ids[: rows.ends[0]]
    np.testing.assert_array_equal(first.batch["ids"], ids[None])
    np.testing.assert_array_equal(first.labels, [*ids[1:], -1])


def test_an_encoder_tells_what_is_hidden_and_never_its_special_tokens():
    rows = passages()
    for exchange, end in zip(exchanges_of(rows, kind="masked-lm"), rows.ends, strict=True):
        hidden = exchange.batch["ids"][0] == rows.special.mask
        np.testing.assert_array_equal(hidden, exchange.labels >= 0)
        assert not hidden[0]
        assert not hidden[-1]
        assert end > 0


def test_a_pair_is_read_and_told_from_the_token_that_begins():
    rows = passages(pair=True)
    first = exchanges_of(rows, kind="seq2seq-lm", begin=5)[0]
    told = rows.ids[: rows.ends[0]]
    np.testing.assert_array_equal(first.batch["ids"], rows.read_ids[None, : rows.read_ends[0]])
    np.testing.assert_array_equal(first.batch["told"], [[5, *told[:-1]]])
    np.testing.assert_array_equal(first.labels, told)


def test_tokens_are_bounded_but_one_passage_is_always_taken():
    assert len(exchanges_of(passages(), kind="causal-lm", limit=1)) == 1
    assert len(exchanges_of(passages(), kind="causal-lm")) == 4
