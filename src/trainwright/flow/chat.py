"""`trainwright chat`: a conversation with a package, line by line, answered as it is written.

A line is a turn; one that begins with a slash is a command. A model that has learnt no conversations takes
each line by itself: as a document's beginning, or as the text to be answered. Turn and answer stay in the
conversation, also an answer that was stopped half-way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from trainwright.core.columns import Task
from trainwright.core.errors import CommandError, DataError
from trainwright.core.language import (
    Decoding,
    Generates,
    Generation,
    GenerationSettings,
    Message,
    Prompt,
    generator_of,
)
from trainwright.core.seeds import derive_seed
from trainwright.deployment.package import generation_of
from trainwright.flow.resolving import resolve_model
from trainwright.runs.workspace import Workspace

COMMANDS = "/system TEXT, /reset, /exit; //TEXT begins a turn with a slash"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says of how answers are written; None as the package's recipe did.

    Attributes:
        temperature: 0: the likeliest token each time.
        max_new_tokens: Of one answer.
        seed: Of what is drawn; each further answer draws by one of its own.
        system: What the model is told before the first turn.
    """

    temperature: float | None = None
    max_new_tokens: int | None = None
    seed: int | None = None
    system: str = ""


@dataclass(slots=True)
class Chat:
    """A conversation.

    Attributes:
        name: Of the model.
        model: Writes the answers.
        settings: How.
        talks: The model has learnt conversations.
        turns: So far, the system's included.
        answers: All that were written, in order.
    """

    name: str
    model: Generates
    settings: GenerationSettings
    talks: bool
    turns: tuple[Message, ...] = ()
    answers: list[Generation] = field(default_factory=list)
    _table: Decoding | None = None

    def ask(self, text: str) -> Generator[str, None, None]:
        """The answer in pieces; stopping to read them ends it.

        Raises:
            DataError: the conversation leaves the model no room for an answer.
        """
        turns = (*self.turns, Message("user", text))
        prompt: Prompt = turns if self.talks else text
        seed = self.settings.seed
        if self.answers:
            seed = derive_seed(seed, "answer", len(self.answers))
        table = self._table = self._table or self.model.decoding()
        number = table.add(prompt, replace(self.settings, seed=seed))
        said: list[str] = []
        ended: Generation | None = None
        try:
            while ended is None:
                for piece in table.step():
                    said.append(piece.text)
                    ended = piece.generation
                    yield piece.text
        finally:
            if ended is None:  # stopped, perhaps inside a step: that table is not used again
                table.cancel(number)
                self._table = None
                ended = Generation("".join(said), "length", 0, len(said))
            self.answers.append(ended)
            if self.talks:
                self.turns = (*turns, Message("assistant", ended.text))

    def instruct(self, text: str) -> None:
        """Begin anew, with this said by the system; nothing where the text is empty.

        Raises:
            CommandError: the model has learnt no conversations.
        """
        if text and not self.talks:
            raise CommandError(
                "the model has learnt no conversations, so nothing can be said before one",
                where="system",
                mend="leave it out; or train with task: instruction-tuning",
            )
        self.turns = (Message("system", text),) if text else ()

    def reset(self) -> None:
        """Forget all turns but the system's."""
        self.turns = tuple(turn for turn in self.turns[:1] if turn.role == "system")

    def to_json(self) -> dict[str, Any]:
        """The contract of `chat --json`."""
        return {
            "model": self.name,
            "turns": [turn.to_json() for turn in self.turns],
            "answers": [
                {"text": one.text, "finish": one.finish, "tokens": one.tokens}
                for one in self.answers
            ],
        }


def open_chat(model: str, wishes: Wishes, *, workspace: Path | None = None) -> Chat:
    """A conversation with a package.

    Args:
        model: MODEL.
        wishes: How answers are written.
        workspace: The workspace's folder.

    Raises:
        CommandError: no such model; it writes no text, or has learnt no conversations.
        TrustError: the package is damaged.
    """
    named = resolve_model(model, Workspace.open(workspace))
    package = named.load()
    generator = generator_of(package.model)
    if generator is None:
        raise CommandError(
            f"{named.name} writes no text: it is of family {package.facts.get('family', 'unknown')}",
            where="MODEL",
            mend="name a model of family causal-lm or seq2seq-lm; `trainwright models` lists them",
        )
    said = generation_of(package)
    if wishes.temperature is not None:
        said = replace(said, temperature=wishes.temperature, beams=1)
    if wishes.max_new_tokens is not None:
        said = replace(said, max_new_tokens=wishes.max_new_tokens)
    if wishes.seed is not None:
        said = replace(said, seed=wishes.seed)
    talks = package.model.target.task is Task.INSTRUCTION_TUNING
    chat = Chat(named.name, generator, said, talks)
    chat.instruct(wishes.system)
    return chat


def converse(
    chat: Chat,
    lines: Iterable[str],
    *,
    show: Callable[[str], object],
    note: Callable[[str], object],
    patient: bool,
) -> None:
    """Answer lines until there are none or one says /exit.

    Args:
        chat: The conversation.
        lines: Turns and commands; empty ones are passed over.
        show: Told each piece of an answer, and a line feed behind the last.
        note: Told remarks.
        patient: What cannot be answered is a remark, and an answer can be stopped by Ctrl-C.

    Raises:
        DataError: a turn cannot be answered; CommandError: no such command; unless `patient`.
    """
    for line in lines:
        text = line.strip()
        if text == "/exit":
            return
        try:
            _take(chat, text, show, note)
        except (DataError, CommandError) as error:
            if not patient:
                raise
            note(str(error))
        except KeyboardInterrupt:
            if not patient:
                raise
            show("\n")
            note("stopped")


def _take(
    chat: Chat, text: str, show: Callable[[str], object], note: Callable[[str], object]
) -> None:
    """One line."""
    command, _, rest = text.partition(" ")
    if command == "/reset":
        chat.reset()
        note("the conversation begins anew")
    elif command == "/system":
        chat.instruct(rest.strip())
        note("the conversation begins anew")
    elif text.startswith("/") and not text.startswith("//"):
        raise CommandError(f"there is no command {command!r}", where="chat", mend=COMMANDS)
    elif text:
        answer = chat.ask(text.removeprefix("/") if text.startswith("//") else text)
        try:
            for piece in answer:
                show(piece)
        finally:
            answer.close()
        show("\n")
