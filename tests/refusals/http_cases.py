# ruff: noqa: E501 - a table reads best with one case a line
"""Bad requests to a server that was started by the command line: HTTP status, place, message, mend."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field

from refusals.case import PERSON

DEEP = 100_000
TOKEN = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Request:
    """One bad request.

    Attributes:
        number: Its number in the list of bad inputs.
        title: What is wrong, in a few words.
        status: The HTTP status.
        body: What is sent.
        what: Words of the message; of a row's warnings, or of the body, where the status is 200.
        where: The place: a JSON pointer or a header's name.
        mend: Words of the mend.
        method: GET, POST ...
        path: Of the URL.
        headers: In place of the usual ones; None leaves one out.
        raw: The whole request, where it is none that a client would send.
    """

    number: str
    title: str
    status: int
    body: bytes = b""
    what: str = ""
    where: str = ""
    mend: str = ""
    method: str = "POST"
    path: str = "/predict"
    headers: Mapping[str, str | None] = field(default_factory=dict)
    raw: bytes = b""

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.number} {self.title}"


def rows(*instances: str) -> bytes:
    return b'{"instances": [%s]}' % ", ".join(instances).encode()


def age(value: str) -> bytes:
    """A sound row but for its age."""
    return rows(PERSON.replace("1", value, 1))


def sound(old: str = "", new: str = "") -> bytes:
    """A sound row with one text of it replaced."""
    return rows(PERSON.replace(old, new, 1) if old else PERSON)


def ask(
    number: str, title: str, status: int, body: bytes, what: str, where: str, mend: str
) -> Request:
    return Request(number, title, status, body, what, where, mend)


def head(
    number: str, title: str, status: int, what: str, where: str, mend: str, **headers: str | None
) -> Request:
    """A sound body under odd headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(number, title, status, sound(), what, where, mend, headers=named)


def route(number: str, method: str, path: str, status: int, title: str) -> Request:
    what = "not found" if status == 404 else "method not allowed"
    return Request(number, title, status, b"", what, "", "POST /predict; GET /model", method, path)


def raw(
    number: str,
    title: str,
    status: int,
    lines: list[str],
    *,
    body: bytes = b"",
    what: str = "",
    **more,
) -> Request:
    """A request written byte by byte."""
    sent = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
    return Request(number, title, status, what=what, raw=sent, **more)


