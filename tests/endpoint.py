"""A small HTTP server that speaks OpenAI's chat completions over a real socket and counts its questions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Endpoint:
    """What a test looks at.

    Attributes:
        url: Up to and with /v1.
        asked: The bodies of all requests, in the order of their arrival.
        keys: The Authorization headers.
        failures: Statuses that are answered first, one a request.
        with_logprobs: A request for log probabilities is answered with some; None: with status 400.
        headers: Of refusals.
    """

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    with_logprobs: bool | None = False
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@contextmanager
def endpoint(answer: Callable[[str], str]) -> Iterator[Endpoint]:
    """A server that answers each prompt as the function says."""
    told = Endpoint()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                told.asked.append(body)
                told.keys.append(self.headers["Authorization"])
                status = told.failures.pop(0) if told.failures else 200
            if body.get("logprobs") and told.with_logprobs is None:
                status = 400
            if status == 200:
                self._send(200, told.raw or json.dumps(self._reply(body)).encode())
            else:
                said = f"no, {self.headers['Authorization']}"
                self._send(status, json.dumps({"error": said}).encode())

        def _reply(self, body: dict[str, Any]) -> dict[str, Any]:
            prompt = body["messages"][-1]["content"]
            text = answer(prompt)
            logprobs = None
            if body.get("logprobs") and told.with_logprobs:
                top = [{"token": text[:3], "logprob": -0.2}, {"token": "zzz", "logprob": -3.0}]
                logprobs = {"content": [{"token": text[:3], "logprob": -0.2, "top_logprobs": top}]}
            return {
                "choices": [{"message": {"content": text}, "logprobs": logprobs}],
                "usage": {"prompt_tokens": len(prompt.split()), "completion_tokens": 1},
            }

        def _send(self, status: int, data: bytes) -> None:
            self.send_response(status)
            for name, value in (told.headers if status != 200 else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
