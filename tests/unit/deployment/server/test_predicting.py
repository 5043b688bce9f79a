"""POST /predict: what is answered; tests/refusals holds the table of what is refused."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import numpy as np

from trainwright.core.columns import Column, ColumnType
from trainwright.deployment.server import Limits

DAY = 1_599_955_200_000_000  # 2020-09-13 in microseconds


def body(text):
    return b'{"instances": [%s]}' % text.encode()


SOUND = '{"age": 1, "city": "Bern", "member": true, "joined": "2020-09-13"}'


def test_an_answer_is_the_models_own_to_the_last_bit(server, package, row):
    answer = server.predict(row, {**row, "age": 60})
    rows = [{**row, "joined": DAY}, {**row, "age": 60.0, "joined": DAY}]
    wanted = package.model.predict_rows(rows)
    assert answer.status == 200
    assert answer.json["model"] == "churn/3"
    for code, probabilities, told in zip(
        wanted.values, wanted.probabilities, answer.json["predictions"], strict=True
    ):
        assert told["prediction"] == package.model.target.label(int(code))
        assert list(told["probability"].values()) == probabilities.tolist()
        assert list(told["probability"]) == ["=no", "yes"]
        assert told["warnings"] == []


def test_the_server_and_the_batch_agree_bit_for_bit(server, package, frame_of):
    frame = frame_of(200, seed=5)
    rows = [
        {**row, "joined": row["joined"].strftime("%Y-%m-%d")} for row in frame.iter_rows(named=True)
    ]
    told = [one["probability"]["yes"] for one in server.predict(*rows).json["predictions"]]
    np.testing.assert_array_equal(told, package.model.predict(frame).probabilities[:, 1])


def test_columns_are_known_by_name_not_by_place(server, row):
    turned = dict(reversed(row.items()))
    assert server.predict(turned).body == server.predict(row).body


def test_a_regression_answers_numbers(serving, tmp_path, regression_model, write, row):
    from trainwright.deployment.package import load_package

    package = load_package(write(tmp_path / "package", regression_model))
    with serving(package) as caller:
        (told,) = caller.predict(row).json["predictions"]
    wanted = package.model.predict_rows([{**row, "joined": DAY}]).values[0]
    assert told == {"prediction": wanted, "warnings": []}


def test_no_rows_are_answered_with_no_predictions(server):
    answer = server.predict()
    assert (answer.status, answer.json["predictions"]) == (200, [])


def test_a_null_and_an_unseen_category_are_answered_with_a_warning(server, row):
    answer = server.predict({**row, "age": None, "city": "Atlantis"}, row)
    assert answer.status == 200
    first, second = answer.json["predictions"]
    assert first["warnings"] == [
        "column 'age' is null",
        "column 'city': 'Atlantis' was not seen in training",
    ]
    assert second["warnings"] == []


def test_all_faults_of_a_request_are_told_at_once_and_not_more_than_twenty(server, row):
    error = server.predict({**row, "age": "x", "cty": 1}, row, {**row, "member": 3.5}).json["error"]
    places = [error["where"], *(other["where"] for other in error["others"])]
    assert places == ["/instances/0/cty", "/instances/0/age", "/instances/2/member"]
    error = server.predict(*[{}] * 100).json["error"]
    assert len(error["others"]) == 19


def test_a_near_name_is_proposed(server, row):
    error = server.predict({**row, "agee": 1}).json["error"]
    assert error["mend"] == "did you mean 'age'?"


def test_whatever_text_is_sent_is_told_back_inert(server, row):
    odd = '{"instances": [{"\\ud800\\u001b[31m\\n": 1, "city": "\\ud800", "age": "\\ud800"}]}'
    answer = server.send(body=odd.encode())
    assert answer.status == 422
    assert answer.body.isascii()
    lone = server.send(body=json.dumps({"instances": [{**row, "city": "\ud800"}]}).encode())
    assert lone.status in (200, 422)


def test_a_charset_beside_the_content_type_is_taken(server, row):
    assert server.predict(row, Content_Type="Application/JSON; charset=utf-8").status == 200


def test_a_body_over_the_limit_is_refused_before_it_is_sent(server):
    answer = server.send(body=b"", Content_Length=str((4 << 20) + 1))
    assert answer.status == 413
    assert answer.headers["connection"] == "close"


def test_a_chunked_body_is_refused_as_soon_as_it_is_over_the_limit(server):
    head = (
        f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    answer = server.raw(head, then=chunk * 65)  # never ends: no last chunk is sent
    assert answer.status == 413


def test_a_chunked_body_within_the_limit_is_answered(server):
    sent = body(SOUND)
    head = (
        f"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    answer = server.raw(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(sent), sent))
    assert answer.status == 200


def test_a_large_body_is_answered_as_a_small_one_is(server, row):
    many = server.predict(*[row] * 1000)
    assert many.status == 200
    one = server.predict(row).json["predictions"][0]
    assert many.json["predictions"] == [one] * 1000


def test_extra_columns_are_let_be_where_the_server_was_told_so(serving, package, row):
    with serving(package, extra="ignore") as caller:
        assert caller.predict({**row, "id": [float("inf")]}).body == caller.predict(row).body
        assert caller.predict({"id": 1}).status == 422


def test_required_and_closed_columns_refuse(serving, package, row):
    inputs = (
        Column("age", ColumnType.NUMBER, required=True),
        Column("city", ColumnType.CATEGORY, closed=True),
        *package.model.inputs[2:],
    )
    strict = replace(package, model=replace(package.model, inputs=inputs))
    with serving(strict) as caller:
        error = caller.predict({**row, "age": None}).json["error"]
        assert (error["where"], error["what"]) == (
            "/instances/0/age",
            "null in a column that is required",
        )
        error = caller.predict(row, {**row, "city": "Atlantis"}).json["error"]
        assert error["where"] == "/instances/1/city"
        assert "Atlantis" in error["what"]
        assert caller.predict({**row, "city": None}).status == 200


class Slow:
    """A model that waits until it is told to go on."""

    def __init__(self, model):
        self._model, self.go = model, threading.Event()
        self.asked = threading.Semaphore(0)

    def __getattr__(self, name):
        return getattr(self._model, name)

    def predict_rows(self, rows):
        self.asked.release()
        assert self.go.wait(10)
        return self._model.predict_rows(rows)


def test_beyond_what_can_be_in_work_large_requests_are_sent_away_and_health_is_not(
    serving, package, row
):
    slow = Slow(package.model)
    limits = Limits(large_requests=2, inline_bytes=10)
    with serving(replace(package, model=slow), limits=limits) as caller:
        answers = []
        threads = [
            threading.Thread(target=lambda: answers.append(caller.predict(row).status))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for _ in threads:
            assert slow.asked.acquire(timeout=10)
        refused = caller.predict(row)
        assert refused.status == 503
        assert refused.headers["retry-after"] == "1"
        assert caller.send("GET", "/health/ready").status == 200
        slow.go.set()
        for thread in threads:
            thread.join(10)
        assert answers == [200, 200]
        assert caller.predict(row).status == 200


def test_health_is_answered_while_a_large_body_is_worked_at(server, row):
    large = json.dumps({"instances": [row] * 1000}).encode()
    large += b" " * ((4 << 20) - len(large))
    thread = threading.Thread(target=lambda: server.send(body=large))
    thread.start()
    waits = []
    while thread.is_alive():
        started = time.perf_counter()
        assert server.send("GET", "/health/live").status == 200
        waits.append(time.perf_counter() - started)
    assert max(waits) < 2.0  # on a busy machine; a stalled loop would take the whole request


def test_a_body_that_does_not_arrive_is_given_up(serving, package):
    with serving(package, limits=Limits(receive_seconds=0.5)) as caller:
        answer = caller.send(body=b'{"inst', Content_Length="100")
        assert answer.status == 408


def test_a_caller_that_hangs_up_leaves_no_trace_but_a_count(serving, package, row):
    with serving(package) as caller:
        with caller.connect() as connection:
            connection.sendall(
                b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
        assert caller.predict(row).status == 200
        assert all(line["event"] != "failed" for line in caller.logged)


def test_a_fault_of_ours_is_500_without_a_word_of_the_caller(serving, package, row):
    class Broken:
        def __getattr__(self, name):
            return getattr(package.model, name)

        def predict_rows(self, rows):
            raise RuntimeError(f"secret {rows}")

    with serving(replace(package, model=Broken())) as caller:
        answer = caller.predict(row)
        assert answer.status == 500
        assert b"secret" not in answer.body
        failed = next(line for line in caller.logged if line["event"] == "failed")
        assert failed["error"] == "RuntimeError"
        assert "secret" not in str(caller.logged)
        assert caller.send("GET", "/health/ready").status == 200
