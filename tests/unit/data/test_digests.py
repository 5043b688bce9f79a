from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

from trainwright.data.digests import FrameDigest

COLUMNS = {
    "numbers": pl.Series([1.5, None, float("nan"), -0.0, 7.0, None]),
    "texts": pl.Series(["a", None, "", "bc", "ä", "d"]),
    "long texts": pl.Series([None, None, "one of more than twelve bytes", "b", None, "ä" * 40]),
    "mostly missing": pl.Series([None, None, None, "c", None, None]),
    "flags": pl.Series([True, None, False, True, None, False]),
    "moments": pl.Series([datetime(2024, 1, day) if day != 3 else None for day in range(1, 7)]),
    "lists": pl.Series([["a", "b"], [], None, ["c"], ["d", None], ["e"]]),
    "bytes": pl.Series([b"a", None, b"", b"bc", b"d", b"e"]),
}


def digest(*blocks: pl.Series) -> list[str]:
    found = FrameDigest({"c": blocks[0].dtype})
    for block in blocks:
        found.add(block.alias("c").to_frame())
    return list(found.parts())


@pytest.mark.parametrize("values", COLUMNS.values(), ids=COLUMNS.keys())
def test_a_digest_is_of_the_values_and_not_of_their_blocks(values: pl.Series) -> None:
    whole = digest(values)
    for cut in range(len(values) + 1):
        assert digest(values[:cut], values[cut:]) == whole
    assert digest(values.slice(1, 4), values[5:]) == digest(values[1:])
    others = [digest(values.reverse()), digest(values[:-1]), digest(values.shift(1))]
    assert whole not in others


def test_what_looks_alike_is_told_apart() -> None:
    alike = [
        digest(pl.Series(["ab", "c"])), digest(pl.Series(["a", "bc"])),
        digest(pl.Series(["abc", None])), digest(pl.Series(["abc", ""])),
        digest(pl.Series([0.0, None])), digest(pl.Series([0.0, float("nan")])),
        digest(pl.Series([0.0, 0.0])), digest(pl.Series([["a"], ["b"]])),
        digest(pl.Series([["a", "b"], []], dtype=pl.List(pl.String))),
    ]  # fmt: skip
    assert len({tuple(one) for one in alike}) == len(alike)
    assert digest(pl.Series([-0.0])) == digest(pl.Series([0.0]))


def test_gaps_elsewhere_are_other_values() -> None:
    columns = [[None, "a", "b"], ["a", None, "b"], ["a", "b", None], ["a", "b"], [None, None, "a"]]
    told = {tuple(digest(pl.Series(one, dtype=pl.String))) for one in columns}
    assert len(told) == len(columns)
