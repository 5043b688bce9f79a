import json
import time
from itertools import chain, pairwise

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import TrustError
from trainwright.core.features import FeatureNeeds
from trainwright.core.parts import load
from trainwright.data.preparation import TablePreparation, fit_table_preparation
from trainwright.data.steps.step import BLOCK_ROWS

TREES = FeatureNeeds()
LINEAR = FeatureNeeds(scale=True, one_hot=True)
INPUTS = (
    Column("size", ColumnType.NUMBER),
    Column("town", ColumnType.CATEGORY),
    Column("note", ColumnType.TEXT),
    Column("seen", ColumnType.DATETIME),
    Column("sold", ColumnType.BOOLEAN),
    Column(
        "fee", ColumnType.NUMBER
    ),  # mostly the same, so it is scaled by its deviation: a sum of floats
    Column("id", ColumnType.IDENTIFIER),
)


def table(count, seed=0):
    random = np.random.default_rng(seed)
    sizes = random.lognormal(size=count)
    return pl.DataFrame(
        {
            "id": [f"id{row}" for row in range(count)],
            "size": [None if number < 0.3 else number for number in sizes.tolist()],
            "town": random.choice(["Ulm", "Bonn", "Köln", "x", None], count).tolist(),
            "note": random.choice(["a quiet house", "near the station", None, ""], count).tolist(),
            "seen": pl.Series(random.integers(0, 10**15, count)).cast(pl.Datetime("us")),
            "sold": random.random(count) < 0.4,
            "fee": np.where(random.random(count) < 0.1, random.normal(1e6, 0.1, count), 1e6),
        }
    )


def plain(frame):
    """Rows as a server has them."""
    return frame.with_columns(pl.col("seen").to_physical()).to_dicts()


def saved(preparation, folder):
    folder.mkdir()
    preparation.save(folder)
    return (folder / "preparation.json").read_bytes()


def assert_same(one, other):
    assert one.dense.tobytes() == other.dense.tobytes()
    assert (one.names, one.categorical) == (other.names, other.categorical)
    if one.sparse is None:
        assert other.sparse is None
    else:
        assert one.sparse.shape == other.sparse.shape
        for part in ("data", "indices", "indptr"):
            assert getattr(one.sparse, part).tobytes() == getattr(other.sparse, part).tobytes()


def test_trees_get_codes_and_nan_and_no_scaling():
    features = fit_table_preparation(table(200), INPUTS, TREES).transform(table(50, seed=1))
    assert features.names[:2] == ("size", "town")
    assert features.categorical == (1,)
    assert features.dense.dtype == np.float64
    assert np.isnan(features.dense[:, 0]).sum() == table(50, seed=1)["size"].null_count()


def test_a_linear_model_gets_no_nan():
    features = fit_table_preparation(table(200), INPUTS, LINEAR).transform(table(300, seed=1))
    assert np.isfinite(features.dense).all()
    assert np.abs(features.dense).max() <= 10
    assert features.categorical == ()
    assert features.sparse.shape == (300, len(features.sparse_names))


def test_text_is_left_out_where_it_is_not_asked_for():
    needs = FeatureNeeds(text=False)
    assert fit_table_preparation(table(50), INPUTS, needs).transform(table(5)).sparse is None


def test_every_feature_names_its_column_and_identifiers_make_none():
    preparation = fit_table_preparation(table(200), INPUTS, LINEAR)
    sources = [preparation.source_of(name) for name in preparation.feature_names]
    assert set(sources) == {"size", "town", "note", "seen", "sold", "fee"}
    assert preparation.source_of("town=Ulm") == "town"
    assert preparation.source_of("note~quiet house") == "note"
    assert preparation.source_of("seen.elapsed") == "seen"


def test_features_of_clashing_column_names_stay_apart():
    inputs = (Column("at", ColumnType.DATETIME), Column("at.elapsed", ColumnType.NUMBER))
    frame = pl.DataFrame({"at": pl.Series([0]).cast(pl.Datetime("us")), "at.elapsed": [1.0]})
    preparation = fit_table_preparation(frame, inputs, TREES)
    assert preparation.feature_names == ("at.elapsed", "at.elapsed#2")
    assert preparation.source_of("at.elapsed#2") == "at.elapsed"


@pytest.mark.parametrize("needs", [TREES, LINEAR])
def test_single_rows_batches_and_frames_give_the_same_bits(needs):
    preparation, frame = fit_table_preparation(table(400), INPUTS, needs), table(60, seed=2)
    whole = preparation.transform(frame)
    assert_same(preparation.transform_rows(plain(frame)), whole)
    dense = np.vstack([preparation.transform_rows([row]).dense for row in plain(frame)])
    assert dense.tobytes() == whole.dense.tobytes()


