"""Near-duplicates of texts drawn anew are those of the exact answer."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from trainwright.data.similarity.texts import near_texts


def drawn(seed: int, *, number: int, footer: int) -> list[list[str]]:
    """Texts of words of 500, a third of them edited copies, with a footer that all share."""
    rng = np.random.default_rng(seed)
    foot = [f"f{n}" for n in range(footer)]
    texts: list[list[str]] = []
    for _ in range(number):
        if texts and rng.random() < 0.33:
            text = list(texts[int(rng.integers(len(texts)))])
            for place in np.flatnonzero(rng.random(len(text)) < rng.choice([0.01, 0.03, 0.1])):
                text[place] = f"w{rng.integers(500)}"
        else:
            text = [f"w{n}" for n in rng.integers(0, 500, int(rng.integers(5, 60)))]
        texts.append(text)
    return [[*text, *foot] for text in texts]


def exact(texts: list[list[str]], threshold: float) -> dict[tuple[int, int], float]:
    sets = [set(zip(text, text[1:], text[2:], strict=False)) for text in texts]
    shared = {
        (a, b): len(sets[a] & sets[b]) for a, b in itertools.combinations(range(len(sets)), 2)
    }
    found = {(a, b): n / (len(sets[a]) + len(sets[b]) - n) for (a, b), n in shared.items()}
    return {pair: index for pair, index in found.items() if index >= threshold}


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    number=st.integers(2, 220),
    footer=st.integers(0, 80),
    threshold=st.sampled_from([0.5, 0.6, 0.7, 0.85]),
)
def test_named_pairs_are_exact_and_hardly_one_is_missed(
    seed: int, number: int, footer: int, threshold: float
) -> None:
    texts = drawn(seed, number=number, footer=footer)
    answer = exact(texts, threshold)
    found = near_texts(
        [pl.Series([" ".join(text) for text in texts])], num_texts=number, threshold=threshold
    )
    for left, right, strength in zip(found.left, found.right, found.strength, strict=True):
        assert abs(answer[int(left), int(right)] - strength) < 1e-12
    first = dict(zip(found.row.tolist(), found.first.tolist(), strict=True))
    missed = [pair for pair in answer if first.get(pair[0], -1) != first.get(pair[1], -2)]
    assert len(missed) <= 2 + 0.005 * len(answer)
