"""Before any route: whose request is it, and may it be here?"""

from __future__ import annotations

import pytest

TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def guarded(package, serving):
    with serving(package, token=TOKEN, loopback=False) as caller:
        yield caller


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LocalHost:1", "[::1]", "[::1]:8000", "127.0.0.1:99999"]
)
def test_loopback_names_are_taken_as_host(server, host):
    assert server.send("GET", "/model", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil",
        "[::2]",
        "",
        "0.0.0.0",
    ],
)
def test_a_foreign_host_is_refused(server, row, host):
    for answer in (server.send("GET", "/model", Host=host), server.predict(row, Host=host)):
        assert answer.status == 403
        assert answer.json["error"]["where"] == "Host"


def test_a_missing_or_double_host_is_refused(server):
    assert server.raw(b"GET /model HTTP/1.1\r\nConnection: close\r\n\r\n").status == 400
    twice = (
        b"GET /model HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert server.raw(twice).status == 400


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost.evil", "http://127.0.0.1:1", "file://"],
)
def test_a_page_of_another_site_may_not_post(server, row, origin):
    answer = server.predict(row, Origin=origin)
    assert (answer.status, answer.json["error"]["where"]) == (403, "Origin")


def test_a_page_of_its_own_may_post_and_any_page_may_not_read(server, row):
    answer = server.predict(row, Origin=f"http://127.0.0.1:{server.port}")
    assert answer.status == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN.upper()}",
        "Bearer \xe9",
    ],
)
def test_a_missing_or_wrong_token_is_401(guarded, row, value):
    for answer in (
        guarded.predict(row, Authorization=value),
        guarded.send("GET", "/metrics", Authorization=value),
        guarded.send("GET", "/openapi.json", Authorization=value),
    ):
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"


def test_the_right_token_is_let_in_from_any_host(guarded, row):
    answer = guarded.predict(row, Authorization=f"Bearer {TOKEN}", Host="models.example")
    assert answer.status == 200
    assert guarded.predict(row, Authorization=f"bearer  {TOKEN}").status == 200


def test_a_token_in_the_url_is_not_taken_and_nothing_of_it_is_logged(guarded, row):
    answer = guarded.send(
        "POST", f"/predict?token={TOKEN}&access_token={TOKEN}", {"instances": [row]}
    )
    assert answer.status == 401
    guarded.predict(row, Authorization=f"Bearer {TOKEN}x")
    assert TOKEN not in str(guarded.logged)


def test_two_tokens_are_not_taken(guarded):
    head = (
        f"GET /model HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    )
    assert guarded.raw(head.encode()).status == 401


def test_health_needs_no_token_and_no_host_of_ours(guarded, server):
    for caller in (guarded, server):
        for path in ("/health/live", "/health/ready"):
            assert caller.send("GET", path, Host="10.0.0.7").status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/docs", 404),
        ("GET", "/redoc", 404),
        ("GET", "/predict/", 404),
        ("POST", "/predict/../model", 404),
        ("GET", "/model/..%2f..%2fetc", 404),
        ("GET", "/%00", 404),
        ("GET", "/static/app.js", 404),
        ("GET", "/predict", 405),
        ("PUT", "/predict", 405),
        ("DELETE", "/model", 405),
        ("POST", "/metrics", 405),
        ("POST", "/health/live", 405),
    ],
)
def test_unknown_paths_and_methods_are_refused_in_our_form(server, method, path, status):
    answer = server.send(method, path)
    assert answer.status == status
    assert answer.json["error"]["mend"].startswith("POST /predict")
    assert (answer.headers.get("allow") is not None) is (status == 405)


def test_a_range_is_ignored(server):
    whole = server.send("GET", "/model")
    assert server.send("GET", "/model", Range="bytes=0-1").body == whole.body


def test_no_route_takes_a_path_a_url_or_a_form(server):
    document = server.send("GET", "/openapi.json").json
    assert sorted(document["paths"]) == [
        "/health/live",
        "/health/ready",
        "/metrics",
        "/model",
        "/predict",
    ]
    assert "parameters" not in str(document["paths"])
    operation = document["paths"]["/predict"]["post"]
    instance = operation["requestBody"]["content"]["application/json"]["schema"]["properties"][
        "instances"
    ]
    assert instance["items"]["properties"]["age"] == {"type": ["number", "null"]}
    assert instance["items"]["required"] == ["age", "city", "member", "joined"]


def test_what_is_logged_is_neither_body_nor_query_nor_header(server, row):
    server.send("GET", "/nope?q=planted-1", X_Odd="planted-2")
    server.predict({**row, "age": "planted-3"})
    server.send("GET", "/health/live")  # what was before it is logged by now
    assert "planted" not in str(server.logged)
    assert server.logged[-1] == {
        "event": "refused",
        "path": "/predict",
        "method": "POST",
        "status": 422,
        "seconds": server.logged[-1]["seconds"],
    }


def test_caches_and_browsers_are_told_to_keep_off(server, row):
    answer = server.predict(row)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers
