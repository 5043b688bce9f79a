from __future__ import annotations

from trainwright.core.artifacts import Finding
from trainwright.reports.findings import add_findings
from trainwright.reports.page import Page


def test_the_gravest_finding_stands_first_with_its_remedy(read):
    page = Page("t")
    found = [
        Finding("constant", "info", "one value only", column="year"),
        Finding("leakage", "error", "tells all", column="delay", remedy="data: {drop: [delay]}"),
    ]
    add_findings(page, [one.to_json() for one in found])
    words = read(page.render()).text
    assert "1 error, 1 info." in words
    assert words.index("leakage: delay") < words.index("constant: year")
    assert "data: {drop: [delay]}" in words


def test_no_finding_is_said_too(read):
    page = Page("t")
    add_findings(page, [])
    assert "Nothing was found." in read(page.render()).text


def test_of_very_many_findings_the_rest_is_counted(read):
    page = Page("t")
    add_findings(page, [Finding("missing", "info", "m").to_json()] * 130)
    assert "And 30 more" in read(page.render()).text


def test_of_many_findings_of_one_kind_the_first_are_shown_and_the_others_folded(read):
    page = Page("t")
    many = [
        Finding("encoding", "warning", f"m{n}", column=f"c{n}", remedy=f"paste {n}")
        for n in range(20)
    ]
    other = Finding("outlier", "warning", "alone", column="d")
    add_findings(page, [one.to_json() for one in [*many, other]])
    words, html = read(page.render()).text, page.render()
    assert html.count('class="callout') == 7
    assert "14 more of kind encoding" in words
    assert "c19 m19 paste 19" in words
    assert "outlier: d" in words
