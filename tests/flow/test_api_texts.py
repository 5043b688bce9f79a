"""A model behind an endpoint beside models that write: judged by its texts, paid once, asked by agreement."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import polars as pl
import pytest

from endpoint import endpoint
from trainwright.cli.main import status_of

PAIRS = """name: sums
task: text-to-text
data: {{source: sums.jsonl, inputs: {{text: asked}}, target: answer}}
model: {model}
training: {{budget: 10m, threads: 1}}
evaluation: {{generation: {{max_new_tokens: 24, stop: ["\\n"]}}}}
tracking: {{kind: none}}
"""
TALKS = """name: talks
task: instruction-tuning
data: {{source: talks.jsonl}}
model: {model}
training: {{budget: 10m, threads: 1}}
evaluation: {{generation: {{max_new_tokens: 24}}}}
tracking: {{kind: none}}
"""
API = (
    "{{family: api, endpoint: '{url}', model: small, concurrency: 2,"
    " prices: {{input: 1.0, output: 2.0}}{more}}}"
)
TINY = "causal-lm, hidden: 16, layers: 1, heads: 2, vocabulary: 300, max_length: 64"
ASKED = ', prompt: "Tell the sum of {asked} in a sentence."'


def sums(prompt: str) -> str:
    """Right, but for what adds up to seven."""
    found = re.findall(r"\d+", prompt)
    a, b = int(found[-2]), int(found[-1])
    return "seven, as ever" if a + b == 7 else f"the sum of {a} and {b} is {a + b}."


def recipe(folder, text, *, url, more="", model=API):
    draw = random.Random(0)
    pairs = [(draw.randint(0, 99), draw.randint(0, 99)) for _ in range(160)]
    rows = [
        {"asked": f"{a} and {b}", "answer": f"the sum of {a} and {b} is {a + b}."} for a, b in pairs
    ]
    (folder / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    talks = [
        {
            "messages": [
                {"role": "system", "content": "Add."},
                {"role": "user", "content": row["asked"]},
                {"role": "assistant", "content": row["answer"]},
            ]
        }
        for row in rows
    ]
    (folder / "talks.jsonl").write_text("".join(json.dumps(talk) + "\n" for talk in talks))
    path = folder / "recipe.yaml"
    path.write_text(text.format(model=model.format(url=url, more=more)))
    return path


def call(*arguments, capsys):
    capsys.readouterr()
    status = status_of([*map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def row_of(result, family):
    return next(row for row in result["candidates"] if row["family"] == family)


@pytest.mark.parametrize(("text", "more"), [(PAIRS, ASKED), (TALKS, "")])
def test_it_is_judged_by_its_texts_and_what_was_answered_is_enough_afterwards(
    tmp_path, capsys, text, more
):
    work = tmp_path / "work"
    with endpoint(sums) as told:
        path = recipe(tmp_path, text, url=told.url, more=more)
        status, result = call("run", path, "--workspace", work, capsys=capsys)
        assert status == 0, result
        asked = len(told.asked)
        assert asked == result["rows"]["validation"]  # once each
        body = told.asked[0]
        assert body["max_tokens"] == 24
        assert body["temperature"] == 0
        assert "logprobs" not in body
        said = [turn["role"] for turn in body["messages"]]
        assert said == (["user"] if text is PAIRS else ["system", "user"])
        last = body["messages"][-1]["content"]
        wanted = r"Tell the sum of \d+ and \d+ in a sentence\." if more else r"\d+ and \d+"
        assert re.fullmatch(wanted, last)
    row = row_of(result, "api")
    assert row["chosen"]
    assert result["model"]["verdict"] == "signal"
    assert row["texts"]["exact_match"]["value"] > 0.9
    assert result["validation"]["chrf"] == row["texts"]["chrf"]
    assert "bits_per_byte" not in result["validation"]
    assert row_of(result, "unigram")["texts"] is None
    assert row_of(result, "unigram")["loss"] == 1.0
    usage = row["usage"]
    assert usage["rows"] == result["rows"]["validation"]
    assert usage["latency_p95_seconds"] >= usage["latency_p50_seconds"] > 0
    per = usage["per_thousand_rows"]
    cost = (per["tokens_in"] * 1.0 + per["tokens_out"] * 2.0) / 1e6
    assert per["cost"] == pytest.approx(cost)
    # The endpoint is gone: what is recorded is enough.
    for verb in ("reproduce", "audit"):
        status, proof = call(verb, result["run"], "--workspace", work, capsys=capsys)
        assert status == 0, [check for check in proof["checks"] if not check["passed"]]
    status, again = call("evaluate", result["run"], "--workspace", work, capsys=capsys)
    assert (status, again["metrics"]) == (0, result["validation"])
    (report,) = (work / "runs").glob("*/report.html")
    page = report.read_text()
    assert "What each candidate wrote for the same rows" in page
    assert "What the answers of an endpoint took" in page


def test_what_is_shown_of_written_texts_holds_no_personal_data(tmp_path, capsys):
    """Where some were found in the data; figures are of the texts as they are."""

    def writes(prompt):
        a, b = re.findall(r"\d+", prompt)[-2:]
        return f"ask anna{a}@example.com of {b}"

    with endpoint(writes) as told:
        path = recipe(tmp_path, TALKS, url=told.url)
        rows = [json.loads(line) for line in (tmp_path / "talks.jsonl").read_text().splitlines()]
        for row in rows:
            row["messages"][-1]["content"] = writes(row["messages"][1]["content"])
        (tmp_path / "talks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        work = ("--workspace", tmp_path / "work")
        status, result = call("run", path, *work, capsys=capsys)
        assert status == 0, result
        assert result["validation"]["exact_match"]["value"] == 1
    evaluation = json.loads((Path(result["run_dir"]) / "evaluation.json").read_text())
    shown = evaluation["plots"]["generated"]["samples"][0]
    assert re.fullmatch(r"ask x+9+@x+\.xxx of \d+", shown["reference"])
    assert shown["generated"] == shown["reference"]
    page = (Path(result["run_dir"]) / "report.html").read_text()
    assert "@example.com" not in page


def test_the_lockbox_is_opened_with_an_endpoint_that_the_recipe_named(tmp_path, capsys):
    work = ("--workspace", tmp_path / "work")
    with endpoint(sums) as told:
        path = recipe(tmp_path, PAIRS, url=told.url, more=ASKED)
        _, result = call("run", path, *work, capsys=capsys)
        asked = len(told.asked)
        status, found = call("evaluate", result["run"], "--split", "test", *work, capsys=capsys)
        assert status == 0, found
        assert len(told.asked) == asked + result["rows"]["test"]
    assert found["metrics"]["exact_match"]["value"] > 0.8
    assert found["plain_95"] == found["metrics"]  # of the first look
    assert status_of(["evaluate", result["run"], "--split", "test", *map(str, work)]) == 0
    assert "exact_match" in capsys.readouterr().out


def test_its_package_writes_only_where_that_was_agreed_to(tmp_path, capsys, monkeypatch):
    work, out = tmp_path / "work", tmp_path / "out.csv"
    with endpoint(sums) as told:
        path = recipe(tmp_path, PAIRS, url=told.url, more=ASKED)
        _, result = call("run", path, "--workspace", work, capsys=capsys)
        pl.DataFrame({"asked": ["1 and 2", "", "3 and 4"]}).write_csv(tmp_path / "new.csv")
        before = len(told.asked)
        predict = ("predict", result["run"], tmp_path / "new.csv", "-o", out, "--workspace", work)
        status, refused = call(*predict, capsys=capsys)
        assert status == 5
        assert "nobody here has agreed" in refused["error"]["what"]
        assert len(told.asked) == before
        monkeypatch.setenv("TRAINWRIGHT_ENDPOINTS", told.url)
        status, _ = call(*predict, capsys=capsys)
        assert status == 0
    found = pl.read_csv(out)
    assert found["prediction"].to_list() == ["the sum of 1 and 2 is 3.", None, "seven, as ever"]
    assert found["finish"].to_list() == ["stop", "empty", "stop"]


def test_it_stands_beside_a_network_on_the_same_rows(tmp_path, capsys):
    model = "{{family: auto, families: [ngram, causal-lm], api: {{endpoint: '{url}', model: small{more}}}}}"
    with endpoint(lambda _: "no idea") as told:
        path = recipe(tmp_path, PAIRS, url=told.url, more=ASKED, model=model)
        steps = ("--set", "training.epochs=1")
        status, result = call("run", path, "--workspace", tmp_path / "work", *steps, capsys=capsys)
        assert status == 0, result
        rows = {row["family"]: row for row in result["candidates"]}
        assert rows.keys() == {"unigram", "ngram", "causal-lm", "api"}
        assert set(rows["causal-lm"]["texts"]) == set(rows["api"]["texts"])
        assert 0.5 < rows["api"]["loss"] <= 1.0
        status, again = call(
            "reproduce", result["run"], "--workspace", tmp_path / "work", capsys=capsys
        )
        assert status == 0, [check for check in again["checks"] if not check["passed"]]


def test_its_run_is_paired_with_that_of_a_network_by_what_both_wrote(tmp_path, capsys):
    work = ("--workspace", tmp_path / "work")
    with endpoint(sums) as told:
        path = recipe(tmp_path, PAIRS, url=told.url, more=ASKED)
        _, asked = call("run", path, *work, capsys=capsys)
    recipe(tmp_path, PAIRS, url="", model=f"{{{{family: {TINY}}}}}")
    _, trained = call("run", path, *work, "--set", "training.epochs=1", capsys=capsys)
    status, found = call("compare", asked["run"], trained["run"], *work, capsys=capsys)
    assert status == 0
    (pair,) = found["pairs"]
    assert (pair["paired"], pair["loss"]) == (True, "chrf_loss")
    assert pair["rows"] == asked["rows"]["validation"]
    api = row_of(asked, "api")["loss"]
    assert -1 < pair["difference"] < api - 0.2  # its own loss less one of nearly 1
    assert pair["verdict"] == f"{asked['run']} is better"
    status, alike = call("compare", trained["run"], trained["run"], *work, capsys=capsys)
    assert "loss" not in alike["pairs"][0]  # two that say how likely a text is, by that


@pytest.mark.parametrize(("family", "status"), [("ngram", 2), (TINY, 0)])
def test_a_metric_of_texts_decides_without_an_endpoint_too(tmp_path, capsys, family, status):
    path = recipe(tmp_path, PAIRS, url="", model=f"{{{{family: {family}}}}}")
    more = ("--set", "evaluation.metric=rouge_l")
    found, result = call("run", path, "--workspace", tmp_path / "work", *more, capsys=capsys)
    assert found == status
    if status:
        assert "no candidate writes texts" in result["error"]["what"]
        return
    row = row_of(result, "causal-lm")
    assert row["metric"] == row["texts"]["rouge_l"]["value"]
    assert "bits_per_byte" in result["validation"]


def test_an_endpoint_that_fails_leaves_a_run_that_goes_on_without_paying_twice(
    tmp_path, capsys, monkeypatch
):
    from trainwright.models.api import endpoint as client

    monkeypatch.setattr(client, "ATTEMPTS", 1)
    with endpoint(sums) as told:
        path = recipe(tmp_path, PAIRS, url=told.url, more=ASKED)
        told.failures[:] = [200] * 5 + [503]
        command = ("run", path, "--workspace", tmp_path / "work", "--set", "model.concurrency=1")
        status, refused = call(*command, capsys=capsys)
        assert status == 5
        assert "HTTP 503" in refused["error"]["what"]
        status, result = call(*command, capsys=capsys)
        assert status == 0, result
        said = [body["messages"][-1]["content"] for body in told.asked]
        assert len(said) - len(set(said)) <= 1  # the one that failed was asked again


@pytest.mark.parametrize(
    ("text", "more", "what"),
    [
        (PAIRS, "", "what is to be done with a text"),
        (PAIRS, ', prompt: "Sum {wrong}"', "names a column 'wrong'"),
        (TALKS, ASKED, "remove model.prompt"),
        (PAIRS.replace("generation:", "metric: bits_per_byte, generation:"), ASKED, "has no bits"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anybody_is_asked(
    tmp_path, capsys, text, more, what
):
    with endpoint(sums) as told:
        path = recipe(tmp_path, text, url=told.url, more=more)
        status, refused = call("run", path, "--workspace", tmp_path / "work", capsys=capsys)
        assert status == 2
        assert what in refused["error"]["what"]
        assert not told.asked


def test_estimate_weighs_its_texts_against_those_of_a_probe(tmp_path, capsys):
    with endpoint(sums) as told:
        path = recipe(tmp_path, PAIRS, url=told.url, model=f"{{{{family: {TINY}}}}}")
        asked = (
            f"{{compute_per_hour: 100.0, rows_per_month: 10, months: 1, serving: batch, probe: 5s,"
            f" sample: 12, api: {{endpoint: '{told.url}', model: small, prices: {{input: 1, output: 2}},"
            ' prompt: "Tell the sum of {asked} in a sentence."}}'
        )
        path.write_text(path.read_text().replace("budget: 10m", "budget: 10m, epochs: 1"))
        path.write_text(path.read_text() + f"estimate: {asked}\n")
        status, found = call("estimate", path, "--workspace", tmp_path / "work", capsys=capsys)
        assert status == 0, found
        assert len(told.asked) == 12
        assert found["api"]["texts"]["exact_match"]["value"] > 0.8
        assert found["verdict"] == "use the API", found["reasons"]
        path.write_text(path.read_text().replace("sample: 12", "sample: 0"))
        status, found = call("estimate", path, "--workspace", tmp_path / "work", capsys=capsys)
        assert status == 0, found
        assert len(told.asked) == 12
        assert found["costs"]["api_per_thousand"]["value"] > 0
