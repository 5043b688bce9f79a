"""POST /predict of language models: a text a row, or the bits that a byte costs."""

from __future__ import annotations

import math

import pytest

from speaking_model import conversation, speaking_model, write_speaking_package
from trainwright.core.columns import Task
from trainwright.core.language import GenerationSettings, Message
from trainwright.deployment.package import load_package

SAID = GenerationSettings(max_new_tokens=9)


@pytest.fixture(scope="module")
def package_of(tmp_path_factory):
    def package(task):
        folder = tmp_path_factory.mktemp("writes") / "package"
        model = speaking_model(task)
        return load_package(write_speaking_package(folder, model, generation=SAID.to_json()))

    return package


def test_a_row_of_texts_is_answered_with_a_text(serving, package_of):
    package = package_of(Task.TEXT_TO_TEXT)
    texts = [f"the cat {n}" for n in range(11)]
    wanted = package.model.generate(texts, SAID)
    with serving(package) as caller:
        answer = caller.predict(*({"text": text} for text in texts), {"text": None})
    *told, nothing = answer.json["predictions"]
    assert [one["prediction"] for one in told] == [one.text for one in wanted]
    assert [one["finish"] for one in told] == [one.finish for one in wanted]
    assert (nothing["prediction"], nothing["warnings"]) == (None, ["column 'text' is null"])


def test_a_conversation_is_asked_up_to_where_the_assistant_has_the_word(serving, package_of):
    package = package_of(Task.INSTRUCTION_TUNING)
    (wanted,) = package.model.generate([(Message("user", "hello"),)], SAID)
    with serving(package) as caller:
        answer = caller.predict(
            {"messages": [{"role": "user", "content": "hello"}]},
            {"messages": conversation("hello", "an old answer")},
        )
        long = caller.predict(
            {"messages": conversation("hello")}, {"messages": conversation("the cat " * 200)}
        )
    assert [one["prediction"] for one in answer.json["predictions"]] == [wanted.text] * 2
    assert (long.status, long.json["error"]["where"]) == (422, "/instances/1")


def test_a_document_is_answered_with_its_bits_per_byte(serving, package_of):
    package = package_of(Task.LANGUAGE_MODELLING)
    text = "the cat sat on the mat"
    nats, tokens, size = package.model.predict_rows([{"text": text}]).values[0]
    with serving(package) as caller:
        told, nothing = caller.predict({"text": text}, {"text": None}).json["predictions"]
    assert told["prediction"] == pytest.approx(nats / math.log(2) / size)
    assert told["tokens"] == tokens
    assert nothing["prediction"] is None
