"""The served model as one more candidate: what family `api` asks is what this server answers."""

from __future__ import annotations

import pytest

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import EnvironmentFault
from trainwright.core.features import Prompts
from trainwright.core.language import GenerationSettings, Message, Unanswered
from trainwright.data.prompts import PromptPreparation
from trainwright.models.api.endpoint import Manners, Question, ask
from trainwright.models.api.estimator import ApiEstimator
from trainwright.models.api.reading import ClassReading
from trainwright.models.api.writer import ApiWriter
from trainwright.models.language.decoding import generate_all


def test_it_tells_the_likeliest_first_tokens(chatting, client):
    name = client.models.list().data[0].id
    manners = Manners()
    question = Question(f"http://127.0.0.1:{chatting.port}/v1", name, max_tokens=4)
    answer = ask(question, "hello", manners=manners)
    assert manners.logprobs
    assert len(answer.top) == 20
    assert answer.top[0][1] >= answer.top[1][1]
    assert answer.tokens_in > 0
    assert 0 < answer.tokens_out <= 4
    assert ask(question, "hello", manners=manners).text == answer.text  # greedy


def test_nonsense_is_as_good_as_no_answer(chatting, client):
    name = client.models.list().data[0].id
    question = Question(f"http://127.0.0.1:{chatting.port}/v1", name, max_tokens=4)
    estimator = ApiEstimator(question, ClassReading(("spam", "ham"), (0.25, 0.75)), agreed=True)
    prompts = Prompts(("hello", "a dog ran", "hello"))
    assert estimator.predict(prompts).tolist() == [[0.25, 0.75]] * 3
    assert estimator.usage(prompts)["unreadable"] == 3


def test_it_writes_for_conversations_as_the_model_itself(chatting, client, speaking_package):
    name = client.models.list().data[0].id
    question = Question(f"http://127.0.0.1:{chatting.port}/v1", name)
    writer = ApiWriter(question, concurrency=2, agreed=True)
    preparation = PromptPreparation((Column("messages", ColumnType.MESSAGES),), None)
    talks = [(Message("system", "be short"), Message("user", text)) for text in ("hi", "a dog")]
    settings = GenerationSettings(max_new_tokens=7, temperature=0.8, top_k=9, seed=4)
    found = generate_all(writer.writing(preparation), talks, settings)
    wanted = speaking_package().model.generate(talks, settings)
    assert [(one.text, one.finish, one.tokens, one.prompt_tokens) for one in found] == [
        (one.text, one.finish, one.tokens, one.prompt_tokens) for one in wanted
    ]


def test_a_request_that_fails_takes_no_other_along(chatting, client, monkeypatch):
    from trainwright.models.api import endpoint

    monkeypatch.setattr(endpoint, "ATTEMPTS", 1)
    name = client.models.list().data[0].id
    question = Question(f"http://127.0.0.1:{chatting.port}/v1", name)
    table = ApiWriter(question, agreed=True).writing(
        PromptPreparation((Column("messages", ColumnType.MESSAGES),), None)
    )
    settings = GenerationSettings(max_new_tokens=4)
    good = table.add((Message("user", "hello"),), settings)
    long = table.add((Message("user", "x" * 5_000),), settings)
    told, failed = [], []
    while table.active:
        try:
            told += [piece.request for piece in table.step()]
        except Unanswered as error:
            failed.append((error.request, "context_length_exceeded" in error.what))
    assert (told, failed) == ([good], [(long, True)])


def test_a_model_that_is_not_served_is_named(chatting):
    question = Question(f"http://127.0.0.1:{chatting.port}/v1", "nobody")
    with pytest.raises(EnvironmentFault, match="HTTP 404"):
        ask(question, "hello")
