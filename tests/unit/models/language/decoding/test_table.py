"""Requests: what is refused, how they end, and that one that is cancelled leaves nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from trainwright.core.errors import CommandError, DataError
from trainwright.core.language import Decoding, GenerationSettings
from trainwright.models.language.decoding import generate_all, open_decoding


def run(table):
    """All pieces until nothing is active, by request."""
    pieces = {}
    while table.active:
        for piece in table.step():
            pieces.setdefault(piece.request, []).append(piece)
    return pieces


def test_the_pieces_of_a_request_are_its_text_and_the_last_one_has_the_whole(opened):
    table: Decoding = opened("llama")
    numbers = [table.add(text, GenerationSettings(max_new_tokens=9)) for text in ("a", "bc")]
    pieces = run(table)
    for number in numbers:
        *middle, last = pieces[number]
        assert all(piece.generation is None for piece in middle)
        assert last.generation.text == "".join(piece.text for piece in pieces[number])
        assert last.generation.tokens <= 9
    assert pieces[numbers[1]][-1].generation.prompt_tokens == 2


def test_a_cancelled_request_is_forgotten_and_the_others_are_as_they_would_be(opened):
    settings = GenerationSettings(max_new_tokens=30)
    prompts = ["one", "two words", "three small words"]
    wanted = generate_all(opened("llama"), prompts, settings)
    table = opened("llama")
    numbers = [table.add(prompt, settings) for prompt in prompts]
    for _ in range(4):
        table.step()
    table.cancel(numbers[0])
    late = table.add("late", settings)
    table.cancel(late)
    pieces = run(table)
    assert late not in pieces
    assert numbers[0] not in pieces
    assert pieces[numbers[1]][-1].generation == wanted[1]
    assert pieces[numbers[2]][-1].generation == wanted[2]
    table.cancel(numbers[1])  # it has ended
    assert table._rows._tables == []


def test_a_few_prompts_begin_at_a_step_and_the_others_wait(opened):
    table = opened("gpt2")
    for _ in range(6):
        table.add("x", GenerationSettings(max_new_tokens=3))
    assert len(table.step()) == 4
    assert len(table.step()) == 6
    assert table.active == 6


def test_positions_of_the_network_bound_what_is_generated(opened):
    table = opened("llama")
    (one,) = generate_all(table, ["x" * 180], GenerationSettings(max_new_tokens=500))
    assert one.tokens <= 12
    with pytest.raises(DataError, match="192 tokens, and the model takes 192") as caught:
        table.add("x" * 192, GenerationSettings())
    assert caught.value.mend == "shorten the prompt"
    with pytest.raises(DataError, match="the prompt is empty"):
        table.add("", GenerationSettings())


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"max_new_tokens": 0}, "at least 1"),
        ({"temperature": -0.1}, "between 0 and 100"),
        ({"temperature": float("nan")}, "between 0 and 100"),
        ({"top_k": -1}, "0 or more"),
        ({"top_p": 0.0}, "above 0"),
        ({"min_p": 1.1}, "between 0 and 1"),
        ({"beams": 17}, "between 1 and 16"),
        ({"beams": 2, "temperature": 1.0}, "draws nothing"),
        ({"stop": ("",)}, "is empty"),
    ],
)
def test_settings_that_mean_nothing_are_refused(opened, settings, match):
    with pytest.raises(DataError, match=match):
        opened("llama").add("a", GenerationSettings(**settings))


def test_a_stop_text_ends_a_request_and_is_not_part_of_it(opened):
    (plain,) = generate_all(opened("llama"), ["hello"], GenerationSettings(max_new_tokens=30))
    mark = plain.text[2:4]
    settings = GenerationSettings(max_new_tokens=30, stop=(mark,))
    (cut,) = generate_all(opened("llama"), ["hello"], settings)
    assert cut.text == plain.text[: plain.text.index(mark)]
    assert cut.finish == "stop"


def test_a_model_that_generates_nothing_is_refused(speech):
    with pytest.raises(CommandError, match="generates no text"):
        open_decoding(SimpleNamespace(module=None), speech)
