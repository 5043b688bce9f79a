"""The OpenAI API, spoken by the real client over a real socket."""

from __future__ import annotations

import json
import threading
import time

import openai
import pytest

from trainwright.core.columns import Task
from trainwright.core.language import GenerationSettings, Message
from trainwright.deployment.server import Limits

MODEL = "churn/3"
ASK = [{"role": "user", "content": "what is the capital of France?"}]


def model_says(package, *turns, **settings):
    prompt = tuple(Message(**turn) for turn in (turns or ASK))
    (one,) = package.model.generate([prompt], GenerationSettings(**settings))
    return one


def test_the_model_that_is_served_is_listed(client):
    (model,) = client.models.list().data
    assert (model.id, model.object, model.owned_by) == (MODEL, "model", "trainwright")
    assert client.models.retrieve(MODEL) == model
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-9")
    assert caught.value.code == "model_not_found"


def test_a_chat_is_answered_as_the_model_itself_would(client, speaking_package):
    wanted = model_says(speaking_package(), max_new_tokens=12)
    told = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=12)
    (choice,) = told.choices
    assert (choice.message.role, choice.message.content) == ("assistant", wanted.text)
    assert choice.finish_reason == wanted.finish
    assert told.usage.prompt_tokens == wanted.prompt_tokens
    assert told.usage.completion_tokens == wanted.tokens
    assert told.usage.total_tokens == wanted.prompt_tokens + wanted.tokens
    assert told.id.startswith("chatcmpl-")
    assert told.system_fingerprint == speaking_package().hash[:16]


def test_a_stream_is_the_same_text_in_pieces(client, speaking_package):
    wanted = model_says(speaking_package(), max_new_tokens=15)
    chunks = list(
        client.chat.completions.create(
            model="churn",
            messages=ASK,
            max_completion_tokens=15,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    *said, last = chunks
    assert said[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in said) == wanted.text
    assert [c.choices[0].finish_reason for c in said][-1] == wanted.finish
    assert all(c.usage is None for c in said)
    assert (last.choices, last.usage.completion_tokens) == ([], wanted.tokens)
    assert len({c.id for c in chunks}) == 1


def test_events_are_lines_of_data_that_end_with_done(chatting):
    body = {"model": MODEL, "messages": ASK, "max_tokens": 4, "stream": True}
    raw = json.dumps(body).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{chatting.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n\r\n"
    )
    with chatting.connect() as connection:
        connection.sendall(head.encode() + raw)
        said = b""
        while block := connection.recv(65_536):
            said += block
    assert b"content-type: text/event-stream" in said
    lines = [line for line in said.split(b"\r\n") if line.startswith(b"data: ")]
    assert b"".join(lines).endswith(b"data: [DONE]\n\n")


def test_a_completion_goes_on_with_a_text_and_with_several(client_of, serving, speaking_package):
    package = speaking_package(Task.LANGUAGE_MODELLING)
    wanted = package.model.generate(["the cat", "a dog"], GenerationSettings(max_new_tokens=7))
    with serving(package) as caller, client_of(caller) as client:
        told = client.completions.create(model=MODEL, prompt=["the cat", "a dog"], max_tokens=7)
        assert [choice.text for choice in told.choices] == [one.text for one in wanted]
        assert [choice.index for choice in told.choices] == [0, 1]
        assert told.usage.completion_tokens == sum(one.tokens for one in wanted)
        assert told.usage.prompt_tokens == sum(one.prompt_tokens for one in wanted)
        twice = client.completions.create(
            model=MODEL, prompt=["the cat", "a dog"], n=2, temperature=1.0, max_tokens=3
        )
        assert len(twice.choices) == 4
        assert twice.usage.prompt_tokens == told.usage.prompt_tokens
        chunks = client.completions.create(model=MODEL, prompt="the cat", max_tokens=7, stream=True)
        assert "".join(chunk.choices[0].text for chunk in chunks) == wanted[0].text
        with pytest.raises(openai.BadRequestError, match="learnt none"):
            client.chat.completions.create(model=MODEL, messages=ASK)


def test_a_body_that_is_no_json_is_told_what_this_route_takes(client):
    for route, key in (("chat/completions", "messages"), ("completions", "prompt")):
        with pytest.raises(openai.BadRequestError, match=key):
            client.post(f"/{route}", cast_to=object, body=None, options={"headers": {}})


def test_parameters_of_the_drawing_are_heard(client, speaking_package):
    settings = {"temperature": 0.9, "top_p": 0.8, "seed": 5}
    wanted = model_says(
        speaking_package(), max_new_tokens=12, top_k=7, min_p=0.01, stop=("q",), **settings
    )
    told = client.chat.completions.create(
        model=MODEL,
        messages=ASK,
        max_tokens=12,
        stop="q",
        extra_body={"top_k": 7, "min_p": 0.01},
        **settings,
    )
    assert told.choices[0].message.content == wanted.text
    again = client.chat.completions.create(
        model=MODEL, messages=ASK, max_tokens=12, temperature=1.5, n=4
    )
    assert [choice.index for choice in again.choices] == [0, 1, 2, 3]
    assert len({choice.message.content for choice in again.choices}) > 1


def test_parts_of_text_and_the_developer_role_are_understood(client, speaking_package):
    parts = [
        {"type": "text", "text": "what is the capital "},
        {"type": "text", "text": "of France?"},
    ]
    turns = [{"role": "system", "content": "be short"}, *ASK]
    wanted = model_says(speaking_package(), *turns, max_new_tokens=6)
    told = client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "developer", "content": "be short"},
            {"role": "user", "content": parts},
        ],
        max_tokens=6,
        user="somebody",
    )
    assert told.choices[0].message.content == wanted.text


