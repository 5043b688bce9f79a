"""Families asked out of fold: on tables, texts and images; no row is told by its own label."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.flow.out_of_fold import out_of_fold

ROWS = 240


def target_of(*classes: str) -> Target:
    if classes:
        return Target(Column("y", ColumnType.CATEGORY), Task.CLASSIFICATION, classes)
    return Target(Column("y", ColumnType.NUMBER), Task.REGRESSION)


def table() -> tuple[pl.DataFrame, list[Column], np.ndarray]:
    generator = np.random.default_rng(0)
    codes = generator.integers(0, 3, ROWS)
    frame = pl.DataFrame(
        {
            "x": generator.normal(size=ROWS) + 3 * codes,
            "z": pl.Series([None if k % 7 == 0 else float(k % 5) for k in range(ROWS)]),
            "c": np.array(["u", "v", "w"], dtype=object)[codes].tolist(),
        }
    )
    kinds = (ColumnType.NUMBER, ColumnType.NUMBER, ColumnType.CATEGORY)
    return frame, [Column(name, kind) for name, kind in zip("xzc", kinds, strict=True)], codes


@pytest.fixture
def folds() -> np.ndarray:
    return np.arange(ROWS) % 4


def test_every_family_tells_the_classes_of_a_table(folds: np.ndarray) -> None:
    frame, columns, codes = table()
    models = out_of_fold(frame, columns, target=target_of("a", "b", "c"))
    assert models.families == ("linear", "neighbours", "lightgbm")
    for family in models.families:
        answer = models.predict(family, codes.astype(float), folds=folds)
        assert answer.shape == (ROWS, 3)
        assert answer.sum(axis=1) == pytest.approx(1)
        assert (answer.argmax(axis=1) == codes).mean() > 0.95


def test_a_rows_own_label_has_no_part_in_its_answer(folds: np.ndarray) -> None:
    frame, columns, codes = table()
    changed = codes.copy()
    changed[folds == 2] = 0
    for family in ("linear", "neighbours", "lightgbm"):
        answers = [
            out_of_fold(frame, columns, target=target_of("a", "b", "c")).predict(
                family, labels.astype(float), folds=np.where(folds == 2, 0, 1)
            )[folds == 2]
            for labels in (codes, changed)
        ]
        assert (answers[0] == answers[1]).all()


def test_rows_that_are_not_learnt_from_teach_nothing(folds: np.ndarray) -> None:
    frame, columns, codes = table()
    models = out_of_fold(frame, columns, target=target_of("a", "b", "c"))
    learn = np.arange(ROWS) % 3 != 0
    changed = np.where(learn, codes, 0)
    for family in ("neighbours", "lightgbm"):
        answers = [
            models.predict(family, labels.astype(float), folds=folds, learn=learn, seed=1)
            for labels in (codes, changed)
        ]
        assert (answers[0] == answers[1]).all()


def test_numbers_are_told_too(folds: np.ndarray) -> None:
    frame, columns, codes = table()
    values = 2.0 * frame["x"].to_numpy() + codes
    models = out_of_fold(frame, columns, target=target_of())
    for family in models.families:
        answer = models.predict(family, values, folds=folds)
        assert answer.shape == (ROWS,)
        assert np.corrcoef(answer, values)[0, 1] > 0.9


def test_texts_are_told_by_their_terms(folds: np.ndarray) -> None:
    generator = np.random.default_rng(1)
    codes = generator.integers(0, 2, ROWS)
    words = [["meeting", "lunch", "report"], ["prize", "winner", "cash"]]
    texts = [
        " ".join([*generator.choice(words[code], 4), f"word{k % 50}", "the"])
        for k, code in enumerate(codes)
    ]
    frame = pl.DataFrame({"text": texts})
    models = out_of_fold(frame, [Column("text", ColumnType.TEXT)], target=target_of("a", "b"))
    assert models.families == ("linear", "terms", "neighbours")
    for family in models.families:
        answer = models.predict(family, codes.astype(float), folds=folds)
        assert (answer.argmax(axis=1) == codes).mean() > 0.95


def test_images_are_told_by_their_pixels() -> None:
    generator = np.random.default_rng(2)
    codes = np.arange(60) % 2
    files = []
    for code in codes:
        pixels = generator.integers(0, 60, (12, 12)).astype(np.uint8)
        pixels[:, :6] += np.uint8(120 * code)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="PNG")
        files.append(buffer.getvalue())
    frame = pl.DataFrame({"image": files}, schema={"image": pl.Binary()})
    models = out_of_fold(frame, [Column("image", ColumnType.IMAGE)], target=target_of("a", "b"))
    answer = models.predict("neighbours", codes.astype(float), folds=np.arange(60) // 20)
    assert (answer.argmax(axis=1) == codes).all()
