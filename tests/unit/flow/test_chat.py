"""A conversation: what the model is asked, what is kept, what is refused."""

from __future__ import annotations

import pytest

from speaking_model import speaking_model, write_speaking_package
from trainwright.core.columns import Task
from trainwright.core.errors import CommandError, DataError
from trainwright.core.language import GenerationSettings, Message
from trainwright.core.seeds import derive_seed
from trainwright.flow.chat import Chat, Wishes, converse, open_chat

SHORT = GenerationSettings(max_new_tokens=5)


@pytest.fixture(scope="module")
def model():
    return speaking_model(max_length=128)


@pytest.fixture
def chat(model):
    return Chat("m/1", model, SHORT, talks=True)


def talk(chat, *lines, patient=False):
    shown, notes = [], []
    converse(chat, lines, show=shown.append, note=notes.append, patient=patient)
    return "".join(shown), notes


def test_an_answer_is_the_models_own_and_the_next_turn_is_asked_with_it(chat, model):
    (first,) = model.generate([(Message("user", "hello"),)], SHORT)
    turns = (Message("user", "hello"), Message("assistant", first.text), Message("user", "well"))
    (second,) = model.generate([turns], SHORT)
    shown, _ = talk(chat, "hello\n", "\n", "well\n")
    assert shown == f"{first.text}\n{second.text}\n"
    assert chat.turns == (*turns, Message("assistant", second.text))
    assert [one.text for one in chat.answers] == [first.text, second.text]


def test_the_system_speaks_first_and_stays_when_the_conversation_begins_anew(chat):
    talk(chat, "/system be short", "hello", "/reset")
    assert chat.turns == (Message("system", "be short"),)
    talk(chat, "/system", "/exit", "never asked")
    assert (chat.turns, len(chat.answers)) == ((), 1)


def test_two_slashes_begin_a_turn_with_one(chat):
    talk(chat, "//path")
    assert chat.turns[0] == Message("user", "/path")


def test_an_unknown_command_is_refused_with_those_that_there_are(chat):
    with pytest.raises(CommandError, match="'/quit'") as caught:
        talk(chat, "/quit")
    assert "/exit" in caught.value.mend
    _, notes = talk(chat, "/quit", patient=True)
    assert "no command '/quit'" in notes[0]


def test_a_conversation_without_room_for_an_answer_is_refused_and_not_kept(chat):
    with pytest.raises(DataError, match="tokens"):
        talk(chat, "the cat sat " * 90)
    assert chat.turns == ()


def test_an_answer_that_is_stopped_is_kept_as_far_as_it_came(chat, model):
    shown = []

    def stop(piece):
        shown.append(piece)
        if len(shown) == 3:
            raise KeyboardInterrupt

    notes = []
    chat.settings = GenerationSettings(max_new_tokens=40)
    converse(
        chat,
        ["hello"],
        show=lambda p: stop(p) if p != "\n" else None,
        note=notes.append,
        patient=True,
    )
    assert notes == ["stopped"]
    assert chat.turns[-1] == Message("assistant", "".join(shown))
    again, _ = talk(chat, "/reset", "hello")
    (whole,) = model.generate([(Message("user", "hello"),)], chat.settings)
    assert again == f"{whole.text}\n"


def test_each_further_answer_is_drawn_by_a_seed_of_its_own(model):
    settings = GenerationSettings(max_new_tokens=8, temperature=1.2, seed=4)
    chat = Chat("m/1", model, settings, talks=True)
    talk(chat, "hello", "/reset", "hello")
    prompt = (Message("user", "hello"),)
    for number, seed in enumerate((4, derive_seed(4, "answer", 1))):
        drawn = GenerationSettings(max_new_tokens=8, temperature=1.2, seed=seed)
        assert chat.answers[number].text == model.generate([prompt], drawn)[0].text
    assert chat.answers[0].text != chat.answers[1].text


def test_a_model_of_documents_goes_on_with_each_line_by_itself():
    model = speaking_model(Task.LANGUAGE_MODELLING)
    chat = Chat("m/1", model, SHORT, talks=False)
    shown, _ = talk(chat, "the cat", "a dog")
    wanted = model.generate(["the cat", "a dog"], SHORT)
    assert shown == "".join(f"{one.text}\n" for one in wanted)
    assert chat.turns == ()
    with pytest.raises(CommandError, match="learnt no conversations"):
        talk(chat, "/system be short")


def test_what_the_package_says_holds_unless_the_command_says_otherwise(tmp_path, model):
    said = GenerationSettings(max_new_tokens=7, beams=2, seed=9)
    folder = write_speaking_package(tmp_path / "package", model, generation=said.to_json())
    assert open_chat(str(folder), Wishes()).settings == said
    wishes = Wishes(temperature=0.5, max_new_tokens=3, seed=1, system="be short")
    chat = open_chat(str(folder), wishes)
    assert chat.settings == GenerationSettings(max_new_tokens=3, temperature=0.5, seed=1)
    assert chat.turns == (Message("system", "be short"),)


def test_a_model_that_writes_nothing_is_told_by_its_family(tmp_path, model, monkeypatch):
    """As a baseline does, which a run may have chosen in place of the family that was asked for."""
    folder = write_speaking_package(tmp_path / "package", model)
    monkeypatch.setattr("trainwright.flow.chat.generator_of", lambda _: None)
    with pytest.raises(CommandError, match="package writes no text: it is of family unknown"):
        open_chat(str(folder), Wishes())
