from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from trainwright.core.columns import ROW, Column, ColumnType
from trainwright.core.errors import DataError, RecipeError, TrustError
from trainwright.core.features import TextNeeds
from trainwright.core.parts import load
from trainwright.data.texts.preparation import fit_text_preparation

TEXT = Column("text", ColumnType.TEXT)
WORDS = Column("words", ColumnType.WORDS)
TEXTS = ["the cat sat on the mat", "a dog and a cat", None, "", "the " * 30, "mat"]
LISTS = [["the", "cat"], ["internationalisation", "", "mat"], None, [], ["the"] * 20]


def of_texts(over_long="truncate", **needs):
    frame = pl.DataFrame({ROW: range(10, 10 + len(TEXTS)), "text": TEXTS})
    wanted = TextNeeds(vocabulary=300, max_length=20, over_long=over_long, **needs)
    return fit_text_preparation(frame, [TEXT], wanted, base=Path()), frame


def of_words(over_long="truncate"):
    frame = pl.DataFrame({ROW: range(len(LISTS)), "words": LISTS})
    wanted = TextNeeds(vocabulary=300, max_length=8, over_long=over_long)
    return fit_text_preparation(frame, [WORDS], wanted, base=Path()), frame


def pieces(tokens):
    return np.split(tokens.ids, tokens.ends[:-1])


def same(one, other):
    for name in ("ids", "ends", "rows", "words", "row_words", "lost"):
        left, right = getattr(one, name), getattr(other, name)
        assert (left is None) == (right is None)
        assert left is None or (left.tobytes() == right.tobytes() and left.dtype == right.dtype)


@pytest.mark.parametrize("over_long", ["truncate", "split", "drop"])
def test_a_frame_and_its_rows_one_by_one_give_the_same_bits(over_long):
    for preparation, frame in (of_texts(over_long), of_words(over_long)):
        rows = frame.drop(ROW).to_dicts()
        same(preparation.transform(frame), preparation.transform_rows(rows))
        alone = [preparation.transform_rows([row]) for row in rows]
        whole = pieces(preparation.transform(frame))
        for ours, theirs in zip(
            [piece for one in alone for piece in pieces(one)], whole, strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)


def test_a_missing_text_is_an_empty_one_with_its_special_tokens():
    preparation, frame = of_texts()
    tokens = preparation.transform(frame)
    for row in (2, 3):
        np.testing.assert_array_equal(pieces(tokens)[row], [1, 2])


def test_a_long_text_is_cut_and_what_is_lost_is_counted():
    preparation, frame = of_texts()
    tokens = preparation.transform(frame)
    assert len(pieces(tokens)[4]) == 20
    whole = len(preparation.tokenizer.encode(TEXTS[4], add_special_tokens=False).ids)
    assert tokens.lost.tolist() == [0, 0, 0, 0, whole - 18, 0]
    assert pieces(tokens)[4][-1] == 2


def test_a_split_text_loses_nothing_and_its_pieces_know_their_row():
    preparation, frame = of_texts("split")
    tokens = preparation.transform(frame)
    whole = preparation.tokenizer.encode(TEXTS[4], add_special_tokens=False).ids
    mine = [piece for piece, row in zip(pieces(tokens), tokens.rows, strict=True) if row == 4]
    assert [token for piece in mine for token in piece[1:-1]] == whole
    assert max(map(len, mine)) == 20
    assert tokens.lost is None
    assert (np.diff(tokens.rows) >= 0).all()


def test_too_long_texts_are_refused_by_the_rows_of_the_source():
    preparation, frame = of_texts("error")
    with pytest.raises(DataError, match="over_long: truncate") as caught:
        preparation.transform(frame)
    assert "rows 14" in caught.value.where


