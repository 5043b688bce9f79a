import json
from functools import reduce

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.summaries import columns as columns_of_profiles
from trainwright.summaries.columns import ColumnProfile
from trainwright.summaries.moments import BLOCK_ROWS
from trainwright.summaries.profile import UNSEEN, Profile, draw_rows, profile_frame

COLUMNS = (
    Column("size", ColumnType.NUMBER),
    Column("rooms", ColumnType.NUMBER, integer=True),
    Column("town", ColumnType.CATEGORY),
    Column("sold", ColumnType.BOOLEAN),
    Column("seen", ColumnType.DATETIME),
    Column("note", ColumnType.TEXT),
    Column("id", ColumnType.IDENTIFIER),
)


def table(count, seed=0):
    random = np.random.default_rng(seed)
    words = np.array(["bright", "quiet", "garden", "near", "station"])
    return pl.DataFrame(
        {
            "size": pl.Series([v if v > 40 else None for v in random.normal(80, 30, count)]),
            "rooms": random.integers(1, 6, count).astype(float),
            "town": random.choice(
                ["Ulm", "Bonn", "Köln", None], count, p=[0.5, 0.3, 0.1, 0.1]
            ).tolist(),
            "sold": random.random(count) < 0.2,
            "seen": pl.Series(random.integers(0, 10**15, count)).cast(pl.Datetime("us")),
            "note": [" ".join(random.choice(words, 4)) + f" secret{row}" for row in range(count)],
            "id": [f"customer-{row}" for row in range(count)],
        },
        schema_overrides={"town": pl.String},
    )


def dumped(profile):
    return json.dumps(profile.to_json(), allow_nan=False)


def test_a_profile_says_what_is_in_the_columns():
    frame = table(1_000)
    profile = profile_frame(frame, COLUMNS)
    size = profile["size"]
    assert (size.count, size.nulls) == (1_000, frame["size"].null_count())
    assert (size.min, size.max) == (frame["size"].min(), frame["size"].max())
    assert size.mean == pytest.approx(frame["size"].mean())
    assert size.std == pytest.approx(frame["size"].std())
    assert size.distinct == frame["size"].drop_nulls().n_unique()
    assert profile["rooms"].distinct == 5
    assert profile["town"].top == dict(
        sorted(
            frame["town"].drop_nulls().value_counts().rows(), key=lambda item: (-item[1], item[0])
        )
    )
    assert profile["town"].distinct == 3
    assert profile["sold"].top["true"] == frame["sold"].sum()
    assert profile["seen"].min == frame["seen"].to_physical().min()
    assert profile["note"].max == frame["note"].str.len_chars().max()
    assert profile["id"].distinct == pytest.approx(1_000, rel=0.07)


def test_how_a_frame_is_chunked_changes_nothing():
    frame = table(3_000)
    pieces = pl.concat([frame[:1], frame[1:1_700], frame[1_700:]], rechunk=False)
    assert dumped(profile_frame(pieces, COLUMNS)) == dumped(profile_frame(frame, COLUMNS))


@pytest.mark.parametrize("exact_rows", [100, 100_000])
def test_the_order_of_merging_changes_nothing(exact_rows):
    frame = table(2_000)
    one, two, three = (
        profile_frame(part, COLUMNS, exact_rows=exact_rows)
        for part in (frame[:900], frame[900:950], frame[950:])
    )
    forward = one.merge(two).merge(three)
    assert dumped(forward) == dumped(three.merge(two.merge(one)))
    whole = profile_frame(frame, COLUMNS, exact_rows=exact_rows)
    for name in ("rooms", "town", "sold", "seen", "note", "id"):
        expected = {**whole[name].to_json(), "moments": None}
        assert {**forward[name].to_json(), "moments": None} == expected


def test_sums_are_kept_for_each_block_of_rows():
    values = pl.DataFrame({"size": np.random.default_rng(1).normal(size=BLOCK_ROWS + 999)})
    whole = profile_frame(values, COLUMNS[:1])["size"]
    assert len(whole.moments.partials) == 2
    assert whole.mean == pytest.approx(values["size"].mean(), rel=1e-12)


def test_a_saved_profile_is_the_same():
    profile = profile_frame(table(500), COLUMNS)
    assert dumped(Profile.from_json(json.loads(dumped(profile)))) == dumped(profile)


