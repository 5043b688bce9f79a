"""The report of a run that failed: what went wrong and how to mend it, then how far training had come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.reports.candidates import add_training
from trainwright.reports.findings import add_findings
from trainwright.reports.page import Page
from trainwright.reports.run_report import add_left_out, add_record, rows_figure

Values = Mapping[str, Any]


def failure_report(
    *,
    run: Values,
    faults: Sequence[Values],
    snapshot: Values,
    findings: Sequence[Values],
    candidates: Sequence[str] = (),
    history: Mapping[str, Sequence[Mapping[str, float]]] | None = None,
) -> str:
    """The report as one HTML file.

    Args:
        run: `run`, `name`, `recipe` (resolved), `provenance`; all may be missing.
        faults: `what`, `where` and `mend` each; the first is what the run ended by.
        snapshot: `hash`, `target`, `inputs`, `left_out`, `rows`, `split`.
        findings: `Finding.to_json()` each.
        candidates: What was said of each candidate that was fitted before, a line each.
        history: Of each network, what its training recorded up to then: `step`, `epoch` and values each.
    """
    name, history = str(run.get("name") or "model"), history or {}
    verdict = f"The run failed: {faults[0]['what']}."
    page = Page(name, "Trainwright · run report", verdict=verdict, tone="error")
    for fault in faults:
        page.top.callout("error", fault["what"], fault["where"], mend=fault["mend"])
    page.top.paragraph("What was prepared is kept: the next run begins with training.")
    if rows := snapshot.get("rows"):
        page.top.figures(rows_figure(rows))
    add_training(page, [{"name": one} for one in [*history][::-1]], history)
    if candidates:
        page.section("What was fitted before").plain("\n".join(candidates), summary="Candidates")
    add_findings(page, findings)
    add_left_out(page, snapshot)
    add_record(page, run, snapshot)
    return page.render()
