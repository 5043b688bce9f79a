"""The page's server: a page, five calls and the images; each call is one thing a person does.

Nothing is loaded from elsewhere, and what stands in the data is shown as text only: the one script
and the one style are allowed by their hashes (Content-Security-Policy). Who may ask is decided by the
same gate as the prediction server's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trainwright.core.errors import TrainwrightError
from trainwright.deployment.server.body import check_headers, decode, read_body
from trainwright.deployment.server.gate import Gate, State
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.logs import log_line
from trainwright.deployment.server.metrics import Metrics
from trainwright.deployment.server.refusal import Refusal
from trainwright.flow.labelling import Desk
from trainwright.pages.labelling.page import PAGE, SCRIPT, STYLE

LIMITS = Limits(body_bytes=64 << 10)
MOST_AT_ONCE = 20
LONGEST_NAME = 100
_KINDS = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)


def create_app(desk: Desk) -> FastAPI:
    """The application, for a loopback address: only loopback names are taken as Host."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.serving = State()
    calls: dict[str, Call] = {
        "task": lambda said: desk.task(_name(said)),
        "next": lambda said: {"items": desk.next(_name(said), _count(said))},
        "answer": lambda said: _answer(desk, said),
        "undo": lambda said: {"item": desk.undo(_name(said))} | _progress(desk, said),
        "progress": lambda said: _progress(desk, said),
    }
    routes = app.router.routes
    routes.append(Route("/", _page, methods=["GET"]))
    for name, call in calls.items():
        routes.append(Route(f"/api/{name}", _route(call), methods=["POST"]))
    routes.append(Route("/image/{position:int}", _images(desk), methods=["GET"]))
    app.add_middleware(
        Gate,
        token=None,
        loopback=True,
        metrics=Metrics(model="labels", package=""),
        state=app.state.serving,
        log=log_line,
    )
    return app


Call = Callable[[dict[str, Any]], dict[str, Any]]
Handler = Callable[[Request], Awaitable[Response]]


async def _page(_: Request) -> Response:
    return Response(PAGE, media_type="text/html", headers={"content-security-policy": _policy()})


def _policy() -> str:
    script, style = (
        base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        for source in (SCRIPT, STYLE)
    )
    return (
        f"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}';"
        " img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )


def _route(call: Call) -> Handler:
    """A call: a JSON object in, one out; work is done in a thread, so that a page is never kept waiting."""

    async def handle(request: Request) -> Response:
        headers = dict(request.scope["headers"])
        check_headers(headers, LIMITS)
        said = decode(await read_body(request.receive, LIMITS))
        if not isinstance(said, dict):
            raise Refusal(422, "the body must be an object")
        try:
            return JSONResponse(await run_in_threadpool(call, said))
        except TrainwrightError as error:
            status = 422 if error.status == 2 else 507 if error.status == 5 else 500
            raise Refusal(status, error.what, where=error.where, mend=error.mend) from error

    return handle


def _images(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        position = request.path_params["position"]
        data = desk.items.image(position) if position < len(desk.items.ids) else None
        if data is None:
            raise Refusal(404, "there is no such image")
        kinds = [kind for magic, kind in _KINDS if data.startswith(magic)]
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            kinds = ["image/webp"]
        headers = {"x-content-type-options": "nosniff"}
        media = kinds[0] if kinds else "application/octet-stream"
        return Response(data, media_type=media, headers=headers)

    return handle


def _answer(desk: Desk, said: dict[str, Any]) -> dict[str, Any]:
    row, label = said.get("row"), said.get("label")
    if not isinstance(row, str) or not (label is None or isinstance(label, str)):
        raise Refusal(422, "an answer has a row, and a label or null", where="/row")
    desk.answer(row, label, _name(said))
    return {"saved": row} | _progress(desk, said)


def _progress(desk: Desk, said: dict[str, Any]) -> dict[str, Any]:
    return {"progress": desk.progress(_name(said))}


def _name(said: dict[str, Any]) -> str:
    name = said.get("annotator")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise Refusal(422, "who labels is not said", where="/annotator", mend="write your name")
    return name.strip()


def _count(said: dict[str, Any]) -> int:
    count = said.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_AT_ONCE:
        raise Refusal(422, f"count must be from 1 to {MOST_AT_ONCE}", where="/count")
    return count
