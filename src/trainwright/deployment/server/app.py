"""The application: its routes, one gate before them, and nothing else.

A model that writes texts has three routes more, those of the OpenAI API.

No route takes a path, a URL or a form; there is no documentation page, no static file, no upload. FastAPI
gives the routing and the OpenAPI document; the prediction route is plain ASGI inside it, since the
framework's own reading and checking of bodies costs more than a prediction.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route

from trainwright.core.errors import shorten
from trainwright.core.language import generator_of
from trainwright.deployment.package import Package, generation_of
from trainwright.deployment.server.desk import Desk
from trainwright.deployment.server.gate import Gate, State, body_of
from trainwright.deployment.server.instances import Contract, Extra, Parse, schema_of
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.logs import Log, log_line
from trainwright.deployment.server.metrics import CONTENT_TYPE, Metrics, Writing
from trainwright.deployment.server.openai.routes import Writers
from trainwright.deployment.server.predicting import Predicting
from trainwright.deployment.server.refusal import Refusal
from trainwright.deployment.server.writing import WritingRows


def create_app(
    package: Package,
    *,
    model_name: str,
    parse: Parse,
    extra: Extra = "refuse",
    token: str | None = None,
    loopback: bool = True,
    limits: Limits | None = None,
    log: Log = log_line,
) -> FastAPI:
    """The application that serves one package.

    Args:
        package: Verified and loaded.
        model_name: What answers call it, "name/3".
        parse: Reads one JSON value of a column as batch scoring would; ValueError when it cannot.
        extra: What becomes of columns that the model does not know.
        token: Asked for as a bearer token; None asks for none.
        loopback: The server is bound to loopback: only loopback names are taken as Host.
        limits: Bounds on requests.
        log: Takes an event's name and its values.

    Returns:
        A FastAPI application; `app.state.serving.draining = True` makes it tell callers to leave.
    """
    limits = limits or Limits()
    metrics = Metrics(model=model_name, package=package.hash)
    state = State()
    contract = Contract(package.model, parse=parse, extra=extra, limits=limits)
    predicting = Predicting(
        package.model, name=model_name, contract=contract, limits=limits, metrics=metrics
    )
    desk = _desk(package, limits=limits, metrics=metrics, log=log)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if desk is not None:
            desk.start()
        yield
        predicting.close()
        if desk is not None:
            desk.close()

    app = FastAPI(
        title="trainwright",
        version=package.hash[:16],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        exception_handlers={HTTPException: _refuse},
    )
    app.state.serving = state
    if desk is not None:
        state.give_up = desk.give_up
    predict: Predicting | WritingRows = predicting
    if desk is not None:
        settings = generation_of(package)
        names = tuple(dict.fromkeys((model_name, model_name.split("/")[0])))
        writers = Writers(desk, names, package.hash[:16], settings, limits)
        app.router.routes.extend(writers.routes())
        _add_models(app, names[0])
        if package.model.target.task.is_generated:
            predict = WritingRows(
                package.model,
                name=model_name,
                desk=desk,
                settings=settings,
                contract=contract,
                limits=limits,
                metrics=metrics,
            )
    app.router.routes.append(Route("/predict", predict, methods=["POST"]))
    _add_health(app, state)
    _add_facts(app, package, model_name=model_name, metrics=metrics)
    _document(app, package)
    app.add_middleware(Gate, token=token, loopback=loopback, metrics=metrics, state=state, log=log)
    return app


def _desk(package: Package, *, limits: Limits, metrics: Metrics, log: Log) -> Desk | None:
    """Where a model that writes does so; None for others."""
    generator = generator_of(package.model)
    if generator is None:
        return None
    metrics.writing = Writing()

    def failed(error: Exception) -> None:
        log("failed", error=type(error).__name__, where="decoding")

    return Desk(generator, limits=limits, metrics=metrics.writing, failed=failed)


def _add_models(app: FastAPI, name: str) -> None:
    created = int(time.time())

    model = {"id": name, "object": "model", "created": created, "owned_by": "trainwright"}

    @app.get("/v1/models")
    async def list_models() -> dict[str, Any]:
        """The model that is served, as the OpenAI API lists models."""
        return {"object": "list", "data": [model]}

    @app.get("/v1/models/{asked:path}")
    async def read_one_model(asked: str) -> dict[str, Any]:
        """The same by its name."""
        if asked != name:
            raise Refusal(
                404,
                f"the model {shorten(asked)} does not exist",
                mend=f"use {name!r}",
                code="model_not_found",
            )
        return model


def _add_health(app: FastAPI, state: State) -> None:
    @app.get("/health/live")
    async def live() -> dict[str, str]:
        """The process is there."""
        return {"status": "live"}

    @app.get("/health/ready")
    async def ready() -> Response:
        """Requests are welcome: 200, or 503 once a signal has said stop."""
        if state.draining:
            return JSONResponse({"status": "draining"}, status_code=503)
        return JSONResponse({"status": "ready"})


def _add_facts(app: FastAPI, package: Package, *, model_name: str, metrics: Metrics) -> None:
    @app.get("/metrics")
    async def read_metrics() -> Response:
        """Counters for Prometheus."""
        return PlainTextResponse(metrics.text(), media_type=CONTENT_TYPE)

    @app.get("/model")
    async def read_model() -> dict[str, Any]:
        """What is served: name, hash, signature."""
        return {"model": model_name, "package": package.hash, "signature": package.signature}


async def _refuse(request: Request, error: Exception) -> Response:
    """The framework's own refusals (404, 405) in the form of ours."""
    assert isinstance(error, HTTPException)
    refusal = Refusal(
        error.status_code,
        f"{str(error.detail).lower()}: {shorten(request.method)} {shorten(request.url.path)}",
        mend="POST /predict; GET /model, /metrics, /health/live, /health/ready",
    )
    headers = {**(error.headers or {}), "content-type": "application/json"}
    body = body_of(refusal, request.url.path)
    return Response(body, status_code=error.status_code, headers=headers)


def _document(app: FastAPI, package: Package) -> None:
    """Enter the prediction route into the OpenAPI document; the framework cannot see into it."""
    framework = app.openapi
    instance = schema_of(package.model.inputs)
    request = {
        "type": "object",
        "properties": {"instances": {"type": "array", "items": instance}},
        "required": ["instances"],
        "additionalProperties": False,
    }
    operation = {
        "summary": "Predict rows",
        "operationId": "predict",
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
        "responses": {
            "200": {"description": "One prediction a row, in order"},
            "422": {"description": "A row does not fit; `error.where` is a JSON pointer"},
        },
    }

    def openapi() -> dict[str, Any]:
        document = framework()
        document["paths"]["/predict"] = {"post": operation}
        return document

    app.openapi = openapi  # type: ignore[method-assign]
