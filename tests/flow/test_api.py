"""A model behind an endpoint as a candidate: judged, paid once, packaged without its key."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from endpoint import endpoint
from trainwright.cli.main import status_of

KEY = "plain-words-that-nobody-guesses"
RECIPE = """name: mails
data: {{source: mails.csv, target: kind, columns: {{text: text}}, accept: ["leakage:text"]}}
model: {model}
training: {{budget: 10m, threads: 1}}
tracking: {{kind: none}}
"""


def knows(prompt: str) -> str:
    """Right but for one row in ten or so, and one that it does not answer."""
    if "silence" in prompt:
        return "I would rather not say."
    return "spam" if "prize" in prompt else "ham"


def mails(folder: Path, rows: int = 200) -> None:
    """Texts whose class a word tells, but for a few."""
    rng = np.random.default_rng(0)
    words = ["meeting", "tomorrow", "invoice", "lunch", "report", "project", "garden", "train"]
    lines, kinds = [], []
    for _ in range(rows):
        spam = rng.random() < 0.5
        told = [*rng.choice(words, 6), "prize" if spam ^ (rng.random() < 0.1) else "note"]
        lines.append(" ".join(rng.permutation(told)))
        kinds.append("spam" if spam else "ham")
    pl.DataFrame({"text": lines, "kind": kinds}).write_csv(folder / "mails.csv")


def recipe(folder: Path, told, *, model: str) -> Path:
    mails(folder)
    path = folder / "mails.yaml"
    path.write_text(RECIPE.format(model=model.format(url=told.url)))
    return path


def call(*arguments: str, capsys) -> tuple[int, dict]:
    capsys.readouterr()
    status = status_of([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


API = (
    "{{family: api, endpoint: '{url}', model: small, key: env:THEIR_VARIABLE,"
    ' prompt: "Spam or ham? {{text}}", prices: {{input: 1.0, output: 2.0}}, concurrency: 2}}'
)


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("THEIR_VARIABLE", KEY)


def test_an_endpoint_is_judged_paid_once_and_packaged_without_its_key(
    tmp_path, capsys, key, monkeypatch
):
    work = str(tmp_path / "work")
    with endpoint(knows) as told:
        path = recipe(tmp_path, told, model=API)
        status, result = call("run", str(path), "--workspace", work, capsys=capsys)
        assert status == 0, result
        assert result["model"]["family"] == "api"
        validation = result["rows"]["validation"]
        row = next(row for row in result["candidates"] if row["family"] == "api")
        assert row["usage"]["rows"] == validation
        assert row["usage"]["latency_p95_seconds"] >= row["usage"]["latency_p50_seconds"] > 0
        per = row["usage"]["per_thousand_rows"]
        assert per["tokens_in"] == pytest.approx(10_000)  # ten words a prompt
        assert per["cost"] == pytest.approx((10_000 * 1.0 + 1_000 * 2.0) / 1e6)
        prompts = [body["messages"][0]["content"] for body in told.asked if "logprobs" not in body]
        prompts += [body["messages"][0]["content"] for body in told.asked if "logprobs" in body]
        assert len(prompts) == len(set(prompts))  # nothing is asked twice
        assert set(told.keys) == {f"Bearer {KEY}"}
        assert 0.8 < result["validation"]["accuracy"]["value"] < 1.0
    # The endpoint is gone: what is recorded is enough.
    monkeypatch.delenv("THEIR_VARIABLE")
    for verb in ("reproduce", "audit"):
        status, proof = call(verb, result["run"], "--workspace", work, capsys=capsys)
        assert status == 0, [check for check in proof["checks"] if not check["passed"]]
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def test_a_package_asks_nobody_that_was_not_agreed_to(tmp_path, capsys, key, monkeypatch):
    work = str(tmp_path / "work")
    with endpoint(knows) as told:
        path = recipe(tmp_path, told, model=API)
        _, result = call("run", str(path), "--workspace", work, capsys=capsys)
        rows, asked = str(tmp_path / "mails.csv"), len(told.asked)
        predict = ("predict", result["run"], rows, "-o", str(tmp_path / "out.csv"))
        status, refused = call(*predict, "--workspace", work, capsys=capsys)
        assert status == 5
        assert "nobody here has agreed" in refused["error"]["what"]
        assert len(told.asked) == asked
        monkeypatch.setenv("TRAINWRIGHT_ENDPOINTS", f"https://example.com/v1, {told.url}/")
        monkeypatch.delenv("THEIR_VARIABLE")
        status, refused = call(*predict, "--workspace", work, capsys=capsys)
        assert status == 5
        assert "THEIR_VARIABLE" in refused["error"]["mend"]
        monkeypatch.setenv("THEIR_VARIABLE", KEY)
        status, predicted = call(*predict, "--workspace", work, capsys=capsys)
        assert (status, predicted["rows"]) == (0, 200)


def test_it_stands_beside_what_is_trained_here(tmp_path, capsys, key):
    model = "{{family: auto, families: [linear], api: {{endpoint: '{url}', model: small}}}}"
    with endpoint(knows) as told:
        path = recipe(tmp_path, told, model=model)
        status, result = call("run", str(path), "--workspace", str(tmp_path / "w"), capsys=capsys)
        assert status == 0, result
        assert {row["family"] for row in result["candidates"]} == {"baseline", "linear", "api"}
        said = told.asked[0]["messages"][0]["content"]
        assert "- ham\n- spam" in said
        assert "text: " in said
        status, again = call(
            "reproduce", result["run"], "--workspace", str(tmp_path / "w"), capsys=capsys
        )
        assert status == 0, [check for check in again["checks"] if not check["passed"]]


def test_what_its_answers_took_stands_in_the_table_and_in_the_report(tmp_path, capsys, key):
    with endpoint(knows) as told:
        path = recipe(tmp_path, told, model=API)
        assert status_of(["run", str(path), "--workspace", str(tmp_path / "w")]) == 0
    printed = capsys.readouterr().out
    assert "answers unreadable; a thousand rows: 10000 tokens in, 1000 out, cost 0.012" in printed
    (report,) = (tmp_path / "w" / "runs").glob("*/report.html")
    assert "What the answers of an endpoint took" in report.read_text()


def test_an_endpoint_that_fails_leaves_a_run_that_goes_on_without_paying_twice(
    tmp_path, capsys, key, monkeypatch
):
    from trainwright.models.api import endpoint as client

    monkeypatch.setattr(client, "ATTEMPTS", 1)
    work = str(tmp_path / "work")
    with endpoint(knows) as told:
        path = recipe(tmp_path, told, model=API.replace("concurrency: 2", "concurrency: 1"))
        told.failures[:] = [200] * 5 + [503]
        status, refused = call("run", str(path), "--workspace", work, capsys=capsys)
        assert status == 5
        assert KEY not in json.dumps(refused)
        before = len(told.asked)
        status, result = call("run", str(path), "--workspace", work, capsys=capsys)
        assert status == 0, result
        prompts = [body["messages"][0]["content"] for body in told.asked]
        assert len(set(prompts)) >= len(prompts) - 1  # the one that failed was asked again
        assert before < len(prompts)


@pytest.mark.parametrize(
    ("model", "what"),
    [
        (API.replace("env:THEIR_VARIABLE", KEY), "a key never stands in a recipe"),
        (API.replace("'{url}'", "'http://example.com/v1'"), "not sent in the clear"),
        (API.replace("{{text}}", "{{txet}}"), "names a column 'txet'"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path, capsys, key, model, what):
    with endpoint(knows) as told:
        path = recipe(tmp_path, told, model=model)
        status = status_of(["run", str(path), "--workspace", str(tmp_path / "w"), "--json"])
        printed = capsys.readouterr()
        assert status == 2
        assert what in json.loads(printed.out)["error"]["what"]
        assert KEY not in printed.out + printed.err
        assert not told.asked
