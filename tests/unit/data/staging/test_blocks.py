from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl

from trainwright.data.staging.blocks import BlockStore, open_store

BLOCKS = [
    pl.DataFrame({"n": [1.5, None], "w": ["a", "ä" * 40], "l": [["x"], None]}),
    pl.DataFrame({"n": [2.5], "w": [None], "l": [["y", "z"]]}, schema_overrides={"w": pl.String}),
    pl.DataFrame({"n": [3.5, 4.5, 5.5], "w": ["b", "", "c"], "l": [[], ["q"], None]}),
]
WHOLE = pl.concat(BLOCKS)


def store_of(tmp_path: Path) -> BlockStore:
    store = BlockStore(tmp_path / "rows.blocks")
    for block in BLOCKS:
        store.write(block)
    return store


def test_blocks_come_back_as_they_were_written_and_only_the_columns_asked_for(
    tmp_path: Path,
) -> None:
    store = store_of(tmp_path)
    assert store.heights == (2, 1, 3)
    for read, written in zip(store.blocks(["l", "n"]), BLOCKS, strict=True):
        assert read.equals(written.select("l", "n"))


def test_a_block_is_read_by_what_says_where_it_is(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    store.replace(["w"], [block.select(pl.col("w").str.to_uppercase()) for block in BLOCKS])
    for stored, written in zip(store.stored(["l", "w"]), BLOCKS, strict=True):
        assert stored.num_rows == written.height
        wanted = written.select("l", pl.col("w").str.to_uppercase())
        assert stored.read(["l", "w"]).equals(wanted)
        assert stored.read(["w"]).equals(wanted.select("w"))


def test_frames_outlive_the_pass_that_read_them(tmp_path: Path) -> None:
    frames = list(store_of(tmp_path).blocks(["w"]))
    (tmp_path / "rows.blocks").unlink()
    assert pl.concat(frames)["w"].to_list() == WHOLE["w"].to_list()


def test_a_column_can_be_written_anew_from_its_own_values(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    texts = (block.select(pl.col("n").cast(pl.String)) for block in store.blocks(["n"]))
    store.replace(["n"], texts)
    found = pl.concat(store.blocks(["n", "w"]))
    assert found["n"].to_list() == ["1.5", None, "2.5", "3.5", "4.5", "5.5"]
    assert found["w"].to_list() == WHOLE["w"].to_list()
    assert store.kinds("n") == [pl.String()] * 3


def test_rows_are_gathered_from_all_blocks(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    for rows in ([0, 2, 5], [1], [], [0, 1, 2, 3, 4, 5]):
        assert store.gather(["w", "n"], np.array(rows, dtype=np.int64)).equals(
            WHOLE.select("w", "n")[rows]
        )


def test_a_store_can_be_opened_again(tmp_path: Path) -> None:
    said = json.loads(json.dumps(store_of(tmp_path).to_json()))
    again = open_store(tmp_path / "rows.blocks", said)
    assert pl.concat(again.blocks(again.columns)).equals(WHOLE)
    assert again.kinds("l") == [pl.List(pl.String)] * 3


def test_gathered_texts_stand_on_no_page_of_the_file(tmp_path: Path) -> None:
    store = BlockStore(tmp_path / "rows.blocks")
    block = pl.DataFrame({"w": [f"a text that is longer than a view, {i}" for i in range(20_000)]})
    store.write(block)
    few = store.gather(["w"], np.array([3, 9_000], dtype=np.int64))
    assert few["w"].to_list() == block["w"].gather([3, 9_000]).to_list()
    held = few["w"].to_arrow(compat_level=pl.CompatLevel.newest())
    assert sum(buffer.size for buffer in held.buffers() if buffer is not None) < 1_000
