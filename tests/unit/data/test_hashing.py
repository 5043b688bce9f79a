from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from trainwright.data.hashing import (
    SourceKey,
    count_distinct,
    group_equal,
    hash_cells,
    hash_rows,
    hash_text,
    mix,
    positions,
    sum_cells,
)

GOLDEN = ["298f6b4bddbc1cb5", "34af32b852c09eaa"]


def test_hashes_are_the_same_for_ever() -> None:
    frame = pl.DataFrame({"n": [1.5, None], "w": ["ä", None], "b": [True, None]})
    assert [f"{value:016x}" for value in hash_rows(frame, ["n", "w", "b"])] == GOLDEN
    # The first output of SplitMix64 with seed 0, as its authors publish it.
    assert f"{mix(np.array([0], dtype=np.uint64))[0]:016x}" == "e220a8397b1dcdaf"


def test_minus_zero_is_zero_and_nan_is_null() -> None:
    found = hash_cells(pl.Series([0.0, -0.0, float("nan"), None, 1.0]))
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert len(set(found.tolist())) == 3


def test_equal_cells_in_other_columns_are_other_rows() -> None:
    frame = pl.DataFrame({"a": ["x", "y"], "b": ["y", "x"]})
    assert len(set(hash_rows(frame, ["a", "b"]).tolist())) == 2


def test_an_empty_word_is_not_a_missing_one() -> None:
    assert len(set(hash_cells(pl.Series(["", None, "null"])).tolist())) == 3


def test_date_times_are_told_apart_by_microseconds() -> None:
    times = pl.Series([0, 1, None, 0]).cast(pl.Datetime("us"))
    found = hash_cells(times)
    assert found[0] == found[3]
    assert len(set(found.tolist())) == 3


def test_positions_are_uniform_and_a_seed_gives_others() -> None:
    hashes = hash_rows(pl.DataFrame({"x": np.arange(20_000.0)}), ["x"])
    one, other = positions(hashes, "split", 0), positions(hashes, "split", 1)
    assert stats.kstest(one, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert hash_text("a") != hash_text("b")


def test_raw_texts_are_told_apart_whatever_their_length_and_chunks() -> None:
    texts = ["", None, "a", "a\x00", "12345678", "123456780", "12345678\x00", "ä" * 200, "ä" * 201]
    frame = pl.DataFrame({"w": texts * 2, "n": [1.0] * 18}, schema_overrides={"w": pl.String})
    found = hash_rows(frame, frame.columns)
    assert (found[:9] == found[9:]).all()
    assert len(set(found.tolist())) == 9
    chunked = pl.concat([frame[:5], frame[5:6], frame[6:]], rechunk=False)
    assert (hash_rows(chunked, ["n", "w"]) == found).all()


def test_texts_are_hashed_eight_bytes_at_a_time_as_written_here() -> None:
    def mixed(bits: int) -> int:
        return int(mix(np.array([bits], dtype=np.uint64))[0])

    def one(text: bytes) -> int:
        begin = len(text) | int.from_bytes(text[:4], "little") << 32
        state = mixed(begin ^ mixed(int.from_bytes(text[4:12], "little")))
        for at in range(12, len(text), 8):
            state = mixed(state ^ int.from_bytes(text[at : at + 8], "little"))
        return state

    texts = ["", "ORD", "exactly8", "exactly12 is", "exactly12 is the most", "ä" * 20, "ä" * 128]
    cells = [one(text.encode()) for text in texts]
    assert hash_cells(pl.Series(texts)).tolist() == cells
    assert hash_cells(pl.Series([*texts, None] * 9000)[5:13]).tolist()[3:] == cells[:5]
    for short in (texts[:1], texts[:2], texts[:4], ["NH", "ORD"], ["exactly8", "ORD", "seven77"]):
        assert hash_cells(pl.Series(short)).tolist() == [one(text.encode()) for text in short]
    assert hash_cells(pl.Series(["x" * 257]))[0] == hash_text("x" * 257)
    rows = mix(np.array(cells, dtype=np.uint64) * (hash_text("w") | np.uint64(1)))
    assert (hash_rows(pl.DataFrame({"w": texts}), ["w"]) == rows).all()


def test_a_column_can_be_taken_out_of_the_sum() -> None:
    frame = pl.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]})
    left = sum_cells(frame, ["a", "b"]) - sum_cells(frame, ["b"])
    assert (mix(left) == hash_rows(frame, ["a"])).all()


def test_equal_hashes_are_grouped_as_numpy_groups_them() -> None:
    hashes = np.random.default_rng(3).integers(0, 50, 400).astype(np.uint64)
    keys, first, inverse, sizes = np.unique(
        hashes, return_index=True, return_inverse=True, return_counts=True
    )
    groups = group_equal(hashes)
    for ours, theirs in zip(
        (groups.keys, groups.first, groups.inverse, groups.sizes),
        (keys, first, inverse, sizes),
        strict=True,
    ):
        assert ours.tolist() == theirs.tolist()
    assert count_distinct(hashes) == len(keys)
    assert count_distinct(hashes[:0]) == len(group_equal(hashes[:0]).keys) == 0


