"""The report of `prepare`: every column at a glance, and what was found in the data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from trainwright.reports.bars import spark_bars
from trainwright.reports.data_card import add_card
from trainwright.reports.data_plots import (
    association_figure,
    column_figures,
    missing_figure,
    shift_figures,
)
from trainwright.reports.findings import add_findings
from trainwright.reports.markup import element, number
from trainwright.reports.page import Page, Tile
from trainwright.reports.run_report import add_left_out, rows_figure, target_name
from trainwright.reports.svg import Row
from trainwright.reports.tables import Mark

Values = Mapping[str, Any]
_NUM_COLUMNS = 30  # of a table of more than twice as many; the others are folded
_NUM_BARS = 16  # of the small picture of a column's commonest values


def data_report(
    *, snapshot: Values, profile: Values, findings: Sequence[Values], facts: Values | None = None
) -> str:
    """The report as one HTML file.

    Args:
        snapshot: `hash`, `rows`, `target`, `inputs`, `left_out`, `split`.
        profile: `columns`: pairs of a name and its summary (`type`, `count`, `nulls`, `distinct`,
            and of these what there is: `moments` with `mean`, `top` with rows by value,
            `histogram` with `edges` and `counts`).
        findings: `Finding.to_json()` each.
        facts: What was looked up in the rows: `associations` with `names` and `matrix`, `shifts`
            (`column`, `distance`, `bins`, shares of `train` and `validation`), `fates` (`step`,
            `reason`, `rows`, `first`), `label_sources` (`annotators`, `agreement`,
            `labelling_functions`: the lines of the snapshot's tables), `examples` (`kind`, `column`,
            `rows`, `pictures`), `receipts`, `labels` (`rank`, `place`, `given`, `proposed`,
            `probability`, `picture`); a picture is a data URL, or None.
    """
    facts = facts or {}
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
    add_card(page, snapshot.get("card", {}))
    section = page.section("Columns", lead="As they are read, before anything is fitted.")
    header = ("column", "type", "missing", "distinct", "range or commonest", "distribution")
    lines = [_row(name, summary) for name, summary in columns]
    shown = len(lines) if len(lines) <= 2 * _NUM_COLUMNS else _NUM_COLUMNS
    section.table(header, lines[:shown], empty="no columns were summarised")
    if lines[shown:]:
        section.folded(f"{len(lines) - shown:,} more columns", header, lines[shown:])
    if figures := column_figures(columns):
        section.figures(*figures)
    add_left_out(page, snapshot)
    _add_receipts(page, facts)
    _add_missing(page, columns)
    _add_associations(page, facts)
    _add_shifts(page, facts, rows)
    _add_label_sources(page, facts)
    _add_labels(page, facts)
    _add_examples(page, facts)
    _add_fates(page, facts)
    record = page.section("Snapshot")
    record.facts({"hash": snapshot.get("hash"), "target": target, **snapshot.get("split", {})})
    return page.render()


def _add_receipts(page: Page, facts: Values) -> None:
    """How columns were read: those of which a cell was changed or taken for missing."""
    rows = [
        (
            receipt["column"],
            receipt["reading"],
            receipt["values"],
            ", ".join(f"{rule}: {number(cells)}" for rule, cells in receipt["changed"].items()),
            ", ".join(
                f"{mark or 'the empty field'}: {number(cells)}"
                for mark, cells in receipt["missing"].items()
            ),
        )
        for receipt in facts.get("receipts") or ()
        if receipt["changed"] or receipt["missing"]
    ]
    if rows:
        section = page.section("How columns were read", lead="With the number of cells each.")
        section.table(("column", "read as", "values", "changed", "missing"), rows)


def _add_missing(page: Page, columns: Sequence[tuple[str, Values]]) -> None:
    figure = missing_figure(columns)
    if figure is not None:
        page.section("Missing values", lead="Share of the train rows without a value.").figures(
            figure
        )


def _add_associations(page: Page, facts: Values) -> None:
    figure = association_figure(facts.get("associations") or {})
    if figure is not None:
        page.section(
            "What goes together",
            lead="From 0 (nothing in common) to 1 (one tells the other), of train rows: rank"
            " correlation of numbers, correlation ratio of numbers by category, Cramér's V of"
            " categories.",
        ).figures(figure)


def _add_shifts(page: Page, facts: Values, rows: Values) -> None:
    shifts = facts.get("shifts") or ()
    if not shifts:
        return
    section = page.section(
        "Train beside validation",
        lead="The population stability index of each column: by custom 0.1 is small and 0.25"
        f" large. The {number(rows.get('test'))} test rows are sealed and not looked at.",
    )
    section.table(
        ("column", "distance"), [(shift["column"], shift["distance"]) for shift in shifts[:20]]
    )
    section.figures(*shift_figures(shifts))


def _add_label_sources(page: Page, facts: Values) -> None:
    """Who made the labels: annotators and functions, with how far each is believed."""
    sources = facts.get("label_sources") or {}
    if not any(sources.values()):
        return
    section = page.section(
        "Where labels come from",
        lead="How far each is believed is estimated from where they agree, and from known labels of train"
        " rows where there are fifty. The chance of each label is in label_probabilities.parquet.",
    )
    for name, header in _LABEL_SOURCES.items():
        lines = sources.get(name) or ()
        rows = [
            tuple(line[key] if line[key] is not None else "" for key in header) for line in lines
        ]
        if rows:
            section.table(tuple(header.values()), rows)


_LABEL_SOURCES = {
    "annotators": {
        "annotator": "annotator",
        "labels": "labels",
        "quality": "believed",
        "agrees": "agrees with all together",
    },
    "agreement": {
        "statistic": "agreement beyond chance",
        "annotators": "of",
        "value": "value",
        "low": "95 % from",
        "high": "to",
        "rows": "rows",
    },
    "labelling_functions": {
        "function": "function",
        "votes_for": "votes for",
        "coverage": "coverage",
        "overlap": "overlap",
        "conflict": "conflict",
        "precision": "right, estimated",
        "known_rows": "known rows",
        "known_precision": "right on them",
    },
}


def _add_labels(page: Page, facts: Values) -> None:
    labels = facts.get("labels") or ()
    if not labels:
        return
    section = page.section(
        "Labels to look at",
        lead="Train labels, the most suspect first, by models that were not shown them. The chance to be"
        " wrong is 0 where it cannot be told from a hard row"
        + (
            ""
            if any(one["probability"] >= 0.005 for one in labels)
            else ", as it is of all of these"
        )
        + ". The whole ranking is labels.parquet.",
    )
    header = ("rank", "row", "label", "rather", "chance to be wrong")
    rows = [
        (one["rank"], one["place"], one["given"], one["proposed"], f"{one['probability']:.2f}")
        for one in labels
    ]
    section.table(*_pictured([one.get("picture") for one in labels], header, rows))


def _add_examples(page: Page, facts: Values) -> None:
    examples = facts.get("examples") or ()
    if not examples:
        return
    section = page.section(
        "Rows to look at", lead="The first of each finding that are no test rows."
    )
    for example in examples:
        names = list(dict.fromkeys(name for row in example["rows"] for name in row))
        column = f": {example['column']}" if example.get("column") else ""
        section.paragraph(f"{example['kind']}{column}")
        rows = [tuple(row.get(name, "") for name in names) for row in example["rows"]]
        section.table(*_pictured(example.get("pictures") or (), names, rows))


def _pictured(
    pictures: Sequence[str | None], header: Sequence[str], rows: Sequence[Row]
) -> tuple[Sequence[str], Sequence[Row]]:
    """A table with the pictures of its rows in front, where there are any."""
    if not any(pictures):
        return header, rows
    seen = [Mark(element("img", src=url, alt="the image")) if url else "" for url in pictures]
    return ["", *header], [(one, *row) for one, row in zip(seen, rows, strict=True)]


def _add_fates(page: Page, facts: Values) -> None:
    section = page.section(
        "What became of the rows", lead="Rows that are in no part, by the step that left them out."
    )
    section.table(
        ("step", "reason", "rows", "the first"),
        [(f["step"], f["reason"], f["rows"], f["first"]) for f in facts.get("fates") or ()],
        empty="no row was left out",
    )


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
    if summary.get("type") == "date-time" and histogram and histogram["edges"]:
        first, last = (_day(histogram["edges"][at]) for at in (0, -1))
        return f"{first} to {last}"
    if summary.get("type") == "number" and histogram and histogram["edges"]:
        return f"{number(histogram['edges'][0])} to {number(histogram['edges'][-1])}"
    return ", ".join(list(summary.get("top") or {})[:3])


def _day(microseconds: float) -> str:
    try:
        return (_EPOCH + timedelta(microseconds=microseconds)).strftime("%Y-%m-%d")
    except OverflowError:
        return "–"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
