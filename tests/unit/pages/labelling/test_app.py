"""The page's server: who may ask, what is refused, and that what the data hold stays text."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from flow.label_desk import text_desk
from trainwright.core.errors import EnvironmentFault
from trainwright.flow.labelling import MOST_CLASSES, Desk, Wishes, open_desk
from trainwright.pages.labelling.app import create_app
from trainwright.pages.labelling.page import PAGE, SCRIPT, STYLE

ANNA = {"annotator": "anna"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = text_desk(tmp_path)
    yield made
    made.close()


def client_of(desk: Desk) -> TestClient:
    return TestClient(
        create_app(desk), base_url="http://127.0.0.1:8001", raise_server_exceptions=False
    )


@pytest.fixture
def client(desk: Desk) -> TestClient:
    return client_of(desk)


def test_a_label_is_asked_for_given_and_taken_back(client: TestClient, desk: Desk):
    task = client.post("/api/task", json=ANNA).json()
    assert task["classes"] == ["ham", "spam"]
    told = client.post("/api/next", json={**ANNA, "work": task["work"]}).json()
    (item,) = told["items"]
    answer = {**ANNA, "row": item["row"], "shown": item["shown"], "label": "spam"}
    assert client.post("/api/answer", json=answer).json()["progress"]["done"] == 1
    assert desk.labels().rows() == [(item["row"], "spam", "anna")]
    assert client.post("/api/undo", json=ANNA).json()["item"] == item
    assert client.post("/api/undo", json=ANNA).json()["item"] is None
    assert desk.labels().is_empty()


def test_the_page_runs_its_own_script_and_nothing_else(client: TestClient):
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for source in (SCRIPT, STYLE):
        assert base64.b64encode(hashlib.sha256(source.encode()).digest()).decode() in policy
    assert f"<script>{SCRIPT}</script>" in PAGE
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", SCRIPT)
    assert not re.search(r"https?://", PAGE)


def test_every_class_that_may_be_has_a_key():
    keys = re.search(r"KEYS='(\w+)'", SCRIPT)
    assert keys is not None
    assert len(set(keys[1])) == MOST_CLASSES
    assert not {"s", "u"} & set(keys[1])  # skip and undo


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "evil.example:8001"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "null"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"origin": "http://127.0.0.1:8001"}, 200),
        ({"host": "localhost:8001"}, 200),
    ],
)
def test_only_the_page_itself_may_ask(client: TestClient, headers: dict[str, str], status: int):
    sent = {"content-type": "application/json", **headers}
    asked = client.post("/api/task", content=json.dumps(ANNA), headers=sent)
    assert asked.status_code == status


ODD_BODIES = [
    b"", b"{", b"[]", b"3", b"null", b"\xff\xfe", b'"' + b"x" * 70_000 + b'"', b"[" * 5000,
    b'{"annotator": 1e999}', b'{"annotator": "a", "annotator": 3}', b"NaN",
]  # fmt: skip
ODD_VALUES: list[Any] = [
    None, 3, -1, 1e300, True, "", " ", "x" * 5000, "\ud800", "a\u0000b", "\u202e", [], {}, ["a"], {"a": 1},
]  # fmt: skip


@pytest.mark.parametrize("call", ["task", "next", "answer", "undo"])
def test_no_body_makes_the_server_fail(client: TestClient, desk: Desk, call: str):
    sent = {"content-type": "application/json"}
    for body in ODD_BODIES:
        asked = client.post(f"/api/{call}", content=body, headers=sent)
        assert 400 <= asked.status_code < 500, body[:40]
    for field in ("annotator", "count", "row", "label", "shown", "work"):
        for value in ODD_VALUES:
            said = {**ANNA, "row": "mails.csv:0", "label": "spam", field: value}
            asked = client.post(f"/api/{call}", content=json.dumps(said), headers=sent)
            assert asked.status_code < 500, (field, value)
    assert set(desk.labels()["annotator"].to_list()) <= {"anna"}


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ({"row": "mails.csv:0"}, ""),
        ({"row": "mails.csv:99", "label": "spam"}, "row"),
        ({"row": "mails.csv:0", "label": "eggs"}, "label"),
        ({"row": "mails.csv:0", "label": "spam", "shown": "../x"}, "/shown"),
        ({"row": "mails.csv:0", "label": "spam", "annotator": ""}, "/annotator"),
        ({"row": 3, "label": "spam"}, "/row"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_says_where(
    client: TestClient, desk: Desk, said: dict[str, Any], where: str
):
    asked = client.post("/api/answer", json={**ANNA, **said})
    assert asked.status_code == (422 if where else 200)
    if where:
        assert asked.json()["error"]["where"] == where
        assert desk.book.standing() == []


def test_a_page_of_other_rows_is_told_to_load_again(client: TestClient, desk: Desk):
    said = {**ANNA, "work": "0" * 16, "row": "mails.csv:0", "label": "spam"}
    asked = client.post("/api/answer", json=said)
    assert asked.status_code == 409
    assert "load the page again" in asked.json()["error"]["mend"]
    assert desk.book.standing() == []


def test_a_full_disk_is_told_and_nothing_is_acknowledged(
    client: TestClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    def full(_: object) -> None:
        raise EnvironmentFault("the disk is full", where="labels", mend="make room")

    monkeypatch.setattr(desk.book, "answer", full)
    asked = client.post("/api/answer", json={**ANNA, "row": "mails.csv:0", "label": "spam"})
    assert (asked.status_code, asked.json()["error"]["mend"]) == (507, "make room")


@pytest.mark.parametrize("path", ["/x", "/api/", "/api/x", "/image/0/0", "/openapi.json", "/docs"])
def test_nothing_else_is_there(client: TestClient, path: str):
    assert client.get(path).status_code in (404, 405)


def test_images_are_given_as_what_they_are_and_only_as_they_were_shown(tmp_path: Path):
    (tmp_path / "pictures").mkdir()
    made = io.BytesIO()
    Image.new("RGB", (4, 4)).save(made, "PNG")
    (tmp_path / "pictures" / "a.png").write_bytes(made.getvalue())
    Image.new("RGB", (4, 4), "red").save(tmp_path / "pictures" / "b.jpg")
    pl.DataFrame({"file": ["pictures/a.png", "pictures/b.jpg"]}).write_csv(tmp_path / "a.csv")
    recipe = tmp_path / "images.yaml"
    recipe.write_text("data: {source: a.csv, target: kind, inputs: {image: file}}\n")
    desk = open_desk(recipe, Wishes(classes=("a", "b")), workspace=tmp_path / "workspace")
    client = client_of(desk)
    items = client.post("/api/next", json={**ANNA, "count": 2}).json()["items"]
    answers = {item["row"]: client.get(item["image"]) for item in items}
    assert answers["a.csv:0"].content == made.getvalue()
    assert answers["a.csv:0"].headers["content-type"] == "image/png"
    assert answers["a.csv:1"].headers["content-type"] == "image/jpeg"
    assert answers["a.csv:1"].headers["x-content-type-options"] == "nosniff"
    huge = 10**30
    for gone in ("/image/0/0123456789abcdef", f"/image/{huge}/0123456789abcdef"):
        assert client.get(gone).status_code == 404
    desk.close()
