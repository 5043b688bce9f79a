"""A row's features depend on the row alone: not on the batch, the order, or the way it comes."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.core.columns import Column, ColumnType
from trainwright.core.features import FeatureNeeds
from trainwright.data.preparation import fit_table_preparation

INPUTS = (
    Column("number", ColumnType.NUMBER),
    Column("category", ColumnType.CATEGORY),
    Column("truth", ColumnType.BOOLEAN),
    Column("moment", ColumnType.DATETIME),
    Column("text", ColumnType.TEXT),
)
SCHEMA = {
    "number": pl.Float64,
    "category": pl.String,
    "truth": pl.Boolean,
    "moment": pl.Datetime("us"),
    "text": pl.String,
}
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
categories = st.sampled_from(["a", "b", "A", "ä", "", "__unseen__"]) | texts
rows = st.fixed_dictionaries(
    {
        "number": st.none() | st.floats() | st.sampled_from([-0.0, 5e-324, 1.7e308]),
        "category": st.none() | categories,
        "truth": st.none() | st.booleans(),
        "moment": st.none() | st.integers(-(2**62), 2**62),
        "text": st.none() | st.lists(categories, max_size=6).map(" ".join),
    }
)
tables = st.lists(rows, min_size=1, max_size=30)
needs = st.builds(FeatureNeeds, scale=st.booleans(), one_hot=st.booleans(), text=st.booleans())


def framed(table):
    return pl.DataFrame(table, schema=SCHEMA, orient="row")


def bits(features):
    sparse = () if features.sparse is None else features.sparse.toarray().tobytes()
    return features.dense.tobytes(), sparse


@given(tables, tables, needs)
@settings(max_examples=150, deadline=None)
def test_rows_and_frames_give_the_same_bits_for_any_values(train, new, needs):
    preparation = fit_table_preparation(framed(train * 5), INPUTS, needs)
    assert bits(preparation.transform_rows(new)) == bits(preparation.transform(framed(new)))
    assert bits(preparation.transform_rows(train)) == bits(preparation.transform(framed(train)))


@given(tables, tables, needs, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_order_and_batch_of_rows_do_not_matter(train, new, needs, random):
    preparation = fit_table_preparation(framed(train * 5), INPUTS, needs)
    order = list(range(len(new)))
    random.shuffle(order)
    whole = preparation.transform(framed(new))
    shuffled = preparation.transform(framed([new[place] for place in order]))
    assert shuffled.dense.tobytes() == whole.dense[order].tobytes()
    alone = [preparation.transform(framed([row])).dense for row in new]
    assert np.vstack(alone).tobytes() == whole.dense.tobytes()
