"""What may be shown of a text that is still growing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trainwright.models.language.decoding.text import Telling, cut_at


def decode(ids):
    return bytes(ids).decode(errors="replace")


def told(data, stop=()):
    """The pieces of bytes that come one by one."""
    telling = Telling(decode, stop)
    pieces = []
    for byte in data:
        pieces.append(telling.add(byte))
        if telling.stopped:
            break
    pieces.append(telling.finish())
    assert telling.text == "".join(pieces)
    return telling, pieces


def test_a_character_is_shown_when_its_last_byte_has_come():
    _, pieces = told("aé😀b".encode())
    assert pieces == ["a", "", "é", "", "", "", "😀", "b", ""]


def test_a_character_that_is_cut_off_is_told_as_broken_at_the_end():
    _, pieces = told("a😀".encode()[:-1])
    assert "".join(pieces) == "a\ufffd"


def test_a_stop_text_over_several_tokens_is_never_shown_in_part():
    telling, pieces = told(b"one</s>two", ["</s>"])
    assert telling.stopped
    assert "".join(pieces) == "one"
    assert all("<" not in piece for piece in pieces)


def test_what_only_began_like_a_stop_text_is_shown_as_soon_as_it_cannot_become_one():
    _, pieces = told(b"a</b", ["</s>"])
    assert pieces == ["a", "", "", "</b", ""]
    _, pieces = told(b"a</", ["</s>"])
    assert pieces == ["a", "", "", "</"]


def test_the_stop_text_that_comes_first_ends_it():
    telling, _ = told(b"xxabcxx", ["c", "bc", "zz"])
    assert telling.text == "xxa"


def test_a_stop_text_of_characters_of_several_bytes():
    telling, pieces = told("ja→nein".encode(), ["→"])
    assert (telling.text, telling.stopped) == ("ja", True)
    assert pieces[2:] == ["", "", "", ""]


TEXTS = st.text(alphabet="ab<é😀", max_size=30)
STOPS = st.lists(st.text(alphabet="ab<é😀", min_size=1, max_size=4), max_size=3)


def until_a_stop_text_is_complete(text, stop):
    """Read a character at a time, as a person would."""
    for end in range(1, len(text) + 1):
        begins = [end - len(mark) for mark in stop if text[:end].endswith(mark)]
        if begins:
            return text[: min(begins)]
    return text


@given(text=TEXTS, stop=STOPS)
@example(text="<é<", stop=["é", "<é<"])  # the longer one begins first, and ends too late
def test_the_pieces_are_the_text_up_to_the_stop_text_that_is_complete_first(text, stop):
    telling, pieces = told(text.encode(), stop)
    wanted = until_a_stop_text_is_complete(text, stop)
    assert "".join(pieces) == cut_at(text, stop) == wanted
    assert telling.stopped == any(mark in text for mark in stop)


@given(text=TEXTS, stop=STOPS, size=st.integers(1, 7))
@example(text="<é<", stop=["é", "<é<"], size=3)
def test_how_tokens_cut_a_text_does_not_move_its_end(text, stop, size):
    tokens = [text[at : at + size] for at in range(0, len(text), size)]
    telling = Telling(lambda ids: "".join(tokens[one] for one in ids), stop)
    shown = "".join(telling.add(one) for one in range(len(tokens))) + telling.finish()
    assert shown == until_a_stop_text_is_complete(text, stop)


@given(text=st.text(max_size=40))
def test_any_text_comes_through_whole(text):
    _, pieces = told(text.encode())
    assert "".join(pieces) == text


@given(data=st.binary(max_size=40))
def test_bytes_that_are_no_text_come_through_as_the_decoder_shows_them_all_at_once(data):
    _, pieces = told(data)
    assert "".join(pieces) == decode(data)


@pytest.mark.parametrize("before", [b"", b"word"])
def test_tokenizers_that_join_words_by_what_stands_before_them_are_given_it(before):
    words = ["\u2581Hello", "\u2581big", "\u2581world", "s"]

    def joined(ids):
        return "".join(words[i] for i in ids).replace("\u2581", " ").removeprefix(" ")

    telling = Telling(joined)
    assert [telling.add(i) for i in (0, 1, 2, 3)] == ["Hello", " big", " world", "s"]