def test_the_identity_of_a_source_knows_neither_blocks_nor_orders_of_rows_and_columns() -> None:
    random = np.random.default_rng(5)
    frame = pl.DataFrame({"w": random.choice(["a", "b", "c"], 500), "n": random.normal(size=500)})

    def key(*blocks: pl.DataFrame) -> str:
        found = SourceKey()
        for block in blocks:
            found.add(block)
        return found.value

    whole = key(frame)
    assert key(frame[:100], frame[100:101], frame[101:]) == whole
    assert key(frame.reverse().select("n", "w")) == whole
    assert key(frame, frame[:1]) != whole
    assert key(frame[1:]) != whole
    assert key(frame.with_columns(w=pl.col("w").reverse())) != whole


def test_short_texts_cut_from_long_ones_are_hashed_as_those_that_were_written() -> None:
    long = pl.Series(["  Strasbourg and more of it ", "  ORD, which is long  ", "a" * 30, "  x"])
    for cut in (
        long.str.head(5),
        long.str.slice(2, 12),
        long.str.strip_chars().str.head(10),
        long.str.replace_all("[a-z ]", ""),
        long.str.to_lowercase().str.tail(3),
        long.str.split(",").list.first().str.strip_chars(),
        pl.concat([long, long.str.head(3)])[3:].gather([0, 1, 4]),
        pl.DataFrame({"w": long}).select(pl.when(pl.col("w").str.len_bytes() < 9).then("w"))["w"],
    ):
        written = pl.Series([None if text is None else "".join(text) for text in cut.to_list()])
        assert (hash_cells(cut) == hash_cells(written)).all()


def test_a_long_text_hashes_as_it_does_alone_wherever_it_stands() -> None:
    texts = [("é" + "abc" * 100)[: 2 + 7 * number % 290] for number in range(400)]
    texts += ["x" * 13, "y" * 300, "", "z" * 12]
    wanted = [int(hash_cells(pl.Series([text]))[0]) for text in texts]
    column = pl.Series(texts)
    assert hash_cells(column).tolist() == wanted
    assert hash_cells(column[3:-2]).tolist() == wanted[3:-2]
    several = pl.concat([pl.Series(texts[:150]), pl.Series(texts[150:])], rechunk=True)
    assert hash_cells(several).tolist() == wanted  # in more than one buffer
    gaps = pl.Series([None, *texts[:9], None, *texts[9:]])
    assert hash_cells(gaps)[gaps.is_not_null().to_numpy()].tolist() == wanted


@pytest.mark.parametrize("length", [13, 20, 28, 300])
def test_texts_of_one_length_are_hashed_as_each_alone(length: int) -> None:
    texts = pl.Series([f"{number:0{length}d}" for number in range(100)])
    alone = [int(hash_cells(pl.Series([text]))[0]) for text in texts]
    assert hash_cells(texts).tolist() == alone
    assert hash_cells(texts.reverse()).tolist() == alone[::-1]
    assert hash_cells(texts.gather_every(3)).tolist() == alone[::3]
    assert len(set(alone)) == len(alone)


def test_texts_at_uneven_distances_are_hashed_as_each_alone() -> None:
    sizes = [20, 31, 14, 20, 45, 20]  # the first is as long as the last
    texts = pl.Series([f"{number:0{size}d}" for number, size in enumerate(sizes)])
    alone = [int(hash_cells(pl.Series([text]))[0]) for text in texts]
    assert hash_cells(texts).tolist() == alone
    same = pl.Series([f"{number:020d}" for number in range(6)])
    uneven = same.gather([0, 1, 3, 4, 5])
    assert hash_cells(uneven).tolist() == [
        int(hash_cells(same[n : n + 1])[0]) for n in (0, 1, 3, 4, 5)
    ]


@pytest.mark.parametrize("gaps", [0.0, 0.1])
@pytest.mark.parametrize("longest", [4, 12, 40])
def test_rows_of_a_long_column_hash_as_those_of_its_parts(gaps: float, longest: int) -> None:
    random = np.random.default_rng(np.random.SeedSequence().entropy)
    size = 40_000  # more than are hashed at a time
    lengths = random.integers(0, longest + 1, size)
    letters = "".join(random.choice(list("abcxyzä"), int(lengths.sum())))
    ends = np.cumsum(lengths)
    texts = pl.Series(
        "t",
        [letters[end - n : end] for end, n in zip(ends.tolist(), lengths.tolist(), strict=True)],
    ).set(pl.Series(random.random(size) < gaps), None)
    parts = [hash_cells(texts[start : start + 333]) for start in range(0, size, 333)]
    assert (hash_cells(texts) == np.concatenate(parts)).all()
    assert (hash_cells(pl.concat([texts[:7], texts[7:]], rechunk=False)) == hash_cells(texts)).all()
