from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from trainwright.data.similarity.rows import is_slip, near_rows
from trainwright.data.staging.arrays import Arrays


def table(number: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "town": rng.choice(["Lisbon", "Madrid", "Toulouse", "Antwerp"], number),
            "price": rng.normal(1000, 200, number).round(2),
            "area": rng.normal(80, 20, number).round(2),
            "rooms": rng.integers(1, 6, number).astype(float),
            "height": rng.normal(3, 1, number).round(3),
            "width": rng.normal(10, 3, number).round(3),
        }
    )


def with_row(frame: pl.DataFrame, **changed) -> pl.DataFrame:
    row = {**frame.row(7, named=True), **changed}
    return pl.concat([frame, pl.DataFrame([row], schema=frame.schema)])


@pytest.mark.parametrize(
    "changed",
    [{"town": "TOULOUSE "}, {"town": "Toulose"}, {"width": "nearly"}, {"rooms": None}],
    ids=["case", "letter", "digit", "missing"],
)
def test_a_row_with_one_slip_is_found(view_of, changed) -> None:
    frame = table().with_columns(
        pl.when(pl.int_range(pl.len()) == 7)
        .then(pl.lit("Toulouse"))
        .otherwise("town")
        .alias("town")
    )
    if changed.get("width") == "nearly":
        changed = {"width": frame["width"][7] * 1.004}
    found = near_rows(view_of(with_row(frame, **changed)))
    assert found.row.tolist() == [7, 400]
    assert found.first.tolist() == [7, 7]


@pytest.mark.parametrize("changed", [{"town": "Porto"}, {"width": 55.0}], ids=["word", "number"])
def test_a_row_with_another_value_is_not(view_of, changed) -> None:
    assert len(near_rows(view_of(with_row(table(), **changed))).row) == 0


def test_equal_rows_are_duplicates_and_told_elsewhere(view_of) -> None:
    assert len(near_rows(view_of(with_row(table()))).row) == 0


def test_short_categories_are_alike_by_chance(view_of) -> None:
    rng = np.random.default_rng(1)
    words = ["small", "smalls", "medium", "mediums"]
    frame = pl.DataFrame({name: rng.choice(words, 500) for name in "abcde"})
    assert len(near_rows(view_of(frame)).row) == 0


def test_rows_on_disk_some_at_a_time_are_found_as_in_memory(view_of, tmp_path) -> None:
    rng = np.random.default_rng(2)
    frame = table()
    copies = frame[rng.integers(0, 400, 300)].with_columns(
        pl.col("width") * pl.Series(rng.choice([1, 1.004, 1.5], 300)),
        pl.Series("town", rng.choice(["Lisbon", "Madird", None], 300)),
    )
    view = view_of(pl.concat([frame, copies, frame[:50].with_columns(pl.col("town") + " ")]))
    whole = near_rows(view, arrays=Arrays())
    few = Arrays(tmp_path, in_memory=8, span_rows=50, sorted_rows=64)
    parts = near_rows(view, arrays=few)
    assert whole.num_clusters > 50
    for name in ("row", "first", "likeness"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("toulouse", "toulose", True),
        ("toulouse", "tuolouse", True),
        ("toulouse", "toulousex", True),
        ("toulouse", "tolousee", False),
        ("room12", "room13", False),
        ("male", "mole", False),
        (None, "toulouse", False),
    ],
)
def test_a_slip_is_one_letter_of_a_longer_word(one, other, slip: bool) -> None:
    assert is_slip(one, other) is slip
