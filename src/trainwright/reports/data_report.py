"""The report of `prepare`: every column at a glance, and what was found in the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trainwright.reports.bars import spark_bars
from trainwright.reports.findings import add_findings
from trainwright.reports.markup import number
from trainwright.reports.page import Page, Tile
from trainwright.reports.run_report import add_left_out, rows_figure, target_name
from trainwright.reports.tables import Mark

Values = Mapping[str, Any]
_NUM_BARS = 16  # of the small picture of a column's commonest values


def data_report(*, snapshot: Values, profile: Values, findings: Sequence[Values]) -> str:
    """The report as one HTML file.

    Args:
        snapshot: `hash`, `rows`, `target`, `inputs`, `left_out`, `split`.
        profile: `columns`: pairs of a name and its summary (`type`, `count`, `nulls`, `distinct`,
            and of these what there is: `moments` with `mean`, `top` with rows by value,
            `histogram` with `edges` and `counts`).
        findings: `Finding.to_json()` each.
    """
    target = str(target_name(snapshot))
    rows = snapshot.get("rows", {})
    grave = sum(found["severity"] == "error" for found in findings)
    warnings = sum(found["severity"] == "warning" for found in findings)
    columns = list(profile.get("columns", ()))
    page = Page(
        target,
        "Trainwright · data report",
        verdict=f"{number(rows.get('input'))} rows were prepared to predict {target}: "
        f"{_counted(grave, 'error')} and {_counted(warnings, 'warning')}.",
        tone="error" if grave else "warning" if warnings else "good",
    )
    page.top.tiles(
        [
            Tile("rows in", number(rows.get("input")), f"{number(rows.get('dropped'))} dropped"),
            Tile("columns used", number(len(snapshot.get("inputs", ())))),
            Tile("columns left out", number(len(snapshot.get("left_out", {})))),
            Tile("findings", number(len(findings)), f"{_counted(grave, 'error')}"),
        ]
    )
    if rows:
        page.top.figures(rows_figure(rows))
    add_findings(page, findings)
    section = page.section("Columns", lead="As they are read, before anything is fitted.")
    section.table(
        ("column", "type", "missing", "distinct", "range or commonest", "distribution"),
        [_row(name, summary) for name, summary in columns],
        empty="no columns were summarised",
    )
    add_left_out(page, snapshot)
    record = page.section("Snapshot")
    record.facts({"hash": snapshot.get("hash"), "target": target, **snapshot.get("split", {})})
    return page.render()


def _row(name: str, summary: Values) -> tuple[object, ...]:
    count, nulls = summary.get("count", 0), summary.get("nulls", 0)
    shares = list(_shares(summary))
    picture = Mark(spark_bars(shares, label=f"distribution of {name}")) if shares else ""
    missing = f"{nulls / count:.1%}" if count and nulls else "none"
    return (name, summary.get("type"), missing, summary.get("distinct"), _span(summary), picture)


def _shares(summary: Values) -> Iterator[float]:
    """Heights of the small picture: the histogram's, or the commonest values'."""
    histogram, top = summary.get("histogram"), summary.get("top")
    counts = histogram["counts"] if histogram else list((top or {}).values())[:_NUM_BARS]
    highest = max(counts, default=0) or 1
    for count in counts:
        yield count / highest


def _span(summary: Values) -> str:
    """Lowest and highest number, or the commonest values."""
    histogram = summary.get("histogram")
    if summary.get("type") == "number" and histogram and histogram["edges"]:
        return f"{number(histogram['edges'][0])} to {number(histogram['edges'][-1])}"
    return ", ".join(list(summary.get("top") or {})[:3])


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
