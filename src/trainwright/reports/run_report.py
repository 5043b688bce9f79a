"""The report of one run: the verdict first, then what it rests on.

Everything comes in as JSON values, so that the page can be made again from a run's folder alone,
and shows nothing that the record does not hold. Keys that are not there leave their place out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.reports.bars import Whisker, stacked_bar, whisker_plot
from trainwright.reports.canaries import add_canaries
from trainwright.reports.fairness import add_fairness
from trainwright.reports.findings import add_findings
from trainwright.reports.markup import duration, number
from trainwright.reports.metric_names import metric_words
from trainwright.reports.page import Page, Section, Tile, Tone
from trainwright.reports.rehearsal import add_rehearsal
from trainwright.reports.run_plots import curve_figure, evaluation_figures, importance_figure
from trainwright.reports.samples import add_samples
from trainwright.reports.svg import Figure
from trainwright.reports.training_plots import first_not_finite, training_figures

Values = Mapping[str, Any]
_BASELINES = ("baseline", "seasonal-naive", "unigram")  # what others must beat, by task
_MAIN_METRICS = ("roc_auc", "accuracy", "r2", "rmse")  # shown first where no metric was asked for
_LIMIT_SLICES = 40
_LIMIT_TRAININGS = 10  # candidates whose curves are drawn; the page stays under a megabyte
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
    _add_candidates(page, run, evaluation, candidates)
    _add_training(page, candidates, history)
    _add_quality(
        page, evaluation, curve=str((_chosen(candidates) or {}).get("name")) not in history
    )
    add_samples(page, evaluation.get("plots", {}).get("generated"))
    add_rehearsal(page, evaluation.get("plots", {}).get("rehearsal"))
    add_canaries(page, evaluation.get("plots", {}).get("canaries"))
    _add_slices(page, evaluation)
    add_fairness(page, evaluation)
    add_findings(page, findings)
    add_left_out(page, snapshot)
    _add_checks(page, [*run.get("gates", ()), *checks])
    _add_lockbox(page, run, lockbox)
    _add_record(page, run, snapshot)
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


def main_metric(run: Values, evaluation: Values) -> str | None:
    """The metric that is shown first: the one asked for, else the most telling that there is."""
    metrics = evaluation.get("metrics", {})
    asked = (run.get("metric"), *_MAIN_METRICS, *metrics)
    return next((str(name) for name in asked if name in metrics), None)


def with_interval(metric: Values) -> str:
    """For example "0.74 (0.73 to 0.75)"."""
    return f"{number(metric['value'])} ({number(metric['low'])} to {number(metric['high'])})"


def _verdict(run: Values, evaluation: Values, candidates: Sequence[Values]) -> tuple[str, Tone]:
    """What came out, in a sentence."""
    chosen, baseline = _chosen(candidates), _baseline(candidates)
    metric = main_metric(run, evaluation)
    measured = (
        f"{metric_words(metric)} {with_interval(evaluation['metrics'][metric])}" if metric else ""
    )
    if chosen is None:
        return measured or "No candidate was chosen.", "note"
    if chosen.get("family") in _BASELINES:
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
    chosen, baseline = _chosen(candidates), _baseline(candidates)
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


def _add_candidates(
    page: Page, run: Values, evaluation: Values, candidates: Sequence[Values]
) -> None:
    if not candidates:
        return
    loss = metric_words(evaluation.get("loss", {}).get("name", "loss"))
    section = page.section(
        "Candidates against the baseline",
        lead=f"Chosen on {_compared_on(run)} by {_measure(run, candidates)}. Of tied candidates the one that "
        "is cheaper to serve wins.",
    )
    judged = sorted(
        (row for row in candidates if row["loss"] is not None), key=lambda row: row["loss"]
    )
    if reason := run.get("model", {}).get("reason"):
        section.paragraph(f"{reason}.")
    baseline = _baseline(judged)
    section.figures(
        whisker_plot(
            f"{loss} on {_compared_on(run)}",
            [_candidate_whisker(row) for row in judged],
            x_label=f"{loss} ± 2 standard errors; dashed: the baseline",
            reference=baseline["loss"] if baseline else None,
            header=("candidate", loss),
        )
    )
    section.table(
        (
            "candidate",
            "family",
            loss,
            "standard error",
            "difference",
            "iterations",
            "ended",
            "time",
            "",
        ),
        [
            (
                row["name"],
                row.get("family"),
                row["loss"],
                row.get("standard_error"),
                row.get("difference"),
                row.get("iterations"),
                row.get("stopped") or "–",
                duration(row.get("seconds")),
                "chosen" if row.get("chosen") else "",
            )
            for row in (*judged, *(row for row in candidates if row["loss"] is None))
        ],
    )
    writers = [row for row in candidates if row.get("texts")]
    if writers:
        names = list(dict.fromkeys(name for row in writers for name in row["texts"]))
        section.paragraph("What each candidate wrote for the same rows, with 95 % intervals.")
        section.table(
            ("candidate", *map(metric_words, names)),
            [
                (
                    row["name"],
                    *(
                        with_interval(row["texts"][name]) if name in row["texts"] else "–"
                        for name in names
                    ),
                )
                for row in writers
            ],
        )
    asked = [row for row in candidates if row.get("usage")]
    if asked:
        section.paragraph(
            "What the answers of an endpoint took; tokens and cost are of 1,000 rows."
        )
        section.table(
            (
                "candidate",
                "rows",
                "unreadable",
                "median",
                "95 %",
                "tokens in",
                "tokens out",
                "cost",
            ),
            [_usage_cells(row["name"], row["usage"]) for row in asked],
        )


def _usage_cells(name: str, usage: Values) -> tuple[Any, ...]:
    per = usage["per_thousand_rows"]
    return (
        name,
        usage["rows"],
        usage["unreadable"],
        duration(usage["latency_p50_seconds"]),
        duration(usage["latency_p95_seconds"]),
        per["tokens_in"],
        per["tokens_out"],
        "–" if per["cost"] is None else per["cost"],
    )


def _measure(run: Values, candidates: Sequence[Values]) -> str:
    """What the candidates were chosen by."""
    asked = run.get("metric")
    if not asked and any("texts" in row for row in candidates):
        return "the texts that they write (1 - chrF of each row, smaller is better)"
    return f"{metric_words(asked)}, as asked" if asked else "a proper loss, smaller is better"


def _compared_on(run: Values) -> str:
    """The rows that the candidates were compared on."""
    folds = run.get("cross_validation")
    return f"{folds['folds']} folds of train and validation" if folds else "validation"


def _candidate_whisker(row: Values) -> Whisker:
    loss, error = row["loss"], row.get("standard_error") or 0.0
    return Whisker(
        row["name"], loss, loss - 2 * error, loss + 2 * error, strong=bool(row.get("chosen"))
    )


def _add_training(
    page: Page,
    candidates: Sequence[Values],
    history: Mapping[str, Sequence[Mapping[str, float]]],
) -> None:
    """The curves of each network, the chosen one first."""
    rows = [row for row in candidates if history.get(row["name"])]
    if not rows:
        return
    section = page.section("How the networks learned")
    rows.sort(key=lambda row: not row.get("chosen"))
    drawn = rows[:_LIMIT_TRAININGS]
    for row in drawn:
        records = history[row["name"]]
        burst = first_not_finite(records)
        words = _sentence(row.get("best"))
        if burst is not None:
            words += f" At step {burst[0]:,}, {burst[1].replace('_', ' ')} was no finite number."
        title = f"{row['name']}, chosen" if row.get("chosen") else str(row["name"])
        section.callout("note" if burst is None else "warning", title, words.strip())
        section.figures(
            *training_figures(records, best=row.get("iterations"), candidates=len(drawn))
        )
    if left := rows[_LIMIT_TRAININGS:]:
        names = ", ".join(str(row["name"]) for row in left)
        section.paragraph(f"The curves of {names} are in history.jsonl of the run.")


def _sentence(words: object) -> str:
    told = str(words or "").rstrip(".")
    return f"{told[0].upper()}{told[1:]}." if told else ""


def _add_quality(page: Page, evaluation: Values, *, curve: bool) -> None:
    """Metrics, diagnosis and plots; the learning curve only where none was drawn above."""
    split = evaluation.get("split", "validation")
    section = page.section(f"Quality on {split}")
    rows = [
        (metric_words(name), found["value"], found["low"], found["high"])
        for name, found in evaluation.get("metrics", {}).items()
    ]
    if diagnosis := evaluation.get("diagnosis"):
        tone: Tone = "good" if diagnosis["verdict"] == "balanced" else "warning"
        section.callout(tone, str(diagnosis["verdict"]).capitalize(), diagnosis["message"])
    section.table(("metric", "value", "low", "high"), rows, empty="no metrics were kept")
    if (threshold := evaluation.get("threshold")) is not None:
        section.paragraph(
            f"The positive class is called from a probability of {number(threshold)} on."
        )
    loss = metric_words(evaluation.get("loss", {}).get("name", "loss"))
    figures = [
        curve_figure(evaluation.get("curve", ()) if curve else (), loss=loss),
        *evaluation_figures(evaluation.get("plots", {})),
        importance_figure(evaluation.get("importance", {})),
    ]
    section.figures(*(figure for figure in figures if figure is not None))


def _add_slices(page: Page, evaluation: Values) -> None:
    slices = evaluation.get("slices", ())
    if not slices:
        return
    section = page.section("Slices", lead="The same metric on parts of the rows.")
    metric = main_metric({}, slices[0])
    if metric is None:
        return
    whole = evaluation.get("metrics", {}).get(metric)
    shown = [one for one in slices if metric in one["metrics"]]
    section.figures(
        whisker_plot(
            f"{metric_words(metric)} by slice",
            [_slice_whisker(one, metric) for one in shown[:_LIMIT_SLICES]],
            x_label=f"{metric_words(metric)}; dashed: all rows",
            reference=whole["value"] if whole else None,
            header=("slice", metric_words(metric)),
        )
    )
    section.table(
        ("column", "value", "rows", metric_words(metric), "low", "high"),
        [
            (one["column"], one["value"], one["rows"], found["value"], found["low"], found["high"])
            for one in shown
            for found in (one["metrics"][metric],)
        ],
    )


def _slice_whisker(one: Values, metric: str) -> Whisker:
    found = one["metrics"][metric]
    return Whisker(
        f"{one['column']} = {one['value']}",
        found["value"],
        found["low"],
        found["high"],
        strong=True,
    )


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


def _add_record(page: Page, run: Values, snapshot: Values) -> None:
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


def _chosen(candidates: Sequence[Values]) -> Values | None:
    return next((row for row in candidates if row.get("chosen")), None)


def _baseline(candidates: Sequence[Values]) -> Values | None:
    return next((row for row in candidates if row.get("family") in _BASELINES), None)