def test_what_the_package_says_holds_where_a_request_says_nothing(
    tmp_path, serving, client_of, speaking_package
):
    from speaking_model import write_speaking_package
    from trainwright.deployment.package import load_package

    said = GenerationSettings(max_new_tokens=3).to_json()
    model = speaking_package().model
    folder = write_speaking_package(tmp_path / "package", model, generation=said)
    with serving(load_package(folder)) as caller, client_of(caller) as client:
        told = client.chat.completions.create(model=MODEL, messages=ASK)
        assert told.usage.completion_tokens == 3


def test_requests_that_come_together_are_answered_as_if_each_were_alone(client, speaking_package):
    asked = [[{"role": "user", "content": f"number {n} " + "x" * n}] for n in range(12)]
    wanted = [model_says(speaking_package(), *turns, max_new_tokens=20).text for turns in asked]
    found = [None] * len(asked)

    def call(place):
        told = client.chat.completions.create(model=MODEL, messages=asked[place], max_tokens=20)
        found[place] = told.choices[0].message.content

    threads = [threading.Thread(target=call, args=(place,)) for place in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted


def test_a_prompt_that_is_too_long_has_the_code_that_clients_look_for(client):
    long = [{"role": "user", "content": "the cat sat " * 100}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=MODEL, messages=long)
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError):  # before the stream begins
        client.chat.completions.create(model=MODEL, messages=long, stream=True)


def test_a_token_is_asked_for_and_its_refusal_is_the_clients_own(
    serving, client_of, speaking_package
):
    with serving(speaking_package(), token="s" * 32) as caller:
        with pytest.raises(openai.AuthenticationError) as caught:
            client_of(caller).models.list()
        assert caught.value.code == "invalid_api_key"
        assert client_of(caller, api_key="s" * 32).models.list().data[0].id == MODEL


class Slow:
    """A model of which no text ends until it is let go."""

    def __init__(self, model):
        self.go = threading.Event()
        self.steps = 0
        self.tables = []
        self._model = model

    def __getattr__(self, name):
        return getattr(self._model, name)

    def decoding(self):
        return self._model.decoding()

    @property
    def generates(self):
        return True

    def generate(self, prompts, settings):
        return self._model.generate(prompts, settings)


class Held(Slow):
    """Its table waits at each step."""

    def decoding(self):
        table, held = self._model.decoding(), self
        honest = table.step

        def step():
            held.go.wait(10)
            held.steps += 1
            return honest()

        table.step = step
        self.tables.append(table)
        return table


