"""Every bad request of the table, to a server that the command line started, over a real socket."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from refusals.http_cases import REQUESTS, TOKEN, TOKENS, Request, sound
from refusals.serving import Answer, Server, serving


@pytest.fixture(scope="module")
def server(finished: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory):
    workspace, run = finished
    log = tmp_path_factory.mktemp("served") / "log"
    with serving(workspace, run, log=log) as running:
        yield running
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def guarded(finished: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory):
    workspace, run = finished
    log = tmp_path_factory.mktemp("guarded") / "log"
    with serving(workspace, run, log=log, host="0.0.0.0", TRAINWRIGHT_TOKEN=TOKEN) as running:
        yield running
    assert TOKEN not in log.read_text()


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda one: one.id)
def test_a_bad_request_is_answered_as_the_table_says(server: Server, request_: Request):
    assert_answered(server.ask(request_), request_)
    healthy = Request("", "", 200, method="GET", path="/health/ready")
    assert server.ask(healthy).status == 200


@pytest.mark.parametrize("request_", TOKENS, ids=lambda one: one.id)
def test_beyond_loopback_a_request_without_the_token_is_refused(guarded: Server, request_: Request):
    assert_answered(guarded.ask(request_), request_)
    allowed = Request("", "", 200, sound(), headers={"Authorization": f"Bearer {TOKEN}"})
    assert guarded.ask(allowed).status == 200


def assert_answered(answer: Answer, request: Request) -> None:
    assert answer.status == request.status, answer.body
    assert answer.headers["content-type"].startswith("application/json")
    assert "Traceback" not in answer.body.decode()
    if answer.status == 200:
        assert request.what in answer.body.decode()
        return
    error = answer.json["error"]
    assert request.what.lower() in error["what"].lower()
    assert error["where"] == request.where
    assert error["mend"]
    assert request.mend in error["mend"]
    assert len(error["what"]) < 300


def test_columns_in_another_order_get_the_same_answer(server: Server):
    turned = next(one for one in REQUESTS if one.title == "columns in another order")
    assert server.ask(turned).body == server.ask(Request("", "", 200, sound())).body


def test_no_route_takes_a_url_or_a_path(server: Server):
    """S10: nothing that a caller sends can name a file, a model or another server."""
    document = server.ask(Request("", "", 200, method="GET", path="/openapi.json")).json
    assert not [path for path in document["paths"] if "{" in path]
    assert "parameters" not in json.dumps(document["paths"])
    taken = json.dumps(document["paths"]["/predict"]["post"]["requestBody"])
    assert re.findall(r'"(\w*(?:ur[il]|path|file|folder|model)\w*)"', taken) == []


def test_the_table_can_say_no(server: Server):
    case = next(one for one in REQUESTS if one.title == "a missing column")
    answer = server.ask(case)
    for change in ({"status": 400}, {"what": "no such words"}, {"where": "/x"}, {"mend": "pray"}):
        with pytest.raises(AssertionError):
            assert_answered(answer, replace(case, **change))
