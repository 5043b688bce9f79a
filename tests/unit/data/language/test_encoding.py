"""Texts to ids and back: by a tokenizer and byte by byte, short and long."""

from __future__ import annotations

import re
from itertools import chain

import numpy as np
import pytest
from tests.unit.data.language.conftest import DOCUMENTS
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from trainwright.data.language import encoding
from trainwright.data.language.encoding import Alphabet, Bytes, Pairs
from trainwright.data.language.tokenizers import fit_vocabulary


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return Pairs(fit_vocabulary([*DOCUMENTS, "10 cats  sat\n\ton 20 mats"], size=400).tokenizer)


def ids(alphabet: Alphabet, text: str, *, markup: bool = False) -> list[int]:
    found: list[int] = alphabet.encode([text], markup=markup)[0].tolist()
    return found


@pytest.mark.parametrize("text", [*DOCUMENTS, "  two\n\n\tlines ", "\x00 \ufffd", "a<|end|>b"])
def test_any_text_comes_back_as_it_was(pairs: Pairs, text: str) -> None:
    assert pairs.decode(ids(pairs, text)) == text
    assert Bytes().decode(ids(Bytes(), text)) == text


def test_every_digit_is_a_token(pairs: Pairs) -> None:
    assert [pairs.piece(token) for token in ids(pairs, "1984")] == ["1", "9", "8", "4"]


def test_special_tokens_are_found_in_markup_alone(pairs: Pairs) -> None:
    end = pairs.tokenizer.token_to_id("<|end|>")
    assert ids(pairs, "<|end|>", markup=True) == [end]
    assert end not in ids(pairs, "<|end|>")
    assert ids(Bytes(), "a<|im_end|><|im_start|>", markup=True) == [97, 257, 258]
    assert ids(Bytes(), "<|im_end|>") == list(b"<|im_end|>")


@pytest.mark.parametrize(
    "text",
    [
        "the cat sat on the mat. " * 60,
        "naïve café 漢字 " * 80,
        "one\n\ntwo\tthree  four 1984 " * 50,
        "x" * 1200,
    ],
)
def test_a_long_text_in_parts_gives_the_ids_of_the_whole(
    pairs: Pairs, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ids(pairs, text)
    monkeypatch.setattr(encoding, "_PART", 64)
    assert len(pairs._parts(text)) > 5
    assert "".join(pairs._parts(text)) == text
    found = ids(pairs, text)
    if re.search("[a-z] [a-z]", text):
        assert found == whole
    assert pairs.decode(found) == text


def test_blocks_and_threads_change_nothing(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{text} {number}" for number in range(40) for text in DOCUMENTS]
    expected = [one.tolist() for one in pairs.encode(texts)]
    monkeypatch.setattr(encoding, "_BLOCK_TEXTS", 3)
    assert [one.tolist() for one in pairs.encode(texts)] == expected
    monkeypatch.setattr(encoding.os, "sched_getaffinity", lambda _: {0})
    assert [one.tolist() for one in pairs.encode(texts)] == expected
    assert pairs.encode([]) == []


@pytest.mark.parametrize("text", [DOCUMENTS[0], DOCUMENTS[2], "漢字漢字", ""])
@pytest.mark.parametrize("alphabet", [Bytes(), None])
def test_a_beginning_is_what_its_first_tokens_tell(
    text: str, alphabet: Alphabet | None, pairs: Pairs
) -> None:
    alphabet = alphabet or pairs
    whole = ids(alphabet, text)
    for tokens in range(len(whole) + 2):
        told = alphabet.decode(whole[:tokens]).rstrip("\ufffd")
        assert alphabet.beginning(text, tokens) == told


def test_a_beginning_of_a_long_text_is_found_without_encoding_all_of_it(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "the cat sat on the mat " * 100
    expected = pairs.beginning(text, 50)
    monkeypatch.setattr(encoding, "_PART", 64)
    assert pairs.beginning(text, 50) == expected


def test_a_tokenizer_that_puts_a_blank_before_a_text_is_not_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    letters = {letter: number for number, letter in enumerate("\u2581abcdefghijklmnopqrstuvwxyz")}
    tokenizer = Tokenizer(models.BPE(letters, []))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    assert not Pairs(tokenizer).is_joinable
    assert Pairs(fit_vocabulary(DOCUMENTS, size=300).tokenizer).is_joinable


def test_pieces_are_for_people(pairs: Pairs) -> None:
    shown = [pairs.piece(token) for token in ids(pairs, "a cat\n漢")]
    assert "".join(shown[:-3]).startswith("a cat\n")
    assert all(shown)
    assert [Bytes().piece(token) for token in (97, 10, 256, 257, 258)] == [
        "a", "<0a>", "<pad>", "<end>", "<start>",
    ]  # fmt: skip


def test_ids_are_below_the_size_of_the_vocabulary(pairs: Pairs) -> None:
    every = list(chain.from_iterable(one.tolist() for one in pairs.encode(DOCUMENTS)))
    assert max(every) < pairs.vocabulary <= 400
    assert pairs.encode(DOCUMENTS)[0].dtype == np.int32
    assert Bytes().vocabulary == 259