@pytest.fixture
def held(speaking_package):
    from dataclasses import replace

    package = speaking_package()
    model = Held(package.model)
    yield model, replace(package, model=model)
    model.go.set()


def until(true):
    for _ in range(500):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to be")


def test_beyond_the_bound_callers_are_told_to_come_back(held, serving, client_of):
    model, package = held
    with serving(package, limits=Limits(generations=2)) as caller, client_of(caller) as client:
        answers = []

        def call():
            told = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=2)
            answers.append(told.choices[0].finish_reason)

        threads = [threading.Thread(target=call) for _ in range(2)]
        for thread in threads:
            thread.start()
        until(lambda: "generations_in_work 2" in caller.send("GET", "/metrics").body.decode())
        with pytest.raises(openai.RateLimitError) as caught:
            client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=2)
        assert caught.value.response.headers["retry-after"] == "1"
        assert caught.value.code == "rate_limit_exceeded"
        model.go.set()
        for thread in threads:
            thread.join()
        assert answers == ["length", "length"]
        assert client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=2).choices


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_that_hangs_up_ends_its_text(held, serving, client_of, stream):
    model, package = held
    body = {"model": MODEL, "messages": ASK, "max_tokens": 60, "stream": stream}
    raw = json.dumps(body).encode()
    with serving(package) as caller:
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{caller.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
        )
        with caller.connect() as connection:
            connection.sendall(head.encode() + raw)
            until(lambda: "generations_in_work 1" in caller.send("GET", "/metrics").body.decode())
        until(lambda: "generations_in_work 0" in caller.send("GET", "/metrics").body.decode())
        model.go.set()
        until(lambda: model.tables[0].active == 0)
        assert model.steps < 30
        text = caller.send("GET", "/metrics").body.decode()
        assert "trainwright_generations_cancelled_total 1" in text
        assert any(line.get("status") == 499 for line in caller.logged)


def test_a_failure_while_writing_is_told_and_the_next_request_is_served(
    speaking_package, serving, client_of
):
    from dataclasses import replace

    class Broken(Slow):
        def decoding(self):
            table = self._model.decoding()
            self.tables.append(table)
            if len(self.tables) == 1:
                table.step = lambda: 1 / 0
            return table

    package = speaking_package()
    with (
        serving(replace(package, model=Broken(package.model))) as caller,
        client_of(caller) as client,
    ):
        with pytest.raises(openai.InternalServerError, match="its log says where"):
            client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=2)
        assert {
            "event": "failed",
            "error": "ZeroDivisionError",
            "where": "decoding",
        } in caller.logged
        assert client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=2).choices


def test_what_was_accepted_is_written_when_a_signal_says_stop(held, serving, client_of):
    model, package = held
    with serving(package) as caller, client_of(caller) as client:
        answers = []

        def call():
            told = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=3)
            answers.append(told.choices[0].finish_reason)

        thread = threading.Thread(target=call)
        thread.start()
        until(lambda: "generations_in_work 1" in caller.send("GET", "/metrics").body.decode())
        caller.app.state.serving.draining = True
        model.go.set()
        thread.join()
    assert answers == ["length"]


def test_tokens_and_seconds_are_counted(serving, client_of, speaking_package):
    with serving(speaking_package()) as caller, client_of(caller) as client:
        told = client.chat.completions.create(model=MODEL, messages=ASK, max_tokens=5)
        text = caller.send("GET", "/metrics").body.decode()
    assert 'trainwright_generations_total{finish="length"} 1' in text
    assert "trainwright_generated_tokens_total 5" in text
    assert f"trainwright_prompt_tokens_total {told.usage.prompt_tokens}" in text
    assert "trainwright_first_token_seconds_count 1" in text
    assert "trainwright_generations_waiting 0" in text


def test_a_model_that_does_not_write_has_no_such_routes(server):
    answer = server.send(path="/v1/chat/completions", body={})
    assert answer.status == 404
    assert answer.json["error"]["type"] == "invalid_request_error"
