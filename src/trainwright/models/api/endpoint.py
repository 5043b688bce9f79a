"""One endpoint that speaks OpenAI's chat completions, asked over the standard library's HTTP client.

No SDK: one request of five keys needs none, and ours must never follow a redirect, never read more than a
megabyte, and never say the key. A refusal that will pass (429, 5xx, a broken connection) is tried again
after a wait that doubles, or as long as Retry-After says; others are told at once.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from trainwright.core.errors import EnvironmentFault
from trainwright.core.language import Message
from trainwright.models.api.answers import Answer
from trainwright.runs.redaction import REDACTED, redact

ATTEMPTS = 6
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 30.0
MAX_REPLY_BYTES = 1 << 20
TOP_TOKENS = 20
PERMITTED = (
    "TRAINWRIGHT_ENDPOINTS"  # addresses that packages may ask, separated by blanks or commas
)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PASSING = (408, 409, 425, 429)


@dataclass(frozen=True, slots=True)
class Question:
    """How every row is asked.

    Attributes:
        endpoint: Address up to and with /v1.
        model: As the endpoint calls it.
        key: Name of the variable that holds the key; None: none is sent.
        max_tokens: Of an answer.
        timeout_seconds: Of one attempt.
    """

    endpoint: str
    model: str
    key: str | None = None
    max_tokens: int = 16
    timeout_seconds: float = 30.0

    @property
    def name(self) -> str:
        """Which model where, for messages."""
        return f"{self.model} at {urlsplit(self.endpoint).netloc}"


@dataclass(slots=True)
class Manners:
    """What an endpoint was found to know.

    Attributes:
        logprobs: It gives log probabilities; False once it refused them.
    """

    logprobs: bool = True


class Refused(Exception):
    """The endpoint said no."""

    def __init__(self, status: int, what: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.wait_seconds = wait_seconds

    @property
    def passes(self) -> bool:
        """True where the same may be answered later; status 0 is a broken connection."""
        return self.status == 0 or self.status in _PASSING or self.status >= 500


def ask(
    question: Question,
    prompt: str | Sequence[Message],
    *,
    how: Mapping[str, Any] | None = None,
    manners: Manners | None = None,
    wait: Callable[[float], object] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Answer:
    """The answer to one prompt.

    Args:
        question: Where and how.
        prompt: What the user says, or the turns of a conversation.
        how: Settings of a text that is written, as the API names them: then no log probabilities are
            asked for. None: the likeliest answer, as short as the question says.
        manners: Of the endpoint; where it refuses to tell the likeliest first tokens, that is noted here,
            and it is asked without.
        wait: Waits so many seconds before another attempt; what is true says that there is none.
        now: The clock, in seconds.

    Raises:
        EnvironmentFault: no key, or no answer; the message never holds the key.
    """
    secret, manners = key_of(question), manners or Manners()
    for attempt in range(ATTEMPTS):
        try:
            started = now()
            with_logprobs = manners.logprobs and how is None
            body = _body(question, prompt, how, with_logprobs=with_logprobs)
            reply = _post(question, body, secret)
            return _answer(reply, seconds=now() - started)
        except Refused as refusal:
            if with_logprobs and refusal.status in (400, 422):
                manners.logprobs = False
                continue
            if not refusal.passes or attempt == ATTEMPTS - 1:
                raise _fault(question, refusal, secret, attempts=attempt + 1) from None
            usual = FIRST_WAIT_SECONDS * 2**attempt
            if wait(min(LONGEST_WAIT_SECONDS, refusal.wait_seconds or usual)):
                raise _fault(question, refusal, secret, attempts=attempt + 1) from None
    raise AssertionError("unreachable")  # pragma: no cover


def check_permitted(question: Question) -> None:
    """Refuse an endpoint that a package names and that nobody here has agreed to.

    A package of somebody else's could name any address and any variable: rows, and what the variable holds,
    would be sent there.

    Raises:
        EnvironmentFault: the variable `PERMITTED` does not hold the address.
    """
    agreed = os.environ.get(PERMITTED, "").replace(",", " ").split()
    if question.endpoint.rstrip("/") not in {one.rstrip("/") for one in agreed}:
        key = f", with what {question.key} holds" if question.key else ""
        raise EnvironmentFault(
            f"the package asks {question.endpoint} about each row{key}; nobody here has agreed to that",
            where="the environment",
            mend=f"export {PERMITTED}={question.endpoint}",
        )


def key_of(question: Question) -> str | None:
    """The key, from the environment.

    Raises:
        EnvironmentFault: the variable is not set.
    """
    if question.key is None:
        return None
    secret = os.environ.get(question.key, "").strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise EnvironmentFault(  # what HTTP could not send would be said back by the library
            f"the variable {question.key} holds no key for {question.name}",
            where="the environment",
            mend=f"export {question.key}=...",
        )
    return secret


def _body(
    question: Question,
    prompt: str | Sequence[Message],
    how: Mapping[str, Any] | None,
    *,
    with_logprobs: bool,
) -> dict[str, Any]:
    turns = (Message("user", prompt),) if isinstance(prompt, str) else prompt
    usual = {"temperature": 0, "max_tokens": question.max_tokens}
    return {
        "model": question.model,
        "messages": [turn.to_json() for turn in turns],
        **(usual if how is None else how),
        **({"logprobs": True, "top_logprobs": TOP_TOKENS} if with_logprobs else {}),
    }


def _post(question: Question, body: Mapping[str, Any], secret: str | None) -> Any:  # noqa: ANN401 - JSON
    url = urlsplit(question.endpoint)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if secret is not None:
        headers["Authorization"] = f"Bearer {secret}"
    try:
        with closing(_connection(url.scheme, url.netloc, question.timeout_seconds)) as connection:
            path = f"{url.path.rstrip('/')}/chat/completions"
            connection.request("POST", path, body=json.dumps(body).encode(), headers=headers)
            response = connection.getresponse()
            data = response.read(MAX_REPLY_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Refused(0, f"{type(error).__name__}: {error}") from None
    if response.status != 200:
        told = data[:2_000].decode(errors="replace")
        wait = _seconds(response.getheader("Retry-After"))
        raise Refused(response.status, f"HTTP {response.status}: {told}", wait_seconds=wait)
    if len(data) > MAX_REPLY_BYTES:
        raise Refused(200, f"an answer of more than {MAX_REPLY_BYTES} bytes")
    try:
        return json.loads(data)
    except ValueError:
        raise Refused(200, "the answer is no JSON") from None


def _connection(scheme: str, host: str, timeout: float) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, timeout=timeout, context=context)
    return http.client.HTTPConnection(host, timeout=timeout)


def _answer(reply: Any, *, seconds: float) -> Answer:  # noqa: ANN401 - JSON of others
    try:
        choice = reply["choices"][0]
        text = choice["message"]["content"] or ""
        usage = reply.get("usage") or {}
        tokens = int(usage.get("prompt_tokens", 0)), int(usage.get("completion_tokens", 0))
        first = ((choice.get("logprobs") or {}).get("content") or [{}])[0]
        top = [(str(one["token"]), float(one["logprob"])) for one in first.get("top_logprobs", ())]
        finish = str(choice.get("finish_reason") or "stop")
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Refused(200, f"the answer is not as OpenAI's API gives it: {error!r:.80}") from None
    if not isinstance(text, str) or not all(log <= 1e-6 for _, log in top):
        raise Refused(
            200, "the answer is not as OpenAI's API gives it: no text, or no probabilities"
        )
    return Answer(text, *tokens, seconds, tuple(top[:TOP_TOKENS]), finish[:40])


def _fault(
    question: Question, refusal: Refused, secret: str | None, *, attempts: int
) -> EnvironmentFault:
    told = " ".join(refusal.what.split())
    if secret is not None:  # some endpoints say the key back
        told = told.replace(secret, REDACTED)
    mends = {
        401: f"look at the key in {question.key}" if question.key else "key: env:OPENAI_API_KEY",
        403: f"look at the key in {question.key}" if question.key else "key: env:OPENAI_API_KEY",
        404: "look at model.endpoint (it ends in /v1) and model.model",
    }
    tries = f" after {attempts} attempts" if attempts > 1 else ""
    return EnvironmentFault(
        f"{question.name} did not answer{tries}: {redact(told)[:300]}",
        where="model.endpoint",
        mend=mends.get(refusal.status, "run it again later: what was answered is kept"),
    )


def _seconds(value: str | None) -> float | None:
    """Of Retry-After; a date, or what is no number, is not waited for."""
    try:
        seconds = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None
