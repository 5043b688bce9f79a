"""What a network for tables is fed."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from trainwright.core.features import Features
from trainwright.models.tables.networks.columns import INPUTS, TableColumns

NAN = float("nan")


def features_of(dense, categorical=(), terms=None):
    dense = np.array(dense, dtype=np.float64)
    names = tuple(f"n{n}" for n in range(dense.shape[1]))
    sparse = None if terms is None else csr_matrix(np.array(terms, dtype=np.float64))
    sparse_names = () if sparse is None else tuple(f"t{n}" for n in range(sparse.shape[1]))
    return Features(dense, names, categorical, sparse, sparse_names)


def batch_of(columns, features, rows=None, **more):
    source = columns.source(features, **more)
    rows = np.arange(len(source)) if rows is None else np.array(rows)
    return source.batch(rows, epoch=0, training=True)


@pytest.fixture
def train():
    return features_of(
        [[0.5, 1, 0, 2], [1.5, 0, 1, 0], [2.5, 1, 2, 1], [3.5, 0, NAN, 0]], categorical=(2, 3)
    )


def test_numbers_flags_and_categories_are_told_apart(train):
    columns = TableColumns.of(train)
    assert columns == TableColumns((0,), (1,), (2, 3), (3, 3))


def test_each_category_column_has_its_own_rows_and_one_for_what_is_missing(train):
    columns = TableColumns.of(train)
    assert columns.num_codes == 8
    assert columns.unknown == (3, 7)
    assert batch_of(columns, train)["codes"].tolist() == [[0, 6], [1, 4], [2, 5], [3, 4]]


def test_a_code_that_train_rows_did_not_hold_counts_as_missing(train):
    columns = TableColumns.of(train)
    later = features_of([[0, 0, 3, 99], [0, 0, NAN, NAN]], categorical=(2, 3))
    assert batch_of(columns, later)["codes"].tolist() == [[3, 7], [3, 7]]


def test_a_missing_number_is_the_centre(train):
    later = features_of([[NAN, NAN, 0, 0]], categorical=(2, 3))
    assert batch_of(TableColumns.of(train), later)["numbers"].tolist() == [[0.0, 0.0]]


def test_a_category_without_any_value_has_one_row():
    nothing = features_of([[NAN], [NAN]], categorical=(0,))
    columns = TableColumns.of(nothing)
    assert columns.cardinalities == (0,)
    assert batch_of(columns, nothing)["codes"].tolist() == [[0], [0]]


def test_terms_come_as_ids_and_weights_filled_up_with_weight_zero():
    rows = features_of([[0.0], [1.0], [2.0]], terms=[[0, 0.6, 0.8], [1, 0, 0], [0, 0, 0]])
    batch = batch_of(TableColumns.of(rows), rows, [1, 0, 2])
    assert batch["terms"].tolist() == [[0, 0], [1, 2], [0, 0]]
    assert batch["term_weights"].numpy() == pytest.approx(np.array([[1, 0], [0.6, 0.8], [0, 0]]))


def test_every_batch_holds_every_input_and_further_columns(train):
    batch = batch_of(TableColumns.of(train), train, [2, 1], target=np.array([0, 1, 2, 3]))
    assert set(batch) == {*INPUTS, "target"}
    assert batch["target"].tolist() == [2, 1]
    assert batch["terms"].shape == (2, 0)


def test_columns_come_back_from_json():
    columns = TableColumns((0, 3), (1,), (2,), (7,), 12)
    assert TableColumns.from_json(columns.to_json()) == columns