@pytest.mark.parametrize(
    ("over_long", "training", "action"),
    [
        ("truncate", True, "truncated"),
        ("split", True, "split"),
        ("drop", True, "dropped"),
        ("drop", False, "truncated"),
    ],
)
def test_the_fate_of_a_long_text_is_told_by_its_row(over_long, training, action):
    preparation, frame = of_texts(over_long)
    fate = preparation.fate(frame, training=training)
    assert fate.select("row", "step", "action").rows() == [(14, "text", action)]
    assert fate["reason"][0]
    assert fate.equals(preparation.fate(frame, preparation.transform(frame), training=training))


def test_each_word_is_begun_by_one_token_unless_it_is_cut_off():
    preparation, frame = of_words("split")
    tokens = preparation.transform(frame)
    begun = tokens.words[tokens.words >= 0]
    rows = np.repeat(tokens.rows, np.diff(tokens.ends, prepend=0))[tokens.words >= 0]
    assert list(zip(rows.tolist(), begun.tolist(), strict=True)) == [
        (0, 0), (0, 1), (1, 0), (1, 2), *((4, word) for word in range(20))
    ]  # fmt: skip
    assert tokens.row_words.tolist() == [2, 3, 0, 0, 20]


def test_pieces_of_words_begin_with_a_word():
    preparation, frame = of_words("split")
    tokens = preparation.transform(frame)
    for piece, row in zip(np.split(tokens.words, tokens.ends[:-1]), tokens.rows, strict=True):
        if row == 4:
            assert piece[1] >= 0


def test_half_of_a_surrogate_pair_is_a_text_too():
    preparation, _ = of_texts()
    assert preparation.transform_rows([{"text": "a\ud800"}]).num_rows == 1
    preparation, _ = of_words()
    assert preparation.transform_rows([{"words": ["\ud800"]}]).row_words.tolist() == [1]


def test_a_preparation_comes_back_from_its_folder(tmp_path):
    for number, (preparation, frame) in enumerate((of_texts("split"), of_words())):
        folder = tmp_path / str(number)
        folder.mkdir()
        preparation.save(folder)
        again = load(preparation.kind, folder)
        assert (again.column, again.max_length, again.over_long, again.padding) == (
            preparation.column, preparation.max_length, preparation.over_long, preparation.padding
        )  # fmt: skip
        same(again.transform(frame), preparation.transform(frame))


def test_a_damaged_folder_is_refused(tmp_path):
    preparation, _ = of_texts()
    preparation.save(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(TrustError, match="restore the package"):
        load("text-preparation", tmp_path)


def test_several_columns_of_text_ask_which_one_is_meant():
    frame = pl.DataFrame({"text": ["a b"], "other": ["c d"]})
    with pytest.raises(RecipeError, match=r"inputs: \{text: COLUMN\}"):
        fit_text_preparation(
            frame, [TEXT, Column("other", ColumnType.TEXT)], TextNeeds(), base=Path()
        )


def test_train_rows_without_any_text_are_refused():
    frame = pl.DataFrame({"text": ["", None, " "]})
    with pytest.raises(DataError, match="names another column"):
        fit_text_preparation(frame, [TEXT], TextNeeds(), base=Path())


def test_a_base_that_takes_shorter_texts_says_how_long(tmp_path):
    from trainwright.data.texts.tokenizers import fit_tokenizer

    (tmp_path / "config.json").write_text('{"model_type": "bert", "max_position_embeddings": 16}')
    (tmp_path / "tokenizer.json").write_text(
        fit_tokenizer(["a b"] * 3, vocabulary=300, cased=False).to_str()
    )
    frame = pl.DataFrame({"text": ["a b"]})
    with pytest.raises(RecipeError, match="max_length: 16"):
        fit_text_preparation(
            frame, [TEXT], TextNeeds(pretrained=str(tmp_path), max_length=32), base=Path()
        )
    fitted = fit_text_preparation(
        frame, [TEXT], TextNeeds(pretrained=str(tmp_path), max_length=16), base=Path()
    )
    assert fitted.transform(frame).num_rows == 1


def test_nothing_is_unseen():
    preparation, _ = of_texts()
    assert preparation.unseen([{"text": "quite new"}, {}]) == [[], []]
