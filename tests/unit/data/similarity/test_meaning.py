from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from trainwright.core.clock import Deadline
from trainwright.core.errors import RecipeError
from trainwright.data.similarity import meaning
from trainwright.data.similarity.find import find, leave_out
from trainwright.data.similarity.meaning import near_meanings
from trainwright.recipe.similarity import NearDuplicateSettings

ASKED = {"by": "meaning", "pretrained": "any"}


class Angles:
    """An encoder by which a text is an angle in degrees; "" is no text."""

    def hash(self, pretrained: str) -> str:
        return pretrained

    def vectors(self, texts: Iterable[pl.Series], *, pretrained: str) -> Iterator[np.ndarray]:
        for block in texts:
            angles = np.radians([float(text or 0) for text in block])
            found = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
            found[[not text for text in block]] = 0
            yield found


def clusters_of(texts: list[str | None], *, threshold: float = 0.9, **said):
    blocks = [pl.Series(texts, dtype=pl.String)]
    return near_meanings(
        blocks,
        lambda some: Angles().vectors(some, pretrained="any"),
        num_texts=len(texts),
        threshold=threshold,
        **said,
    )


def test_every_pair_at_or_above_the_threshold_is_found_as_by_hand(monkeypatch) -> None:
    monkeypatch.setattr(meaning, "_BLOCK", 7)  # pairs within blocks and across them
    monkeypatch.setattr(meaning, "_TEXTS", 5)
    angles = np.random.default_rng(0).uniform(0, 180, 60).round(3)
    found = clusters_of([str(angle) for angle in angles], threshold=0.9999)
    reach = np.degrees(np.arccos(0.999895))  # what rounds to 0.9999
    near = np.abs(angles[:, None] - angles) <= reach
    first = np.arange(60)
    for _ in range(60):  # joined through others, too
        first = np.array([first[row].min() for row in near])
    assert found.row.tolist() == [k for k in range(60) if (first == first[k]).sum() > 1]
    assert found.first.tolist() == first[found.row].tolist()
    assert len(found.row) > 10


def test_likeness_is_the_cosine_to_the_first_of_the_cluster() -> None:
    found = clusters_of(["0", "90", "20", "40"])
    assert (found.row.tolist(), found.first.tolist()) == ([0, 2, 3], [0, 0, 0])
    assert found.likeness.tolist() == pytest.approx(np.cos(np.radians([0, 20, 40])), abs=1e-5)


def test_texts_without_a_word_are_alike_to_nothing() -> None:
    assert len(clusters_of(["", None, "", "50"]).row) == 0


def test_no_text_at_all_has_no_pairs() -> None:
    assert len(clusters_of([]).row) == 0


def test_where_time_ends_what_was_compared_is_told(monkeypatch) -> None:
    monkeypatch.setattr(meaning, "_TEXTS", 2)
    found = clusters_of(["0", "0", "0", "0"], go_on=lambda number: number < 1 or number == 2)
    assert found.row.tolist() == []
    assert clusters_of(["0"] * 4, go_on=lambda number: number < 3).row.tolist() == [0, 1, 2, 3]


def seen(view_of, angles: list[str], **said):
    view = view_of(pl.DataFrame({"t": angles}), texts=("t",), **said)
    return replace(view, embedder=Angles())


def test_pairs_that_span_the_split_are_leakage(view_of) -> None:
    view = seen(view_of, ["0", "1", "90"], parts=[0, 2, 0], near_duplicates=ASKED)
    near, leak = find(view, deadline=Deadline(100, now=lambda: 0.0))
    assert (near.kind, near.rows) == ("near-duplicate", (1000, 1001))
    assert "cosine of meaning at least 0.90" in near.message
    assert (leak.kind, leak.rows) == ("leakage", (1001,))


def test_dropped_rows_name_the_first_of_their_cluster(view_of) -> None:
    left = leave_out(seen(view_of, ["0", "90", "10"], near_duplicates={**ASKED, "action": "drop"}))
    assert left.rows.tolist() == [1002]
    assert left.reasons == ["near-duplicate of row 1000 (cosine of meaning 0.98)"]


def test_a_table_without_texts_cannot_be_compared_by_meaning(view_of) -> None:
    view = replace(view_of(pl.DataFrame({"n": [1.0]}), near_duplicates=ASKED), embedder=Angles())
    with pytest.raises(RecipeError, match="no column of them") as caught:
        find(view, deadline=Deadline(100, now=lambda: 0.0))
    assert "columns: {NAME: text}" in caught.value.mend


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ({"by": "meaning"}, "pretrained: all-minilm-l6-v2"),
        ({"pretrained": "all-minilm-l6-v2"}, "by: meaning"),
    ],
)
def test_an_encoder_and_its_use_are_named_together(said: dict, mend: str) -> None:
    with pytest.raises(ValidationError, match=mend):
        NearDuplicateSettings(**said)
