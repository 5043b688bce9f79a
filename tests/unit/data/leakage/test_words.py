"""Words, and numbers, of a text that tell the target alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from detector_view import found, view_of
from trainwright.data.leakage.words import find
from trainwright.data.view import PART

ROWS = 600
WORDS = (
    "rain",
    "sun",
    "train",
    "late",
    "early",
    "bus",
    "road",
    "ticket",
    "office",
    "queue",
    "house",
)


def texts(seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(5, 15))) for _ in range(ROWS)]


def frame(labels: np.ndarray, written: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"note": written, "y": labels})


def classes(*names: str, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).choice(names, ROWS)


def with_words(label: np.ndarray, make) -> list[str]:
    return [make(text, one) for text, one in zip(texts(), label, strict=True)]


@pytest.mark.parametrize(
    "make",
    [
        lambda text, label: f"{text} result: {label}.",
        lambda text, label: f"X-Flag: {label.upper()} {text}",
        lambda text, label: text + (" escalated" if label == "yes" else ""),
        lambda text, label: "x " * 6_000 + text + f" {label}",  # at the end of a long text
        lambda text, label: (
            f"{'not' if label == 'no' else 'was'} paid, not was {text}"
        ),  # two words
    ],
)
def test_what_was_written_afterwards_is_named(make) -> None:
    labels = classes("yes", "no")
    (one,) = found(find, view_of(frame(labels, with_words(labels, make)), texts=["note"]))
    assert (one.kind, one.severity, one.column) == ("leakage", "warning", "note")
    assert "known_after: [note]" in one.remedy


def test_the_counts_are_those_of_train_rows() -> None:
    labels = classes("yes", "no")
    wrong = np.random.default_rng(3).random(ROWS) < 0.01
    said = np.where(wrong, "no", labels)
    written = [f"{text} result {one}" for text, one in zip(texts(), said, strict=True)]
    view = view_of(frame(labels, written), texts=["note"])
    (one,) = found(find, view)
    train = next(view.blocks(["note", "y"])).filter(pl.col(PART) == 0)
    mine, others = (train.filter((pl.col("y") == "no") == is_no) for is_no in (True, False))
    here, there = (int(part["note"].str.contains(r"\bno\b").sum()) for part in (mine, others))
    told = f"{here} of {mine.height} texts of 'no' and in {there} of {others.height} others"
    assert f"'no' stands in {told}" in one.message
    assert one.count == here + there


def test_where_functions_label_by_words_nothing_is_said() -> None:
    labels = classes("yes", "no")
    table = frame(labels, with_words(labels, lambda text, one: f"{text} {one}"))
    rules = [{"name": "r", "if": {"column": "note", "contains": "yes"}, "label": "yes"}]
    assert found(find, view_of(table, texts=["note"], labels={"functions": rules})) == []


def test_of_several_classes_the_number_of_those_that_are_told_is_said() -> None:
    labels = classes("red", "green", "blue")
    written = with_words(
        labels, lambda text, one: f"group {one}: {text}" if one != "blue" else text
    )
    (one,) = found(find, view_of(frame(labels, written), texts=["note"]))
    assert "2 classes have such a word" in one.message


def test_words_that_go_along_with_a_class_are_none() -> None:
    labels = classes("yes", "no")
    rng = np.random.default_rng(5)
    written = with_words(
        labels,
        lambda text, one: text + (" refund" if (one == "yes") ^ (rng.random() < 0.05) else ""),
    )
    assert found(find, view_of(frame(labels, written), texts=["note"])) == []
    assert found(find, view_of(frame(labels, texts()), texts=["note"])) == []


def test_a_text_that_holds_its_number_is_named() -> None:
    prices = np.random.default_rng(6).integers(100, 5_000, ROWS).astype(float)
    written = [
        f"{text} sold for {price:,.0f} euros" for text, price in zip(texts(), prices, strict=True)
    ]
    (one,) = found(find, view_of(frame(prices, written), texts=["note"]))
    assert "hold the number that is to be predicted" in one.message
    asked = [f"{text} asked {price + 50:.0f}" for text, price in zip(texts(), prices, strict=True)]
    assert found(find, view_of(frame(prices, asked), texts=["note"])) == []


def test_numbers_that_stand_in_every_text_are_no_answer() -> None:
    stars = np.random.default_rng(7).integers(1, 4, ROWS).astype(float)
    written = [f"{text} of 1 2 3 stars" for text in texts()]
    assert found(find, view_of(frame(stars, written), texts=["note"])) == []
