from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.models.language.hiding import (
    MaskedSource,
    Seq2SeqSource,
    bytes_of_share,
    hide_spans,
)
from trainwright.training.objectives import IGNORED
from trainwright.training.objectives.corruption import Draws

SENTINELS = tuple(range(100, 120))


def batch_of(source, rows=None, *, epoch=0, training=False):
    rows = np.arange(len(source)) if rows is None else np.array(rows)
    return source.batch(rows, epoch=epoch, training=training)


def spans_of(text, seed=0, fraction=0.15, mean_length=3.0):
    draws = Draws(seed, 0, np.array([0]))
    return hide_spans(
        np.array(text, np.int32),
        draws,
        sentinels=SENTINELS,
        end=1,
        fraction=fraction,
        mean_length=mean_length,
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(2, 90), max_size=80), st.integers(0, 5), st.booleans())
def test_what_is_read_and_what_is_told_make_up_the_text(text, seed, ends):
    read, told = spans_of([*text, 1] if ends else text, seed)
    assert read[-1] == 1
    assert told[-1] == 1
    spans = {}
    for token in told[:-1].tolist():
        if token in SENTINELS:
            spans[token] = last = []
        else:
            last.append(token)
    whole = [t for token in read[:-1].tolist() for t in spans.get(token, [token])]
    assert whole == text
    assert list(spans) == list(SENTINELS[: len(spans)])
    assert all(spans.values())


def test_a_share_is_hidden_in_spans_of_the_mean_length():
    read, told = spans_of(range(2, 100))
    hidden = [token for token in told.tolist() if token not in SENTINELS]
    assert len(hidden) - 1 == 15
    assert sum(token in SENTINELS for token in told.tolist()) == 5
    assert len(read) == 98 - 15 + 5 + 1


def test_there_are_no_more_spans_than_sentinels():
    _, told = spans_of(np.arange(400) % 90 + 2, fraction=0.5, mean_length=1.0)
    assert sum(token in SENTINELS for token in told.tolist()) == len(SENTINELS)


def test_a_document_is_hidden_alike_wherever_it_stands(tongue):
    passages = tongue.passages(30)
    masked = MaskedSource(passages, fraction=0.3)
    spans = Seq2SeqSource(passages, start=2)
    for source, names in ((masked, ("ids", "labels")), (spans, ("read_ids", "labels"))):
        whole = batch_of(source)
        other = type(source)(
            tongue.passages(30), **({"fraction": 0.3} if source is masked else {"start": 2})
        )
        for row in (0, 7, 29):
            one = batch_of(other, [row], epoch=3)
            for name in names:
                length = one[name].shape[1]
                assert whole[name][row, :length].tolist() == one[name][0].tolist()


def test_another_epoch_hides_something_else_in_training(tongue):
    source = MaskedSource(tongue.passages(30), fraction=0.3, seed=1)
    first, again, later = (
        batch_of(source, epoch=epoch, training=True)["labels"].tolist() for epoch in (0, 0, 1)
    )
    assert first == again
    assert first != later


def test_special_tokens_are_never_hidden(tongue):
    passages = tongue.passages(200)
    batch = batch_of(MaskedSource(passages, fraction=0.9))
    labels = batch["labels"][batch["labels"] != IGNORED]
    assert not (labels == tongue.special.start).any()
    assert (batch["ids"][:, 0] == tongue.special.start).all()


def test_a_decoder_is_given_what_was_told_before(tongue):
    passages = tongue.passages(4, reads=True)
    batch = batch_of(Seq2SeqSource(passages, start=2))
    sizes = np.diff(passages.ends, prepend=0)
    for row, size in enumerate(sizes):
        labels = batch["labels"][row].tolist()
        assert batch["ids"][row, :size].tolist() == [2, *labels[: size - 1]]
        assert labels[size:] == [IGNORED] * (len(labels) - size)
        reads = int(np.diff(passages.read_ends, prepend=0)[row])
        assert batch["read_mask"][row].tolist() == [
            place < reads for place in range(batch["read_ids"].shape[1])
        ]


def test_bytes_are_those_of_the_share_that_is_hidden(tongue):
    text = ([tongue.special.start, 10, 11, 12, 13], [False, True, True, True, True])
    passages = tongue.joined([text] * 3, rows=[0, 0, 1], num_rows=2)  # of 16 and 8 bytes
    found = bytes_of_share(np.array([1.0, 2.0, 4.0]), np.array([4.0, 4.0, 4.0]), passages)
    assert found.tolist() == [6.0, 8.0]


@pytest.mark.parametrize("name", ["masked-lm", "seq2seq-lm"])
def test_who_knows_nothing_pays_for_a_byte_what_a_token_costs_by_chance(tongue, name):
    passages = tongue.passages(200, shortest=30, longest=40)  # two bytes a token
    made = tongue.plan(tongue.family(name), passages).architecture
    batch = batch_of(made.source(passages))
    by_chance = (batch["labels"] != IGNORED).double() * np.log(64)
    nats, tokens, told = made.combine(made.answer(by_chance, batch), passages).sum(0)
    marks = tokens / (
        told / 2
    )  # told for each hidden token: an encoder-decoder tells its marks too
    assert nats / np.log(2) / told == pytest.approx(np.log2(64) / 2 * marks, rel=1e-9)
    assert told < passages.row_bytes.sum() / 4
    assert marks == pytest.approx(1.0, abs=1e-9) if name == "masked-lm" else 1.3 < marks < 1.9
