"""From bytes on the wire to JSON values, strictly: what the JSON standard leaves open is refused.

A number that is not finite, or too long, becomes infinity here, and an object that says a key twice an object
of another type, so that the one who knows the place can refuse it by name. The cost is a call a whole number.

Source: RFC 8259 (sections 4 and 6: names SHOULD be unique, NaN and infinity are not numbers).
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.refusal import Refusal

Receive = Callable[[], Awaitable[Any]]
_LONGEST_WHOLE_NUMBER = 310  # digits; longer ones are beyond float64


class Twice(dict[str, Any]):
    """An object in which `key` stands more than once."""

    key: str


class Gone(Exception):
    """The caller hung up."""


def check_headers(headers: Mapping[bytes, bytes], limits: Limits) -> None:
    """Refuse what can be refused before the body is read.

    Raises:
        Refusal: 413, 415.
    """
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Refusal(
            415,
            "the body must be JSON",
            where="Content-Type",
            mend="Content-Type: application/json",
        )
    if headers.get(b"content-encoding", b"identity").lower() not in (b"", b"identity"):
        raise Refusal(
            415, "a compressed body is not taken", where="Content-Encoding", mend="send it plain"
        )
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > limits.body_bytes:
        raise too_large(limits)


async def read_body(receive: Receive, limits: Limits) -> bytes:
    """The whole body.

    Raises:
        Refusal: 413 as soon as it is too large; 408 when it does not arrive in time.
        Gone: the caller hung up.
    """
    message = await _next(receive)
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    try:
        async with asyncio.timeout(limits.receive_seconds):
            return await _rest(receive, [body], limits)
    except TimeoutError:
        raise Refusal(
            408,
            f"the body did not arrive in {limits.receive_seconds:g} seconds",
            mend="send it again",
            headers={"connection": "close"},
        ) from None


def decode(body: bytes, *, mend: str = 'send {"instances": [{COLUMN: value}]}') -> Any:  # noqa: ANN401
    """JSON values of a body.

    Args:
        body: As it came.
        mend: The shape that is expected.

    Raises:
        Refusal: 400 when it is not JSON.
    """
    try:
        return _decoder.decode(body.decode())
    except RecursionError:
        raise Refusal(400, "the JSON is nested too deeply", mend="send flat rows") from None
    except ValueError as error:  # also UnicodeDecodeError
        what = (
            "the body is empty" if not body.strip() else f"the body is not JSON: {str(error)[:100]}"
        )
        raise Refusal(400, what, mend=mend) from None


def too_large(limits: Limits) -> Refusal:
    """A body over the limit; the connection is closed, so that the rest is not read."""
    return Refusal(
        413,
        f"the body is over {limits.body_bytes} bytes",
        mend="send fewer rows a request, or use `trainwright predict`",
        headers={"connection": "close"},
    )


async def _rest(receive: Receive, parts: list[bytes], limits: Limits) -> bytes:
    size = len(parts[0])
    more = True
    while more:
        message = await _next(receive)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limits.body_bytes:
            raise too_large(limits)
        more = message.get("more_body", False)
    return b"".join(parts)


async def _next(receive: Receive) -> Mapping[str, Any]:
    message: Mapping[str, Any] = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = Twice(found)
    names = [name for name, _ in pairs]
    twice.key = next(name for name in names if names.count(name) > 1)
    return twice


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_WHOLE_NUMBER else math.inf


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_constant=lambda _: math.nan
)
