"""The canonical JSON of a conversation, and back."""

from __future__ import annotations

from collections.abc import Sequence

from trainwright.core.durable import canonical_json, parse_json
from trainwright.core.errors import DataError, TrustError
from trainwright.core.language import ROLES, Message


def to_text(messages: Sequence[Message]) -> str:
    """As the cells of a column of conversations hold it."""
    return canonical_json([message.to_json() for message in messages]).decode()


def from_text(text: str | None) -> tuple[Message, ...]:
    """A cell as messages; null is an empty conversation.

    Raises:
        DataError: it is no list of {role, content}.
    """
    if text is None:
        return ()
    try:
        values = parse_json(text, where="a conversation")
        found = tuple(Message(one["role"], one["content"]) for one in values)
    except (TrustError, TypeError, KeyError) as error:
        raise _no_conversation() from error
    if not all(one.role in ROLES and isinstance(one.content, str) for one in found):
        raise _no_conversation()
    return found


def _no_conversation() -> DataError:
    return DataError(
        "a conversation is no list of messages",
        mend='write it as [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]',
    )
