"""What every request passes before any route sees it: whose is it, and may it be here?

On loopback the danger is a web page in the user's own browser: so the Host must be a loopback name (DNS
rebinding) and an Origin the server's own (cross-site requests). On any other address a bearer token is asked
for, compared in constant time. Health probes need none of these. What was refused, and what went wrong, is
counted and logged here.

Source: RFC 6750 (bearer tokens); OWASP CSRF cheat sheet, "Verifying Origin With Standard Headers".
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from trainwright.deployment.server.body import Gone
from trainwright.deployment.server.logs import Log
from trainwright.deployment.server.metrics import Metrics
from trainwright.deployment.server.openai.telling import error_body
from trainwright.deployment.server.refusal import Refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Callable[[], Awaitable[Message]], Send], Awaitable[None]]

OPEN = ("/health/live", "/health/ready")
V1 = ("/v1/models", "/v1/chat/completions", "/v1/completions")
PATHS = frozenset((*OPEN, "/predict", "/metrics", "/model", "/openapi.json", *V1))
LOOPBACK = frozenset((b"localhost", b"127.0.0.1", b"[::1]"))
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(slots=True)
class State:
    """What changes while the server runs.

    Attributes:
        draining: A signal said stop: no longer ready, and each answer closes its connection.
        give_up: Ends what is still being written, each with an error.
    """

    draining: bool = False
    give_up: Callable[[], None] = lambda: None


class Gate:
    """ASGI middleware; the outermost of ours."""

    def __init__(
        self,
        app: App,
        *,
        token: str | None,
        loopback: bool,
        metrics: Metrics,
        state: State,
        log: Log,
    ) -> None:
        self.app = app
        self.token = token.encode() if token is not None else None
        self.loopback = loopback
        self.metrics = metrics
        self.state = state
        self.log = log

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self.state.draining:
                    message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        self.metrics.in_work += 1
        started = time.perf_counter()
        try:
            self.check(scope)
            await self.app(scope, receive, send_counted)
        except Refusal as refusal:
            await send_refusal(refusal, send_counted, path=scope["path"])
        except Gone:
            status = 499  # as nginx counts a caller that hung up; nothing is sent
        except Exception as error:
            self._tell_of(error)
            if status == 0:
                failure = Refusal(500, "the server failed; its log says where")
                await send_refusal(failure, send_counted, path=scope["path"])
        finally:
            self.metrics.in_work -= 1
            path = scope["path"] if scope["path"] in PATHS else "other"
            self.metrics.observe(path, status)
            if status >= 400:
                seconds = round(time.perf_counter() - started, 4)
                self.log(
                    "refused", path=path, method=scope["method"], status=status, seconds=seconds
                )

    def check(self, scope: Scope) -> None:
        """Refuse a request by its headers.

        Raises:
            Refusal: 400, 401, 403.
        """
        if scope["path"] in OPEN:
            return
        headers = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1:
            raise Refusal(400, "a request has exactly one Host", where="Host")
        if self.loopback and _host_name(hosts[0]) not in LOOPBACK:
            raise Refusal(
                403,
                "this server answers to its loopback name only",
                where="Host",
                mend="use 127.0.0.1",
            )
        if scope["method"] not in _SAFE:
            for name, value in headers:
                if name == b"origin" and value.partition(b"://")[2].lower() != hosts[0].lower():
                    raise Refusal(
                        403,
                        "a page of another site may not ask this",
                        where="Origin",
                        mend="call the server from your own server",
                    )
        if self.token is not None and not self._is_known(headers):
            raise Refusal(
                401,
                "a bearer token is needed",
                where="Authorization",
                mend="Authorization: Bearer $TRAINWRIGHT_TOKEN",
                headers={"www-authenticate": "Bearer"},
            )

    def _is_known(self, headers: list[tuple[bytes, bytes]]) -> bool:
        assert self.token is not None
        given = [value for name, value in headers if name == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        return hmac.compare_digest(token.strip(), self.token) and scheme.lower() == b"bearer"

    def _tell_of(self, error: Exception) -> None:
        """The kind of an error and where it rose; its words may hold a caller's values."""
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
        self.log("failed", error=type(error).__name__, where=where)


async def send_refusal(refusal: Refusal, send: Send, *, path: str) -> None:
    """Answer with a refusal, in the form that callers of the path expect."""
    headers = {"content-type": "application/json", **refusal.headers}
    await send_bytes(body_of(refusal, path), send, status=refusal.status, headers=headers)


def body_of(refusal: Refusal, path: str) -> bytes:
    """A refusal's body; of /v1 as that API has it."""
    return error_body(refusal) if path.startswith("/v1/") else refusal.body()


async def send_bytes(body: bytes, send: Send, *, status: int, headers: dict[str, str]) -> None:
    """Answer with bytes; nothing may be kept by caches or guessed by browsers."""
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    fields += [
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def _host_name(host: bytes) -> bytes:
    """The name in a Host header, without its port, lower case."""
    if host.startswith(b"["):
        return host[: host.find(b"]") + 1].lower()
    return host.split(b":")[0].lower()
