"""The bodies of answers under /v1: whole, as events of a stream, and as errors.

Source: the OpenAI API reference, "The chat completion object", "chat completion chunk object", "The
completion object", "Error codes"; WHATWG HTML, section 9.2 (server-sent events).
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Literal

from trainwright.core.language import Generation, Piece, Prompt, TokenShare
from trainwright.deployment.server.refusal import Refusal

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
DONE = b"data: [DONE]\n\n"
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}


@dataclass(frozen=True, slots=True)
class Form:
    """How the answers of one request look.

    Attributes:
        kind: A chat, or a completion.
        model: What the answers call the model.
        fingerprint: Of the package.
        usage: A stream tells its counts of tokens at its end.
        copies: Choices of each prompt, side by side: it was read once for them all.
        echoes: The prompt of each choice, where it stands before the text.
        has_shares: How likely tokens are is told.
        id: Of the answer.
        created: Unix time in seconds.
    """

    kind: Literal["chat", "text"]
    model: str
    fingerprint: str
    usage: bool = False
    copies: int = 1
    echoes: Sequence[Prompt] = ()
    has_shares: bool = False
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, generations: Sequence[Generation]) -> bytes:
        """The answer in one."""
        choices: list[dict[str, Any]] = [
            {
                "index": place,
                **self._said(self._echo(place, one) + one.text),
                "logprobs": self._shares((*one.prompt, *one.shares)),
                "finish_reason": one.finish,
            }
            for place, one in enumerate(generations)
        ]
        usage = usage_of(generations, copies=self.copies)
        answer = {**self._head(""), "choices": choices, "usage": usage}
        return _encode(answer).encode()

    def begun(self, choice: int) -> bytes:
        """The first event of a choice; a completion has none."""
        if self.kind == "text":
            return b""
        return self._event(choice, {"delta": {"role": "assistant", "content": ""}})

    def piece(self, choice: int, piece: Piece) -> bytes:
        """A piece of a choice; nothing where there is no text."""
        text = piece.text
        if not text and not piece.shares:
            return b""
        said = {"text": text} if self.kind == "text" else {"delta": {"content": text}}
        return self._event(choice, said, shares=self._shares(piece.shares))

    def ended(self, choice: int, finish: str) -> bytes:
        """The last event of a choice."""
        said: dict[str, Any] = {"text": ""} if self.kind == "text" else {"delta": {}}
        return self._event(choice, said, finish)

    def counted(self, generations: Sequence[Generation]) -> bytes:
        """The event behind all choices, where it was asked for."""
        if not self.usage:
            return b""
        usage = usage_of(generations, copies=self.copies)
        return _sent({**self._head(".chunk"), "choices": [], "usage": usage})

    def _event(
        self,
        choice: int,
        said: dict[str, Any],
        finish: str | None = None,
        *,
        shares: dict[str, Any] | None = None,
    ) -> bytes:
        one = {"index": choice, **said, "logprobs": shares, "finish_reason": finish}
        more: dict[str, Any] = {"usage": None} if self.usage else {}
        return _sent({**self._head(".chunk"), "choices": [one], **more})

    def _echo(self, choice: int, generation: Generation) -> str:
        """The prompt of a choice, where it is wanted; of token ids as their texts."""
        if not self.echoes:
            return ""
        prompt = self.echoes[choice]
        return prompt if isinstance(prompt, str) else "".join(t.text for t in generation.prompt)

    def _shares(self, shares: Sequence[TokenShare]) -> dict[str, Any] | None:
        """How likely tokens were, in the shape of chats or of completions."""
        if not self.has_shares:
            return None
        if self.kind == "chat":
            return {"content": [_of_chat(one) for one in shares if not one.is_end], "refusal": None}
        starts = [0, *accumulate(len(one.text) for one in shares)]
        return {
            "tokens": [one.text for one in shares],
            "token_logprobs": [one.log for one in shares],
            "top_logprobs": [None if one.log is None else _likeliest(one) for one in shares],
            "text_offset": starts[: len(shares)],
        }

    def _said(self, text: str) -> dict[str, Any]:
        if self.kind == "text":
            return {"text": text}
        return {"message": {"role": "assistant", "content": text, "refusal": None}}

    def _head(self, part: str) -> dict[str, Any]:
        is_chat = self.kind == "chat"
        return {
            "id": f"{'chatcmpl' if is_chat else 'cmpl'}-{self.id}",
            "object": f"chat.completion{part}" if is_chat else "text_completion",
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.fingerprint,
        }


def _of_chat(share: TokenShare) -> dict[str, Any]:
    top = [{"token": text, "logprob": log, "bytes": None} for text, log in share.top]
    return {"token": share.text, "logprob": share.log, "bytes": None, "top_logprobs": top}


def _likeliest(share: TokenShare) -> dict[str, float]:
    """By text; of tokens that are parts of characters, which are told alike, the likeliest."""
    found: dict[str, float] = {}
    for text, log in share.top:
        found.setdefault(text, log)
    return found


def usage_of(generations: Sequence[Generation], *, copies: int = 1) -> dict[str, int]:
    """Tokens read, each prompt's once, and written, those of all choices.

    Of a stream without them, zeros would be a lie, so there are none.
    """
    read = sum(one.prompt_tokens for one in generations[::copies])
    written = sum(one.tokens for one in generations)
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }


def error_body(refusal: Refusal) -> bytes:
    """A refusal as clients of this API expect one."""
    return _encode(_error(refusal)).encode()


def error_event(refusal: Refusal) -> bytes:
    """An error in a stream that has begun."""
    return _sent(_error(refusal))


def _error(refusal: Refusal) -> dict[str, Any]:
    first = refusal.faults[0]
    usual = "invalid_request_error" if refusal.status < 500 else "server_error"
    return {
        "error": {
            "message": f"{first.what}. {first.mend}".rstrip(". ") + ".",
            "type": _TYPES.get(refusal.status, usual),
            "param": _param(first.where),
            "code": refusal.code or _CODES.get(refusal.status),
        }
    }


def _param(where: str) -> str | None:
    """A JSON pointer as this API names places: messages[0].role; None for what is not in the body."""
    if not where.startswith("/"):
        return None
    first, *steps = where[1:].split("/")
    return first + "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in steps)


def _sent(value: dict[str, Any]) -> bytes:
    return f"data: {_encode(value)}\n\n".encode()
