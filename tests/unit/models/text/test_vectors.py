from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from trainwright.core.features import Tokens
from trainwright.core.pretrained import Base
from trainwright.models.text import vectors
from trainwright.models.text.bert import Bert, bert_config
from trainwright.models.text.vectors import TextVectors


@pytest.fixture
def encoder(monkeypatch) -> tuple[TextVectors, Bert]:
    torch.manual_seed(0)
    config = bert_config(vocabulary=40, max_length=16, hidden=8, layers=1, heads=2, dropout=0.5)
    bert = Bert(config)
    monkeypatch.setattr(vectors, "load_encoder", lambda base, dropout: (bert, config))
    monkeypatch.setattr(vectors, "pooling_of", lambda base: "mean")
    return TextVectors(Base("b", Path())), bert


def tokens_of(pieces: list[list[int]], rows: list[int]) -> Tokens:
    return Tokens(
        ids=np.concatenate([np.array(piece, np.int32) for piece in pieces]),
        ends=np.cumsum([len(piece) for piece in pieces]),
        rows=np.array(rows, np.int64),
        num_rows=max(rows) + 1,
        vocabulary=40,
        padding=0,
    )


def alone(bert: Bert, ids: list[int]) -> np.ndarray:
    with torch.inference_mode():
        states = bert(torch.tensor([ids]), torch.ones(1, len(ids), dtype=torch.bool))
    return states[0].mean(0).double().numpy()


def test_a_vector_is_the_mean_of_its_tokens_of_length_one_whatever_stands_beside_it(
    encoder, monkeypatch
) -> None:
    monkeypatch.setattr(vectors, "_BATCH_TOKENS", 12)
    pieces = [[5, 6, 7, 8, 9], [3], [11, 12], [9, 8, 7, 6]]
    found = encoder[0].of(tokens_of(pieces, [0, 1, 2, 3]))
    for row, piece in zip(found, pieces, strict=True):
        expected = alone(encoder[1], piece)
        np.testing.assert_allclose(row, expected / np.linalg.norm(expected), atol=1e-6)


def test_all_pieces_of_a_long_text_have_a_say_by_their_length(encoder) -> None:
    found = encoder[0].of(tokens_of([[5, 6, 7], [9], [4, 4]], [0, 0, 1]))
    expected = (3 * alone(encoder[1], [5, 6, 7]) + alone(encoder[1], [9])) / 4
    np.testing.assert_allclose(found[0], expected / np.linalg.norm(expected), atol=1e-6)
