"""One endpoint: what is sent, what is tried again, and what is never said."""

from __future__ import annotations

import pytest

from endpoint import endpoint
from trainwright.core.errors import EnvironmentFault
from trainwright.models.api import endpoint as client
from trainwright.models.api.endpoint import Question, ask

KEY = "plain-words-that-nobody-guesses"


@pytest.fixture
def told():
    with endpoint(lambda prompt: prompt[-3:]) as server:
        yield server


def test_an_answer_comes_with_its_tokens(told):
    answer = ask(Question(told.url, "m"), "one two abc")
    assert (answer.text, answer.tokens_in, answer.tokens_out) == ("abc", 3, 1)
    assert answer.seconds > 0
    assert told.asked[0]["temperature"] == 0
    assert told.keys == [None]


def test_a_refusal_that_passes_is_tried_again_after_waits_that_double(told):
    told.failures[:] = [429, 500, 503]
    waits = []
    assert ask(Question(told.url, "m"), "abc", wait=waits.append).text == "abc"
    assert waits == [0.5, 1.0, 2.0]


def test_the_endpoint_may_say_how_long_to_wait_but_not_forever(told):
    told.failures[:] = [429, 429]
    told.headers["Retry-After"] = "7"
    waits = []
    ask(Question(told.url, "m"), "abc", wait=waits.append)
    told.failures[:] = [429]
    told.headers["Retry-After"] = "86400"
    ask(Question(told.url, "m"), "abc", wait=waits.append)
    assert waits == [7.0, 7.0, client.LONGEST_WAIT_SECONDS]


def test_attempts_have_an_end(told):
    told.failures[:] = [503] * 20
    with pytest.raises(EnvironmentFault, match="after 6 attempts") as refused:
        ask(Question(told.url, "m"), "abc", wait=lambda _: None)
    assert "what was answered is kept" in refused.value.mend
    assert len(told.asked) == client.ATTEMPTS


def test_a_wait_that_is_cut_short_ends_the_attempts(told):
    told.failures[:] = [503] * 20
    with pytest.raises(EnvironmentFault, match="did not answer"):
        ask(Question(told.url, "m"), "abc", wait=lambda _: True)
    assert len(told.asked) == 1


@pytest.mark.parametrize("status", [301, 401, 404])
def test_others_are_told_at_once_and_the_key_is_never_said(told, status, monkeypatch):
    monkeypatch.setenv("THEIR_VARIABLE", KEY)
    told.failures[:] = [status]
    with pytest.raises(EnvironmentFault, match=f"HTTP {status}") as refused:
        ask(Question(told.url, "m", "THEIR_VARIABLE"), "abc")
    assert told.keys == [f"Bearer {KEY}"]  # and the server said it back
    assert KEY not in str(refused.value)
    assert refused.value.__context__ is None or KEY not in str(refused.value.__cause__)


def test_an_endpoint_that_knows_no_log_probabilities_is_asked_without(told):
    told.with_logprobs = None
    assert ask(Question(told.url, "m"), "abc").text == "abc"
    assert ["logprobs" in body for body in told.asked] == [True, False]


def test_log_probabilities_of_the_first_token_come_along(told):
    told.with_logprobs = True
    assert ask(Question(told.url, "m"), "abc").top == (("abc", -0.2), ("zzz", -3.0))


@pytest.mark.parametrize("key", ["", "two words", "new\nline", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused_unsaid(told, key, monkeypatch):
    monkeypatch.setenv("THEIR_VARIABLE", key)
    with pytest.raises(EnvironmentFault, match="holds no key") as refused:
        ask(Question(told.url, "m", "THEIR_VARIABLE"), "abc")
    assert refused.value.mend == "export THEIR_VARIABLE=..."
    assert not key or key not in str(refused.value)
    assert not told.asked


@pytest.mark.parametrize(
    "raw", [b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{"message": {"content": 3}}]}']
)
def test_what_is_no_answer_is_refused(told, raw):
    told.raw = raw
    with pytest.raises(EnvironmentFault, match="the answer is"):
        ask(Question(told.url, "m"), "abc")


def test_nobody_there_is_a_fault_of_the_environment():
    with pytest.raises(EnvironmentFault, match="did not answer"):
        ask(Question("http://127.0.0.1:9/v1", "m"), "abc", wait=lambda _: None)
