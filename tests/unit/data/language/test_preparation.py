"""Rows as token ids: what is taught, what is cut off, and that nothing of it is lost on the way."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.unit.data.language.conftest import CHATS, DOCUMENTS, Fit, chat_text

from trainwright.core.columns import ROW, Column, ColumnType, Target, Task
from trainwright.core.errors import DataError, RecipeError, TrustError
from trainwright.core.language import LanguageNeeds, Message, Passages
from trainwright.data.language.conversations import to_text
from trainwright.data.language.fitting import fit_language_preparation
from trainwright.data.language.preparation import LanguagePreparation


def passages_of(found: Passages) -> list[tuple[list[int], list[bool]]]:
    starts = np.concatenate([[0], found.ends[:-1]])
    return [
        (found.ids[a:b].tolist(), found.taught[a:b].tolist())
        for a, b in zip(starts, found.ends, strict=True)
    ]


def test_a_document_is_told_whole_after_its_start_and_with_its_end(
    documents: pl.DataFrame, fit: Fit
) -> None:
    preparation = fit(documents)
    found = preparation.transform(documents)
    special = preparation.special
    for (ids, taught), text in zip(passages_of(found), DOCUMENTS, strict=True):
        assert ids[0] == special.start
        assert ids[-1] == special.end
        assert taught == [False] + [True] * (len(ids) - 1)
        assert preparation.decode(ids) == text
    assert found.row_bytes.tolist() == [len(text.encode()) for text in DOCUMENTS]
    assert found.lost is None


@pytest.mark.parametrize("form", ["causal", "span", "masked", "bytes"])
def test_passages_of_a_split_document_tell_each_token_once(
    documents: pl.DataFrame, fit: Fit, form: str
) -> None:
    whole = fit(documents, form=form, max_length=400)
    split = replace(whole, max_length=9, over_long="split")
    expected = whole.transform(documents)
    found = split.transform(documents)
    assert max(np.diff(found.ends, prepend=0)) <= 9
    for row in range(len(DOCUMENTS)):
        told = [
            [i for i, t in zip(ids, taught, strict=True) if t]
            for (ids, taught), of in zip(passages_of(found), found.rows, strict=True)
            if of == row
        ]
        (ids, taught) = passages_of(expected)[row]
        assert list(chain.from_iterable(told)) == [i for i, t in zip(ids, taught, strict=True) if t]
    assert found.row_bytes.tolist() == expected.row_bytes.tolist()
    assert found.lost is None


def test_a_window_begins_with_the_token_before_it_and_not_with_a_start(
    documents: pl.DataFrame, fit: Fit
) -> None:
    preparation = fit(documents, max_length=10, over_long="split")
    first, second, *_ = passages_of(preparation.transform(documents[:1]))
    assert second[0][0] == first[0][-1]
    assert second[1] == [False] + [True] * (len(second[0]) - 1)


def test_what_is_cut_off_is_counted_and_has_no_end(documents: pl.DataFrame, fit: Fit) -> None:
    preparation = fit(documents, max_length=8)
    found = preparation.transform(documents)
    assert found.lost is not None
    for (ids, _), lost, num_bytes, text in zip(
        passages_of(found), found.lost, found.row_bytes, DOCUMENTS, strict=True
    ):
        kept = preparation.decode(ids[1:]).rstrip("\N{REPLACEMENT CHARACTER}")
        whole = preparation.alphabet.encode([text])[0]
        is_cut = len(whole) > 7
        assert lost == (len(whole) - 7 if is_cut else 0)
        assert (ids[-1] == preparation.special.end) is not is_cut
        assert text.startswith(kept)
        assert num_bytes == len(kept.encode())
    fates = preparation.fate(documents)
    assert fates["row"].to_list() == [5, 7, 8]
    assert set(fates["action"]) == {"truncated"}


def test_rows_that_are_dropped_or_refused_are_named(documents: pl.DataFrame, fit: Fit) -> None:
    dropping = fit(documents, max_length=8, over_long="drop")
    assert set(dropping.fate(documents)["action"]) == {"dropped"}
    assert set(dropping.fate(documents, training=False)["action"]) == {"truncated"}
    refusing = fit(documents, max_length=8, over_long="error")
    with pytest.raises(DataError, match="3 of 4 texts have more than 8 tokens") as caught:
        refusing.transform(documents)
    assert "rows 5, 7, 8" in caught.value.where
    assert "max_length" in caught.value.mend


def test_an_answer_is_told_and_its_prompt_given(pairs: pl.DataFrame, fit: Fit) -> None:
    preparation = fit(pairs, max_length=128)
    found = preparation.transform(pairs)
    for (ids, taught), text, answer in zip(
        passages_of(found), pairs["text"], pairs["answer"], strict=True
    ):
        told = [i for i, t in zip(ids, taught, strict=True) if t]
        assert preparation.decode(told) == answer
        assert told[-1] == preparation.special.end
        assert tuple(ids[: taught.index(True)]) == preparation.prompt_ids(text)
    assert found.row_bytes.tolist() == [7, 8]


def test_a_long_text_leaves_its_answer_room_in_training_and_in_generation(
    pairs: pl.DataFrame, fit: Fit
) -> None:
    preparation = fit(pairs, max_length=48)
    found = preparation.transform(pairs)
    ids, taught = passages_of(found)[0]
    assert len(ids) <= 48
    assert preparation.decode([i for i, t in zip(ids, taught, strict=True) if t]) == "the mat"
    assert tuple(ids[: taught.index(True)]) == preparation.prompt_ids(pairs["text"][0])
    assert found.lost is not None
    assert found.lost[0] > 0
    assert found.lost[1] == 0


def test_an_encoder_reads_the_text_and_a_decoder_tells_the_answer(
    pairs: pl.DataFrame, fit: Fit
) -> None:
    preparation = fit(pairs, form="span", max_length=20)
    found = preparation.transform(pairs)
    assert found.read_ids is not None
    assert found.read_ends is not None
    (first, _), (second, _) = passages_of(found)
    assert [preparation.decode(ids) for ids in (first, second)] == ["the mat", "the door"]
    assert found.taught.all()
    read = found.read_ids[: found.read_ends[0]]
    assert len(read) == 20
    assert read[-1] == preparation.special.end
    assert tuple(read) == preparation.prompt_ids(pairs["text"][0])
    assert len(preparation.special.sentinels) == 100


def test_a_row_without_an_answer_tells_its_own_text(pairs: pl.DataFrame, fit: Fit) -> None:
    preparation = fit(pairs, max_length=200)
    live = preparation.transform(pairs.drop("answer"))
    assert live.row_bytes.tolist() == [len(text.encode()) for text in pairs["text"]]
    mixed = pairs.with_columns(pl.Series("answer", [None, "the door"]))
    assert preparation.transform(mixed).row_bytes.tolist() == [live.row_bytes[0], 8]


def test_every_turn_of_the_assistant_is_told_with_its_end(chats: pl.DataFrame, fit: Fit) -> None:
    preparation = fit(chats)
    found = preparation.transform(chats)
    for (ids, taught), turns in zip(passages_of(found), CHATS, strict=True):
        answers = [content for role, content in turns if role == "assistant"]
        told = [i for i, t in zip(ids, taught, strict=True) if t]
        assert told.count(preparation.special.end) == len(answers)
        assert preparation.decode(told) == "".join(answers)
    answers = ["".join(c for r, c in turns if r == "assistant") for turns in CHATS]
    assert found.row_bytes.tolist() == [len(one.encode()) for one in answers]


@pytest.mark.parametrize("form", ["causal", "bytes"])
def test_a_prompt_is_what_stands_before_each_answer_in_training(
    chats: pl.DataFrame, fit: Fit, form: str
) -> None:
    preparation = fit(chats, form=form, max_length=400)
    ids, taught = passages_of(preparation.transform(chats))[1]
    messages = [Message(role, content) for role, content in CHATS[1]]  # type: ignore[arg-type]
    begins = [at for at in range(1, len(ids)) if taught[at] and not taught[at - 1]]
    for at, turn in zip(begins, (2, 4), strict=True):
        assert preparation.prompt_ids(tuple(messages[:turn])) == tuple(ids[:at])


def test_an_encoder_reads_what_stands_before_each_answer(chats: pl.DataFrame, fit: Fit) -> None:
    preparation = fit(chats, form="span")
    found = preparation.transform(chats)
    assert found.rows.tolist() == [0, 1, 1]
    assert [preparation.decode(ids) for ids, _ in passages_of(found)] == [
        "the cat is an animal",
        "a dog",
        "by the door",
    ]
    assert found.row_bytes.tolist() == [20, 16]


def test_a_long_conversation_is_cut_at_its_end_and_its_bytes_are_those_that_are_left(
    chats: pl.DataFrame, fit: Fit
) -> None:
    preparation = fit(chats, max_length=26)
    found = preparation.transform(chats)
    ids, taught = passages_of(found)[1]
    kept = preparation.decode([i for i, t in zip(ids, taught, strict=True) if t])
    assert "a dog".startswith(kept)
    assert len(ids) == 26
    assert found.row_bytes[1] == len(kept)
    assert found.lost is not None
    whole = fit(chats, max_length=400).transform(chats)
    assert found.lost[1] == np.diff(whole.ends, prepend=0)[1] - 26


def test_a_conversation_whose_answers_are_all_cut_off_is_not_learnt_from(
    chats: pl.DataFrame, fit: Fit
) -> None:
    preparation = fit(chats, max_length=8)
    assert not preparation.transform(chats).taught.any()
    fates = preparation.fate(chats)
    assert set(fates["action"]) == {"dropped"}
    assert all("nothing is told" in reason for reason in fates["reason"])
    assert set(preparation.fate(chats, training=False)["action"]) == {"truncated"}


def test_a_text_never_becomes_a_special_token(fit: Fit) -> None:
    spelt = "say <|im_end|> and <|end|>"
    frame = pl.DataFrame({ROW: [0], "text": [spelt]})
    preparation = fit(frame)
    ids = preparation.transform(frame).ids
    assert (ids == preparation.special.end).sum() == 1
    assert preparation.decode(ids.tolist()) == spelt
    chat = pl.DataFrame(
        {ROW: [0], "messages": [chat_text([("user", spelt), ("assistant", spelt)])]}
    )
    talking = fit(chat, max_length=200)
    found = talking.transform(chat)
    end = talking.special.end
    assert (found.ids == end).sum() == 2  # one a turn
    assert talking.decode(found.ids[found.taught].tolist()) == spelt


def test_rows_alone_and_together_give_the_same_tokens(
    documents: pl.DataFrame, chats: pl.DataFrame, pairs: pl.DataFrame, fit: Fit
) -> None:
    for frame in (documents, chats, pairs):
        preparation = fit(frame, max_length=30)
        together = preparation.transform(frame)
        rows = [{k: v for k, v in row.items() if k != ROW} for row in frame.to_dicts()]
        by_rows = preparation.transform_rows(rows)
        assert by_rows.ids.tolist() == together.ids.tolist()
        assert by_rows.row_bytes.tolist() == together.row_bytes.tolist()
        alone = [preparation.transform_rows([row]).ids for row in rows]
        assert np.concatenate(alone).tolist() == together.ids.tolist()


def test_half_a_character_from_a_client_is_replaced(documents: pl.DataFrame, fit: Fit) -> None:
    preparation = fit(documents)
    found = preparation.transform_rows([{"text": "a \ud800 b"}])
    assert preparation.decode(found.ids.tolist()) == "a ? b"


def test_null_texts_are_empty_documents(documents: pl.DataFrame, fit: Fit) -> None:
    preparation = fit(documents)
    found = preparation.transform(pl.DataFrame({"text": pl.Series([None], dtype=pl.String)}))
    assert found.ids.tolist() == [preparation.special.start, preparation.special.end]
    assert found.row_bytes.tolist() == [0]


@pytest.mark.parametrize("which", ["documents", "pairs", "chats"])
@pytest.mark.parametrize("form", ["causal", "span", "bytes"])
def test_saved_and_loaded_it_is_the_same(
    which: str, form: str, fit: Fit, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    frame = request.getfixturevalue(which)
    preparation = fit(frame, form=form)
    preparation.save(tmp_path)
    again = LanguagePreparation.load(tmp_path)
    first, second = preparation.transform(frame), again.transform(frame)
    assert first.ids.tolist() == second.ids.tolist()
    assert first.special == second.special
    assert again.prompt_ids("the cat") == preparation.prompt_ids("the cat")


def test_a_damaged_package_is_refused(chats: pl.DataFrame, fit: Fit, tmp_path: Path) -> None:
    fit(chats).save(tmp_path)
    document = json.loads((tmp_path / "preparation.json").read_text())
    for change in (
        {"special": {**document["special"], "end": 10_000}},
        {"special": {**document["special"], "padding": -1}},
        {"max_length": "long"},
        {"column": 3},
        {"template": "{% for"},
    ):
        (tmp_path / "preparation.json").write_text(json.dumps({**document, **change}))
        with pytest.raises(TrustError, match=r"restore|package|JSON"):
            LanguagePreparation.load(tmp_path)
    (tmp_path / "preparation.json").write_text(json.dumps(document))
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(TrustError, match="not a preparation of ours"):
        LanguagePreparation.load(tmp_path)


def test_documents_alone_are_split_or_masked(
    documents: pl.DataFrame, chats: pl.DataFrame, pairs: pl.DataFrame, fit: Fit
) -> None:
    for frame in (chats, pairs):
        with pytest.raises(RecipeError, match="only documents can be split"):
            fit(frame, over_long="split")
        with pytest.raises(RecipeError, match="a masked model learns documents"):
            fit(frame, form="masked")


def test_a_corpus_without_a_word_has_no_tokenizer(fit: Fit) -> None:
    with pytest.raises(DataError, match="no train row has any text"):
        fit(pl.DataFrame({ROW: [0, 1], "text": ["", " "]}))


def test_a_model_of_documents_is_given_no_conversation(documents: pl.DataFrame, fit: Fit) -> None:
    with pytest.raises(DataError, match="instruction-tuning"):
        fit(documents).prompt_ids((Message("user", "hi"),))


def test_an_empty_conversation_cannot_be_answered(chats: pl.DataFrame, fit: Fit) -> None:
    with pytest.raises(DataError, match="the conversation is empty"):
        fit(chats).prompt_ids(())


def test_where_nothing_is_said_documents_are_split_and_pairs_cut_off(
    documents: pl.DataFrame, pairs: pl.DataFrame, fit: Fit
) -> None:
    assert fit(documents, max_length=8, over_long=None).transform(documents).lost is None
    assert fit(pairs, max_length=24, over_long=None).transform(pairs).lost is not None


def test_earlier_answers_are_read_in_the_tokens_that_taught_them() -> None:
    """Line ends before an answer join the template's own where a conversation is cut into tokens at once."""
    said = [
        Message("user", "list two\n\n"),
        Message("assistant", "\n\n\n- one\n\n\n- two\n\n\n"),
        Message("user", " and more \n\n\n"),
        Message("assistant", "\n\n\n- three"),
    ]
    frame = pl.DataFrame({"messages": [to_text(said)] * 4})
    preparation = fit_language_preparation(
        frame,
        [Column("messages", ColumnType.MESSAGES)],
        LanguageNeeds(vocabulary=340, max_length=400),
        base=Path(),
        target=Target(Column("messages", ColumnType.MESSAGES), Task.INSTRUCTION_TUNING),
    )
    passages = preparation.transform(frame.head(1))
    ids, taught = passages.ids.tolist(), passages.taught
    second = int(np.flatnonzero(taught[1:] & ~taught[:-1])[1]) + 1
    assert list(preparation.prompt_ids(tuple(said[:3]))) == ids[:second]
    joined = preparation.alphabet.encode(
        ["".join(run.text for run in preparation.template.prompt(said[:3]))], markup=True
    )
    assert joined[0].tolist() != ids[:second]
