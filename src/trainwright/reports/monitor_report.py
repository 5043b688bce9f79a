"""The report of a look at live rows: what moved, how far, and whether the model still does well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.reports.bars import Whisker, paired_bars, whisker_plot
from trainwright.reports.markup import number
from trainwright.reports.metric_names import metric_words
from trainwright.reports.page import Page, Tile, Tone
from trainwright.reports.quality import with_interval
from trainwright.reports.svg import Figure

Values = Mapping[str, Any]
_LIMIT_PLOTS = 12


def monitor_report(*, result: Values, model: str, rows: int) -> str:
    """The report as one HTML file.

    Args:
        result: `MonitorResult.to_json()`.
        model: Whose reference the rows were compared with.
        rows: How many live rows.
    """
    columns = result["columns"]
    tone: Tone = "error" if result["alarm"] else "good" if columns else "note"
    verdict = str(result["verdict"])
    page = Page(
        model, "Trainwright · live data", verdict=f"{verdict[:1].upper()}{verdict[1:]}.", tone=tone
    )
    page.top.tiles(_tiles(result, rows))
    if columns:
        _add_drift(page, columns)
        _add_distributions(page, result)
    _add_quality(page, result["quality"])
    return page.render()


def _tiles(result: Values, rows: int) -> list[Tile]:
    columns, quality = result["columns"], result["quality"]
    drifted = sum(column["alarm"] for column in columns)
    metrics = quality.get("metrics", {})
    tiles = [
        Tile("live rows", number(rows)),
        Tile("columns that drifted", number(drifted), f"of {len(columns)} watched"),
    ]
    for name, found in list(metrics.items())[:1]:
        before = found["reference"]
        note = f"on the reference {with_interval(before)}" if before else "not on the reference"
        tiles.append(Tile(f"live {metric_words(name)}", number(found["value"]), note))
    if not metrics:
        tiles.append(Tile("live quality", "–", quality.get("message", "")))
    return tiles


def _add_drift(page: Page, columns: Sequence[Values]) -> None:
    by_psi = [column for column in columns if column["statistic"].startswith("psi")]
    threshold = by_psi[0]["threshold"] if by_psi else 0.1
    section = page.section(
        "How far each column moved",
        lead="An alarm needs both: a difference that chance and the reference's own ordinary "
        f"movement do not make, and a population stability index of at least {threshold:g} "
        "(or, for numbers, an AUC of then against now of which at least 0.55 is certain).",
    )
    dots = [
        Whisker(
            column["column"],
            column["value"],
            column["value"],
            column["value"],
            strong=column["alarm"],
        )
        for column in by_psi
    ]
    section.figures(
        whisker_plot(
            "Population stability index",
            dots,
            x_label="PSI; dashed: what counts as large",
            reference=threshold,
            header=("column", "PSI"),
            caption="Blue: an alarm. Grey: chance, ordinary movement, or too small to matter.",
        )
    )
    section.table(
        ("column", "compared", "value", "p-value, adjusted", ""),
        [
            (
                column["column"],
                column["statistic"],
                column["value"],
                column["p_value"],
                "alarm" if column["alarm"] else "",
            )
            for column in columns
        ],
    )


def _add_distributions(page: Page, result: Values) -> None:
    """Then and now, for the columns that moved most."""
    counts = result.get("counts", {})
    named = [column["column"] for column in result["columns"] if column["column"] in counts]
    if named:
        section = page.section("Then and now", lead="The columns that moved most, bin by bin.")
        section.figures(*(_then_and_now(name, counts[name]) for name in named[:_LIMIT_PLOTS]))


def _then_and_now(name: str, counts: Values) -> Figure:
    kept = [
        place
        for place in range(len(counts["labels"]))
        if counts["reference"][place] or counts["live"][place]
    ]
    shares = [
        (key, [counts[key][place] / max(1, sum(counts[key])) for place in kept])
        for key in ("reference", "live")
    ]
    return paired_bars(name, [counts["labels"][place] for place in kept], shares)


def _add_quality(page: Page, quality: Values) -> None:
    section = page.section("Live quality")
    metrics = quality.get("metrics", {})
    message = str(quality.get("message", ""))
    section.callout(
        "error" if quality.get("alarm") else "good" if metrics else "note",
        f"{message[:1].upper()}{message[1:]}",
        "An alarm is raised where it is worse by more than chance and ordinary movement make.",
    )
    if metrics:
        section.table(
            ("metric", "live", "low", "high", "on the reference", ""),
            [
                (
                    metric_words(name),
                    found["value"],
                    found["low"],
                    found["high"],
                    with_interval(found["reference"]) if found["reference"] else "–",
                    "alarm" if found["alarm"] else "",
                )
                for name, found in metrics.items()
            ],
        )
