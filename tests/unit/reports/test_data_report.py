from __future__ import annotations

import polars as pl

from trainwright.core.artifacts import Finding
from trainwright.core.columns import Column, ColumnType
from trainwright.reports.data_report import data_report
from trainwright.summaries.profile import profile_frame

HOSTILE = "<img src=x onerror=alert(1)>"
COLUMNS = (Column(HOSTILE, ColumnType.NUMBER), Column("kind", ColumnType.CATEGORY))
FRAME = pl.DataFrame(
    {HOSTILE: [float(row % 7) for row in range(70)], "kind": [HOSTILE, "b"] * 34 + [None] * 2}
)
SNAPSHOT = {
    "hash": "c0ffee",
    "target": "late",
    "inputs": [column.to_json() for column in COLUMNS],
    "left_out": {"id": "identifier"},
    "rows": {"input": 70, "train": 50, "validation": 10, "test": 10, "dropped": 0},
    "split": {"by": "random", "seed": 0},
}


def page_of(**changes):
    given = {
        "snapshot": SNAPSHOT,
        "profile": profile_frame(FRAME, COLUMNS).to_json(),
        "findings": [],
    }
    return data_report(**{**given, **changes})


def test_every_column_stands_there_with_type_nulls_and_distinct_values(read):
    page = read(page_of())
    assert page.open == []
    assert "img" not in page.tags
    assert f"{HOSTILE} number none 7" in page.text
    assert "kind category 2.9% 2" in page.text


def test_the_verdict_counts_what_was_found(read):
    findings = [
        Finding("nulls", "warning", "m").to_json(),
        Finding("leakage", "error", "m").to_json(),
    ]
    words = read(page_of(findings=findings)).text
    assert "70 rows were prepared to predict late: 1 error and 1 warning." in words
    assert "no errors and no warnings" in read(page_of()).text


def test_a_histogram_is_drawn_where_there_is_one():
    histogram = {"edges": [0.0, 1.0, 2.0], "counts": [3, 9]}
    summary = {"type": "number", "count": 12, "nulls": 0, "distinct": 9, "histogram": histogram}
    page = page_of(profile={"columns": [["a", summary]]})
    assert "0 to 2" in page
    assert page.count('class="spark"') == 1


def test_a_table_of_very_many_columns_stays_small():
    summary = {"type": "number", "count": 1, "nulls": 0, "distinct": 1, "top": {"x" * 900: 1}}
    page = page_of(profile={"columns": [[f"c{place}" * 99, summary] for place in range(5000)]})
    assert len(page.encode()) < 1_000_000


def test_a_moment_is_told_as_a_day(read):
    day = 86_400e6
    histogram = {"edges": [0.0, 31 * day, 400 * day], "counts": [3, 9]}
    summary = {"type": "date-time", "count": 12, "nulls": 0, "distinct": 9, "histogram": histogram}
    assert (
        "1970-01-01 to 1971-02-05" in read(page_of(profile={"columns": [["when", summary]]})).text
    )


def test_of_very_many_columns_the_first_stand_open(read):
    summary = {"type": "number", "count": 1, "nulls": 0, "distinct": 1}
    columns = [[f"c{place}", summary] for place in range(90)]
    html = page_of(profile={"columns": columns})
    assert "60 more columns" in read(html).text
    assert html.index("c29") < html.index("<details><summary>60 more") < html.index("c30")


def test_who_made_the_labels_stands_in_tables_of_their_own(read):
    function = {
        "function": HOSTILE, "votes_for": "spam", "coverage": 0.25, "overlap": 0.5, "conflict": 0.125,
        "precision": 0.75, "known_rows": 0, "known_precision": None,
    }  # fmt: skip
    annotator = {"annotator": "ann", "labels": 300, "quality": 0.9375, "agrees": 0.875}
    sources = {"annotators": [annotator], "labelling_functions": [function]}
    page = read(page_of(facts={"label_sources": sources}))
    assert "img" not in page.tags
    assert "Where labels come from" in page.text
    assert f"{HOSTILE} spam 0.2500 0.5000 0.1250 0.7500 0" in page.text
    assert "ann 300 0.9375 0.8750" in page.text
    assert "Where labels come from" not in read(page_of()).text


def test_no_bin_of_a_comparison_is_cut_off(read):
    shares = [0.0, *[0.05] * 20, 0.0]
    bins = [f"b{place:02d}" for place in range(22)]
    shift = {"column": "a", "distance": 0.1, "bins": bins, "train": shares, "validation": shares}
    words = read(page_of(facts={"shifts": [shift]})).text
    assert "b01" in words
    assert "b20" in words
    assert "b00" not in words
    assert "b21" not in words
