from __future__ import annotations

import itertools
import re

import numpy as np
import polars as pl
import pytest

from trainwright.data.similarity import bands, checks, looks, shelf
from trainwright.data.similarity.bands import num_arrangements
from trainwright.data.similarity.clusters import Clusters, Joins
from trainwright.data.similarity.shingles import Runs
from trainwright.data.similarity.sketches import MORE_BINS, Table, sketch, sketch_again
from trainwright.data.similarity.texts import near_texts

LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))


def corpus(number: int = 300, *, footer: int = 0, seed: int = 0) -> list[str]:
    """Texts of random words, a third of them an edited copy of an earlier one."""
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(LETTERS, 5)) for _ in range(2000)]
    foot = " ".join(rng.choice(words, footer)) if footer else ""
    found: list[list[str]] = []
    for _ in range(number):
        if found and rng.random() < 0.33:
            text = list(found[int(rng.integers(len(found)))])
            for place in np.flatnonzero(rng.random(len(text)) < rng.choice([0.01, 0.03, 0.06])):
                text[place] = str(rng.choice(words))
        else:
            text = list(rng.choice(words, int(rng.integers(20, 80))))
        found.append(text)
    return [" ".join([*text, foot]) for text in found]


def exact(given: list[str], threshold: float) -> dict[tuple[int, int], float]:
    """All pairs at the threshold, by sets of strings."""
    sets = []
    for text in given:
        words = re.findall(r"[a-z]+", text)
        sets.append({" ".join(words[n : n + 3]) for n in range(len(words) - 2)})
    pairs = {}
    for i, one in enumerate(sets):
        for j in range(i + 1, len(sets)):
            shared = len(one & sets[j])
            if shared and (index := shared / (len(one) + len(sets[j]) - shared)) >= threshold:
                pairs[i, j] = index
    return pairs


def run(given: list[str], *, size: int = 1000, **said) -> Clusters:
    blocks = [pl.Series(given[n : n + size]) for n in range(0, len(given), size)]
    return near_texts(blocks, num_texts=len(given), **said)


@pytest.mark.parametrize("footer", [0, 40])
@pytest.mark.parametrize("threshold", [0.6, 0.7, 0.9])
def test_the_pairs_are_those_of_the_exact_answer(threshold: float, footer: int) -> None:
    given = corpus(footer=footer)
    answer = exact(given, threshold)
    found = run(given, threshold=threshold)
    first = dict(zip(found.row.tolist(), found.first.tolist(), strict=True))
    missed = [pair for pair in answer if first.get(pair[0], -1) != first.get(pair[1], -2)]
    links = zip(found.left.tolist(), found.right.tolist(), found.strength.tolist(), strict=True)
    assert len(answer) > 20
    assert missed == []
    assert all(answer[left, right] == pytest.approx(index) for left, right, index in links)


def test_blocks_and_memory_do_not_matter(monkeypatch) -> None:
    given = corpus()
    once = run(given)
    monkeypatch.setattr(shelf, "_IN_MEMORY_BYTES", 1000)
    monkeypatch.setattr(shelf, "_BATCH_SHINGLES", 500)
    again = run(given, size=7)
    for name in ("row", "first", "left", "right"):
        np.testing.assert_array_equal(getattr(once, name), getattr(again, name))
    np.testing.assert_array_equal(once.likeness, again.likeness)


def test_the_first_row_stands_for_its_cluster_and_likeness_is_to_it() -> None:
    words = corpus(1)[0].split()
    given = ["nothing like the others at all", " ".join(words), " ".join([*words[:-1], "last"])]
    found = run(given)
    assert found.row.tolist() == [1, 2]
    assert found.first.tolist() == [1, 1]
    assert found.likeness.tolist() == [1.0, pytest.approx(exact(given, 0.1)[1, 2])]
    assert found.num_clusters == 1


def test_a_thousand_copies_are_not_compared_with_each_other(monkeypatch) -> None:
    counted = []
    plain = shelf.Shelf.jaccard

    def count(self, left, right):
        counted.append(len(left))
        return plain(self, left, right)

    monkeypatch.setattr(shelf.Shelf, "jaccard", count)
    found = run(corpus(1) * 1000)
    assert len(found.row) == 1000
    assert sum(counted) < 2000