START = ["POST /predict HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
SHAPE = 'send {"instances": [{COLUMN: value}]}'

BODIES = [
    ask("69", "no body", 400, b"", "the body is empty", "", SHAPE),
    ask("69", "white space", 400, b"  \n", "the body is empty", "", SHAPE),
    ask("69", "an open brace", 400, b"{", "the body is not JSON", "", SHAPE),
    ask("69", "a trailing comma", 400, b'{"instances": [],}', "the body is not JSON", "", SHAPE),
    ask("69", "two values", 400, b"{} {}", "the body is not JSON", "", SHAPE),
    ask("69", "a byte that is not UTF-8", 400, b'{"instances": ["\xff"]}', "the body is not JSON", "", SHAPE),
    ask("69", "a byte order mark", 400, b"\xef\xbb\xbf{}", "the body is not JSON", "", SHAPE),
    ask("70", "NaN", 422, age("NaN"), "finite", "/instances/0/age", "send a number, or null"),
    ask("70", "-Infinity", 422, age("-Infinity"), "finite", "/instances/0/age", "send a number, or null"),
    ask("70", "1e999", 422, age("1e999"), "finite", "/instances/0/age", "send a number, or null"),
    ask("70", '"nan"', 422, age('"nan"'), "nan", "/instances/0/age", "send a number, or null"),
    ask("71", "true for a number", 422, age("true"), "True", "/instances/0/age", "send a number, or null"),
    ask("71", '"1.5" for a number', 422, age('"1.5"'), "1.5", "/instances/0/age", "send a number, or null"),
    ask("72", "instances twice", 422, b'{"instances": [], "instances": []}', "key 'instances' stands twice in one object", "", SHAPE),
    ask("72", "a column twice", 422, rows(PERSON[:-1] + ', "age": 2}'), "key 'age' stands twice in one object", "/instances/0/age", "send each column once"),
    ask("73", "a missing column", 422, sound('"age": 1, ', ""), "column 'age' is missing", "/instances/0/age", "send it; its value may be null"),
    ask("73", "an extra column", 422, sound("}", ', "agee": 1}'), "the model has no column 'agee'", "/instances/0/agee", "did you mean 'age'?"),
    ask("73", "an extra column with a slash and a tilde", 422, sound("}", ', "x/~y": 1}'), "the model has no column 'x/~y'", "/instances/0/x~1~0y", "leave it out, or serve --extra ignore"),
    ask("73", "columns in another order", 200, rows('{"joined": "2020-09-13", "member": true, "city": "Bern", "age": 1}'), "", "", ""),
    ask("73", "no columns", 422, rows("{}"), "column 'age' is missing", "/instances/0/age", "send it"),
    ask("74", "a list for a number", 422, age("[1]"), "[1]", "/instances/0/age", "send a number, or null"),
    ask("74", "an object for a number", 422, age("{}"), "{}", "/instances/0/age", "send a number, or null"),
    ask("74", "a whole number of 309 digits", 422, age("9" * 309), "2^63", "/instances/0/age", "send a number, or null"),
    ask("74", "a whole number of 5,000 digits", 422, age("9" * 5000), "finite", "/instances/0/age", "send a number, or null"),
    ask("74", "a list for a category", 422, sound('"Bern"', "[]"), "[]", "/instances/0/city", "send a category, or null"),
    ask("74", "true for a category", 422, sound('"Bern"', "true"), "True", "/instances/0/city", "send a category, or null"),
    ask("74", "1.5 for a category", 422, sound('"Bern"', "1.5"), "1.5", "/instances/0/city", "send a category, or null"),
    ask("74", "a number for a boolean", 422, sound("true", "1.0"), "1.0", "/instances/0/member", "send a boolean, or null"),
    ask("74", "a word for a date", 422, sound("2020-09-13", "soon"), "soon", "/instances/0/joined", "send a date-time, or null"),
    ask("74", "31 February", 422, sound("2020-09-13", "2020-02-31"), "2020-02-31", "/instances/0/joined", "send a date-time, or null"),
    ask("74", "a number for a date", 422, sound('"2020-09-13"', "1.5"), "1.5", "/instances/0/joined", "send a date-time, or null"),
    ask("75", "a category not seen in training", 200, sound("Bern", "Atlantis"), "column 'city': 'Atlantis' was not seen in training", "", ""),
    ask("76", "a null", 200, age("null"), "column 'age' is null", "", ""),
    ask("77", "no rows", 200, rows(), '"predictions":[]', "", ""),
    ask("77", "1,001 rows", 413, rows(*["1"] * 1001), "1001 rows, more than 1000 in one request", "/instances", "send fewer rows a request, or use `trainwright predict`"),
    ask("78", "a row that is a list", 422, rows("[1, 2]"), "a row must be an object, got [1, 2]", "/instances/0", "send {COLUMN: value}"),
    ask("78", "a row that is null", 422, rows("null"), "a row must be an object, got None", "/instances/0", "send {COLUMN: value}"),
    ask("78", "a second row that is a word", 422, rows(PERSON, '"x"'), "a row must be an object, got 'x'", "/instances/1", "send {COLUMN: value}"),
    ask("78", "a second row that is shorter", 422, rows(PERSON, '{"age": 1}'), "column 'city' is missing", "/instances/1/city", "send it; its value may be null"),
    ask("78", "a body that is a list", 422, b"[]", 'the body must be an object with the one key "instances"', "", SHAPE),
    ask("78", "a body that is null", 422, b"null", 'the body must be an object with the one key "instances"', "", SHAPE),
    ask("78", "a body that is a number", 422, b"1", 'the body must be an object with the one key "instances"', "", SHAPE),
    ask("78", "another key", 422, b'{"instances": [], "inputs": []}', 'the body must be an object with the one key "instances"', "", SHAPE),
    ask("78", "no key", 422, b"{}", 'the body must be an object with the one key "instances"', "", SHAPE),
    ask("78", "instances that are an object", 422, b'{"instances": {}}', "the instances must be a list", "/instances", SHAPE),
    ask("78", "instances that are null", 422, b'{"instances": null}', "the instances must be a list", "/instances", SHAPE),
    ask("79", "100,000 lists in one another", 400, b"[" * DEEP, "the JSON is nested too deeply", "", "send flat rows"),
    ask("79", "100,000 objects in one another", 400, b'{"a":' * DEEP, "the JSON is nested too deeply", "", "send flat rows"),
    ask("79", "100,000 lists in a cell", 400, age("[" * DEEP + "]" * DEEP), "the JSON is nested too deeply", "", "send flat rows"),
]  # fmt: skip

HEADERS = [
    raw("80", "4 MiB and a byte by Content-Length, none of it sent", 413, [*START, f"Content-Length: {(4 << 20) + 1}"], what="the body is over 4194304 bytes", mend="send fewer rows a request"),
    raw("80", "a chunked body without end", 413, [*START, "Transfer-Encoding: chunked"], body=(b"10000\r\n" + b" " * 65_536 + b"\r\n") * 65, what="the body is over 4194304 bytes", mend="send fewer rows a request"),
    Request("81", "a body under gzip", 415, gzip.compress(sound()), "a compressed body is not taken", "Content-Encoding", "send it plain", headers={"Content-Encoding": "gzip"}),
    head("81", "an unknown encoding", 415, "a compressed body is not taken", "Content-Encoding", "send it plain", Content_Encoding="identity, br"),
    head("82", "plain text", 415, "the body must be JSON", "Content-Type", "Content-Type: application/json", Content_Type="text/plain"),
    head("82", "a form", 415, "the body must be JSON", "Content-Type", "Content-Type: application/json", Content_Type="application/x-www-form-urlencoded"),
    head("82", "an upload", 415, "the body must be JSON", "Content-Type", "Content-Type: application/json", Content_Type="multipart/form-data; boundary=x"),
    head("82", "no Content-Type", 415, "the body must be JSON", "Content-Type", "Content-Type: application/json", Content_Type=None),
    raw("83", "a negative Content-Length", 400, [*START, "Content-Length: -1"], what="invalid"),
    raw("83", "two Content-Lengths", 400, [*START, "Content-Length: 2", "Content-Length: 3"], body=b"{} ", what="invalid"),
    raw("83", "Content-Length beside chunks", 400, [*START, "Content-Length: 2", "Transfer-Encoding: chunked"], body=b"0\r\n\r\n", what="invalid"),
    raw("83", "a chunk of no length", 400, [*START, "Transfer-Encoding: chunked"], body=b"zz\r\n{}\r\n0\r\n\r\n"),
    raw("84", "headers of 100 kB", 431, [*START, f"X: {'x' * 100_000}"], what="the headers are over 32768 bytes", mend="send fewer"),
    raw("84", "1,000 headers", 431, [*START, *(f"X-{n:04}: {'x' * 40}" for n in range(1000))], what="the headers are over 32768 bytes", mend="send fewer"),
    raw("84", "a URL of 64 kB", 414, [f"GET /{'x' * 65_536} HTTP/1.1", "Host: localhost"], what="the URL is over 8192 bytes", mend="shorten it"),
    Request("85", "a Range", 200, b"", '"signature"', method="GET", path="/model", headers={"Range": "bytes=0-1"}),
    head("87", "a foreign Host", 403, "this server answers to its loopback name only", "Host", "", Host="evil.example"),
    head("87", "a page of another site", 403, "a page of another site may not ask this", "Origin", "call the server from your own server", Origin="http://evil.example"),
]  # fmt: skip

ROUTES = [
    route("85", "GET", "/", 404, "the root"),
    route("85", "GET", "/docs", 404, "a page of documentation"),
    route("85", "GET", "/static/app.js", 404, "a static file"),
    route("85", "GET", "/predict", 405, "GET for POST"),
    route("85", "PUT", "/predict", 405, "PUT for POST"),
    route("85", "DELETE", "/model", 405, "DELETE for GET"),
    route("85", "POST", "/metrics", 405, "POST for GET"),
    route("88", "POST", "/predict/../model", 404, "a path that climbs"),
    route("88", "GET", "/model/..%2f..%2fetc%2fpasswd", 404, "a path that climbs, encoded"),
    route("88", "GET", "/model/%00", 404, "NUL in a path"),
    route("88", "GET", "/models/churn", 404, "a model by name in the URL"),
    route("88", "GET", "/http://example.org/model", 404, "a URL in the URL"),
]  # fmt: skip

REQUESTS = [*BODIES, *HEADERS, *ROUTES]

TOKENS = [
    head("86", "no token", 401, "token", "Authorization", "Authorization: Bearer", Authorization=None),
    head("86", "a wrong token", 401, "token", "Authorization", "Authorization: Bearer", Authorization=f"Bearer {TOKEN}x"),
    head("86", "half of the token", 401, "token", "Authorization", "Authorization: Bearer", Authorization=f"Bearer {TOKEN[:16]}"),
    head("86", "the token as a password", 401, "token", "Authorization", "Authorization: Bearer", Authorization=f"Basic {TOKEN}"),
    Request("86", "the token in the URL", 401, sound(), "token", "Authorization", "Authorization: Bearer", path=f"/predict?token={TOKEN}"),
    Request("86", "the metrics without a token", 401, b"", "token", "Authorization", "Authorization: Bearer", "GET", "/metrics"),
]  # fmt: skip
