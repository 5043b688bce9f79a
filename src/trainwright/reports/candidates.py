"""The candidates of a run: what was compared and by what, and how the networks among them learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.reports.bars import Whisker, whisker_plot
from trainwright.reports.markup import duration
from trainwright.reports.metric_names import metric_words
from trainwright.reports.page import Page
from trainwright.reports.quality import with_interval
from trainwright.reports.training_plots import first_not_finite, training_figures

Values = Mapping[str, Any]
BASELINES = ("baseline", "seasonal-naive", "unigram")  # what others must beat, by task
_LIMIT_TRAININGS = 10  # candidates whose curves are drawn; the page stays under a megabyte


def add_candidates(
    page: Page, run: Values, evaluation: Values, candidates: Sequence[Values]
) -> None:
    """What was compared, by what, what each came to, and what asking an endpoint took."""
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
    baseline = baseline_of(judged)
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


def add_training(
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


def chosen_of(candidates: Sequence[Values]) -> Values | None:
    """The row of the one that was chosen."""
    return next((row for row in candidates if row.get("chosen")), None)


def baseline_of(candidates: Sequence[Values]) -> Values | None:
    """The row of what the others must beat."""
    return next((row for row in candidates if row.get("family") in BASELINES), None)
