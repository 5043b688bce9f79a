"""A column is typed the same in one piece and in any blocks, and in bounded memory."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from column_cases import DAYS, TARGETS, TYPED, turned
from trainwright.core.columns import ColumnType, Task
from trainwright.data.types import (
    ColumnTyping,
    Context,
    Evidence,
    Tally,
    TargetTyping,
    type_column,
    type_target,
)


def cut(raw: pl.Series, sizes: Sequence[int]) -> Iterator[tuple[int, pl.Series]]:
    """Blocks of these sizes, over and over."""
    start = number = 0
    while start < len(raw):
        size = sizes[number % len(sizes)]
        yield start, raw[start : start + size]
        start, number = start + size, number + 1


def stream(raw: pl.Series, sizes: Sequence[int], typing: Any) -> tuple[pl.Series, int]:
    """The values, and how often the blocks were read."""
    for rounds in range(1, 9):
        tally, parts = Tally(), []
        for first_row, block in cut(raw, sizes):
            values, part = typing.read(block, first_row)
            parts.append(values)
            tally = tally.merge(part)
        if typing.judge(tally):
            return pl.concat(parts), rounds
    raise AssertionError("never settled")


def evidence_of(raw: pl.Series, sizes: Sequence[int]) -> Evidence:
    evidence = Evidence.of(Context())
    for first_row, block in cut(raw, sizes):
        evidence.add(block, first_row)
    return evidence


def mixed(pattern: str) -> list[str]:
    return turned(pattern, DAYS)


LATE = {
    "a number that becomes words": ["1.5", "2.5"] * 2_000 + ["red", "green"] * 400,
    "whole numbers, then a fraction": ["1", "2"] * 3_000 + ["2.5"],
    "leading zeros at the end": ["1", "2"] * 3_000 + ["007"],
    "beyond floats at the end": ["1", "2"] * 3_000 + [str(2**60)],
    "rows counted but for one": [str(v) for v in range(5_000)] + ["7"],
    "days first, proven late": mixed("%d/%m/%Y")[:12] * 300 + ["31/12/2013"],
    "months first, proven late": mixed("%d/%m/%Y")[:12] * 300 + ["12/31/2013"],
    "more than 10,000 words": [f"w{v}x" for v in range(12_000)],
    "words, then NA among codes": ["DE", "FR", "US", "ZA"] * 1_000 + ["NA"],
}


@pytest.mark.parametrize("values", LATE.values(), ids=LATE.keys())
def test_a_long_column_is_typed_alike_however_it_is_cut(values: list[str]) -> None:
    raw = pl.Series("x", values)
    whole = type_column(raw, Context())
    for sizes in ([1000], [3001, 17]):
        typing = ColumnTyping(evidence_of(raw, sizes), Context())
        read, rounds = stream(raw, sizes, typing)
        assert read.equals(whole.values)
        assert (typing.column, typing.findings) == (whole.column, whole.findings)
        assert typing.receipt == whole.receipt
        assert rounds <= 4


@pytest.mark.parametrize("case", TYPED.values(), ids=TYPED.keys())
def test_a_column_is_typed_alike_row_by_row(case: Any) -> None:
    raw = pl.Series(case.name, case.values)
    whole = type_column(raw, Context())
    typing = ColumnTyping(evidence_of(raw, [1, 7]), Context())
    read, _ = stream(raw, [1, 7], typing)
    assert read.equals(whole.values)
    assert (typing.column, typing.findings) == (whole.column, whole.findings)


def test_a_plain_number_column_is_read_once() -> None:
    raw = pl.Series("x", [str(v / 8) for v in range(5_000)])
    assert stream(raw, [1000], ColumnTyping(evidence_of(raw, [1000]), Context()))[1] == 1
    raw = pl.Series("x", ["red", "green"] * 1000)
    assert stream(raw, [1000], ColumnTyping(evidence_of(raw, [1000]), Context()))[1] == 1


@pytest.mark.parametrize("case", TARGETS.values(), ids=TARGETS.keys())
@pytest.mark.parametrize("task", [None, Task.CLASSIFICATION])
def test_a_target_is_decided_alike_row_by_row(case: Any, task: Task | None) -> None:
    raw = pl.Series("y", case[0])
    if task is Task.CLASSIFICATION and case[1] is Task.REGRESSION:
        return  # refused as such
    whole, target = type_target(raw, Context(), task=task)
    typing = TargetTyping(evidence_of(raw, [1, 7]), Context(), task=task)
    values, _ = stream(raw, [1, 7], typing)
    assert typing.target == target
    assert typing.column == whole.column
    assert typing.findings == whole.findings
    assert typing.labels(values).equals(whole.values)


def test_the_sample_is_the_same_however_rows_are_cut_and_merged() -> None:
    values = ["" if v % 3 else f"v{v}" for v in range(40_000)]
    raw = pl.Series("x", values)
    whole = evidence_of(raw, [40_000])
    assert len(whole.sample) == 3_000
    assert "" not in whole.sample
    assert evidence_of(raw, [999, 4_000]).sample == whole.sample
    parts = [Evidence.of(Context()) for _ in range(2)]
    parts[1].add(raw[:25_000], 0)
    parts[0].add(raw[25_000:], 25_000)
    merged = parts[0].merge(parts[1])
    assert (merged.sample, merged.rows, merged.empty) == (whole.sample, 40_000, whole.empty)
    assert whole.empty == sum(text == "" for text in values)


def test_a_sample_is_taken_of_the_few_texts_of_a_mostly_empty_column() -> None:
    raw = pl.Series("x", ["1.5" if v % 100 == 7 else "" for v in range(50_000)])
    assert evidence_of(raw, [50_000]).sample == ["1.5"] * 500
    assert evidence_of(raw, [7_000]).sample == ["1.5"] * 500


def test_misfits_are_kept_in_bounds_and_counted_in_full() -> None:
    raw = pl.Series("x", ["1.5"] * 100_000 + [f"w{v}" for v in range(5_000)])
    typing = ColumnTyping(evidence_of(raw, [10_000]), Context())
    parts = [typing.read(block, first_row)[1] for first_row, block in cut(raw, [10_000])]
    tally = Tally()
    for part in parts:
        tally = tally.merge(part)
    assert (tally.rows, tally.values, tally.misfits.count) == (105_000, 100_000, 5_000)
    assert len(tally.misfits.texts) == 1_000
    assert tally.misfits.rows[:2].tolist() == [100_000, 100_001]


@pytest.mark.parametrize("native", [False, True], ids=["text", "whole numbers"])
@pytest.mark.parametrize("rows", [300, 30_000])
def test_numbers_that_fill_their_range_each_once_in_any_order_name_rows(
    rows: int, native: bool
) -> None:
    numbers = np.random.default_rng(0).permutation(int(rows * 1.03))[:rows] + 5_000
    column = pl.Series("a", numbers) if native else pl.Series("a", numbers).cast(pl.String)
    typed = type_column(column, Context())
    assert typed.column.type is ColumnType.IDENTIFIER
    assert [one.kind for one in typed.findings] == ["identifier"]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("repeats", np.random.default_rng(0).integers(0, 300, 300)),
        ("sparse", np.random.default_rng(0).permutation(3_000)[:300]),
        ("rank", np.random.default_rng(0).permutation(300)),
        ("day", np.random.default_rng(0).permutation(300)),
    ],
)
def test_numbers_that_repeat_leave_gaps_or_tell_a_rank_or_a_time_are_numbers(
    name: str, numbers: np.ndarray
) -> None:
    typed = type_column(pl.Series(name, numbers).cast(pl.String), Context())
    assert typed.column.type is ColumnType.NUMBER
    assert not typed.findings
