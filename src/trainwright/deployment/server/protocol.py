"""The HTTP protocol of one connection, bounded in URL, headers and time.

The library bounds none of the three, so that a caller could fill memory before any route is asked. The cost
is that we lean on the library's protocol class; the constraints file pins it.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.refusal import Refusal


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with bounds and a deadline.

    Attributes:
        limits: Set by the subclass that a server makes for itself.
    """

    limits: Limits
    _size = 0
    _refusal: Refusal | None = None
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.limits.receive_seconds, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._met()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._size = 0
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.limits.receive_seconds, self.transport.close)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.limits.url_bytes:
            self._refuse(
                Refusal(414, f"the URL is over {self.limits.url_bytes} bytes", mend="shorten it")
            )

    def on_header(self, name: bytes, value: bytes) -> None:
        self._size += len(name) + len(value)
        if self._size > self.limits.header_bytes:
            self._refuse(
                Refusal(
                    431, f"the headers are over {self.limits.header_bytes} bytes", mend="send fewer"
                )
            )
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._met()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer a request that never became one, in the form of our refusals."""
        refusal = self._refusal or Refusal(
            400, msg.rstrip(".").lower(), mend="send a well-formed HTTP/1.1 request"
        )
        body = refusal.body()
        head = (
            f"HTTP/1.1 {refusal.status} Refused\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        self._refusal = refusal
        raise refusal  # the parser stops and says so; `send_400_response` answers

    def _met(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
