"""Bodies that are refused: each with the parameter's name, in the shape of the API's own errors."""

from __future__ import annotations

import pytest

MODEL = "churn/3"
TURN = {"role": "user", "content": "hello"}
SOUND = {"model": MODEL, "messages": [TURN], "max_tokens": 1}


@pytest.mark.parametrize(
    ("change", "param", "match"),
    [
        ({"model": None}, "model", "must name"),
        ({"model": 3}, "model", "must name"),
        ({"messages": None}, "messages", "missing"),
        ({"messages": []}, "messages", "empty"),
        ({"messages": "hello"}, "messages", "list"),
        ({"messages": ["hello"]}, "messages[0]", "role, content"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "'robot'"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "None"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "text"),
        ({"messages": [{"role": "user", "content": 3}]}, "messages[0].content", "text"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages", "says nothing"),
        (
            {"messages": [TURN, {"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[1].content[0]",
            "type text",
        ),
        ({"messages": [{**TURN, "tool_calls": [{}]}]}, "messages[0].tool_calls", "not supported"),
        ({"messages": [{"role": "user", "content": "a\ud800"}]}, "messages[0].content", "half a"),
        ({"max_tokens": 0}, "max_tokens", "from 1"),
        ({"max_tokens": "5"}, "max_tokens", "whole number"),
        ({"max_tokens": True}, "max_tokens", "whole number"),
        ({"max_tokens": 10**9}, "max_tokens", "to 4096"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens", "whole number"),
        ({"temperature": -1}, "temperature", "from 0"),
        ({"temperature": "hot"}, "temperature", "number"),
        ({"top_p": 0}, "top_p", "above 0"),
        ({"top_p": 1.1}, "top_p", "from 0 to 1"),
        ({"top_k": -1}, "top_k", "from 0"),
        ({"min_p": 2}, "min_p", "from 0 to 1"),
        ({"n": 0}, "n", "from 1"),
        ({"n": 99}, "n", "from 1 to 16"),
        ({"seed": 1.5}, "seed", "whole number"),
        ({"stop": 3}, "stop", "text"),
        ({"stop": [""]}, "stop", "empty"),
        ({"stop": ["a"] * 17}, "stop", "16 may be"),
        ({"stream": "yes"}, "stream", "true or false"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "stream: true"),
        ({"stream": True, "stream_options": []}, "stream_options", "object"),
        ({"stream": True, "stream_options": {"x": 1}}, "stream_options.x", "not known"),
        ({"tools": [{"type": "function"}]}, "tools", "not supported"),
        ({"response_format": {"type": "json_object"}}, "response_format", "not supported"),
        ({"logprobs": 1}, "logprobs", "true or false"),
        ({"top_logprobs": 2}, "top_logprobs", "only for logprobs: true"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "from 0 to 20"),
        ({"echo": True}, "echo", "not a parameter"),
        ({"presence_penalty": 0.5}, "presence_penalty", "not supported"),
        ({"tempreature": 1}, "tempreature", "temperature"),
        ({"prompt": "x"}, "prompt", "not a parameter"),
    ],
)
def test_a_parameter_that_cannot_be_honoured_is_refused_by_name(chatting, change, param, match):
    answer = chatting.send(path="/v1/chat/completions", body={**SOUND, **change})
    error = answer.json["error"]
    assert answer.status == 400, error
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert match in error["message"]


def test_an_unknown_model_is_404(chatting):
    answer = chatting.send(path="/v1/chat/completions", body={**SOUND, "model": "gpt-9"})
    assert answer.status == 404
    assert "'churn/3'" in answer.json["error"]["message"]


def test_values_that_ask_for_nothing_are_taken(chatting):
    quiet = {
        "n": 1,
        "logprobs": False,
        "frequency_penalty": 0,
        "response_format": {"type": "text"},
        "tools": None,
        "metadata": {"a": "b"},
        "stream": False,
        "temperature": 0,
    }
    assert chatting.send(path="/v1/chat/completions", body={**SOUND, **quiet}).status == 200


@pytest.mark.parametrize(
    ("prompt", "match"),
    [
        (None, "missing"),
        ("\ud800", "half a"),
        (3, "text"),
        ([], "no text"),
        ([1, -2], "no token -2"),
        ([[1, 999_999]], "no token 999999"),
        ([1, "a"], "text"),
        ([["a"]], "text"),
    ],
)
def test_prompts_of_completions_are_texts(chatting, prompt, match):
    body = {"model": MODEL, "prompt": prompt, "max_tokens": 1}
    answer = chatting.send(path="/v1/completions", body=body)
    assert (answer.status, answer.json["error"]["param"]) == (400, "prompt")
    assert match in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("change", "param", "match"),
    [
        ({"logprobs": True}, "logprobs", "whole number"),
        ({"logprobs": 21}, "logprobs", "from 0 to 20"),
        ({"logprobs": 1, "echo": True, "stream": True}, "echo", "not for a stream"),
        ({"echo": True, "prompt": [5]}, "echo", "logprobs: 0"),
        ({"max_tokens": 0}, "max_tokens", "from 1"),
        ({"logprobs": 1, "echo": True}, "prompt", "as a turn"),
        ({"top_logprobs": 1}, "top_logprobs", "not a parameter"),
    ],
)
def test_what_cannot_be_told_of_tokens_is_refused_by_name(chatting, change, param, match):
    body = {"model": MODEL, "prompt": "hello", "max_tokens": 1, **change}
    error = chatting.send(path="/v1/completions", body=body).json["error"]
    assert (error["param"], match in error["message"]) == (param, True), error


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[1]", 400),
        (b"{", 400),
        (b'{"model": "churn/3", "model": "churn/3", "messages": []}', 400),
    ],
)
def test_bodies_that_are_no_request_are_refused_in_the_same_shape(chatting, body, status):
    answer = chatting.send(path="/v1/chat/completions", body=body)
    assert answer.status == status
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}


def test_a_body_that_is_too_large_is_refused_before_it_is_read(chatting):
    answer = chatting.send(path="/v1/completions", body=b"x", Content_Length=str(99 << 20))
    assert (answer.status, answer.json["error"]["param"]) == (413, None)


def test_other_methods_and_paths_are_refused_in_the_same_shape(chatting):
    for method, path, status in (
        ("GET", "/v1/chat/completions", 405),
        ("GET", "/v1/embeddings", 404),
    ):
        answer = chatting.send(method, path)
        assert (answer.status, answer.json["error"]["type"]) == (status, "invalid_request_error")
