from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pytest

from trainwright.core.errors import TrustError
from trainwright.core.features import Features
from trainwright.models.tables.boosted import Trees, read_trees, trimmed


@pytest.fixture(scope="module")
def booster():
    random = np.random.default_rng(3)
    rows = random.normal(size=(300, 3))
    settings = {"verbosity": -1, "objective": "regression", "num_leaves": 7, "num_threads": 1}
    data = lightgbm.Dataset(rows, rows[:, 0] + rows[:, 1] ** 2, params=settings)
    return lightgbm.train(settings, data, num_boost_round=12)


@pytest.fixture
def text(booster):
    return trimmed(booster.model_to_string())


def features_of(rows):
    return Features(rows, tuple(f"n{n}" for n in range(rows.shape[1])))


def test_trimming_keeps_every_answer_and_drops_the_parameters(booster, text):
    rows = np.random.default_rng(4).normal(size=(50, 3))
    trees = Trees(text, num_features=3, num_scores=1)
    np.testing.assert_array_equal(trees.scores(features_of(rows))[:, 0], booster.predict(rows))
    assert "parameters" in booster.model_to_string()
    assert "parameters" not in text
    assert "num_threads" not in text


def test_damaged_text_is_refused_before_the_parser_sees_it(text, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(lightgbm, "Booster", lambda **given: seen.append(given))
    middle = len(text) // 2
    damaged = {
        "empty": "",
        "truncated": text[:middle],
        "a character lost": text[:middle] + text[middle + 1 :],
        "another kind": text.replace("tree\n", "linear\n", 1),
        "more features": text.replace("max_feature_idx=2", "max_feature_idx=9"),
        "more classes": text.replace("num_class=1", "num_class=3"),
        "a tree lost": text.replace("\nTree=4\n", "\nBush=4\n"),
        "sizes that lie": text.replace("tree_sizes=", "tree_sizes=9", 1),
        "no sizes": text.replace("tree_sizes=", "tree_seizes=", 1),
    }
    for name, bad in damaged.items():
        path = tmp_path / name
        path.write_text(bad)
        with pytest.raises(TrustError, match="restore the package") as caught:
            read_trees(path, num_features=3, num_scores=1)
        assert name in caught.value.where
    assert seen == []


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "model.txt"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(TrustError, match="cannot be read"):
        read_trees(path, num_features=3, num_scores=1)


def test_threads_that_share_the_single_row_call_do_not_mix_answers(booster, text):
    trees = Trees(text, num_features=3, num_scores=1)
    rows = np.random.default_rng(5).normal(size=(400, 3))

    def alone(row):
        return trees.scores(features_of(rows[row : row + 1]))[0, 0]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(alone, list(range(400)) * 3))
    np.testing.assert_array_equal(found, np.tile(booster.predict(rows), 3))
