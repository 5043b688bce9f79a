"""What a recipe will take, by short probes; training against an endpoint."""

from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest

from endpoint import endpoint
from trainwright.cli.main import status_of
from trainwright.flow import probing
from trainwright.flow.probing import sizes_of

RECIPE = """name: mails
data: {{source: mails.csv, target: kind, columns: {{text: text}}, accept: ["leakage:text"]}}
model: {model}
training: {{budget: 10m, threads: 1, epochs: 2, batch_size: 32}}
tracking: {{kind: none}}
estimate: {estimate}
"""
WORDS = ["meeting", "tomorrow", "invoice", "lunch", "report", "project", "garden", "train"]


def write(folder, *, estimate: str, model: str = "{family: linear}"):
    rng = np.random.default_rng(0)
    kinds = rng.choice(["spam", "ham"], 400)
    signs = np.where(rng.random(400) < 0.1, "note", np.where(kinds == "spam", "prize", "note"))
    texts = [" ".join([*rng.choice(WORDS, 6), sign]) for sign in signs]
    pl.DataFrame({"text": texts, "kind": kinds}).write_csv(folder / "mails.csv")
    path = folder / "mails.yaml"
    text = RECIPE.format(model=model, estimate=estimate)
    if "linear" in model:
        text = text.replace(", epochs: 2, batch_size: 32", "")
    path.write_text(text)
    return path


def call(path, capsys, *more):
    capsys.readouterr()
    arguments = ["estimate", str(path), "--workspace", str(path.parent / "work"), "--json", *more]
    status = status_of(arguments)
    return status, json.loads(capsys.readouterr().out)


def test_an_endpoint_is_weighed_against_training(tmp_path, capsys):
    settings = (
        "{{compute_per_hour: 0.1, label: 0.05, rows_per_month: {rows}, months: 1, sample: 40,"
        " serving: batch, probe: 5s, api: {{endpoint: '{url}', model: small,"
        " prompt: 'Spam or ham? {{text}}', prices: {{input: 1000, output: 1000}}}}}}"
    )
    with endpoint(lambda prompt: "spam" if "prize" in prompt else "ham") as told:
        path = write(tmp_path, estimate=settings.format(rows=1_000_000_000, url=told.url))
        status, found = call(path, capsys)
        assert status == 0, found
        assert len(told.asked) >= 40
        asked = len(told.asked)
        assert found["verdict"] == "train", found["reasons"]
        assert found["api"]["rows"] == 40
        # A prompt of ten words is ten tokens, an answer one, each at a thousandth.
        assert found["costs"]["api_per_thousand"]["value"] == pytest.approx(10 + 1, rel=0.02)
        assert found["costs"]["labels"]["value"] == pytest.approx(400 * 0.05)
        even = found["break_even"]
        assert even["value"] == pytest.approx(20 / 0.011, rel=0.05)
        assert even["low"] < even["value"] < even["high"]
        status, found = call(path, capsys, "--set", "estimate.rows_per_month=10")
        assert found["verdict"] == "use the API", found["reasons"]
        assert len(told.asked) == asked  # what was answered is not paid for again
    assert not list((tmp_path / "work" / "runs").glob("*"))


def test_without_prices_nothing_is_decided_and_what_is_missing_is_said(tmp_path, capsys):
    status, found = call(write(tmp_path, estimate="{probe: 3s}"), capsys)
    assert status == 0
    assert found["verdict"] == "not decided by these numbers"
    assert any("compute_per_hour" in reason for reason in found["reasons"])
    assert found["break_even"] is None
    family = next(one for one in found["families"] if one["family"] == "linear")
    assert [probe["rows"] for probe in family["probes"]] == sizes_of(found["rows"]["train"])
    assert found["train_seconds"]["low"] < found["train_seconds"]["high"] <= 600


def test_time_is_foretold_from_parts_of_the_rows(tmp_path, capsys, monkeypatch):
    clock = {"now": 0.0}
    fit = probing.fit_candidate

    def timed(bench, family, **settings):
        made = fit(bench, family, **settings)
        clock["now"] += 0.01 * bench.train.frame.height**1.1
        return made

    def read() -> float:
        return clock["now"]

    monkeypatch.setattr(probing, "fit_candidate", timed)
    from trainwright.flow.estimate import estimate

    path = write(tmp_path, estimate="{probe: 3s}")
    found = estimate(path, workspace=tmp_path / "work", now=read)
    linear = next(one for one in found.families if one.family == "linear")
    rows = found.rows["train"]
    assert linear.probes[-1].rows < rows  # there was no time for all of them
    assert linear.seconds.low < 0.01 * rows**1.1 < linear.seconds.high


def test_updates_of_a_network_are_counted(tmp_path, capsys):
    model = "{family: text-encoder, layers: 1, hidden: 16, heads: 2}"
    status, found = call(write(tmp_path, estimate="{probe: 2s}", model=model), capsys)
    assert status == 0, found
    counts = next(one for one in found["families"] if one["family"] == "text-encoder")["counts"]
    assert counts["epochs"] == 2
    assert counts["steps"] == 2 * math.ceil(found["rows"]["train"] / 32)
    assert counts["parameters"] > 0
