"""The report of one run: the verdict first, then what it rests on.

Everything comes in as JSON values, so that the page can be made again from a run's folder alone,
and shows nothing that the record does not hold. Keys that are not there leave their place out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.reports.bars import stacked_bar
from trainwright.reports.canaries import add_canaries
from trainwright.reports.candidates import (
    BASELINES,
    add_candidates,
    add_training,
    baseline_of,
    chosen_of,
)
from trainwright.reports.fairness import add_fairness
from trainwright.reports.findings import add_findings
from trainwright.reports.markup import duration, number
from trainwright.reports.metric_names import metric_words
from trainwright.reports.page import Page, Section, Tile, Tone
from trainwright.reports.quality import add_quality, add_slices, main_metric, with_interval
from trainwright.reports.rehearsal import add_rehearsal
from trainwright.reports.samples import add_samples
from trainwright.reports.svg import Figure

Values = Mapping[str, Any]
_LOCKBOX_CAVEAT = (
    "The intervals hold for models that were fixed beforehand; no correction holds for a model "
    "that was changed after a look."
)


def run_report(
    *,
    run: Values,
    snapshot: Values,
    evaluation: Values,
    candidates: Sequence[Values],
    findings: Sequence[Values],
    checks: Sequence[Values] = (),
    lockbox: Values | None = None,
    history: Mapping[str, Sequence[Mapping[str, float]]] | None = None,
) -> str:
    """The report as one HTML file.

    Args:
        run: `run`, `name`, `version`, `seconds`, `budget` (seconds), `metric` (shown first),
            `model` (`reason` of the choice), `cross_validation` (`folds`), `gates`, `recipe`
            (resolved), `provenance`; all may be missing.
        snapshot: `hash`, `target`, `inputs`, `left_out`, `rows`, `split`.
        evaluation: `Evaluation.to_json()`.
        candidates: Rows `name`, `family`, `loss`, `standard_error`, `difference`, `iterations`,
            `stopped`, `chosen`, and optionally `seconds` and `best` (which step a network's weights
            are of, in words).
        findings: `Finding.to_json()` each.
        checks: `Check.to_json()` each.
        lockbox: `opened` (how many looks), and of the last look `confidence`, `metrics`, `plain`
            (the same at 95 %) and `statement`. None: nothing from the lockbox is shown.
        history: Of each network, what its training recorded: `step`, `epoch` and values each.
    """
    name = str(run.get("name") or "model")
    words, tone = _verdict(run, evaluation, candidates)
    page = Page(name, "Trainwright · run report", verdict=words, tone=tone)
    history = history or {}
    page.top.tiles(_tiles(run, snapshot, evaluation, candidates))
    if rows := snapshot.get("rows"):
        page.top.figures(rows_figure(rows))
    add_candidates(page, run, evaluation, candidates)
    add_training(page, candidates, history)
    add_quality(
        page, evaluation, curve=str((chosen_of(candidates) or {}).get("name")) not in history
    )
    add_samples(page, evaluation.get("plots", {}).get("generated"))
    add_rehearsal(page, evaluation.get("plots", {}).get("rehearsal"))
    add_canaries(page, evaluation.get("plots", {}).get("canaries"))
    add_slices(page, evaluation)
    add_fairness(page, evaluation)
    add_findings(page, findings)
    add_left_out(page, snapshot)
    _add_checks(page, [*run.get("gates", ()), *checks])
    _add_lockbox(page, run, lockbox)
    add_record(page, run, snapshot)
    return page.render()


def rows_figure(rows: Values) -> Figure:
    """Where every input row went."""
    names = [key for key in ("train", "validation", "test", "dropped") if key in rows]
    total = rows.get("input", sum(rows[key] for key in names))
    sums = " + ".join(f"{number(rows[key])} {key}" for key in names)
    return stacked_bar(
        "Where every row went",
        [(key, rows[key]) for key in names],
        caption=f"{number(total)} rows in = {sums}",
    )


def _verdict(run: Values, evaluation: Values, candidates: Sequence[Values]) -> tuple[str, Tone]:
    """What came out, in a sentence."""
    chosen, baseline = chosen_of(candidates), baseline_of(candidates)
    metric = main_metric(run, evaluation)
    measured = (
        f"{metric_words(metric)} {with_interval(evaluation['metrics'][metric])}" if metric else ""
    )
    if chosen is None:
        return measured or "No candidate was chosen.", "note"
    if chosen.get("family") in BASELINES:
        return (
            "No signal: no candidate beats the baseline beyond chance, so it was chosen.",
            "warning",
        )
    words = f"{chosen['name']} was chosen: {measured} on {evaluation.get('split', 'validation')}"
    if baseline is not None and baseline["loss"] and chosen["loss"] is not None:
        less = 1 - chosen["loss"] / baseline["loss"]
        words += f", with {less:.0%} less loss than the baseline"
    refused = [gate["name"] for gate in run.get("gates", ()) if not gate["passed"]]
    if refused:
        return f"{words}. It is not champion: {', '.join(refused)} said no.", "error"
    return f"{words}.", "good"


def _tiles(
    run: Values, snapshot: Values, evaluation: Values, candidates: Sequence[Values]
) -> list[Tile]:
    tiles = []
    if metric := main_metric(run, evaluation):
        found = evaluation["metrics"][metric]
        interval = f"{number(found['low'])} to {number(found['high'])}"
        level = f"{evaluation.get('confidence', 0.95):.0%}"
        tiles.append(
            Tile(metric_words(metric), number(found["value"]), f"{interval}, {level} interval")
        )
    chosen, baseline = chosen_of(candidates), baseline_of(candidates)
    if chosen is not None:
        loss = metric_words(evaluation.get("loss", {}).get("name", "loss"))
        against = f"baseline {number(baseline['loss'])}" if baseline else "no baseline"
        tiles.append(Tile(f"{loss} of {chosen['name']}", number(chosen["loss"]), against))
    rows = snapshot.get("rows", {})
    if "input" in rows:
        columns = len(snapshot.get("inputs", ()))
        tiles.append(Tile("rows", number(rows["input"]), f"{columns} columns used"))
    if "seconds" in run:
        budget = run.get("budget")
        note = f"of a budget of {duration(budget)}" if budget else ""
        tiles.append(Tile("time used", duration(run["seconds"]), note))
    return tiles


def add_left_out(page: Page, snapshot: Values) -> None:
    """A section with the columns that no model sees, and why."""
    left_out = snapshot.get("left_out", {})
    if left_out:
        section = page.section("Columns that were left out")
        section.table(("column", "why"), sorted(left_out.items()))


def _add_checks(page: Page, checks: Sequence[Values]) -> None:
    if not checks:
        return
    section = page.section("Gates and checks")
    section.table(
        ("check", "", "detail"),
        [(check["name"], "✓" if check["passed"] else "✕ no", check["detail"]) for check in checks],
    )


def _add_lockbox(page: Page, run: Values, lockbox: Values | None) -> None:
    section = page.section("Lockbox")
    if lockbox is None or not lockbox.get("opened"):
        section.callout(
            "good",
            "No number on this page comes from the sealed test rows",
            "This command opens the lockbox, once the model is final; each look is recorded.",
            mend=f"trainwright evaluate {run.get('run', 'latest')} --split test",
        )
        return
    opened = int(lockbox["opened"])
    section.callout(
        "note" if opened == 1 else "warning",
        f"The sealed test rows were looked at {opened} time{'s' if opened > 1 else ''}",
        str(lockbox.get("statement") or _LOCKBOX_CAVEAT),
    )
    metrics, plain = lockbox.get("metrics", {}), lockbox.get("plain", {})
    if metrics:
        level = f"at {lockbox.get('confidence', 0.95):.4g}"
        section.table(
            ("metric on test", "value", f"low, {level}", f"high, {level}", "plain 95 % interval"),
            [
                (
                    metric_words(name),
                    one["value"],
                    one["low"],
                    one["high"],
                    f"{number(plain[name]['low'])} to {number(plain[name]['high'])}"
                    if name in plain
                    else "–",
                )
                for name, one in metrics.items()
            ],
        )


def add_record(page: Page, run: Values, snapshot: Values) -> None:
    """A section with hashes, split, resolved recipe and provenance."""
    section = page.section("Record")
    facts: dict[str, object] = {
        "run": run.get("run"),
        "version": run.get("version"),
        "snapshot": snapshot.get("hash"),
        "target": target_name(snapshot),
        "split": json.dumps(snapshot.get("split", {}), ensure_ascii=False),
        "source": snapshot.get("source_key"),
    }
    section.facts({name: value for name, value in facts.items() if value is not None})
    _add_plain(section, run.get("recipe"), "The resolved recipe")
    _add_plain(section, run.get("provenance"), "Provenance")


def _add_plain(section: Section, value: object, summary: str) -> None:
    if value:
        written = (
            value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
        )
        section.plain(written, summary=summary)


def target_name(snapshot: Values) -> object:
    """The target's name, from its JSON or as it stands."""
    target = snapshot.get("target")
    if isinstance(target, Mapping):
        column = target.get("column", target)
        return column.get("name") if isinstance(column, Mapping) else column
    return target
