"""Splits of any table: a partition, stable when rows are added, equal rows and groups together."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.bundles import bundle, by_hash, quotas_of
from trainwright.data.chronology import Times, split_by_time
from trainwright.data.hashing import hash_rows
from trainwright.data.staging.arrays import Arrays

FRACTIONS = st.sampled_from([(0.7, 0.15, 0.15), (0.5, 0.3, 0.2), (0.9, 0.05, 0.05)])
SEEDS = st.integers(0, 2**31 - 1)


def parts_of(
    hashes: np.ndarray,
    *,
    seed: int,
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15),
    arrays: Arrays | None = None,
) -> np.ndarray:
    """The part of each row, all of one class."""
    arrays = arrays or Arrays()
    strata = np.zeros(len(hashes), dtype=np.int32)
    return by_hash(bundle(hashes, strata, arrays), seed=seed, fractions=fractions, arrays=arrays)


@given(
    bundles=st.lists(st.integers(0, 50), min_size=3, max_size=300),
    seed=SEEDS,
    fractions=FRACTIONS,
)
def test_every_row_has_one_part_and_a_bundle_has_one(
    bundles: list[int], seed: int, fractions: tuple[float, float, float]
) -> None:
    keys = np.array(bundles, dtype=np.uint64)
    parts = parts_of(keys, seed=seed, fractions=fractions)
    assert set(parts.tolist()) <= {0, 1, 2}
    for key in np.unique(keys):
        assert len(set(parts[keys == key].tolist())) == 1


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, extra=st.integers(1, 3000))
def test_from_ten_thousand_rows_on_no_row_moves_when_rows_are_added(seed: int, extra: int) -> None:
    values = np.random.default_rng(seed).normal(size=10_000 + extra)
    hashes = hash_rows(pl.DataFrame({"x": values}), ["x"])
    before, after = parts_of(hashes[:10_000], seed=seed), parts_of(hashes, seed=seed)
    assert (after[:10_000] == before).all()


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, rows=st.integers(100, 2000), extra=st.integers(1, 20))
def test_below_that_at_most_the_rows_at_a_cut_move(seed: int, rows: int, extra: int) -> None:
    values = np.random.default_rng(seed).normal(size=rows + extra)
    hashes = hash_rows(pl.DataFrame({"x": values}), ["x"])
    before, after = parts_of(hashes[:rows], seed=seed), parts_of(hashes, seed=seed)
    assert (after[:rows] != before).sum() <= 2 * extra + 2


@given(counts=st.lists(st.integers(1, 500), min_size=1, max_size=40), fractions=FRACTIONS)
def test_quotas_are_within_a_row_of_each_share_and_leave_train_one(
    counts: list[int], fractions: tuple[float, float, float]
) -> None:
    for count, (train, validation) in zip(
        counts, quotas_of(np.array(counts), fractions), strict=True
    ):
        test = count - train - validation
        assert train >= 1
        assert validation >= 0
        assert test >= 0
        assert validation <= np.ceil(count * fractions[1])
        assert test <= np.ceil(count * fractions[2])


@given(
    times=st.lists(st.integers(0, 40), min_size=30, max_size=200).filter(
        lambda times: len(set(times)) >= 12
    ),
    fractions=FRACTIONS,
)
def test_time_never_runs_backwards_over_a_boundary(
    times: list[int], fractions: tuple[float, float, float]
) -> None:
    keys = np.array(times, dtype=np.float64)
    counts = [(keys < cut).sum() for cut in np.unique(keys)]
    if counts[-1] <= sum(fractions[:2]) * len(keys):
        return  # the last moment alone is more than the fraction of test
    parts = split_by_time(Times(keys, False, "t"), fractions=fractions, gap_seconds=0.0).parts
    for earlier, later in ((0, 1), (1, 2), (0, 2)):
        assert keys[parts == earlier].max() < keys[parts == later].min()


@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=False)),
            st.one_of(st.none(), st.text(max_size=5)),
            st.one_of(st.none(), st.booleans()),
        ),
        min_size=1, max_size=40,
    ),
    cut=st.integers(0, 40),
)  # fmt: skip
def test_hashes_depend_on_values_alone(rows: list[tuple[object, ...]], cut: int) -> None:
    schema = {"a": pl.Float64(), "b": pl.String(), "c": pl.Boolean()}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    whole = hash_rows(frame, ["a", "b", "c"])
    chunked = pl.concat([frame[:cut], frame[cut:]], rechunk=False).select("c", "a", "b")
    assert (hash_rows(chunked, ["c", "a", "b"]) == whole).all()
    canonical = frame.with_columns(pl.col("a").fill_nan(None) + 0.0)
    same = canonical.with_row_index().join(
        canonical.with_row_index("other"), on=list("abc"), nulls_equal=True
    )
    for one, other in same.select("index", "other").iter_rows():
        assert whole[one] == whole[other]
    assert len(np.unique(whole)) == canonical.n_unique()
