"""The served model as one more candidate: what family `api` asks is what this server answers."""

from __future__ import annotations

import pytest

from trainwright.core.errors import EnvironmentFault
from trainwright.core.features import Prompts
from trainwright.models.api.endpoint import Manners, Question, ask
from trainwright.models.api.estimator import ApiEstimator
from trainwright.models.api.reading import ClassReading


def test_it_is_asked_without_the_log_probabilities_that_it_does_not_know(chatting, client):
    name = client.models.list().data[0].id
    manners = Manners()
    question = Question(f"http://127.0.0.1:{chatting.port}/v1", name, max_tokens=4)
    answer = ask(question, "hello", manners=manners)
    assert not manners.logprobs
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


def test_a_model_that_is_not_served_is_named(chatting):
    question = Question(f"http://127.0.0.1:{chatting.port}/v1", "nobody")
    with pytest.raises(EnvironmentFault, match="HTTP 404"):
        ask(question, "hello")