@pytest.mark.parametrize("needs", [TREES, LINEAR])
def test_a_fit_does_not_depend_on_how_the_frame_is_chunked(needs, tmp_path):
    frame = table(BLOCK_ROWS + 500)
    cuts = [0, 1, 777, BLOCK_ROWS - 1, BLOCK_ROWS + 2, frame.height]
    pieces = [frame[start:end] for start, end in pairwise(cuts)]
    chunked = pl.concat(pieces, rechunk=False)
    assert chunked.n_chunks() == 5
    whole = saved(fit_table_preparation(frame, INPUTS, needs), tmp_path / "whole")
    assert saved(fit_table_preparation(chunked, INPUTS, needs), tmp_path / "chunked") == whole


def test_a_fit_counts_the_rows_on_either_side_of_a_block():
    towns = ["common"] * (2 * BLOCK_ROWS + 3)
    towns[BLOCK_ROWS - 2 : BLOCK_ROWS + 1] = ["edge"] * 3
    towns[2 * BLOCK_ROWS - 1 : 2 * BLOCK_ROWS + 1] = ["edge"] * 2
    preparation = fit_table_preparation(pl.DataFrame({"town": towns}), INPUTS[1:2], TREES)
    assert preparation.steps[0].values == ("common", "edge")


def test_a_fit_sees_every_row_and_no_other(tmp_path):
    frame = table(300)
    once = saved(fit_table_preparation(frame, INPUTS, LINEAR), tmp_path / "once")
    fit = fit_table_preparation(frame, INPUTS, LINEAR)
    fit.transform(table(300, seed=9))
    assert saved(fit, tmp_path / "again") == once
    other = saved(fit_table_preparation(frame[:-1], INPUTS, LINEAR), tmp_path / "other")
    assert other != once


@pytest.mark.parametrize("needs", [TREES, LINEAR])
def test_a_loaded_preparation_is_the_same(needs, tmp_path):
    preparation = fit_table_preparation(table(300), INPUTS, needs)
    saved(preparation, tmp_path / "p")
    loaded = load(preparation.kind, tmp_path / "p")
    assert isinstance(loaded, TablePreparation)
    assert loaded == preparation
    frame = table(100, seed=3)
    assert_same(loaded.transform(frame), preparation.transform(frame))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("steps"),
        lambda document: document["steps"][0].update(kind="pickle"),
        lambda document: document["steps"][0].update(extra=1),
        lambda document: document["inputs"][0].update(type="secret"),
        lambda document: document.update(texts=[{}]),
    ],
)
def test_a_spoilt_preparation_is_refused(spoil, tmp_path):
    document = json.loads(saved(fit_table_preparation(table(50), INPUTS, LINEAR), tmp_path / "p"))
    spoil(document)
    (tmp_path / "p" / "preparation.json").write_text(json.dumps(document))
    with pytest.raises(TrustError, match="not a preparation") as caught:
        TablePreparation.load(tmp_path / "p")
    assert "restore the package" in caught.value.mend


def test_unseen_categories_are_named():
    preparation = fit_table_preparation(table(300), INPUTS, TREES)
    rows = [{"town": "Ulm"}, {"town": "Atlantis", "size": 1.0}, {"town": None}, {}]
    assert preparation.unseen(rows) == [[], ["town"], [], []]


def test_a_missing_key_is_a_missing_value():
    preparation = fit_table_preparation(table(300), INPUTS, LINEAR)
    nothing = dict.fromkeys(column.name for column in INPUTS)
    assert_same(preparation.transform_rows([{}]), preparation.transform_rows([nothing]))


def test_no_rows_and_no_columns_are_no_trouble():
    preparation = fit_table_preparation(table(100), INPUTS, LINEAR)
    assert_same(preparation.transform_rows([]), preparation.transform(table(0, seed=1)))
    nothing = fit_table_preparation(table(5), (), TREES)
    assert nothing.transform(table(5)).dense.shape == (5, 0)
    assert nothing.transform_rows([{}, {}]).dense.shape == (2, 0)


def test_a_row_of_forty_columns_takes_well_under_a_millisecond():
    random = np.random.default_rng(0)
    names = [f"c{number}" for number in range(40)]
    frame = pl.DataFrame(
        {
            name: random.normal(size=300) if place < 30 else random.choice(list("abc"), 300)
            for place, name in enumerate(names)
        }
    )
    kinds = chain([ColumnType.NUMBER] * 30, [ColumnType.CATEGORY] * 10)
    inputs = [Column(name, kind) for name, kind in zip(names, kinds, strict=True)]
    preparation = fit_table_preparation(frame, inputs, LINEAR)
    rows = frame.to_dicts()
    spent = []
    for row in rows:
        started = time.perf_counter()
        preparation.transform_rows([row])
        spent.append(time.perf_counter() - started)
    # 25 to 35 microseconds on a quiet core; the bound allows for a busy one.
    assert np.median(spent) < 200e-6
