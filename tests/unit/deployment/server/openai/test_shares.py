"""How likely tokens are: of an echoed prompt, as lm-evaluation-harness asks, and of what is written."""

from __future__ import annotations

import json

import numpy as np
import openai
import pytest
import torch

from speaking_model import speaking_model, write_speaking_package
from trainwright.core.columns import Task
from trainwright.core.errors import DataError
from trainwright.core.language import (
    Generation,
    GenerationSettings,
    PromptTokens,
    Shares,
    TokenShare,
)
from trainwright.deployment.package import load_package
from trainwright.deployment.server.openai.telling import Form

MODEL = "churn/3"
TEXT = "the cat sat on the mat"


@pytest.fixture(scope="module")
def documents(serving, speaking_package, client_of):
    package = speaking_package(Task.LANGUAGE_MODELLING)
    with serving(package) as caller, client_of(caller) as client:
        yield client


@pytest.fixture(scope="module")
def whole(speaking_package):
    """Logarithms of the network itself, without a cache: after each token of some ids."""
    model = speaking_package(Task.LANGUAGE_MODELLING).model

    def logs(ids):
        with torch.inference_mode():
            found = model.estimator.module.model(torch.tensor([ids])).logits[0]
        return torch.log_softmax(found.double(), -1).numpy()

    return logs


@pytest.mark.parametrize("max_tokens", [0, 1])
def test_a_prompt_that_is_echoed_is_told_token_by_token(
    documents, speaking_package, whole, max_tokens
):
    preparation = speaking_package(Task.LANGUAGE_MODELLING).model.preparation
    start, *ids = preparation.prompt_ids(TEXT)
    told = documents.completions.create(
        model=MODEL, prompt=TEXT, max_tokens=max_tokens, logprobs=2, echo=True, temperature=0
    )
    (choice,) = told.choices
    found = choice.logprobs
    assert "".join(found.tokens[: len(ids)]) == TEXT
    assert len(found.tokens) == len(ids) + max_tokens
    assert choice.text.startswith(TEXT)
    assert (told.usage.prompt_tokens, told.usage.completion_tokens) == (len(ids) + 1, max_tokens)
    logs = whole([start, *ids])
    wanted = [logs[place, token] for place, token in enumerate(ids)]
    np.testing.assert_allclose(found.token_logprobs[: len(ids)], wanted, atol=1e-4)
    for place, top in enumerate(found.top_logprobs[: len(ids)]):
        assert max(top.values()) == pytest.approx(logs[place].max(), abs=1e-4)
        assert len(top) <= 2
    assert found.text_offset[:3] == [0, len(found.tokens[0]), len("".join(found.tokens[:2]))]


def test_token_ids_are_read_as_they_are(documents, speaking_package, whole):
    """What lm-evaluation-harness sends: ids, one token more, echo; the first token has nothing before it."""
    ids = [
        int(one)
        for one in speaking_package(Task.LANGUAGE_MODELLING).model.preparation.prompt_ids(TEXT)[1:]
    ]
    told = documents.completions.create(
        model=MODEL, prompt=[ids, ids[:3]], max_tokens=1, logprobs=1, echo=True, temperature=0
    )
    first, second = (choice.logprobs for choice in told.choices)
    assert first.token_logprobs[0] is None
    logs = whole(ids)
    context = 2
    wanted = sum(logs[place - 1, ids[place]] for place in range(context, len(ids)))
    assert sum(first.token_logprobs[context:-1]) == pytest.approx(wanted, abs=1e-3)
    assert len(second.tokens) == 4


def test_a_long_prompt_is_weighed_in_blocks_as_in_one(speaking_package, whole, monkeypatch):
    from trainwright.models.language.decoding import rows

    model = speaking_package(Task.LANGUAGE_MODELLING).model
    monkeypatch.setattr(rows, "WEIGHED", 4)
    table = model.decoding()
    table.add(TEXT, GenerationSettings(max_new_tokens=0), Shares(prompt=True))
    (piece,) = table.step()
    ids = model.preparation.prompt_ids(TEXT)
    logs = whole(list(ids))
    wanted = [logs[place - 1, ids[place]] for place in range(1, len(ids))]
    np.testing.assert_allclose([one.log for one in piece.generation.prompt], wanted, atol=1e-4)
    assert not table.active


def test_what_a_chat_writes_is_told_with_its_likeliest_tokens(client, speaking_package):
    ask = [{"role": "user", "content": "hello"}]
    told = client.chat.completions.create(
        model=MODEL, messages=ask, max_tokens=6, logprobs=True, top_logprobs=3
    )
    (choice,) = told.choices
    content = choice.logprobs.content
    assert len(content) == told.usage.completion_tokens
    for one in content:
        assert len(one.top_logprobs) == 3
        assert one.logprob == one.top_logprobs[0].logprob  # greedy
        assert one.token == one.top_logprobs[0].token
        assert one.logprob <= 0
    chunks = client.chat.completions.create(
        model=MODEL, messages=ask, max_tokens=6, logprobs=True, top_logprobs=3, stream=True
    )
    streamed = [
        one
        for chunk in chunks
        for made in chunk.choices
        if made.logprobs
        for one in made.logprobs.content
    ]
    assert streamed == content
    plain = client.chat.completions.create(model=MODEL, messages=ask, max_tokens=6)
    assert plain.choices[0].logprobs is None
    assert plain.choices[0].message.content == choice.message.content


