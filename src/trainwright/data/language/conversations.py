"""Conversations as JSON: how they are read from what people write, and the one form in which they are kept.

`[{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]`; also in the spelling of
ShareGPT (from, value; human, gpt). Other keys of a message are not read. Content is kept as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from trainwright.core.durable import canonical_json, parse_json
from trainwright.core.errors import DataError, TrustError, nearest, shorten
from trainwright.core.language import ROLES, Message, Role

LIMIT_BYTES = 10 << 20
FORM = '[{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]'
_SHAREGPT: Mapping[str, Role] = {
    "human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "bing": "assistant",
    "bard": "assistant", "assistant": "assistant", "system": "system", "tool": "tool",
}  # fmt: skip
Reason = Literal["structure", "role", "size", "empty", "content", "surrogate"]


class Misfit(ValueError):
    """A value that is no conversation.

    Args:
        reason: Of a few.
        told: In words, for a person.
    """

    def __init__(self, reason: Reason, told: str) -> None:
        super().__init__(told)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was read.

    Attributes:
        messages: In order.
        is_sharegpt: It was written with `from` and `value`.
        further: Other keys, which were not read.
    """

    messages: tuple[Message, ...]
    is_sharegpt: bool = False
    further: frozenset[str] = frozenset()

    @property
    def is_answered(self) -> bool:
        """The assistant has said something."""
        return any(one.role == "assistant" for one in self.messages)


def read_conversation(value: Any) -> Conversation:  # noqa: ANN401 - a JSON value
    """A list of messages, or its JSON text.

    Raises:
        Misfit: it is none, or cannot be learnt from or answered.
    """
    if isinstance(value, str):
        if len(value) > LIMIT_BYTES:
            raise Misfit("size", f"a conversation of more than {LIMIT_BYTES >> 20} MB")
        try:
            value = parse_json(value, where="")
        except TrustError as error:
            raise Misfit("structure", "no JSON: " + error.what[:80]) from error
    if not isinstance(value, list):
        raise Misfit("structure", f"{shorten(value, 60)} is no list of messages")
    if not value:
        raise Misfit("empty", "a conversation without messages")
    read = [_message(one) for one in value]
    if sum(len(message.content) for message, _, _ in read) > LIMIT_BYTES:
        raise Misfit("size", f"a conversation of more than {LIMIT_BYTES >> 20} MB")
    return Conversation(
        tuple(message for message, _, _ in read),
        any(shared for _, shared, _ in read),
        frozenset(key for _, _, keys in read for key in keys),
    )


def to_text(messages: Sequence[Message]) -> str:
    """As the cells of a column of conversations hold it."""
    return canonical_json([message.to_json() for message in messages]).decode()


def from_text(text: str | None) -> tuple[Message, ...]:
    """A cell of a typed column; null is an empty conversation.

    Raises:
        DataError: it is no conversation.
    """
    if text is None:
        return ()
    try:
        return read_conversation(text).messages
    except Misfit as error:
        raise DataError(str(error), mend=f"write it as {FORM}") from error


def _message(one: Any) -> tuple[Message, bool, set[str]]:  # noqa: ANN401 - a JSON value
    if not isinstance(one, dict):
        raise Misfit("structure", f"{shorten(one, 60)} is no message")
    shared = "from" in one and "value" in one and "role" not in one
    keys = ("from", "value") if shared else ("role", "content")
    if keys[0] not in one or keys[1] not in one:
        missing = keys[0] if keys[0] not in one else keys[1]
        raise Misfit("structure", f'a message without "{missing}"')
    role, content = one[keys[0]], one[keys[1]]
    known = _SHAREGPT.get(role) if shared and isinstance(role, str) else role
    if known not in ROLES:
        near = nearest(str(role), [*ROLES, *_SHAREGPT])
        meant = _SHAREGPT.get(near or "", "")
        hint = f"; {meant!r} is meant?" if meant else ""
        raise Misfit("role", f"the role {shorten(role, 40)}{hint}")
    if content is not None and not isinstance(content, str):
        raise Misfit("structure", f"content {shorten(content, 60)}, which is no text")
    if content is None or not content.strip():
        raise Misfit("content", f"a turn of the {known} without content")
    try:
        content.encode()
    except UnicodeEncodeError as error:
        raise Misfit(
            "surrogate", f"half a character (a lone surrogate) in a turn of the {known}"
        ) from error
    further = {key for key in one if key not in keys and one[key] is not None}
    return Message(cast("Role", known), content), shared, further
