from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from trainwright.core.clock import Replay, Unhurried
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, RecipeError, TrustError
from trainwright.core.features import Examples
from trainwright.core.language import BYTES, NATS, TOKENS, Passages, SpecialTokens
from trainwright.core.parts import load
from trainwright.core.protocols import Workplace
from trainwright.models.language.ngram import Ngram, NgramEstimator
from trainwright.recipe.sections import TrainingSettings

TARGET = Target(Column("text", ColumnType.TEXT), Task.LANGUAGE_MODELLING)
LINES = [
    "the cat sat on the mat",
    "the dog sat on the log",
    "a cat and a dog",
    "the mat is red",
] * 5


def passages(texts: list[str], prompts: int = 0) -> Passages:
    """Byte by byte with an end token; the first `prompts` bytes of each are given."""
    ids = [[*text.encode(), 257] for text in texts]
    taught = [[place >= prompts for place in range(len(row))] for row in ids]
    return Passages(
        ids=np.array([token for row in ids for token in row], np.int32),
        taught=np.array([flag for row in taught for flag in row], bool),
        ends=np.cumsum([len(row) for row in ids]).astype(np.int64),
        rows=np.arange(len(texts)),
        num_rows=len(texts),
        vocabulary=259,
        special=SpecialTokens(padding=256, end=257, start=258),
        row_bytes=np.array([len(text) - prompts for text in texts], np.float64),
    )


def fitted(told: Passages, *, pacer: object = None, **settings: object) -> NgramEstimator:
    fit = Ngram(**settings).fit(
        Examples(told, told.row_bytes),
        Examples(told, told.row_bytes),
        target=TARGET,
        training=TrainingSettings(),
        seed=0,
        pacer=pacer or Unhurried(),
        workplace=Workplace(Path()),
    )
    return fit.estimator


def test_it_tells_known_text_in_fewer_nats_than_text_it_never_saw() -> None:
    found = fitted(passages(LINES)).predict(
        passages(["the cat sat on the log", "xqz vvk jjw pfg bnm"])
    )
    per_byte = found[:, NATS] / found[:, BYTES]
    assert per_byte[0] < 0.7 < 3 < per_byte[1]
    assert found[:, TOKENS].tolist() == [23, 20]


def test_what_is_given_is_read_and_not_told() -> None:
    estimator = fitted(passages(LINES))
    given = estimator.predict(passages(["the dog sat", "a cat sat"], prompts=6))
    assert given[:, TOKENS].tolist() == [6, 4]
    alone = estimator.predict(passages([" sat"]))[0, NATS]
    assert given[0, NATS] < estimator.predict(passages(["the dog sat"]))[0, NATS]
    assert given[1, NATS] < alone  # what stands before helps


def test_a_rows_answer_depends_on_it_alone() -> None:
    estimator = fitted(passages(LINES))
    texts = ["the cat", "", "a mat and a log", "\N{SNOWMAN}"]
    together = estimator.predict(passages(texts))
    apart = np.concatenate([estimator.predict(passages([text])) for text in texts])
    assert np.array_equal(together, apart)


def test_passages_of_one_row_add_up() -> None:
    estimator = fitted(passages(LINES))
    split = replace(passages(["the cat", "a dog"]), rows=np.array([1, 1]), num_rows=2)
    split = replace(split, row_bytes=np.array([0.0, 12.0]))
    apart = estimator.predict(passages(["the cat", "a dog"]))
    assert estimator.predict(split)[:, NATS] == pytest.approx([0, apart[:, NATS].sum()])


def test_it_is_saved_and_loaded(tmp_path: Path) -> None:
    estimator = fitted(passages(LINES))
    estimator.save(tmp_path)
    loaded = load("ngram", tmp_path)
    judged = passages(["the dog is red"])
    assert np.array_equal(loaded.predict(judged), estimator.predict(judged))
    (tmp_path / "tables.safetensors").write_bytes(b"\0" * 50)
    with pytest.raises(TrustError, match="not an estimator of ours"):
        load("ngram", tmp_path)


def test_where_time_runs_out_the_order_is_lower_and_the_replay_is_the_same() -> None:
    cut = fitted(passages(LINES), pacer=Replay({"ngram-order": 3}))
    plain = fitted(passages(LINES), order=2)
    assert cut.order == 2
    judged = passages(["the dog is red"])
    assert np.array_equal(cut.predict(judged), plain.predict(judged))


def test_of_more_tokens_than_are_counted_passages_are_drawn() -> None:
    few = fitted(passages(LINES), max_tokens=60)
    more = fitted(passages(LINES), max_tokens=10_000)
    assert len(few.tables[-1].keys) < len(more.tables[-1].keys)
    one = fitted(passages(LINES), max_tokens=1)  # one passage at least
    assert len(one.tables[-1].keys) > 5


def test_nothing_to_learn_is_told_by_equal_shares() -> None:
    nothing = fitted(replace(passages(["ab"]), taught=np.zeros(3, bool)))
    assert nothing.predict(passages(["cd"]))[0, NATS] == pytest.approx(3 * np.log(259))


def test_a_token_out_of_range_is_refused() -> None:
    bad = replace(passages(["ab"]), ids=np.array([97, 9_000, 257], np.int32))
    with pytest.raises(DataError, match="reach from 97 to 9000; there are 259"):
        fitted(passages(LINES)).predict(bad)


def test_weights_and_a_vocabulary_of_bytes_are_refused() -> None:
    told = passages(LINES)
    examples = Examples(told, told.row_bytes, weights=np.ones(20))
    with pytest.raises(RecipeError, match="cannot weigh rows"):
        Ngram().fit(
            examples,
            None,
            target=TARGET,
            training=TrainingSettings(),
            seed=0,
            pacer=Unhurried(),
            workplace=Workplace(Path()),
        )
    with pytest.raises(ValidationError, match="a byte needs no vocabulary"):
        Ngram(vocabulary=500)
    assert Ngram(unit="tokens", vocabulary=500).needs.vocabulary == 500
