from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.data.similarity import compared
from trainwright.data.similarity.cells import hashed
from trainwright.data.similarity.partners import Partners, choose_sets, find_partners
from trainwright.data.similarity.rows import judged_columns, near_rows
from trainwright.data.staging.arrays import Arrays


def table(number: int = 500, *, seed: int = 0, kinds: int = 1_000) -> pl.DataFrame:
    """Rows, a third of them copies of others but for one cell."""
    rng = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "town": rng.choice(["Lisbon", "Madrid", "Toulouse", "Antwerp", None], number).tolist(),
            "price": rng.integers(0, kinds, number) / 7,
            "area": rng.integers(0, kinds, number) / 3,
            "rooms": rng.integers(1, 6, number).astype(float),
            "width": rng.integers(0, kinds, number) / 11,
            "depth": rng.integers(0, kinds, number) / 13,
            "height": rng.integers(0, kinds, number) / 17,
        }
    )
    copies = frame[rng.integers(0, number, number // 2)]
    changed = rng.integers(0, 6, copies.height)
    return pl.concat(
        [
            frame,
            copies.with_columns(
                pl.when(pl.Series(changed == 0)).then(pl.col("price") * 1.004).otherwise("price"),
                pl.when(pl.Series(changed == 1)).then(pl.col("width") * 1.5).otherwise("width"),
                pl.when(pl.Series(changed == 2)).then(None).otherwise("rooms").alias("rooms"),
                pl.when(pl.Series(changed == 3))
                .then(pl.lit("MADRID "))
                .otherwise("town")
                .alias("town"),
            ),
        ]
    )


@pytest.mark.parametrize("kinds", [5, 40, 1_000])
@pytest.mark.parametrize("on_disk", [False, True])
def test_rows_that_agree_in_all_cells_but_one_are_among_them(view_of, tmp_path, kinds, on_disk):
    frame = table(200, kinds=kinds)
    view = view_of(frame)
    columns = judged_columns(view)
    few = Arrays(tmp_path, in_memory=8, span_rows=50, sorted_rows=64)
    found = find_partners(view, columns, few if on_disk else Arrays())
    cells = np.stack([hashed(frame[column.name], column) for column in columns], axis=1)
    apart = (cells[:, None, :] != cells[None, :, :]).sum(axis=2)
    np.fill_diagonal(apart, 9)
    for place, column in enumerate(columns):
        differs = cells[:, None, place] != cells[None, :, place]
        near = ((apart == 0) | ((apart == 1) & differs)).any(axis=1)
        assert near.sum() > 50
        assert found.without(column.name)[near].all()
    assert found.without(None)[(apart == 0).any(axis=1)].all()


def test_few_columns_are_chosen_and_none_twice(view_of):
    view = view_of(table(5_000, kinds=100_000)[:5_000])
    one, other = choose_sets(view, judged_columns(view))
    names = [column.name for column in (*one, *other)]
    assert len(names) == len(set(names)) < 7
    assert {"town", "rooms"} & set(names) == set()


def test_rows_that_share_nothing_are_left_out(view_of):
    frame = table(5_000, kinds=100_000)[:5_000]
    view = view_of(frame)
    found = find_partners(view, judged_columns(view), Arrays())
    assert (found.sharing[0] | found.sharing[1]).mean() < 0.15


@pytest.mark.parametrize("kinds", [250, 1_000])
@pytest.mark.parametrize("seed", range(3))
def test_the_same_is_found_as_where_all_rows_are_compared(view_of, monkeypatch, seed, kinds):
    view = view_of(table(3_000, seed=seed, kinds=kinds)[: 3_000 + 600])
    few = near_rows(view, arrays=Arrays())
    assert few.num_clusters > 50

    def everything(view, columns, arrays):
        always = np.ones(view.num_rows, dtype=bool)
        return Partners((frozenset(), frozenset()), (always, always))

    monkeypatch.setattr(compared, "find_partners", everything)
    whole = near_rows(view, arrays=Arrays())
    for name in ("row", "first", "likeness"):
        np.testing.assert_array_equal(getattr(few, name), getattr(whole, name))


def test_where_no_row_shares_anything_nothing_is_near(view_of):
    rng = np.random.default_rng(0)
    view = view_of(pl.DataFrame({name: rng.normal(size=200) for name in "abcde"}))
    assert len(near_rows(view).row) == 0