def test_boilerplate_does_not_explode(monkeypatch) -> None:
    """All texts share most of their shingles, none is a near-duplicate: pairs grow with the texts."""
    tried = []
    plain = bands.Bands.meet

    def count(self, *args, **named):
        met = plain(self, *args, **named)
        tried.append(
            len(met.left) + sum(len(b) * (len(b) - 1) // 2 * b.shape[1] for b in met.buckets)
        )
        return met

    monkeypatch.setattr(bands.Bands, "meet", count)
    rng = np.random.default_rng(3)
    foot = " ".join("".join(rng.choice(LETTERS, 6)) for _ in range(60))
    given = [
        " ".join(["".join(rng.choice(LETTERS, 6)) for _ in range(40)] + [foot]) for _ in range(1500)
    ]
    assert len(run(given).row) == 0
    assert sum(tried) < 400 * len(given)  # all pairs would be 750 a text, in each of 32 bands


def test_texts_alike_by_their_boilerplate_alone_are_found_in_a_crowd() -> None:
    """A quarter has so few words of its own that the boilerplate makes them near-duplicates."""
    rng = np.random.default_rng(8)
    foot = " ".join("".join(rng.choice(LETTERS, 6)) for _ in range(60))
    own = rng.permutation([4, 8, 30, 40] * 250)
    given = [" ".join(["".join(rng.choice(LETTERS, 6)) for _ in range(n)] + [foot]) for n in own]
    found = run(given)
    assert found.row.tolist() == np.flatnonzero(own < 10).tolist()
    assert found.num_clusters == 1


def test_texts_of_too_few_shingles_are_not_judged() -> None:
    given = ["very good indeed thanks", "very good indeed thanks", *corpus(3)]
    assert 0 in run(given).row
    assert 0 not in run(given, fewest=8).row


def test_no_texts_and_empty_texts_have_no_clusters() -> None:
    assert len(near_texts([], num_texts=0).row) == 0
    assert len(run(["", "", "...", ""]).row) == 0


def test_it_stops_where_it_may_not_go_on() -> None:
    given = corpus()
    asked = []
    assert len(run(given, go_on=lambda band: bool(asked.append(band))).left) <= len(run(given).left)
    assert asked == [0]


@pytest.mark.parametrize("size", [8, 30, 100, 1000])
def test_sketches_agree_as_often_as_the_jaccard_index_says(size: int) -> None:
    rng = np.random.default_rng(size)
    pairs, shared = 300, round(size * 0.75)
    one, other = [], []
    for _ in range(pairs):
        union = rng.integers(0, 2**32, size, dtype=np.uint32)
        half = (size - shared) // 2
        one.append(np.sort(union[: shared + half]))
        other.append(np.sort(np.concatenate([union[:shared], union[shared + half :]])))
    runs = [Runs(np.concatenate(side), np.array([len(s) for s in side])) for side in (one, other)]
    left, right = (sketch(side) for side in runs)
    more = [sketch_again(side) for side in runs]
    agreeing = (left == right).mean(axis=1)
    assert agreeing.mean() == pytest.approx(shared / size, abs=0.01)
    assert agreeing.std() < 0.05
    again = (more[0] == more[1]).mean(axis=1)
    assert again.mean() > shared / size - 0.01
    if size == 1000:
        assert again.mean() == pytest.approx(shared / size, abs=0.01)
        assert 0.8 < again.std() / np.sqrt(0.75 * 0.25 / MORE_BINS) < 1.2
        assert abs(np.corrcoef(again, agreeing)[0, 1]) < 0.2


def test_lower_thresholds_look_through_more_arrangements() -> None:
    assert [num_arrangements(threshold) for threshold in (0.9, 0.7)] == [1, 1]
    assert num_arrangements(0.5) > num_arrangements(0.6) > 1


def walk(sketches: np.ndarray, *, joined: list[int] | None = None) -> bands.Bands:
    roots = np.arange(len(sketches)) if joined is None else np.array(joined)
    sizes = np.full(len(sketches), 100)
    table = Table(len(sketches))
    table.put(0, sketches, np.zeros((len(sketches), MORE_BINS), np.uint8))
    return bands.Bands(table, sizes, threshold=0.7, roots=lambda rows: roots[rows])


def test_all_pairs_of_a_small_bucket_are_candidates() -> None:
    sketches = np.tile(np.arange(128, dtype=np.uint16), (5, 1))
    sketches[3, 1] = 99
    (bucket,) = walk(sketches).meet(np.arange(5), 0).buckets
    assert bucket.shape == (4, 1)
    assert bucket[:, 0].tolist() == [0, 1, 2, 4]
    (bucket,) = walk(sketches).meet(np.arange(5), 1).buckets
    assert bucket[:, 0].tolist() == [0, 1, 2, 3, 4, 4]  # filled up


def test_a_large_bucket_is_divided_by_one_bin_more() -> None:
    sketches = np.tile(np.arange(128, dtype=np.uint16), (90, 1))
    sketches[40:, 4] = 77
    met = walk(sketches).meet(np.arange(90), 0)
    parts = sorted(tuple(np.unique(b)) for b in met.buckets)
    assert parts == [tuple(range(40)), tuple(range(40, 90))]
    assert len(met.left) > 0


def test_a_large_bucket_of_joined_texts_is_passed_over() -> None:
    sketches = np.tile(np.arange(128, dtype=np.uint16), (90, 1))
    met = walk(sketches, joined=[0] * 90).meet(np.arange(90), 0)
    assert met.buckets == []
    assert len(met.left) == 0


def test_texts_whose_bands_became_long_are_looked_through_again() -> None:
    rng = np.random.default_rng(4)
    sketches = rng.integers(0, 1 << 16, (200, 128), dtype=np.uint16)
    sketches[:100, :64] = np.arange(64)
    bands_of = walk(sketches)
    for band in range(bands.NUM_BANDS):
        bands_of.meet(np.arange(200), band)
    assert bands_of.crowded(np.arange(200), 1).tolist() == list(range(100))


def test_an_arrangement_puts_other_bins_beside_each_other() -> None:
    sketches = np.random.default_rng(4).integers(0, 1 << 16, (50, 128), dtype=np.uint16)
    order = bands._arranged(1)
    sketches[:2, order[:4]] = 7
    met = walk(sketches).meet(np.arange(50), 0, arrangement=1)
    assert [b.tolist() for b in met.buckets] == [[[0], [1]]]
    assert walk(sketches).meet(np.arange(50), 0).buckets == []


def test_looks_count_the_bins_that_agree() -> None:
    rng = np.random.default_rng(6)
    sketches = rng.integers(0, 256, (40, 128), dtype=np.uint16) << 8
    sketches[:, :60] = 256
    sketches[:20, 60:100] = 512
    more = rng.integers(0, 256, (40, MORE_BINS), dtype=np.uint8)
    more[:12] = 9
    table = Table(40)
    table.put(0, sketches, more)
    joins = Joins(40)
    joins.join(np.array([3]), np.array([5]), np.ones(1))
    look = looks.Looks(table, joins, threshold=0.75)
    answer = {}
    for a, b in itertools.combinations(range(40), 2):
        first = int((sketches[a] == sketches[b]).sum())
        both = first + int((more[a] == more[b]).sum())
        if first >= 81 and both >= 126 and (a, b) != (3, 5):
            answer[a, b] = both
    assert len(answer) == 12 * 11 // 2 - 1

    def told(parts) -> dict:
        return {
            (a, b): n
            for part in parts
            for a, b, n in zip(*(side.tolist() for side in part), strict=True)
        }

    left, right = np.array(list(itertools.combinations(range(40), 2))).T
    assert told(look.between(right, left)) == answer
    assert told(look.within(rng.permutation(40)[:, None])) == answer
    buckets = rng.permutation(40).reshape(8, 5)
    inside = {tuple(sorted(p)) for c in buckets.T.tolist() for p in itertools.combinations(c, 2)}
    assert told(look.within(buckets)) == {p: n for p, n in answer.items() if p in inside}


def test_what_was_counted_in_vain_is_not_counted_again(monkeypatch) -> None:
    counted = []
    plain = shelf.Shelf.jaccard

    def count(self, left, right):
        counted.extend(zip(left.tolist(), right.tolist(), strict=True))
        return plain(self, left, right)

    monkeypatch.setattr(shelf.Shelf, "jaccard", count)
    with shelf.Shelf(None) as sets:
        sets.add(Runs(np.arange(40, dtype=np.uint32), np.full(4, 10)))
        check = checks.Checks(sets, Joins(4), threshold=0.7)
        for _ in range(2):
            left, right = np.array(list(itertools.combinations(range(4), 2))).T
            check.add((left, right, np.full(6, 90, np.uint8)))
            check.settle()
    assert sorted(counted) == list(itertools.combinations(range(4), 2))
