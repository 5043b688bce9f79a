"""Chat templates: a conversation as the text that a model reads, and which of it the model must tell.

A template is code that came with somebody's weights: it runs in Jinja's immutable sandbox, is tried once in
a process of its own with limits of time and memory, and its output is bounded. What is told is found by
rendering turn by turn: what a model would be given before an answer (with the generation prompt) must be
the beginning of the text in which the answer stands; a template for which that does not hold is refused,
since what is learnt would not be what is asked for. `{% generation %}` blocks are taken at their word.
Text of a message is never markup, even where it spells a special token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from trainwright.core.errors import DataError, RecipeError, shorten
from trainwright.core.language import Message

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
HEADINGS = (
    "{{ bos_token }}{% for message in messages %}### {{ message.role | capitalize }}:\n"
    "{{ message.content }}{% if message.role == 'assistant' %}{{ eos_token }}{% endif %}\n\n"
    "{% endfor %}{% if add_generation_prompt %}### Assistant:\n{% endif %}"
)
OURS = {"chatml": CHATML, "headings": HEADINGS}
LIMIT_SOURCE = 100_000
LIMIT_TEXT = 64 << 20  # characters of a rendered conversation
_NONCHARACTERS = [chr(code) for code in range(0xFDD0, 0xFDF0)]  # Unicode leaves them to programs
_MEND = "model: {template: chatml}, or a template of your own"
_PROBE = (Message("user", "What is the capital?"), Message("assistant", "It is Paris."))
_LONGER = (*_PROBE, Message("user", "And the river?"), Message("assistant", "The Seine."))


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text with one fate.

    Attributes:
        text: As it is read.
        taught: The model must tell it.
        markup: Special tokens that are spelt in it are meant.
    """

    text: str
    taught: bool
    markup: bool


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A template that was tried.

    Attributes:
        name: Whose it is, for messages.
        source: Jinja.
        tokens: What it may write: `bos_token`, `eos_token` and the like, by name.
        specials: Texts that the tokenizer takes for special tokens, longest first.
        end: The text of the token that ends an answer.
    """

    name: str
    source: str
    tokens: Mapping[str, str]
    specials: tuple[str, ...]
    end: str = ""
    _template: Any = field(init=False, repr=False, compare=False)
    _spelt: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_template", _compiled(self.source, self.name))
        spelt = "|".join(map(re.escape, self.specials))
        object.__setattr__(self, "_spelt", re.compile(spelt) if spelt else None)

    @property
    def _has_blocks(self) -> bool:
        return _BLOCK.search(self.source) is not None

    def runs(self, messages: Sequence[Message]) -> list[Run]:
        """A conversation with its answers.

        Raises:
            DataError: the template refuses the conversation (its roles, or their order).
            RecipeError: what it writes before an answer depends on the answer.
        """
        safe, marks = self._marked(messages)
        pieces = self._by_markers(safe) if self._has_blocks else self._by_turns(safe)
        return list(_unmarked(pieces, marks))

    def prompt(self, messages: Sequence[Message]) -> list[Run]:
        """A conversation up to where an answer begins; earlier answers are runs, as in training."""
        safe, marks = self._marked(messages)
        text = self._plain(safe)
        earlier = any(one.role == "assistant" for one in messages)
        pieces = self._told_before(safe, text) if earlier else []
        told = "".join(piece for piece, _ in pieces)
        if not text.startswith(told):  # the template writes earlier answers otherwise
            pieces, told = [], ""
        return list(_unmarked([*pieces, (text[len(told) :], False)], marks))

    def _told_before(self, messages: Sequence[Message], text: str) -> list[tuple[str, bool]]:
        """The answers of a conversation, with what stands before each; none where it teaches nothing."""
        last = max(turn for turn, one in enumerate(messages) if one.role == "assistant")
        try:
            cut = self._by_markers if self._has_blocks else self._by_turns
            pieces = cut(messages[: last + 1])
        except (DataError, RecipeError):
            return []
        taught = [place for place, (_, is_told) in enumerate(pieces) if is_told]
        return pieces[: taught[-1] + 1] if taught and text else []

    def _by_turns(self, messages: Sequence[Message]) -> list[tuple[str, bool]]:
        pieces: list[tuple[str, bool]] = []
        written = after = ""
        for turn, message in enumerate(messages):
            if message.role != "assistant":
                continue
            before = self._render(messages[:turn], prompt=True)
            after = self._render(messages[: turn + 1], prompt=False)
            if not (before.startswith(written) and after.startswith(before)):
                raise self._refusal("writes a conversation otherwise once an answer is there")
            told = self._told(after[len(before) :])
            pieces += [(before[len(written) :], False), (told, True)]
            written = before + told
        is_told = messages[-1].role == "assistant"
        whole = after if is_told else self._render(messages, prompt=False)
        if not whole.startswith(written):
            raise self._refusal("writes a conversation otherwise once an answer is there")
        return [*pieces, (whole[len(written) :], False)]

    def _by_markers(self, messages: Sequence[Message]) -> list[tuple[str, bool]]:
        """What `{% generation %}` encloses."""
        text = self._render(messages, prompt=False)
        first, *rest = text.split(_OPEN)
        pieces = [(first, False)]
        for stretch in rest:
            told, _, given = stretch.partition(_CLOSE)
            kept = self._told(told)
            pieces += [(kept, True), (told[len(kept) :] + given, False)]
        last = max(turn for turn, one in enumerate(messages) if one.role == "assistant")
        if not _without_blocks(text).startswith(self._plain(messages[:last])):
            raise self._refusal("writes a conversation otherwise once an answer is there")
        return pieces

    def _plain(self, messages: Sequence[Message]) -> str:
        """A conversation up to where an answer begins."""
        text = self._render(messages, prompt=True)
        return _without_blocks(text) if self._has_blocks else text

    def _told(self, stretch: str) -> str:
        """An answer up to the token that ends it; what follows is written by the template."""
        if not self.end:  # while the template is tried
            return stretch
        place = stretch.rfind(self.end)
        if place < 0:
            raise self._refusal(f"writes an answer that does not end in {self.end}")
        return stretch[: place + len(self.end)]

    def _render(self, messages: Sequence[Message], *, prompt: bool) -> str:
        parts, size = [], 0
        values = [message.to_json() for message in messages]
        try:
            for part in self._template.generate(
                messages=values, add_generation_prompt=prompt, **self.tokens
            ):
                size += len(part)
                if size > LIMIT_TEXT:
                    break
                parts.append(part)
        except Exception as error:  # whatever a template may do
            raise DataError(
                f"the chat template of {self.name} refuses a conversation: {str(error)[:160]}",
                where=f"roles {shorten(' '.join(one['role'] for one in values), 60)}",
                mend=f"mend the conversation, or {_MEND}",
            ) from error
        if size > LIMIT_TEXT:
            raise self._refusal(f"writes more than {LIMIT_TEXT >> 20} MB")
        return "".join(parts)

    def _marked(self, messages: Sequence[Message]) -> tuple[list[Message], tuple[str, str] | None]:
        """What spells a special token in a message, between two characters that no message holds."""
        if self._has_blocks and any(
            mark in one.content for one in messages for mark in (_OPEN, _CLOSE)
        ):
            raise _keeps_for_programs()
        if self._spelt is None or not any(self._spelt.search(one.content) for one in messages):
            return list(messages), None
        free = [one for one in _NONCHARACTERS[4:] if all(one not in m.content for m in messages)]
        if len(free) < 2:
            raise _keeps_for_programs()
        marks = free[0], free[1]
        put = f"{marks[0]}\\g<0>{marks[1]}"
        return [Message(one.role, self._spelt.sub(put, one.content)) for one in messages], marks

    def _refusal(self, what: str) -> RecipeError:
        return RecipeError(
            f"the chat template of {self.name} {what}", where="model.template", mend=_MEND
        )


def chat_template(
    source: str, *, name: str, tokens: Mapping[str, str], specials: Sequence[str]
) -> ChatTemplate:
    """A template, once it has shown that something can be learnt from it.

    Args:
        source: Jinja, or a name of `OURS`.
        name: Whose it is, for messages.
        tokens: What it may write, by name (`bos_token`, `eos_token`).
        specials: Texts that the tokenizer takes for special tokens.

    Raises:
        RecipeError: it is no template, cannot be rendered within the limits, drops the assistant's
            turn, ends it with no special token, or writes a conversation otherwise once an answer is there.
    """
    from trainwright.data.language.trial import try_template

    text = OURS.get(source, source)
    if len(text) > LIMIT_SOURCE:
        raise RecipeError(
            f"the chat template of {name} is longer than {LIMIT_SOURCE} characters",
            where="model.template",
            mend=_MEND,
        )
    ordered = tuple(sorted(set(specials), key=lambda one: (-len(one), one)))
    template = ChatTemplate(name, text, dict(tokens), ordered)
    if text not in OURS.values():
        try_template(text, tokens=tokens, name=name)
    try:
        answered = "".join(run.text for run in template.runs(_PROBE) if run.taught)
    except DataError as error:
        raise RecipeError(error.what, where="model.template", mend=_MEND) from error
    answer = _PROBE[1].content
    if answer not in answered:
        raise template._refusal("drops the assistant's turn: nothing would be learnt from it")
    rest = answered[answered.index(answer) + len(answer) :].lstrip()
    end = next((one for one in ordered if rest.startswith(one)), "")
    if not end:
        raise RecipeError(
            f"the chat template of {name} writes no special token after an answer: a model would never"
            " learn to end one",
            where="model.template",
            mend="write {{ eos_token }} after the assistant's content, or model: {template: chatml}",
        )
    ended = ChatTemplate(name, text, dict(tokens), ordered, end)
    _check_turns(ended)
    return ended


def _check_turns(template: ChatTemplate) -> None:
    """Of two answers both are taught."""
    taught = [run.text for run in template.runs(_LONGER) if run.taught]
    wanted = [one.content for one in _LONGER if one.role == "assistant"]
    if len(taught) != len(wanted) or not all(
        answer in text for answer, text in zip(wanted, taught, strict=True)
    ):
        raise template._refusal("teaches other turns than the assistant's")


def _unmarked(pieces: Sequence[tuple[str, bool]], marks: tuple[str, str] | None) -> Iterator[Run]:
    """Runs, neighbours of one fate joined; what stands between marks is no markup."""
    joined: list[tuple[str, bool]] = []
    for text, taught in pieces:
        if joined and joined[-1][1] == taught:
            joined[-1] = (joined[-1][0] + text, taught)
        elif text:
            joined.append((text, taught))
    for text, taught in joined:
        if marks is None:
            yield Run(text, taught, markup=True)
            continue
        for number, part in enumerate(re.split("[" + "".join(marks) + "]", text)):
            if part:
                yield Run(part, taught, markup=number % 2 == 0)


_OPEN, _CLOSE = _NONCHARACTERS[:2]
_BLOCK = re.compile(r"\{%[-+]?\s*generation\b")


def _without_blocks(text: str) -> str:
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def _keeps_for_programs() -> DataError:
    return DataError(
        "a message holds characters that Unicode keeps for programs (U+FDD0 to U+FDEF)",
        mend="take them out, or leave the conversation out",
    )


class _Generation(Extension):
    """`{% generation %} ... {% endgeneration %}`: what the model must tell."""

    tags = {"generation"}  # noqa: RUF012 - as Jinja wants it

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        before, after = (
            nodes.Output([nodes.TemplateData(mark)], lineno=line) for mark in (_OPEN, _CLOSE)
        )
        return [before, *body, after]


def _compiled(source: str, name: str) -> Any:  # noqa: ANN401 - Jinja's template
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise
    try:
        return environment.from_string(source)
    except (TemplateError, RecursionError, ValueError) as error:
        raise RecipeError(
            f"the chat template of {name} is no Jinja template: {str(error)[:160]}",
            where="model.template",
            mend=_MEND,
        ) from error


def _to_json(value: Any, indent: int | None = None) -> str:  # noqa: ANN401 - a JSON value
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _raise(message: str) -> None:
    raise TemplateError(message)
