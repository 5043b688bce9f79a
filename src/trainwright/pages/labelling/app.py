"""The page's server: a page, four calls and the images; each call is one thing a person does.

Nothing is loaded from elsewhere, and what stands in the data is shown as text only: the one script
and the one style are allowed by their hashes (Content-Security-Policy). Who may ask is decided by the
same gate as the prediction server's.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
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
_HASH = re.compile("[0-9a-f]{16}")


def create_app(desk: Desk) -> FastAPI:
    """The application, for a loopback address: only loopback names are taken as Host."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.serving = State()
    calls: dict[str, Call] = {
        "task": lambda said: desk.task(_name(said)),
        "next": lambda said: {"items": desk.next(_name(said), _count(said))},
        "answer": lambda said: _answer(desk, said),
        "undo": lambda said: {"item": desk.undo(_name(said), _row(said))},
    }
    routes = app.router.routes
    routes.append(Route("/", _page, methods=["GET"]))
    routes.append(Route("/favicon.ico", _no_icon, methods=["GET"]))
    for name, call in calls.items():
        routes.append(Route(f"/api/{name}", _route(call, desk), methods=["POST"]))
    routes.append(Route("/image/{position:int}/{shown}", _images(desk), methods=["GET"]))
    app.add_middleware(
        Gate,
        token=None,
        loopback=True,
        metrics=Metrics(model="labels", package=""),
        state=app.state.serving,
        log=log_line,
    )
    return app


_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode  # ASCII: all can be told
Call = Callable[[dict[str, Any]], dict[str, Any]]
Handler = Callable[[Request], Awaitable[Response]]


async def _page(_: Request) -> Response:
    return Response(PAGE, media_type="text/html", headers={"content-security-policy": _policy()})


async def _no_icon(_: Request) -> Response:
    return Response(status_code=204)


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


def _route(call: Call, desk: Desk) -> Handler:
    """A call: a JSON object in, one out; work is done in a thread, so that a page is never kept waiting."""

    async def handle(request: Request) -> Response:
        headers = dict(request.scope["headers"])
        check_headers(headers, LIMITS)
        said = decode(await read_body(request.receive, LIMITS))
        if not isinstance(said, dict):
            raise Refusal(422, "the body must be an object")
        if said.get("work", desk.work) != desk.work:
            raise Refusal(
                409, "these are other rows than the page was opened for", mend="load the page again"
            )
        try:
            told = await run_in_threadpool(_told, call, desk, said)
        except TrainwrightError as error:
            status = 422 if error.status == 2 else 507 if error.status == 5 else 500
            raise Refusal(status, error.what, where=error.where, mend=error.mend) from error
        return Response(_encode(told), media_type="application/json")

    return handle


def _images(desk: Desk) -> Handler:
    async def handle(request: Request) -> Response:
        position = request.path_params["position"]
        items = desk.items
        is_there = (
            position < len(items.ids) and items.shown[position] == request.path_params["shown"]
        )
        data = items.image(position) if is_there else None
        if data is None:
            raise Refusal(404, "there is no such image", mend="load the page again")
        headers = {"x-content-type-options": "nosniff", "cache-control": "private, max-age=3600"}
        return Response(data, media_type=items.media_type(position), headers=headers)

    return handle


def _told(call: Call, desk: Desk, said: dict[str, Any]) -> dict[str, Any]:
    return call(said) | {"progress": desk.progress(_name(said))}


def _answer(desk: Desk, said: dict[str, Any]) -> dict[str, Any]:
    row, label, shown = said.get("row"), said.get("label"), said.get("shown")
    if not isinstance(row, str) or not (label is None or isinstance(label, str)):
        raise Refusal(422, "an answer has a row, and a label or null", where="/row")
    if shown is not None and not (isinstance(shown, str) and _HASH.fullmatch(shown)):
        raise Refusal(422, "shown is not a hash of ours", where="/shown", mend="leave it out")
    desk.answer(row, label, _name(said), shown=shown)
    return {"saved": row}


def _row(said: dict[str, Any]) -> str | None:
    row = said.get("row")
    if not isinstance(row, str | None):
        raise Refusal(
            422, "a row is named by its id", where="/row", mend="leave it out for the last"
        )
    return row


def _name(said: dict[str, Any]) -> str:
    name = said.get("annotator")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise Refusal(422, "who labels is not said", where="/annotator", mend="write your name")
    if not name.isprintable():
        raise Refusal(422, "the name has signs that no one can read", where="/annotator")
    return name.strip()


def _count(said: dict[str, Any]) -> int:
    count = said.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_AT_ONCE:
        raise Refusal(422, f"count must be from 1 to {MOST_AT_ONCE}", where="/count")
    return count
