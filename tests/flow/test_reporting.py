"""The run's report tells what its folder holds, and goes on telling it after every look and audit."""

from __future__ import annotations

import html
from pathlib import Path


def report(folder: Path, run: str) -> str:
    return html.unescape((folder / "workspace" / "runs" / run / "report.html").read_text())


def test_the_first_report_tells_budget_recipe_and_provenance(copied):
    page = report(*copied)
    assert "of a budget of 20 s" in page
    assert "false_alarm_rate: 0.01" in page  # a default: the recipe is the resolved one
    assert '"cpus_usable"' in page
    assert '"ended": "20' in page


def test_the_asked_metric_is_shown_first(copied, trainwright):
    folder, _ = copied
    run = trainwright("run", folder / "loans.yaml", "--set", "evaluation.metric=accuracy")[1]["run"]
    page = report(folder, run)
    assert page.index(">accuracy<") < page.index(">ROC AUC<")


def test_looks_and_audits_stay_in_the_report(copied, trainwright):
    folder, run = copied
    assert "No number on this page comes from the sealed test rows" in report(folder, run)
    trainwright("audit", run)
    assert "fit scope: preparation" in report(folder, run)
    trainwright("evaluate", run, "--split", "test")
    page = report(folder, run)
    assert "looked at 1 time" in page
    assert "fit scope: preparation" in page, "a look took the audit away"
    trainwright("evaluate", run, "--split", "test")
    trainwright("audit", run)
    page = report(folder, run)
    assert "looked at 2 times" in page, "an audit took the looks away"
    assert "low, at 0.9875" in page
    assert "plain 95 % interval" in page


def test_the_tenth_look_comes_after_the_ninth(copied, trainwright):
    folder, run = copied
    for _ in range(10):
        trainwright("evaluate", run, "--split", "test")
    assert "looked at 10 times" in report(folder, run)


def test_a_red_audit_is_in_the_report_too(copied, trainwright):
    folder, run = copied
    victim = folder / "workspace" / "runs" / run / "package" / "card.md"
    victim.write_text(victim.read_text() + " ")
    assert trainwright("audit", run)[0] == 1
    assert "not proven: package or snapshot is damaged" in report(folder, run)
