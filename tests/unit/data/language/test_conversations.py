"""Conversations as JSON: what is read, and what is none."""

from __future__ import annotations

import json

import pytest

from trainwright.core.errors import DataError
from trainwright.core.language import Message
from trainwright.data.language import conversations
from trainwright.data.language.conversations import (
    Misfit,
    from_text,
    read_conversation,
    to_text,
)

ASKED = {"role": "user", "content": "hi"}
TOLD = {"role": "assistant", "content": " yes\n"}


def test_a_list_and_its_text_are_one_conversation_and_content_stays_as_it_is() -> None:
    expected = (Message("user", "hi"), Message("assistant", " yes\n"))
    for value in ([ASKED, TOLD], json.dumps([ASKED, TOLD])):
        read = read_conversation(value)
        assert read.messages == expected
        assert read.is_answered
        assert not read.is_sharegpt
    assert from_text(to_text(expected)) == expected
    assert to_text(expected) == (
        '[{"content":"hi","role":"user"},{"content":" yes\\n","role":"assistant"}]'
    )


def test_the_spelling_of_sharegpt_is_read() -> None:
    read = read_conversation([{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yes"}])
    assert [one.role for one in read.messages] == ["user", "assistant"]
    assert read.is_sharegpt


def test_other_keys_of_a_message_are_told() -> None:
    read = read_conversation([{**ASKED, "name": "Ann", "weight": None}, TOLD])
    assert read.further == {"name"}


@pytest.mark.parametrize(
    ("value", "reason", "match"),
    [
        ("oops", "structure", "no JSON"),
        ('{"role": "user"}', "structure", "no list of messages"),
        (3, "structure", "no list of messages"),
        (["hi"], "structure", "is no message"),
        ([{"role": "user"}], "structure", 'without "content"'),
        ([{"content": "hi"}], "structure", 'without "role"'),
        ([{"role": "user", "content": ["hi"]}], "structure", "which is no text"),
        ('[{"role": "user", "role": "system", "content": "x"}]', "structure", "twice"),
        ([{"role": "usr", "content": "hi"}], "role", "the role 'usr'"),
        ([{"role": "human", "content": "hi"}], "role", "'user' is meant"),
        ([{"role": None, "content": "hi"}], "role", "the role None"),
        ([{"from": "someone", "value": "hi"}], "role", "the role 'someone'"),
        ([], "empty", "without messages"),
        ([{"role": "user", "content": ""}], "content", "a turn of the user without content"),
        ([{"role": "assistant", "content": None}], "content", "of the assistant"),
        ([{"role": "user", "content": " \n"}], "content", "without content"),
        ('[{"role": "user", "content": "\\ud800"}]', "surrogate", "half a character"),
    ],
)
def test_what_is_no_conversation_says_why(value: object, reason: str, match: str) -> None:
    with pytest.raises(Misfit, match=match) as caught:
        read_conversation(value)
    assert caught.value.reason == reason


def test_a_conversation_that_is_too_large_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "LIMIT_BYTES", 100)
    long = [{"role": "user", "content": "x" * 101}]
    for value in (long, json.dumps(long)):
        with pytest.raises(Misfit, match="of more than") as caught:
            read_conversation(value)
        assert caught.value.reason == "size"


def test_a_cell_that_is_no_conversation_is_refused_with_what_to_write() -> None:
    assert from_text(None) == ()
    with pytest.raises(DataError, match="no list of messages") as caught:
        from_text("{}")
    assert '"role": "user"' in caught.value.mend