def test_no_rare_value_no_identifier_and_no_rare_word_is_kept():
    frame = table(400).with_columns(
        pl.when(pl.int_range(400) < 4).then(pl.lit("Rarehausen")).otherwise("town").alias("town")
    )
    saved = dumped(profile_frame(frame, COLUMNS))
    assert "Bonn" in saved
    assert "garden" in saved
    for private in ("Rarehausen", "customer-", "secret"):
        assert private not in saved


def test_a_value_of_five_rows_is_named():
    frame = pl.DataFrame({"town": ["Ulm"] * 5 + ["Bonn"] * 4})
    profile = profile_frame(frame, COLUMNS[2:3])["town"]
    assert (profile.top, profile.rest) == ({"Ulm": 5}, 4)


def test_numbers_that_are_not_finite_are_missing():
    frame = pl.DataFrame({"size": [1.0, np.inf, np.nan, None, -np.inf]})
    profile = profile_frame(frame, COLUMNS[:1])["size"]
    assert (profile.nulls, profile.min, profile.max) == (4, 1.0, 1.0)


def test_an_empty_table_and_columns_of_nulls_can_be_summarised_and_drawn_from():
    empty = table(5)[:0]
    nulls = empty.clear(3)
    for frame in (empty, nulls):
        profile = profile_frame(frame, COLUMNS)
        assert Profile.from_json(json.loads(dumped(profile)))["size"].mean is None
        assert len(draw_rows(profile, COLUMNS, count=3, seed=0)) == 3


def test_drawn_rows_begin_with_nulls_and_then_the_unseen():
    rows = draw_rows(profile_frame(table(900), COLUMNS), COLUMNS, count=32, seed=1)
    assert len(rows) == 32
    assert set(rows[0].values()) == {None}
    assert rows[1]["town"] == UNSEEN
    assert None not in rows[1].values()


def test_drawn_rows_are_typed_and_within_what_was_seen():
    frame = table(900)
    for row in draw_rows(profile_frame(frame, COLUMNS), COLUMNS, count=300, seed=2)[2:]:
        assert row["size"] is None or frame["size"].min() <= row["size"] <= frame["size"].max()
        assert row["rooms"] in (1.0, 2.0, 3.0, 4.0, 5.0)
        assert row["town"] in (None, "Ulm", "Bonn", "Köln")
        assert row["sold"] in (True, False)
        assert isinstance(row["seen"], int)
        assert set(row["note"].split()) <= {"bright", "quiet", "garden", "near", "station"}
        assert "customer" not in row["id"]


def test_drawn_rows_follow_the_profile():
    rows = draw_rows(profile_frame(table(5_000), COLUMNS), COLUMNS, count=4_000, seed=3)
    towns = [row["town"] for row in rows]
    assert towns.count("Ulm") / 4_000 == pytest.approx(0.5, abs=0.04)
    assert towns.count(None) / 4_000 == pytest.approx(0.1, abs=0.03)
    sizes = [row["size"] for row in rows if row["size"] is not None]
    assert np.median(sizes) == pytest.approx(table(5_000)["size"].median(), rel=0.03)


def test_a_draw_depends_on_the_seed_and_on_its_own_column_alone():
    profile = profile_frame(table(500), COLUMNS)
    rows = draw_rows(profile, COLUMNS, count=20, seed=4)
    assert rows == draw_rows(profile, COLUMNS, count=20, seed=4)
    assert rows != draw_rows(profile, COLUMNS, count=20, seed=5)
    alone = draw_rows(profile, COLUMNS[2:3], count=20, seed=4)
    assert [row["town"] for row in rows] == [row["town"] for row in alone]
    saved = Profile.from_json(json.loads(dumped(profile)))
    assert rows == draw_rows(saved, COLUMNS, count=20, seed=4)


def test_of_too_many_values_the_frequent_ones_are_held_and_the_rest_is_counted(monkeypatch):
    monkeypatch.setattr(columns_of_profiles, "MOST_HELD", 100)
    texts = [f"v{i}" for i in range(5_000)] + ["often"] * 900
    frame = pl.DataFrame({"c": np.random.default_rng(0).permutation(texts)})
    columns = [Column("c", ColumnType.CATEGORY)]
    parts = [profile_frame(block, columns)["c"] for block in frame.iter_slices(50)]
    found = reduce(ColumnProfile.merge, parts)
    assert len(found.values.counts) <= 100
    assert found.top["often"] > 700
    assert found.rest + sum(found.top.values()) == len(texts)
