"""How columns enter a network."""

import pytest
import torch

from trainwright.models.tables.networks.columns import TableColumns
from trainwright.models.tables.networks.embeddings import TableEmbedding, bend


def embedding_of(columns, *, frequencies=4):
    torch.manual_seed(0)
    return TableEmbedding(
        columns, frequencies=frequencies, number_dim=3, spread=0.1, category_dim=2, text_dim=5
    )


def inputs_of(columns, rows=2):
    numbers = torch.randn(rows, len(columns.numbers) + len(columns.flags))
    codes = torch.tensor([columns.unknown] * rows, dtype=torch.int64).reshape(rows, -1)
    return numbers, codes, torch.zeros(rows, 0, dtype=torch.int64), torch.zeros(rows, 0)


def test_bending_leaves_the_middle_and_bounds_the_tails():
    bent = bend(torch.tensor([0.0, 0.1, -0.1, 1e6, -1e6]))
    assert bent[:3].tolist() == pytest.approx([0.0, 0.1, -0.1], abs=1e-3)
    assert bent[3:].tolist() == pytest.approx([3.0, -3.0])


def test_the_vector_is_as_long_as_its_parts_together():
    columns = TableColumns((0, 1), (2,), (3,), (4,), 10)
    embedding = embedding_of(columns)
    numbers, codes, *_ = inputs_of(columns)
    terms, weights = torch.tensor([[1, 2], [3, 0]]), torch.tensor([[0.6, 0.8], [1.0, 0.0]])
    assert embedding.chunks == (3, 3, 1, 2, 5)
    assert embedding(numbers, codes, terms, weights).shape == (2, embedding.width) == (2, 14)


def test_what_is_missing_or_was_not_seen_begins_in_the_middle_of_all_categories():
    columns = TableColumns((), (), (0, 1), (2, 3))
    embedding = embedding_of(columns)
    assert embedding(*inputs_of(columns)).abs().max() == 0


def test_a_term_of_weight_zero_adds_nothing():
    columns = TableColumns((), (), (), (), 10)
    embedding = embedding_of(columns)
    numbers, codes, *_ = inputs_of(columns, rows=1)
    alone = embedding(numbers, codes, torch.tensor([[3]]), torch.tensor([[0.5]]))
    filled = embedding(numbers, codes, torch.tensor([[3, 0, 7]]), torch.tensor([[0.5, 0.0, 0.0]]))
    assert torch.equal(alone, filled)


def test_rows_without_any_term_are_zeros():
    columns = TableColumns((), (), (), (), 10)
    assert embedding_of(columns)(*inputs_of(columns)).abs().max() == 0


def test_without_frequencies_numbers_enter_bent_and_flags_as_they_are():
    columns = TableColumns((0,), (1,), (), ())
    embedding = embedding_of(columns, frequencies=0)
    _, codes, terms, weights = inputs_of(columns)
    numbers = torch.tensor([[4.0, 1.0], [0.0, 0.0]])
    found = embedding(numbers, codes, terms, weights)
    assert found[:, 0].tolist() == pytest.approx([4 / (1 + 16 / 9) ** 0.5, 0.0])
    assert found[:, 1].tolist() == [1.0, 0.0]


def test_a_table_without_features_is_a_zero():
    columns = TableColumns((), (), (), ())
    embedding = embedding_of(columns)
    assert embedding.width == 1
    assert embedding(*inputs_of(columns)).tolist() == [[0.0], [0.0]]