def test_tokens_of_a_stop_text_are_not_told(documents, speaking_package):
    model = speaking_package(Task.LANGUAGE_MODELLING).model
    (free,) = model.generate([TEXT], GenerationSettings(max_new_tokens=8))
    stop = free.text[4:6]
    told = documents.completions.create(
        model=MODEL, prompt=TEXT, max_tokens=8, logprobs=0, stop=stop, temperature=0
    )
    (choice,) = told.choices
    assert choice.text == free.text[: free.text.index(stop)]
    tokens = choice.logprobs.tokens
    assert len("".join(tokens[:-1])) < len(choice.text) or not tokens


def test_beside_an_echo_the_token_of_a_stop_text_is_told(documents, speaking_package):
    """The reader of an echo cuts off what was written from the end, as lm-evaluation-harness does."""
    (free,) = speaking_package(Task.LANGUAGE_MODELLING).model.generate(
        [TEXT], GenerationSettings(max_new_tokens=1)
    )
    asked = {"prompt": TEXT, "max_tokens": 1, "logprobs": 1, "echo": True, "temperature": 0}
    (choice,) = documents.completions.create(model=MODEL, stop=free.text, **asked).choices
    assert (choice.text, choice.finish_reason) == (TEXT, "stop")
    assert "".join(choice.logprobs.tokens) == TEXT + free.text


def test_of_one_token_a_search_is_none(serving, speaking_package, client_of, tmp_path):
    """A recipe that searches by beams can be asked how likely texts are."""
    beams = write_speaking_package(
        tmp_path / "beams",
        speaking_package(Task.LANGUAGE_MODELLING).model,
        generation=GenerationSettings(beams=3).to_json(),
    )
    asked = {"model": MODEL, "prompt": TEXT, "logprobs": 1, "echo": True}
    with serving(load_package(beams)) as caller, client_of(caller) as client:
        (choice,) = client.completions.create(max_tokens=1, **asked).choices
        assert len(choice.logprobs.tokens) > 1
        with pytest.raises(openai.BadRequestError, match="not for a beam search"):
            client.completions.create(max_tokens=2, **asked)


def test_of_tokens_that_are_told_alike_the_likeliest_is():
    """Halves of characters all read as the same sign."""
    share = TokenShare("\ufffd", -0.5, (("\ufffd", -0.5), ("a", -1.0), ("\ufffd", -7.0)))
    written = Generation("\ufffd", "stop", 1, 1, (share,))
    told = json.loads(Form("text", MODEL, "f", has_shares=True).whole([written]))
    assert told["choices"][0]["logprobs"]["top_logprobs"] == [{"\ufffd": -0.5, "a": -1.0}]


def test_a_beam_search_tells_no_tokens(speaking_package):
    table = speaking_package().model.decoding()
    with pytest.raises(DataError, match="beam search"):
        table.add("hello", GenerationSettings(beams=2), Shares())


@pytest.mark.parametrize("blank", [" ", "\n", "  ", " \n"])
def test_a_prompt_that_ends_in_blanks_goes_on_as_if_they_were_told(
    documents, speaking_package, whole, blank
):
    """The blank and the word behind it are one token, as in training; the blank is not told again."""
    model = speaking_package(Task.LANGUAGE_MODELLING).model
    preparation = model.preparation
    told = documents.completions.create(
        model=MODEL, prompt=TEXT + blank, max_tokens=4, temperature=0
    )
    ids = list(preparation.prompt_ids(TEXT))
    assert told.usage.prompt_tokens == len(ids)
    # By hand: the likeliest token that begins with what is left of the blanks, then the likeliest.
    lead, read = blank, len(ids)
    blanks = preparation.blanks()
    for _ in range(4):
        logs = whole(ids)[-1]
        fits = [
            token
            for token in range(len(logs))
            if not lead
            or blanks.get(token, "x").startswith(lead)
            or lead.startswith(blanks.get(token, "x"))
        ]
        token = max(fits, key=lambda t: logs[t])
        ids.append(token)
        lead = lead[len(blanks[token]) :] if lead else ""
    assert told.choices[0].text == preparation.decode(ids[read:])[len(blank) :]


def test_a_stop_text_is_not_met_by_the_prompts_own_blanks(documents, speaking_package):
    told = documents.completions.create(
        model=MODEL, prompt=TEXT + "\n", max_tokens=6, temperature=0, stop="\n"
    )
    assert told.usage.completion_tokens > 1 or told.choices[0].finish_reason == "length"


def test_an_encoder_tells_nothing_of_what_it_reads():
    model = speaking_model(Task.TEXT_TO_TEXT, family="seq2seq-lm")
    table, nothing = model.decoding(), GenerationSettings(max_new_tokens=0)
    with pytest.raises(DataError, match="as a turn or a text"):
        table.add("hello", nothing, Shares(prompt=True))
    table.add(PromptTokens((5, 6)), nothing, Shares(prompt=True))
    with pytest.raises(DataError, match="an encoder reads the prompt"):
        table.step()
